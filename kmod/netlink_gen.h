/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/vnet.yaml */
/* YNL-GEN kernel header */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#ifndef _LINUX_VNET_GEN_H
#define _LINUX_VNET_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/vnet.h>

#define VNET_RATE_MAX		400000000000
#define VNET_DELAY_MAX		100000000000
#define VNET_OVERHEAD_MAX	1000
#define VNET_FLOWS_MAX		65536
#define VNET_JITTER_TABLE_MAX	32766
#define VNET_MTU_MIN		68
#define VNET_MTU_MAX		65535
#define VNET_BLOCK_DATA_MAX	16384

/* Common nested types */
extern const struct nla_policy vnet_block_field_nl_policy[VNET_A_BLOCK_FIELD_PAD + 1];
extern const struct nla_policy vnet_block_param_nl_policy[VNET_A_BLOCK_PARAM_PAD + 1];
extern const struct nla_policy vnet_block_record_nl_policy[VNET_A_BLOCK_RECORD_FIELD + 1];
extern const struct nla_policy vnet_class_nl_policy[VNET_A_CLASS_DESTINATION_PORT + 1];
extern const struct nla_policy vnet_direction_nl_policy[VNET_A_DIRECTION_PAD + 1];
extern const struct nla_policy vnet_drop_nl_policy[VNET_A_DROP_PAD + 1];
extern const struct nla_policy vnet_end_nl_policy[VNET_A_END_PAD + 1];
extern const struct nla_policy vnet_four_state_nl_policy[VNET_A_FOUR_STATE_PAD + 1];
extern const struct nla_policy vnet_gilbert_elliott_nl_policy[VNET_A_GILBERT_ELLIOTT_PAD + 1];
extern const struct nla_policy vnet_late_bucket_nl_policy[VNET_A_LATE_BUCKET_PAD + 1];
extern const struct nla_policy vnet_medium_pair_nl_policy[VNET_A_MEDIUM_PAIR_PAD + 1];
extern const struct nla_policy vnet_medium_port_nl_policy[VNET_A_MEDIUM_PORT_PAD + 1];
extern const struct nla_policy vnet_pattern_nl_policy[VNET_A_PATTERN_PAD + 1];
extern const struct nla_policy vnet_pattern_rule_nl_policy[VNET_A_PATTERN_RULE_PAD + 1];
extern const struct nla_policy vnet_queueing_nl_policy[VNET_A_QUEUEING_PAD + 1];
extern const struct nla_policy vnet_stats_nl_policy[VNET_A_STATS_PAD + 1];

int vnet_nl_instance_new_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_instance_get_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_instance_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int vnet_nl_instance_set_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_instance_del_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_link_new_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_link_get_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_link_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int vnet_nl_link_set_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_link_del_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_block_type_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb);
int vnet_nl_block_new_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_block_get_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_block_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int vnet_nl_block_set_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_block_del_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_block_bind_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_block_unbind_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_block_replace_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_link_trace_set_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_link_trace_get_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_medium_trace_set_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_medium_trace_get_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_medium_new_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_medium_get_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_medium_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int vnet_nl_medium_set_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_medium_del_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_medium_port_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb);
int vnet_nl_medium_pair_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb);
int vnet_nl_block_subscribe_doit(struct sk_buff *skb, struct genl_info *info);
int vnet_nl_block_unsubscribe_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	VNET_NLGRP_CONFIG,
};

extern struct genl_family vnet_nl_family;

#endif /* _LINUX_VNET_GEN_H */
