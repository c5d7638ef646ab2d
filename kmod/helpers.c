// SPDX-License-Identifier: GPL-2.0
/*
 * Inline functions and macros of the kernel as functions, for Rust. No logic
 * of the emulator's own lives here. One object, as the kernel's own helpers.
 */
#include <crypto/aead.h>
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/hrtimer.h>
#include <linux/if_vlan.h>
#include <linux/mm.h>
#include <linux/netfilter_netdev.h>
#include <linux/netdevice.h>
#include <linux/scatterlist.h>
#include <linux/sctp.h>
#include <linux/spinlock.h>
#include <linux/tcp.h>
#include <linux/timekeeping.h>
#include <linux/udp.h>
#include <net/busy_poll.h>
#include <net/dsfield.h>
#include <net/genetlink.h>
#include <net/gso.h>
#include <net/inet_ecn.h>
#include <net/netdev_lock.h>
#include <net/netns/generic.h>
#include <net/rtnetlink.h>
#include <net/sock.h>

#include "link_attr.h"
#include "netlink_gen.h"
#include "vnet_cpu.h"

#include "helpers/module.c"
#include "helpers/sync.c"
#include "helpers/time.c"
#include "helpers/skbuff.c"
#include "helpers/crypto.c"
#include "helpers/filter.c"
#include "helpers/rbtree.c"
#include "helpers/netdevice.c"
#include "helpers/net_namespace.c"
#include "helpers/netlink.c"
#include "helpers/ethtool.c"
#include "helpers/sock.c"
