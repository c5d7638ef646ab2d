/* SPDX-License-Identifier: GPL-2.0 */
/* Attributes of the link kind "vnet", see include/uapi/linux/vnet_link.h. */
#ifndef VNET_LINK_ATTR_H
#define VNET_LINK_ATTR_H

#include <net/netlink.h>
#include <uapi/linux/vnet_link.h>

extern const struct nla_policy vnet_link_policy[IFLA_VNET_MAX + 1];

#endif
