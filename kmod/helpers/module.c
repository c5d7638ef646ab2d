// SPDX-License-Identifier: GPL-2.0
MODULE_ALIAS_RTNL_LINK("vnet");
MODULE_ALIAS_GENL_FAMILY("vnet");

/* Parameters of a module and what belongs to it are found by macros. */
static unsigned int family = AF_DECnet;
module_param(family, uint, 0444);
MODULE_PARM_DESC(family, "Number of the protocol family of sockets on chains, that of a dead protocol (12, DECnet)");

/* How long a poll of a link may wait for what is due next; changed at any time. */
#define SPIN_MAX_US 1000

static int set_spin(const char *value, const struct kernel_param *param)
{
	return param_set_uint_minmax(value, param, 0, SPIN_MAX_US);
}

static const struct kernel_param_ops spin_ops = {
	.set = set_spin,
	.get = param_get_uint,
};

static unsigned int spin_us;
module_param_cb(spin_us, &spin_ops, &spin_us, 0644);
MODULE_PARM_DESC(spin_us, "Microseconds, 0 to 1000, by which links' timers are early, to wait busily for the exact time (0)");

unsigned int vnet_helper_spin_us(void)
{
	return READ_ONCE(spin_us);
}

unsigned int vnet_helper_socket_family(void)
{
	return family;
}

struct module *vnet_helper_this_module(void)
{
	return THIS_MODULE;
}

/* The policy of the link kind; it stands here because a policy is built by macros. */
const struct nla_policy vnet_link_policy[IFLA_VNET_MAX + 1] = {
	[IFLA_VNET_UNSPEC]	= { .strict_start_type = IFLA_VNET_TX },
	[IFLA_VNET_PEER]	= { .len = sizeof(struct ifinfomsg) },
	[IFLA_VNET_TX]		= NLA_POLICY_NESTED(vnet_direction_nl_policy),
	[IFLA_VNET_RX]		= NLA_POLICY_NESTED(vnet_direction_nl_policy),
	[IFLA_VNET_NAME]	= { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX },
	[IFLA_VNET_LAB]		= { .type = NLA_NUL_STRING, .len = VNET_NAME_MAX },
	[IFLA_VNET_SEED]	= { .type = NLA_U64 },
	[IFLA_VNET_CONNECTED]	= NLA_POLICY_MAX(NLA_U32, 1),
	[IFLA_VNET_ID]		= { .type = NLA_REJECT },
	[IFLA_VNET_TX_STATS]	= { .type = NLA_REJECT },
	[IFLA_VNET_RX_STATS]	= { .type = NLA_REJECT },
};
