// SPDX-License-Identifier: GPL-2.0
/* net/net_namespace.h, net/netns/generic.h */

void *vnet_helper_net_generic(const struct net *net, unsigned int id)
{
	return net_generic(net, id);
}

void vnet_helper_put_net(struct net *net)
{
	put_net(net);
}

unsigned int vnet_helper_net_inode(const struct net *net)
{
	return net->ns.inum;
}

struct user_namespace *vnet_helper_user_ns_parent(const struct user_namespace *user_ns)
{
	return user_ns->parent;
}

bool vnet_helper_is_err(const void *ptr)
{
	return IS_ERR(ptr);
}

long vnet_helper_ptr_err(const void *ptr)
{
	return PTR_ERR(ptr);
}
