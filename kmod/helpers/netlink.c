// SPDX-License-Identifier: GPL-2.0
/* net/netlink.h, net/genetlink.h */

struct net *vnet_helper_genl_info_net(const struct genl_info *info)
{
	return genl_info_net(info);
}

const struct genl_info *vnet_helper_genl_dump_info(struct netlink_callback *cb)
{
	return genl_info_dump(cb);
}

struct net *vnet_helper_sock_net(const struct sk_buff *skb)
{
	return sock_net(skb->sk);
}

u32 vnet_helper_netlink_portid(const struct sk_buff *skb)
{
	return NETLINK_CB(skb).portid;
}

struct sk_buff *vnet_helper_genlmsg_new(size_t payload, gfp_t flags)
{
	return genlmsg_new(payload, flags);
}

void *vnet_helper_genlmsg_put(struct sk_buff *skb, u32 portid, u32 seq, int flags, u8 cmd)
{
	return genlmsg_put(skb, portid, seq, &vnet_nl_family, flags, cmd);
}

void vnet_helper_genlmsg_end(struct sk_buff *skb, void *header)
{
	genlmsg_end(skb, header);
}

void vnet_helper_genlmsg_cancel(struct sk_buff *skb, void *header)
{
	genlmsg_cancel(skb, header);
}

void vnet_helper_genl_dump_check_consistent(struct netlink_callback *cb, void *header)
{
	genl_dump_check_consistent(cb, header);
}

int vnet_helper_genlmsg_reply(struct sk_buff *skb, struct genl_info *info)
{
	return genlmsg_reply(skb, info);
}

void vnet_helper_nlmsg_free(struct sk_buff *skb)
{
	nlmsg_free(skb);
}

int vnet_helper_genlmsg_multicast_netns(struct net *net, struct sk_buff *skb, u32 portid,
					unsigned int group)
{
	return genlmsg_multicast_netns(&vnet_nl_family, net, skb, portid, group, GFP_KERNEL);
}

/* Tells the listeners of a group that they have missed something. */
void vnet_helper_genl_missed(struct net *net, unsigned int group)
{
	genl_set_err(&vnet_nl_family, net, 0, group, -ENOBUFS);
}

bool vnet_helper_genl_has_listeners(struct net *net, unsigned int group)
{
	return genl_has_listeners(&vnet_nl_family, net, group);
}

int vnet_helper_genl_register(void)
{
	return genl_register_family(&vnet_nl_family);
}

void vnet_helper_genl_unregister(void)
{
	genl_unregister_family(&vnet_nl_family);
}

int vnet_helper_nla_put_uint(struct sk_buff *skb, int type, u64 value)
{
	return nla_put_uint(skb, type, value);
}

struct nlattr *vnet_helper_nla_nest_start(struct sk_buff *skb, int type)
{
	return nla_nest_start(skb, type);
}

void vnet_helper_nla_nest_end(struct sk_buff *skb, struct nlattr *start)
{
	nla_nest_end(skb, start);
}

void vnet_helper_nla_nest_cancel(struct sk_buff *skb, struct nlattr *start)
{
	nla_nest_cancel(skb, start);
}

int vnet_helper_nla_parse_nested(struct nlattr **tb, int max, const struct nlattr *nla,
				 const struct nla_policy *policy, struct netlink_ext_ack *extack)
{
	return nla_parse_nested(tb, max, nla, policy, extack);
}

int vnet_helper_nla_len(const struct nlattr *nla)
{
	return nla_len(nla);
}

const void *vnet_helper_nla_data(const struct nlattr *nla)
{
	return nla_data(nla);
}

/* net/rtnetlink.h */

/* Whether the caller of rtnetlink may change what is in @net, given a device of its own. */
bool vnet_helper_rtnl_dev_link_net_capable(const struct net_device *dev, const struct net *net)
{
	return rtnl_dev_link_net_capable(dev, net);
}

struct net *vnet_helper_rtnl_newlink_peer_net(struct rtnl_newlink_params *params)
{
	return rtnl_newlink_peer_net(params);
}
