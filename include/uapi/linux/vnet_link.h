/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/*
 * IFLA_INFO_DATA of the link kind "vnet".
 *
 * The nests IFLA_VNET_TX and IFLA_VNET_RX hold VNET_A_DIRECTION_*, the nests
 * IFLA_VNET_TX_STATS and IFLA_VNET_RX_STATS VNET_A_STATS_* of linux/vnet.h.
 * TX is what the device transmits, RX what its peer transmits.
 */
#ifndef _UAPI_LINUX_VNET_LINK_H
#define _UAPI_LINUX_VNET_LINK_H

enum {
	IFLA_VNET_UNSPEC,
	IFLA_VNET_PEER,		/* struct ifinfomsg and IFLA_*, as VETH_INFO_PEER */
	IFLA_VNET_TX,		/* nest */
	IFLA_VNET_RX,		/* nest */
	IFLA_VNET_NAME,		/* string */
	IFLA_VNET_LAB,		/* string */
	IFLA_VNET_SEED,		/* u64 */
	IFLA_VNET_CONNECTED,	/* u32, 0 or 1 */
	IFLA_VNET_ID,		/* u32, read only */
	IFLA_VNET_TX_STATS,	/* nest, read only */
	IFLA_VNET_RX_STATS,	/* nest, read only */
	IFLA_VNET_PAD,

	__IFLA_VNET_MAX,
	IFLA_VNET_MAX = (__IFLA_VNET_MAX - 1)
};

#endif
