// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/vnet.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_gen.h"

#include <uapi/linux/vnet.h>

/* Integer value ranges */
static const struct netlink_range_validation vnet_a_direction_rate_range = {
	.max	= VNET_RATE_MAX,
};

static const struct netlink_range_validation vnet_a_direction_delay_range = {
	.max	= VNET_DELAY_MAX,
};

static const struct netlink_range_validation vnet_a_direction_queue_time_range = {
	.max	= VNET_DELAY_MAX,
};

static const struct netlink_range_validation vnet_a_direction_whole_time_range = {
	.max	= VNET_DELAY_MAX,
};

static const struct netlink_range_validation vnet_a_direction_jitter_range = {
	.max	= VNET_DELAY_MAX,
};

static const struct netlink_range_validation vnet_a_queueing_flows_range = {
	.min	= 1ULL,
	.max	= VNET_FLOWS_MAX,
};

static const struct netlink_range_validation vnet_a_class_source_port_range = {
	.max	= 65535ULL,
};

static const struct netlink_range_validation vnet_a_class_destination_port_range = {
	.max	= 65535ULL,
};

static const struct netlink_range_validation vnet_a_trace_size_range = {
	.max	= 65536ULL,
};

static const struct netlink_range_validation vnet_a_link_mtu_range = {
	.min	= VNET_MTU_MIN,
	.max	= VNET_MTU_MAX,
};

static const struct netlink_range_validation vnet_a_medium_mtu_range = {
	.min	= VNET_MTU_MIN,
	.max	= VNET_MTU_MAX,
};

/* Common nested types */
const struct nla_policy vnet_block_field_nl_policy[VNET_A_BLOCK_FIELD_PAD + 1] = {
	[VNET_A_BLOCK_FIELD_NAME] = { .type = NLA_NUL_STRING, .len = VNET_BLOCK_TYPE_MAX, },
	[VNET_A_BLOCK_FIELD_UINT] = { .type = NLA_UINT, },
	[VNET_A_BLOCK_FIELD_TEXT] = { .type = NLA_NUL_STRING, .len = VNET_BLOCK_DATA_MAX, },
	[VNET_A_BLOCK_FIELD_DATA] = NLA_POLICY_MAX_LEN(VNET_BLOCK_DATA_MAX),
};

const struct nla_policy vnet_block_param_nl_policy[VNET_A_BLOCK_PARAM_PAD + 1] = {
	[VNET_A_BLOCK_PARAM_NAME] = { .type = NLA_NUL_STRING, .len = VNET_BLOCK_TYPE_MAX, },
	[VNET_A_BLOCK_PARAM_UINT] = { .type = NLA_UINT, },
	[VNET_A_BLOCK_PARAM_TEXT] = { .type = NLA_NUL_STRING, .len = VNET_BLOCK_DATA_MAX, },
	[VNET_A_BLOCK_PARAM_DATA] = NLA_POLICY_MAX_LEN(VNET_BLOCK_DATA_MAX),
	[VNET_A_BLOCK_PARAM_RECORD] = NLA_POLICY_NESTED(vnet_block_record_nl_policy),
};

const struct nla_policy vnet_block_record_nl_policy[VNET_A_BLOCK_RECORD_FIELD + 1] = {
	[VNET_A_BLOCK_RECORD_FIELD] = NLA_POLICY_NESTED(vnet_block_field_nl_policy),
};

const struct nla_policy vnet_class_nl_policy[VNET_A_CLASS_DESTINATION_PORT + 1] = {
	[VNET_A_CLASS_DSCP] = NLA_POLICY_MAX(NLA_U32, 63),
	[VNET_A_CLASS_WEIGHT] = NLA_POLICY_RANGE(NLA_U32, 1, 1024),
	[VNET_A_CLASS_PROTOCOL] = NLA_POLICY_MAX(NLA_U32, 255),
	[VNET_A_CLASS_SOURCE] = NLA_POLICY_MAX_LEN(16),
	[VNET_A_CLASS_SOURCE_PREFIX] = NLA_POLICY_MAX(NLA_U32, 128),
	[VNET_A_CLASS_DESTINATION] = NLA_POLICY_MAX_LEN(16),
	[VNET_A_CLASS_DESTINATION_PREFIX] = NLA_POLICY_MAX(NLA_U32, 128),
	[VNET_A_CLASS_SOURCE_PORT] = NLA_POLICY_FULL_RANGE(NLA_U32, &vnet_a_class_source_port_range),
	[VNET_A_CLASS_DESTINATION_PORT] = NLA_POLICY_FULL_RANGE(NLA_U32, &vnet_a_class_destination_port_range),
};

const struct nla_policy vnet_direction_nl_policy[VNET_A_DIRECTION_PAD + 1] = {
	[VNET_A_DIRECTION_RATE] = NLA_POLICY_FULL_RANGE(NLA_UINT, &vnet_a_direction_rate_range),
	[VNET_A_DIRECTION_OVERHEAD] = NLA_POLICY_MAX(NLA_U32, VNET_OVERHEAD_MAX),
	[VNET_A_DIRECTION_DELAY] = NLA_POLICY_FULL_RANGE(NLA_UINT, &vnet_a_direction_delay_range),
	[VNET_A_DIRECTION_QUEUE_PACKETS] = { .type = NLA_U32, },
	[VNET_A_DIRECTION_QUEUE_BYTES] = { .type = NLA_UINT, },
	[VNET_A_DIRECTION_QUEUE_TIME] = NLA_POLICY_FULL_RANGE(NLA_UINT, &vnet_a_direction_queue_time_range),
	[VNET_A_DIRECTION_LINE_PACKETS] = { .type = NLA_U32, },
	[VNET_A_DIRECTION_LINE_BYTES] = { .type = NLA_UINT, },
	[VNET_A_DIRECTION_WHOLE_TIME] = NLA_POLICY_FULL_RANGE(NLA_UINT, &vnet_a_direction_whole_time_range),
	[VNET_A_DIRECTION_QUEUEING] = NLA_POLICY_NESTED(vnet_queueing_nl_policy),
	[VNET_A_DIRECTION_LOSS] = { .type = NLA_UINT, },
	[VNET_A_DIRECTION_BER] = { .type = NLA_UINT, },
	[VNET_A_DIRECTION_DUPLICATE] = { .type = NLA_UINT, },
	[VNET_A_DIRECTION_CORRUPT] = { .type = NLA_UINT, },
	[VNET_A_DIRECTION_LOSS_GILBERT_ELLIOTT] = NLA_POLICY_NESTED(vnet_gilbert_elliott_nl_policy),
	[VNET_A_DIRECTION_LOSS_FOUR_STATE] = NLA_POLICY_NESTED(vnet_four_state_nl_policy),
	[VNET_A_DIRECTION_LOSS_PATTERN] = NLA_POLICY_NESTED(vnet_pattern_nl_policy),
	[VNET_A_DIRECTION_JITTER] = NLA_POLICY_FULL_RANGE(NLA_UINT, &vnet_a_direction_jitter_range),
	[VNET_A_DIRECTION_JITTER_DISTRIBUTION] = NLA_POLICY_MAX(NLA_U32, 4),
	[VNET_A_DIRECTION_JITTER_CORRELATION] = { .type = NLA_UINT, },
	[VNET_A_DIRECTION_JITTER_ORDER] = NLA_POLICY_MAX(NLA_U32, 1),
	[VNET_A_DIRECTION_JITTER_TABLE] = NLA_POLICY_MAX_LEN(VNET_JITTER_TABLE_MAX),
	[VNET_A_DIRECTION_REORDER] = { .type = NLA_UINT, },
	[VNET_A_DIRECTION_REORDER_EVERY] = { .type = NLA_UINT, },
};

const struct nla_policy vnet_drop_nl_policy[VNET_A_DROP_PAD + 1] = {
	[VNET_A_DROP_CAUSE] = NLA_POLICY_MAX(NLA_U32, 19),
	[VNET_A_DROP_FRAMES] = { .type = NLA_UINT, },
	[VNET_A_DROP_BYTES] = { .type = NLA_UINT, },
};

const struct nla_policy vnet_end_nl_policy[VNET_A_END_PAD + 1] = {
	[VNET_A_END_NETNS_FD] = { .type = NLA_U32, },
	[VNET_A_END_NETNS_INODE] = { .type = NLA_UINT, },
	[VNET_A_END_INSTANCE] = { .type = NLA_U32, },
	[VNET_A_END_IFNAME] = { .type = NLA_NUL_STRING, .len = 15, },
	[VNET_A_END_IFINDEX] = { .type = NLA_U32, },
	[VNET_A_END_ADDRESS] = NLA_POLICY_EXACT_LEN(6),
	[VNET_A_END_TX] = NLA_POLICY_NESTED(vnet_direction_nl_policy),
	[VNET_A_END_STATS] = NLA_POLICY_NESTED(vnet_stats_nl_policy),
	[VNET_A_END_UP] = { .type = NLA_U32, },
	[VNET_A_END_CARRIER] = { .type = NLA_U32, },
};

const struct nla_policy vnet_four_state_nl_policy[VNET_A_FOUR_STATE_PAD + 1] = {
	[VNET_A_FOUR_STATE_P13] = { .type = NLA_UINT, },
	[VNET_A_FOUR_STATE_P31] = { .type = NLA_UINT, },
	[VNET_A_FOUR_STATE_P32] = { .type = NLA_UINT, },
	[VNET_A_FOUR_STATE_P23] = { .type = NLA_UINT, },
	[VNET_A_FOUR_STATE_P14] = { .type = NLA_UINT, },
};

const struct nla_policy vnet_gilbert_elliott_nl_policy[VNET_A_GILBERT_ELLIOTT_PAD + 1] = {
	[VNET_A_GILBERT_ELLIOTT_P] = { .type = NLA_UINT, },
	[VNET_A_GILBERT_ELLIOTT_R] = { .type = NLA_UINT, },
	[VNET_A_GILBERT_ELLIOTT_H] = { .type = NLA_UINT, },
	[VNET_A_GILBERT_ELLIOTT_K] = { .type = NLA_UINT, },
};

const struct nla_policy vnet_late_bucket_nl_policy[VNET_A_LATE_BUCKET_PAD + 1] = {
	[VNET_A_LATE_BUCKET_FROM] = { .type = NLA_UINT, },
	[VNET_A_LATE_BUCKET_COUNT] = { .type = NLA_UINT, },
};

const struct nla_policy vnet_medium_pair_nl_policy[VNET_A_MEDIUM_PAIR_PAD + 1] = {
	[VNET_A_MEDIUM_PAIR_FROM] = { .type = NLA_U32, },
	[VNET_A_MEDIUM_PAIR_TO] = { .type = NLA_U32, },
	[VNET_A_MEDIUM_PAIR_PARAMS] = NLA_POLICY_NESTED(vnet_direction_nl_policy),
	[VNET_A_MEDIUM_PAIR_STATS] = NLA_POLICY_NESTED(vnet_stats_nl_policy),
};

const struct nla_policy vnet_medium_port_nl_policy[VNET_A_MEDIUM_PORT_PAD + 1] = {
	[VNET_A_MEDIUM_PORT_NUMBER] = { .type = NLA_U32, },
	[VNET_A_MEDIUM_PORT_NETNS_FD] = { .type = NLA_U32, },
	[VNET_A_MEDIUM_PORT_NETNS_INODE] = { .type = NLA_UINT, },
	[VNET_A_MEDIUM_PORT_INSTANCE] = { .type = NLA_U32, },
	[VNET_A_MEDIUM_PORT_IFNAME] = { .type = NLA_NUL_STRING, .len = 15, },
	[VNET_A_MEDIUM_PORT_IFINDEX] = { .type = NLA_U32, },
	[VNET_A_MEDIUM_PORT_ADDRESS] = NLA_POLICY_EXACT_LEN(6),
	[VNET_A_MEDIUM_PORT_TX] = NLA_POLICY_NESTED(vnet_direction_nl_policy),
	[VNET_A_MEDIUM_PORT_STATS] = NLA_POLICY_NESTED(vnet_stats_nl_policy),
	[VNET_A_MEDIUM_PORT_UP] = { .type = NLA_U32, },
};

const struct nla_policy vnet_pattern_nl_policy[VNET_A_PATTERN_PAD + 1] = {
	[VNET_A_PATTERN_PERIOD] = { .type = NLA_UINT, },
	[VNET_A_PATTERN_RULE] = NLA_POLICY_NESTED(vnet_pattern_rule_nl_policy),
};

const struct nla_policy vnet_pattern_rule_nl_policy[VNET_A_PATTERN_RULE_PAD + 1] = {
	[VNET_A_PATTERN_RULE_FRAME] = { .type = NLA_UINT, },
	[VNET_A_PATTERN_RULE_ACTION] = NLA_POLICY_MAX(NLA_U32, 2),
	[VNET_A_PATTERN_RULE_VALUE] = { .type = NLA_UINT, },
};

const struct nla_policy vnet_queueing_nl_policy[VNET_A_QUEUEING_PAD + 1] = {
	[VNET_A_QUEUEING_KIND] = NLA_POLICY_MAX(NLA_U32, 7),
	[VNET_A_QUEUEING_DROP] = NLA_POLICY_MAX(NLA_U32, 2),
	[VNET_A_QUEUEING_ECN] = NLA_POLICY_MAX(NLA_U32, 1),
	[VNET_A_QUEUEING_FLOWS] = NLA_POLICY_FULL_RANGE(NLA_U32, &vnet_a_queueing_flows_range),
	[VNET_A_QUEUEING_QUANTUM] = { .type = NLA_U32, },
	[VNET_A_QUEUEING_TARGET] = { .type = NLA_UINT, },
	[VNET_A_QUEUEING_INTERVAL] = { .type = NLA_UINT, },
	[VNET_A_QUEUEING_FLOOR] = { .type = NLA_U32, },
	[VNET_A_QUEUEING_ALPHA] = { .type = NLA_U32, },
	[VNET_A_QUEUEING_BETA] = { .type = NLA_U32, },
	[VNET_A_QUEUEING_MIN_BYTES] = { .type = NLA_UINT, },
	[VNET_A_QUEUEING_MAX_BYTES] = { .type = NLA_UINT, },
	[VNET_A_QUEUEING_PROBABILITY] = { .type = NLA_UINT, },
	[VNET_A_QUEUEING_WEIGHT] = { .type = NLA_U32, },
	[VNET_A_QUEUEING_GENTLE] = NLA_POLICY_MAX(NLA_U32, 1),
	[VNET_A_QUEUEING_CLASS] = NLA_POLICY_NESTED(vnet_class_nl_policy),
};

const struct nla_policy vnet_stats_nl_policy[VNET_A_STATS_PAD + 1] = {
	[VNET_A_STATS_SENT_FRAMES] = { .type = NLA_UINT, },
	[VNET_A_STATS_SENT_BYTES] = { .type = NLA_UINT, },
	[VNET_A_STATS_DUPLICATED_FRAMES] = { .type = NLA_UINT, },
	[VNET_A_STATS_DUPLICATED_BYTES] = { .type = NLA_UINT, },
	[VNET_A_STATS_DELIVERED_FRAMES] = { .type = NLA_UINT, },
	[VNET_A_STATS_DELIVERED_BYTES] = { .type = NLA_UINT, },
	[VNET_A_STATS_QUEUED_FRAMES] = { .type = NLA_UINT, },
	[VNET_A_STATS_QUEUED_BYTES] = { .type = NLA_UINT, },
	[VNET_A_STATS_IN_FLIGHT_FRAMES] = { .type = NLA_UINT, },
	[VNET_A_STATS_IN_FLIGHT_BYTES] = { .type = NLA_UINT, },
	[VNET_A_STATS_DROP] = NLA_POLICY_NESTED(vnet_drop_nl_policy),
	[VNET_A_STATS_LATE_COUNT] = { .type = NLA_UINT, },
	[VNET_A_STATS_LATE_SUM] = { .type = NLA_UINT, },
	[VNET_A_STATS_LATE_MAX] = { .type = NLA_UINT, },
	[VNET_A_STATS_LATE_HISTOGRAM] = NLA_POLICY_NESTED(vnet_late_bucket_nl_policy),
	[VNET_A_STATS_MARKED_FRAMES] = { .type = NLA_UINT, },
	[VNET_A_STATS_MARKED_BYTES] = { .type = NLA_UINT, },
	[VNET_A_STATS_CORRUPTED_FRAMES] = { .type = NLA_UINT, },
	[VNET_A_STATS_CORRUPTED_BYTES] = { .type = NLA_UINT, },
	[VNET_A_STATS_REORDERED_FRAMES] = { .type = NLA_UINT, },
	[VNET_A_STATS_REORDERED_BYTES] = { .type = NLA_UINT, },
	[VNET_A_STATS_COPIES_FAILED] = { .type = NLA_UINT, },
	[VNET_A_STATS_DELAYS_CUT] = { .type = NLA_UINT, },
};

/* VNET_CMD_INSTANCE_NEW - do */
static const struct nla_policy vnet_instance_new_nl_policy[VNET_A_INSTANCE_MAX_BYTES + 1] = {
	[VNET_A_INSTANCE_NETNS_FD] = { .type = NLA_U32, },
	[VNET_A_INSTANCE_NAME] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_INSTANCE_LAB] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_INSTANCE_MAX_LINKS] = { .type = NLA_U32, },
	[VNET_A_INSTANCE_MAX_FRAMES] = { .type = NLA_UINT, },
	[VNET_A_INSTANCE_MAX_BYTES] = { .type = NLA_UINT, },
};

/* VNET_CMD_INSTANCE_GET - do */
static const struct nla_policy vnet_instance_get_do_nl_policy[VNET_A_INSTANCE_NETNS_FD + 1] = {
	[VNET_A_INSTANCE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VNET_A_INSTANCE_NETNS_FD] = { .type = NLA_U32, },
};

/* VNET_CMD_INSTANCE_GET - dump */
static const struct nla_policy vnet_instance_get_dump_nl_policy[VNET_A_INSTANCE_LAB + 1] = {
	[VNET_A_INSTANCE_LAB] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
};

/* VNET_CMD_INSTANCE_SET - do */
static const struct nla_policy vnet_instance_set_nl_policy[VNET_A_INSTANCE_MAX_BYTES + 1] = {
	[VNET_A_INSTANCE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VNET_A_INSTANCE_NETNS_FD] = { .type = NLA_U32, },
	[VNET_A_INSTANCE_NAME] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_INSTANCE_MAX_LINKS] = { .type = NLA_U32, },
	[VNET_A_INSTANCE_MAX_FRAMES] = { .type = NLA_UINT, },
	[VNET_A_INSTANCE_MAX_BYTES] = { .type = NLA_UINT, },
};

/* VNET_CMD_INSTANCE_DEL - do */
static const struct nla_policy vnet_instance_del_nl_policy[VNET_A_INSTANCE_NETNS_FD + 1] = {
	[VNET_A_INSTANCE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VNET_A_INSTANCE_NETNS_FD] = { .type = NLA_U32, },
};

/* VNET_CMD_LINK_NEW - do */
static const struct nla_policy vnet_link_new_nl_policy[VNET_A_LINK_END_B + 1] = {
	[VNET_A_LINK_NAME] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_LINK_LAB] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_LINK_MTU] = NLA_POLICY_FULL_RANGE(NLA_U32, &vnet_a_link_mtu_range),
	[VNET_A_LINK_SEED] = { .type = NLA_UINT, },
	[VNET_A_LINK_CONNECTED] = NLA_POLICY_MAX(NLA_U32, 1),
	[VNET_A_LINK_END_A] = NLA_POLICY_NESTED(vnet_end_nl_policy),
	[VNET_A_LINK_END_B] = NLA_POLICY_NESTED(vnet_end_nl_policy),
};

/* VNET_CMD_LINK_GET - do */
static const struct nla_policy vnet_link_get_do_nl_policy[VNET_A_LINK_IFINDEX + 1] = {
	[VNET_A_LINK_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VNET_A_LINK_NETNS_FD] = { .type = NLA_U32, },
	[VNET_A_LINK_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* VNET_CMD_LINK_GET - dump */
static const struct nla_policy vnet_link_get_dump_nl_policy[VNET_A_LINK_LAB + 1] = {
	[VNET_A_LINK_LAB] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
};

/* VNET_CMD_LINK_SET - do */
static const struct nla_policy vnet_link_set_nl_policy[VNET_A_LINK_IFINDEX + 1] = {
	[VNET_A_LINK_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VNET_A_LINK_NETNS_FD] = { .type = NLA_U32, },
	[VNET_A_LINK_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[VNET_A_LINK_NAME] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_LINK_MTU] = NLA_POLICY_FULL_RANGE(NLA_U32, &vnet_a_link_mtu_range),
	[VNET_A_LINK_CONNECTED] = NLA_POLICY_MAX(NLA_U32, 1),
	[VNET_A_LINK_END_A] = NLA_POLICY_NESTED(vnet_end_nl_policy),
	[VNET_A_LINK_END_B] = NLA_POLICY_NESTED(vnet_end_nl_policy),
};

/* VNET_CMD_LINK_DEL - do */
static const struct nla_policy vnet_link_del_nl_policy[VNET_A_LINK_IFINDEX + 1] = {
	[VNET_A_LINK_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VNET_A_LINK_NETNS_FD] = { .type = NLA_U32, },
	[VNET_A_LINK_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* VNET_CMD_BLOCK_TYPE_GET - dump */
static const struct nla_policy vnet_block_type_get_nl_policy[VNET_A_BLOCK_TYPE_NAME + 1] = {
	[VNET_A_BLOCK_TYPE_NAME] = { .type = NLA_NUL_STRING, .len = VNET_BLOCK_TYPE_MAX, },
};

/* VNET_CMD_BLOCK_NEW - do */
static const struct nla_policy vnet_block_new_nl_policy[VNET_A_BLOCK_PARAM + 1] = {
	[VNET_A_BLOCK_NETNS_FD] = { .type = NLA_U32, },
	[VNET_A_BLOCK_NAME] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_BLOCK_KIND] = { .type = NLA_NUL_STRING, .len = VNET_BLOCK_TYPE_MAX, },
	[VNET_A_BLOCK_LAB] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_BLOCK_PARAM] = NLA_POLICY_NESTED(vnet_block_param_nl_policy),
};

/* VNET_CMD_BLOCK_GET - do */
static const struct nla_policy vnet_block_get_do_nl_policy[VNET_A_BLOCK_NAME + 1] = {
	[VNET_A_BLOCK_NETNS_FD] = { .type = NLA_U32, },
	[VNET_A_BLOCK_NAME] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
};

/* VNET_CMD_BLOCK_GET - dump */
static const struct nla_policy vnet_block_get_dump_nl_policy[VNET_A_BLOCK_LAB + 1] = {
	[VNET_A_BLOCK_NETNS_FD] = { .type = NLA_U32, },
	[VNET_A_BLOCK_LAB] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
};

/* VNET_CMD_BLOCK_SET - do */
static const struct nla_policy vnet_block_set_nl_policy[VNET_A_BLOCK_PARAM + 1] = {
	[VNET_A_BLOCK_NETNS_FD] = { .type = NLA_U32, },
	[VNET_A_BLOCK_NAME] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_BLOCK_PARAM] = NLA_POLICY_NESTED(vnet_block_param_nl_policy),
};

/* VNET_CMD_BLOCK_DEL - do */
static const struct nla_policy vnet_block_del_nl_policy[VNET_A_BLOCK_NAME + 1] = {
	[VNET_A_BLOCK_NETNS_FD] = { .type = NLA_U32, },
	[VNET_A_BLOCK_NAME] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
};

/* VNET_CMD_BLOCK_BIND - do */
static const struct nla_policy vnet_block_bind_nl_policy[VNET_A_BLOCK_LOWER_PORT + 1] = {
	[VNET_A_BLOCK_NETNS_FD] = { .type = NLA_U32, },
	[VNET_A_BLOCK_UPPER] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_BLOCK_UPPER_PORT] = { .type = NLA_NUL_STRING, .len = VNET_BLOCK_TYPE_MAX, },
	[VNET_A_BLOCK_LOWER] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_BLOCK_LOWER_PORT] = { .type = NLA_NUL_STRING, .len = VNET_BLOCK_TYPE_MAX, },
};

/* VNET_CMD_BLOCK_UNBIND - do */
static const struct nla_policy vnet_block_unbind_nl_policy[VNET_A_BLOCK_LOWER_PORT + 1] = {
	[VNET_A_BLOCK_NETNS_FD] = { .type = NLA_U32, },
	[VNET_A_BLOCK_UPPER] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_BLOCK_UPPER_PORT] = { .type = NLA_NUL_STRING, .len = VNET_BLOCK_TYPE_MAX, },
	[VNET_A_BLOCK_LOWER] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_BLOCK_LOWER_PORT] = { .type = NLA_NUL_STRING, .len = VNET_BLOCK_TYPE_MAX, },
};

/* VNET_CMD_BLOCK_REPLACE - do */
static const struct nla_policy vnet_block_replace_nl_policy[VNET_A_BLOCK_STATE + 1] = {
	[VNET_A_BLOCK_NETNS_FD] = { .type = NLA_U32, },
	[VNET_A_BLOCK_NAME] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_BLOCK_KIND] = { .type = NLA_NUL_STRING, .len = VNET_BLOCK_TYPE_MAX, },
	[VNET_A_BLOCK_PARAM] = NLA_POLICY_NESTED(vnet_block_param_nl_policy),
	[VNET_A_BLOCK_STATE] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* VNET_CMD_LINK_TRACE_SET - do */
static const struct nla_policy vnet_link_trace_set_nl_policy[VNET_A_TRACE_SIZE + 1] = {
	[VNET_A_TRACE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VNET_A_TRACE_END] = NLA_POLICY_MAX(NLA_U32, 1),
	[VNET_A_TRACE_SIZE] = NLA_POLICY_FULL_RANGE(NLA_U32, &vnet_a_trace_size_range),
};

/* VNET_CMD_LINK_TRACE_GET - do */
static const struct nla_policy vnet_link_trace_get_nl_policy[VNET_A_TRACE_SINCE + 1] = {
	[VNET_A_TRACE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VNET_A_TRACE_END] = NLA_POLICY_MAX(NLA_U32, 1),
	[VNET_A_TRACE_SINCE] = { .type = NLA_UINT, },
};

/* VNET_CMD_MEDIUM_TRACE_SET - do */
static const struct nla_policy vnet_medium_trace_set_nl_policy[VNET_A_TRACE_SIZE + 1] = {
	[VNET_A_TRACE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VNET_A_TRACE_FROM] = { .type = NLA_U32, },
	[VNET_A_TRACE_TO] = { .type = NLA_U32, },
	[VNET_A_TRACE_SIZE] = NLA_POLICY_FULL_RANGE(NLA_U32, &vnet_a_trace_size_range),
};

/* VNET_CMD_MEDIUM_TRACE_GET - do */
static const struct nla_policy vnet_medium_trace_get_nl_policy[VNET_A_TRACE_SINCE + 1] = {
	[VNET_A_TRACE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VNET_A_TRACE_FROM] = { .type = NLA_U32, },
	[VNET_A_TRACE_TO] = { .type = NLA_U32, },
	[VNET_A_TRACE_SINCE] = { .type = NLA_UINT, },
};

/* VNET_CMD_MEDIUM_NEW - do */
static const struct nla_policy vnet_medium_new_nl_policy[VNET_A_MEDIUM_PAIR + 1] = {
	[VNET_A_MEDIUM_NAME] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_MEDIUM_LAB] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_MEDIUM_MTU] = NLA_POLICY_FULL_RANGE(NLA_U32, &vnet_a_medium_mtu_range),
	[VNET_A_MEDIUM_SEED] = { .type = NLA_UINT, },
	[VNET_A_MEDIUM_PORT] = NLA_POLICY_NESTED(vnet_medium_port_nl_policy),
	[VNET_A_MEDIUM_PAIR] = NLA_POLICY_NESTED(vnet_medium_pair_nl_policy),
};

/* VNET_CMD_MEDIUM_GET - do */
static const struct nla_policy vnet_medium_get_do_nl_policy[VNET_A_MEDIUM_ID + 1] = {
	[VNET_A_MEDIUM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* VNET_CMD_MEDIUM_GET - dump */
static const struct nla_policy vnet_medium_get_dump_nl_policy[VNET_A_MEDIUM_LAB + 1] = {
	[VNET_A_MEDIUM_LAB] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
};

/* VNET_CMD_MEDIUM_SET - do */
static const struct nla_policy vnet_medium_set_nl_policy[VNET_A_MEDIUM_PAIR + 1] = {
	[VNET_A_MEDIUM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VNET_A_MEDIUM_NAME] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_MEDIUM_MTU] = NLA_POLICY_FULL_RANGE(NLA_U32, &vnet_a_medium_mtu_range),
	[VNET_A_MEDIUM_PORT] = NLA_POLICY_NESTED(vnet_medium_port_nl_policy),
	[VNET_A_MEDIUM_PAIR] = NLA_POLICY_NESTED(vnet_medium_pair_nl_policy),
};

/* VNET_CMD_MEDIUM_DEL - do */
static const struct nla_policy vnet_medium_del_nl_policy[VNET_A_MEDIUM_ID + 1] = {
	[VNET_A_MEDIUM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* VNET_CMD_MEDIUM_PORT_GET - dump */
static const struct nla_policy vnet_medium_port_get_nl_policy[VNET_A_MEDIUM_ID + 1] = {
	[VNET_A_MEDIUM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* VNET_CMD_MEDIUM_PAIR_GET - dump */
static const struct nla_policy vnet_medium_pair_get_nl_policy[VNET_A_MEDIUM_ID + 1] = {
	[VNET_A_MEDIUM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* VNET_CMD_BLOCK_SUBSCRIBE - do */
static const struct nla_policy vnet_block_subscribe_nl_policy[VNET_A_BLOCK_PUBLISHER + 1] = {
	[VNET_A_BLOCK_NETNS_FD] = { .type = NLA_U32, },
	[VNET_A_BLOCK_NAME] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_BLOCK_PUBLISHER] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
};

/* VNET_CMD_BLOCK_UNSUBSCRIBE - do */
static const struct nla_policy vnet_block_unsubscribe_nl_policy[VNET_A_BLOCK_PUBLISHER + 1] = {
	[VNET_A_BLOCK_NETNS_FD] = { .type = NLA_U32, },
	[VNET_A_BLOCK_NAME] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
	[VNET_A_BLOCK_PUBLISHER] = { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX, },
};

/* Ops table for vnet */
static const struct genl_split_ops vnet_nl_ops[] = {
	{
		.cmd		= VNET_CMD_INSTANCE_NEW,
		.doit		= vnet_nl_instance_new_doit,
		.policy		= vnet_instance_new_nl_policy,
		.maxattr	= VNET_A_INSTANCE_MAX_BYTES,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_INSTANCE_GET,
		.doit		= vnet_nl_instance_get_doit,
		.policy		= vnet_instance_get_do_nl_policy,
		.maxattr	= VNET_A_INSTANCE_NETNS_FD,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_INSTANCE_GET,
		.dumpit		= vnet_nl_instance_get_dumpit,
		.policy		= vnet_instance_get_dump_nl_policy,
		.maxattr	= VNET_A_INSTANCE_LAB,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= VNET_CMD_INSTANCE_SET,
		.doit		= vnet_nl_instance_set_doit,
		.policy		= vnet_instance_set_nl_policy,
		.maxattr	= VNET_A_INSTANCE_MAX_BYTES,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_INSTANCE_DEL,
		.doit		= vnet_nl_instance_del_doit,
		.policy		= vnet_instance_del_nl_policy,
		.maxattr	= VNET_A_INSTANCE_NETNS_FD,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_LINK_NEW,
		.doit		= vnet_nl_link_new_doit,
		.policy		= vnet_link_new_nl_policy,
		.maxattr	= VNET_A_LINK_END_B,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_LINK_GET,
		.doit		= vnet_nl_link_get_doit,
		.policy		= vnet_link_get_do_nl_policy,
		.maxattr	= VNET_A_LINK_IFINDEX,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_LINK_GET,
		.dumpit		= vnet_nl_link_get_dumpit,
		.policy		= vnet_link_get_dump_nl_policy,
		.maxattr	= VNET_A_LINK_LAB,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= VNET_CMD_LINK_SET,
		.doit		= vnet_nl_link_set_doit,
		.policy		= vnet_link_set_nl_policy,
		.maxattr	= VNET_A_LINK_IFINDEX,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_LINK_DEL,
		.doit		= vnet_nl_link_del_doit,
		.policy		= vnet_link_del_nl_policy,
		.maxattr	= VNET_A_LINK_IFINDEX,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_BLOCK_TYPE_GET,
		.dumpit		= vnet_nl_block_type_get_dumpit,
		.policy		= vnet_block_type_get_nl_policy,
		.maxattr	= VNET_A_BLOCK_TYPE_NAME,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= VNET_CMD_BLOCK_NEW,
		.doit		= vnet_nl_block_new_doit,
		.policy		= vnet_block_new_nl_policy,
		.maxattr	= VNET_A_BLOCK_PARAM,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_BLOCK_GET,
		.doit		= vnet_nl_block_get_doit,
		.policy		= vnet_block_get_do_nl_policy,
		.maxattr	= VNET_A_BLOCK_NAME,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_BLOCK_GET,
		.dumpit		= vnet_nl_block_get_dumpit,
		.policy		= vnet_block_get_dump_nl_policy,
		.maxattr	= VNET_A_BLOCK_LAB,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= VNET_CMD_BLOCK_SET,
		.doit		= vnet_nl_block_set_doit,
		.policy		= vnet_block_set_nl_policy,
		.maxattr	= VNET_A_BLOCK_PARAM,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_BLOCK_DEL,
		.doit		= vnet_nl_block_del_doit,
		.policy		= vnet_block_del_nl_policy,
		.maxattr	= VNET_A_BLOCK_NAME,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_BLOCK_BIND,
		.doit		= vnet_nl_block_bind_doit,
		.policy		= vnet_block_bind_nl_policy,
		.maxattr	= VNET_A_BLOCK_LOWER_PORT,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_BLOCK_UNBIND,
		.doit		= vnet_nl_block_unbind_doit,
		.policy		= vnet_block_unbind_nl_policy,
		.maxattr	= VNET_A_BLOCK_LOWER_PORT,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_BLOCK_REPLACE,
		.doit		= vnet_nl_block_replace_doit,
		.policy		= vnet_block_replace_nl_policy,
		.maxattr	= VNET_A_BLOCK_STATE,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_LINK_TRACE_SET,
		.doit		= vnet_nl_link_trace_set_doit,
		.policy		= vnet_link_trace_set_nl_policy,
		.maxattr	= VNET_A_TRACE_SIZE,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_LINK_TRACE_GET,
		.doit		= vnet_nl_link_trace_get_doit,
		.policy		= vnet_link_trace_get_nl_policy,
		.maxattr	= VNET_A_TRACE_SINCE,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_MEDIUM_TRACE_SET,
		.doit		= vnet_nl_medium_trace_set_doit,
		.policy		= vnet_medium_trace_set_nl_policy,
		.maxattr	= VNET_A_TRACE_SIZE,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_MEDIUM_TRACE_GET,
		.doit		= vnet_nl_medium_trace_get_doit,
		.policy		= vnet_medium_trace_get_nl_policy,
		.maxattr	= VNET_A_TRACE_SINCE,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_MEDIUM_NEW,
		.doit		= vnet_nl_medium_new_doit,
		.policy		= vnet_medium_new_nl_policy,
		.maxattr	= VNET_A_MEDIUM_PAIR,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_MEDIUM_GET,
		.doit		= vnet_nl_medium_get_doit,
		.policy		= vnet_medium_get_do_nl_policy,
		.maxattr	= VNET_A_MEDIUM_ID,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_MEDIUM_GET,
		.dumpit		= vnet_nl_medium_get_dumpit,
		.policy		= vnet_medium_get_dump_nl_policy,
		.maxattr	= VNET_A_MEDIUM_LAB,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= VNET_CMD_MEDIUM_SET,
		.doit		= vnet_nl_medium_set_doit,
		.policy		= vnet_medium_set_nl_policy,
		.maxattr	= VNET_A_MEDIUM_PAIR,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_MEDIUM_DEL,
		.doit		= vnet_nl_medium_del_doit,
		.policy		= vnet_medium_del_nl_policy,
		.maxattr	= VNET_A_MEDIUM_ID,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_MEDIUM_PORT_GET,
		.dumpit		= vnet_nl_medium_port_get_dumpit,
		.policy		= vnet_medium_port_get_nl_policy,
		.maxattr	= VNET_A_MEDIUM_ID,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= VNET_CMD_MEDIUM_PAIR_GET,
		.dumpit		= vnet_nl_medium_pair_get_dumpit,
		.policy		= vnet_medium_pair_get_nl_policy,
		.maxattr	= VNET_A_MEDIUM_ID,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= VNET_CMD_BLOCK_SUBSCRIBE,
		.doit		= vnet_nl_block_subscribe_doit,
		.policy		= vnet_block_subscribe_nl_policy,
		.maxattr	= VNET_A_BLOCK_PUBLISHER,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VNET_CMD_BLOCK_UNSUBSCRIBE,
		.doit		= vnet_nl_block_unsubscribe_doit,
		.policy		= vnet_block_unsubscribe_nl_policy,
		.maxattr	= VNET_A_BLOCK_PUBLISHER,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
};

static const struct genl_multicast_group vnet_nl_mcgrps[] = {
	[VNET_NLGRP_CONFIG] = { "config", },
};

struct genl_family vnet_nl_family __ro_after_init = {
	.name		= VNET_FAMILY_NAME,
	.version	= VNET_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= vnet_nl_ops,
	.n_split_ops	= ARRAY_SIZE(vnet_nl_ops),
	.mcgrps		= vnet_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(vnet_nl_mcgrps),
};
