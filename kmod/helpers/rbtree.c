// SPDX-License-Identifier: GPL-2.0
/* linux/rbtree.h */

struct rb_node *vnet_helper_rb_first(const struct rb_root *root)
{
	return rb_first(root);
}
