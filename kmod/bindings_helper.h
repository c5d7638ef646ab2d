/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What bindgen reads. Only what kmod/bindings_allow lists, and all of this
 * file and of the generated netlink headers, becomes visible to Rust.
 */
#include <crypto/aead.h>
#include <crypto/sha2.h>
#include <linux/hrtimer_types.h>
#include <linux/bpf.h>
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/hrtimer.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/lz4.h>
#include <linux/netfilter_netdev.h>
#include <linux/notifier.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/user_namespace.h>
#include <net/genetlink.h>
#include <net/gso.h>
#include <net/net_namespace.h>
#include <net/rtnetlink.h>
#include <net/sock.h>
#include "netlink_gen.h"
#include "link_attr.h"
#include "vnet_cpu.h"

const gfp_t VNET_CONST_GFP_ATOMIC = GFP_ATOMIC;
const gfp_t VNET_CONST_GFP_KERNEL = GFP_KERNEL;
const u32 VNET_CONST_CRYPTO_ALG_ASYNC = CRYPTO_ALG_ASYNC;
const size_t VNET_CONST_LZ4_MEM_COMPRESS = LZ4_MEM_COMPRESS;
