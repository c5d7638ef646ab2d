// SPDX-License-Identifier: GPL-2.0
/*
 * Inline functions and macros of the kernel as functions, for Rust. No logic
 * of the emulator's own lives here.
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

/* Bytes of the seal of an AEAD, as net/crypto.rs has it. */
#define AEAD_SEAL 16

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

/* linux/spinlock.h, linux/bottom_half.h */

/*
 * On the packet path bottom halves are disabled already; to enable them again
 * costs more than the lock. Tells whether it was the lock that disabled them.
 */
bool vnet_helper_spin_lock_bh(spinlock_t *lock)
{
	if (softirq_count()) {
		spin_lock(lock);
		return false;
	}
	spin_lock_bh(lock);
	return true;
}

void vnet_helper_spin_unlock_bh(spinlock_t *lock, bool disabled)
{
	if (disabled)
		spin_unlock_bh(lock);
	else
		spin_unlock(lock);
}

int vnet_helper_spin_trylock_bh(spinlock_t *lock)
{
	return spin_trylock_bh(lock);
}

/* linux/jiffies.h */

unsigned long vnet_helper_jiffies(void)
{
	return jiffies;
}

void vnet_helper_lockdep_assert_held(spinlock_t *lock)
{
	lockdep_assert_held(lock);
}

void vnet_helper_spin_lock_init(spinlock_t *lock, const char *name, struct lock_class_key *key)
{
#ifdef CONFIG_DEBUG_SPINLOCK
# if defined(CONFIG_PREEMPT_RT)
	__spin_lock_init(lock, name, key, false);
# else
	__raw_spin_lock_init(spinlock_check(lock), name, key, LD_WAIT_CONFIG);
# endif
#else
	spin_lock_init(lock);
#endif
}

/*
 * What a CPU has of its own is protected by disabling bottom halves, which keeps
 * all others off the CPU but interrupts. Without this option a real-time kernel
 * does not promise that.
 */
#if defined(CONFIG_PREEMPT_RT) && !defined(CONFIG_PREEMPT_RT_NEEDS_BH_LOCK)
# error "on PREEMPT_RT vnet needs CONFIG_PREEMPT_RT_NEEDS_BH_LOCK"
#endif

/* linux/bottom_half.h, linux/smp.h */

void vnet_helper_local_bh_disable(void)
{
	local_bh_disable();
}

void vnet_helper_local_bh_enable(void)
{
	local_bh_enable();
}

unsigned int vnet_helper_processor_id(void)
{
	return smp_processor_id();
}

unsigned int vnet_helper_processor_ids(void)
{
	return nr_cpu_ids;
}

/* linux/timekeeping.h, linux/mm.h */

void vnet_helper_cpu_relax(void)
{
	cpu_relax();
}

u64 vnet_helper_ktime_get_ns(void)
{
	return ktime_get_ns();
}

u64 vnet_helper_ktime_get_real_ns(void)
{
	return ktime_get_real_ns();
}

u64 vnet_helper_total_memory(void)
{
	return (u64)totalram_pages() << PAGE_SHIFT;
}

/* linux/skbuff.h */

bool vnet_helper_skb_is_gso(const struct sk_buff *skb)
{
	return skb_is_gso(skb);
}

void vnet_helper_skb_mark_not_on_list(struct sk_buff *skb)
{
	skb_mark_not_on_list(skb);
}

/*
 * Takes the first buffer off a list and gives the next one. What lay on the delay
 * line has left the caches: fetches what is looked at first, of the one that is
 * taken its data, of the next one the buffer itself with its control block.
 */
struct sk_buff *vnet_helper_skb_take_first(struct sk_buff *skb)
{
	struct sk_buff *next = skb->next;

	prefetch(next);
	prefetch((char *)next + L1_CACHE_BYTES);
	prefetch(skb->data);
	skb_mark_not_on_list(skb);
	return next;
}

/* Bytes of one packet on the wire; an offloaded VLAN tag is not in skb->len. */
static u32 wire_bytes(const struct sk_buff *skb)
{
	return skb->len + (skb_vlan_tag_present(skb) ? VLAN_HLEN : 0);
}

/*
 * Wire frames and bytes of a segmentation offload packet, as
 * qdisc_pkt_len_segs_init() in net/core/dev.c counts them. False if its
 * headers make no sense.
 */
static bool gso_wire_size(struct sk_buff *skb, u32 *frames, u32 *bytes)
{
	const u32 type = skb_shinfo(skb)->gso_type;
	const u32 tag = wire_bytes(skb) - skb->len;
	u32 header, payload;

	if (skb->encapsulation)
		header = skb_inner_transport_offset(skb);
	else if (skb_transport_header_was_set(skb))
		header = skb_transport_offset(skb);
	else
		return false;
	if (type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)) {
		const struct tcphdr *th;

		if (!pskb_may_pull(skb, header + sizeof(*th)))
			return false;
		th = (const struct tcphdr *)(skb->data + header);
		if (__tcp_hdrlen(th) < sizeof(*th))
			return false;
		header += __tcp_hdrlen(th);
	} else if (type & SKB_GSO_UDP_L4) {
		header += sizeof(struct udphdr);
	} else if (type & SKB_GSO_SCTP) {
		header += sizeof(struct sctphdr);
	}
	if (skb->len <= header || !skb_shinfo(skb)->gso_size)
		return false;
	payload = skb->len - header;
	/* Chunks of SCTP are of different sizes and lie ready on the list. */
	if (skb_shinfo(skb)->gso_size == GSO_BY_FRAGS)
		*frames = max_t(u32, skb_shinfo(skb)->gso_segs, 1);
	else
		*frames = DIV_ROUND_UP(payload, skb_shinfo(skb)->gso_size);
	*bytes = payload + *frames * (header + tag);
	return true;
}

/* Size of a packet on the wire; false if its headers make no sense. */
bool vnet_helper_skb_wire_size(struct sk_buff *skb, u32 *frames, u32 *bytes)
{
	if (skb_is_gso(skb))
		return gso_wire_size(skb, frames, bytes);
	*frames = 1;
	*bytes = wire_bytes(skb);
	return true;
}

/*
 * What a driver does before it takes a packet: a whole Ethernet header in the
 * linear part, no pages of user space, which would wait as long as the packet
 * does, and a time stamp if the socket wants one. Gives the packet's size as
 * well, wire frames above, bytes in the low 32 bits, since each packet needs both.
 */
s64 vnet_helper_skb_prepare(struct sk_buff *skb)
{
	u32 frames = 1, bytes = wire_bytes(skb);

	if (unlikely(skb_is_gso(skb)) && !gso_wire_size(skb, &frames, &bytes))
		return -EINVAL;
	if (unlikely(!pskb_may_pull(skb, ETH_HLEN)))
		return -EINVAL;
	if (unlikely(skb_orphan_frags_rx(skb, GFP_ATOMIC)))
		return -ENOMEM;
	skb_tx_timestamp(skb);
	return (u64)frames << 32 | bytes;
}

/*
 * Cuts all ties of a packet to the sending side. In flight it may outlive the
 * sending namespace, so it is scrubbed as for another one in any case.
 */
void vnet_helper_skb_release(struct sk_buff *skb)
{
	skb_orphan(skb);
	skb_scrub_packet(skb, true);
	skb->priority = 0;
	skb_set_queue_mapping(skb, 0);
}

void vnet_helper_skb_orphan(struct sk_buff *skb)
{
	skb_orphan(skb);
}

/* All segments of the packet as a list, or an error pointer; never the packet itself. */
struct sk_buff *vnet_helper_skb_segment(struct sk_buff *skb)
{
	netdev_features_t features = netif_skb_features(skb);
	struct sk_buff *segments = skb_gso_segment(skb, features & ~NETIF_F_GSO_MASK);

	return segments ?: ERR_PTR(-EINVAL);
}

/*
 * A copy that shares the packet's data; its data is nobody's to write to before
 * skb_ensure_writable() or the like.
 */
struct sk_buff *vnet_helper_skb_duplicate(struct sk_buff *skb)
{
	return skb_clone(skb, GFP_ATOMIC);
}

/*
 * The packet, or in its place a copy, of which @len bytes can be written to. A
 * sender may still hold the packet itself (pktgen does, until it makes the
 * next one), and then not even its head may be replaced. The packet was charged
 * with its truesize, which stays. False if there is no memory.
 */
static bool skb_make_own(struct sk_buff **packet, u32 len)
{
	const unsigned int truesize = (*packet)->truesize;
	struct sk_buff *copy;

	if (skb_shared(*packet)) {
		copy = skb_copy(*packet, GFP_ATOMIC);
		if (!copy)
			return false;
		consume_skb(*packet);
		*packet = copy;
	} else if (skb_ensure_writable(*packet, len)) {
		return false;
	}
	if (!(*packet)->sk)
		(*packet)->truesize = truesize;
	return true;
}

bool vnet_helper_skb_own(struct sk_buff **packet, u32 len)
{
	return skb_make_own(packet, len);
}

/*
 * Flips a bit of what is on the wire, counted from the most significant of the
 * first byte. Checksums that hardware would have filled in are filled in first,
 * so that the receiver notices. False if there is no memory.
 */
bool vnet_helper_skb_flip_bit(struct sk_buff **packet, u32 bit)
{
	const unsigned int truesize = (*packet)->truesize;
	const u32 byte = bit / 8;
	struct sk_buff *skb;

	if (!skb_make_own(packet, min(byte + 1, (*packet)->len)))
		return false;
	skb = *packet;
	if (skb_vlan_tag_present(skb)) {
		if (__vlan_insert_tag(skb, skb->vlan_proto, skb_vlan_tag_get(skb)))
			return false;
		skb->protocol = skb->vlan_proto;
		__vlan_hwaccel_clear_tag(skb);
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb))
		return false;
	if (byte >= skb->len)
		return true;
	/* A tag moved the byte. */
	if (skb_ensure_writable(skb, byte + 1))
		return false;
	if (!skb->sk)
		skb->truesize = truesize;
	skb->data[byte] ^= 0x80 >> (bit % 8);
	skb->ip_summed = CHECKSUM_NONE;
	return true;
}

/* Marks congestion experienced; false if it is no IP packet or its sender does not know ECN. */
bool vnet_helper_skb_mark_ce(struct sk_buff **packet)
{
	const u32 header = skb_network_offset(*packet) + sizeof(struct ipv6hdr);

	if (!skb_make_own(packet, min(header, (*packet)->len)))
		return false;
	return INET_ECN_set_ce(*packet);
}

/* Hash of the packet's flow, the same in every run for the same key. */
u32 vnet_helper_skb_flow_hash(struct sk_buff *skb, u64 key)
{
	const siphash_key_t perturb = { .key = { key, 0 } };

	return skb_get_hash_perturb(skb, &perturb);
}

/* The DS code point of an IP packet, otherwise 0. */
u8 vnet_helper_skb_dscp(struct sk_buff *skb)
{
	const u32 offset = skb_network_offset(skb);

	switch (skb_protocol(skb, true)) {
	case htons(ETH_P_IP):
		if (pskb_may_pull(skb, offset + sizeof(struct iphdr)))
			return ipv4_get_dsfield(ip_hdr(skb)) >> 2;
		return 0;
	case htons(ETH_P_IPV6):
		if (pskb_may_pull(skb, offset + sizeof(struct ipv6hdr)))
			return ipv6_get_dsfield(ipv6_hdr(skb)) >> 2;
		return 0;
	default:
		return 0;
	}
}

/* As dropped by a full queue; the module's own counters tell more. */
void vnet_helper_drop_skb(struct sk_buff *skb)
{
	kfree_skb_reason(skb, SKB_DROP_REASON_FULL_RING);
}

void vnet_helper_drop_skb_list(struct sk_buff *skb)
{
	kfree_skb_list_reason(skb, SKB_DROP_REASON_FULL_RING);
}

void vnet_helper_consume_skb(struct sk_buff *skb)
{
	consume_skb(skb);
}

/*
 * The packet of a netfilter hook as the caller's own, from its Ethernet header
 * on. NULL if there is no memory; the packet is gone then.
 */
struct sk_buff *vnet_helper_skb_take(struct sk_buff *skb)
{
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (unlikely(!skb))
		return NULL;
	skb_push_rcsum(skb, skb->data - skb_mac_header(skb));
	return skb;
}

/* A packet of zeros with room in front for the headers of devices. */
struct sk_buff *vnet_helper_skb_zeroed(unsigned int len)
{
	struct sk_buff *skb = alloc_skb(NET_SKB_PAD + len, GFP_ATOMIC);

	if (skb) {
		skb_reserve(skb, NET_SKB_PAD);
		skb_put_zero(skb, len);
	}
	return skb;
}

u32 vnet_helper_skb_mark(const struct sk_buff *skb)
{
	return skb->mark;
}

void vnet_helper_skb_set_mark(struct sk_buff *skb, u32 mark)
{
	skb->mark = mark;
}

/* Whether the first bytes are in one piece, or could be brought into one. */
bool vnet_helper_skb_pull(struct sk_buff *skb, unsigned int len)
{
	return pskb_may_pull(skb, len);
}

/* Sends a frame through a device, but not through its egress hook. */
int vnet_helper_device_transmit(struct sk_buff *skb, struct net_device *dev)
{
	const struct ethhdr *eth;

	if (unlikely(!pskb_may_pull(skb, ETH_HLEN))) {
		kfree_skb(skb);
		return NET_XMIT_DROP;
	}
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
	skb_reset_mac_len(skb);
	eth = eth_hdr(skb);
	skb->protocol = eth_proto_is_802_3(eth->h_proto) ? eth->h_proto : htons(ETH_P_802_2);
	skb->dev = dev;
	nf_skip_egress(skb, true);
	return dev_queue_xmit(skb);
}

/*
 * Puts bytes behind the first @at ones of a frame; what was behind them comes
 * after. False if there is no memory.
 */
bool vnet_helper_skb_insert(struct sk_buff **packet, u32 at, const void *bytes, u32 len)
{
	struct sk_buff *skb;

	if ((*packet)->len < at || !skb_make_own(packet, at))
		return false;
	skb = *packet;
	if (skb_cow_head(skb, len))
		return false;
	skb_push(skb, len);
	memmove(skb->data, skb->data + len, at);
	memcpy(skb->data + at, bytes, len);
	skb_postpush_rcsum(skb, skb->data + at, len);
	return true;
}

/*
 * What devices would have filled in is filled in: the tag and the checksum. False
 * if there is no memory.
 */
bool vnet_helper_skb_fill_in(struct sk_buff **packet)
{
	struct sk_buff *skb = *packet;

	if (!skb_vlan_tag_present(skb) && skb->ip_summed != CHECKSUM_PARTIAL)
		return true;
	if (!skb_make_own(packet, 0))
		return false;
	skb = *packet;
	if (skb_vlan_tag_present(skb)) {
		if (__vlan_insert_tag(skb, skb->vlan_proto, skb_vlan_tag_get(skb)))
			return false;
		skb->protocol = skb->vlan_proto;
		__vlan_hwaccel_clear_tag(skb);
	}
	return skb->ip_summed != CHECKSUM_PARTIAL || !skb_checksum_help(skb);
}

/* Cuts off what is behind the first @len bytes. */
bool vnet_helper_skb_trim(struct sk_buff *skb, u32 len)
{
	return !pskb_trim_rcsum(skb, len);
}

/* Takes bytes out from behind the first @at ones. False if there is no memory. */
bool vnet_helper_skb_cut(struct sk_buff **packet, u32 at, u32 len)
{
	struct sk_buff *skb;

	if ((*packet)->len < at + len || !skb_make_own(packet, at + len))
		return false;
	skb = *packet;
	skb_postpull_rcsum(skb, skb->data + at, len);
	memmove(skb->data + len, skb->data, at);
	__skb_pull(skb, len);
	return true;
}

/*
 * Hands a frame to the stack of a device. With @again the device has received
 * it before, so that its ingress hooks have had it.
 */
void vnet_helper_device_receive(struct sk_buff *skb, struct net_device *dev, bool again)
{
	if (unlikely(!pskb_may_pull(skb, ETH_HLEN))) {
		kfree_skb(skb);
		return;
	}
	skb_orphan(skb);
	skb_scrub_packet(skb, !again);
	/* It may have been held back; its stamp is that of its way into the stack. */
	skb_clear_tstamp(skb);
	skb->protocol = eth_type_trans(skb, dev);
	skb_postpull_rcsum(skb, eth_hdr(skb), ETH_HLEN);
	skb->tc_skip_classify = again;
	netif_receive_skb(skb);
}

/* crypto/aead.h */

void vnet_helper_crypto_free_aead(struct crypto_aead *transform)
{
	crypto_free_aead(transform);
}

unsigned int vnet_helper_aead_ivsize(struct crypto_aead *transform)
{
	return crypto_aead_ivsize(transform);
}

struct aead_request *vnet_helper_aead_request_alloc(struct crypto_aead *transform)
{
	struct aead_request *request = aead_request_alloc(transform, GFP_KERNEL);

	/* It is never asynchronous, and may not sleep. */
	if (request)
		aead_request_set_callback(request, 0, NULL, NULL);
	return request;
}

void vnet_helper_aead_request_free(struct aead_request *request)
{
	aead_request_free(request);
}

/*
 * Encrypts @len bytes of a packet in place, behind @open bytes that are only
 * authenticated. All of them, and the seal behind them, are in one piece.
 */
int vnet_helper_skb_seal(struct sk_buff *skb, struct aead_request *request, u32 open, u32 len,
			 u8 *nonce)
{
	struct scatterlist all;

	sg_init_one(&all, skb->data, open + len + AEAD_SEAL);
	aead_request_set_crypt(request, &all, &all, len, nonce);
	aead_request_set_ad(request, open);
	return crypto_aead_encrypt(request);
}

/* The inverse; the seal is checked. */
int vnet_helper_skb_unseal(struct sk_buff *skb, struct aead_request *request, u32 open, u32 len,
			   u8 *nonce)
{
	struct scatterlist all;

	sg_init_one(&all, skb->data, open + len + AEAD_SEAL);
	aead_request_set_crypt(request, &all, &all, len + AEAD_SEAL, nonce);
	aead_request_set_ad(request, open);
	return crypto_aead_decrypt(request);
}

/* linux/filter.h */

u32 vnet_helper_bpf_run(const struct bpf_prog *program, struct sk_buff *skb)
{
	skb_reset_mac_header(skb);
	return bpf_prog_run_clear_cb(program, skb);
}

/* linux/rbtree.h */

struct rb_node *vnet_helper_rb_first(const struct rb_root *root)
{
	return rb_first(root);
}

/* linux/netdevice.h */

void *vnet_helper_netdev_priv(const struct net_device *dev)
{
	return netdev_priv(dev);
}

bool vnet_helper_netif_running(const struct net_device *dev)
{
	return netif_running(dev);
}

bool vnet_helper_netif_carrier_ok(const struct net_device *dev)
{
	return netif_carrier_ok(dev);
}

/*
 * Stops the transmit queue, if packets can wait in front of it; without a
 * queueing discipline the core would drop them.
 */
bool vnet_helper_netif_stop_queue(struct net_device *dev)
{
	struct netdev_queue *queue = netdev_get_tx_queue(dev, 0);

	if (!rcu_dereference_bh(queue->qdisc)->enqueue)
		return false;
	netif_tx_stop_queue(queue);
	return true;
}

void vnet_helper_netif_wake_queue(struct net_device *dev)
{
	netif_wake_queue(dev);
}

void vnet_helper_dev_hold(struct net_device *dev)
{
	dev_hold(dev);
}

struct net_device *vnet_helper_notifier_info_to_dev(void *info)
{
	return netdev_notifier_info_to_dev(info);
}

void vnet_helper_dev_put(struct net_device *dev)
{
	dev_put(dev);
}

struct net *vnet_helper_dev_net(const struct net_device *dev)
{
	return dev_net(dev);
}

void vnet_helper_eth_hw_addr_random(struct net_device *dev)
{
	eth_hw_addr_random(dev);
}

void vnet_helper_eth_hw_addr_set(struct net_device *dev, const u8 *address)
{
	eth_hw_addr_set(dev, address);
}

bool vnet_helper_is_valid_ether_addr(const u8 *address)
{
	return is_valid_ether_addr(address);
}

void vnet_helper_netdev_lockdep_set_classes(struct net_device *dev)
{
	netdev_lockdep_set_classes(dev);
}

bool vnet_helper_netdev_is_unregistering(const struct net_device *dev)
{
	return dev->reg_state == NETREG_UNREGISTERING;
}

void vnet_helper_netif_napi_add(struct net_device *dev, struct napi_struct *napi,
				int (*poll)(struct napi_struct *, int))
{
	netif_napi_add(dev, napi, poll);
}

/* Without waiting for readers; the removal of the device does that for all at once. */
void vnet_helper_netif_napi_del_unsynced(struct napi_struct *napi)
{
	__netif_napi_del(napi);
}

/* What kmod/net/round.rs keeps for each CPU. */
struct vnet_round {
	void *waiting;
	bool running;
};

static DEFINE_PER_CPU(struct vnet_round, vnet_round);

/* That of this CPU; null where the caller may be moved to another one. */
void *vnet_helper_round_here(void)
{
	return softirq_count() || in_hardirq() ? this_cpu_ptr(&vnet_round) : NULL;
}

/*
 * Hands a packet to the stack of @dev, which polls @napi.
 *
 * A clone shares its fragments with whoever it was cloned from (TCP sends
 * clones of what it may have to send again), and GRO would change them. Neither
 * a clone nor a small packet has much to gain from being merged, so these go to
 * the stack directly where that cannot change the order: while GRO holds
 * nothing. Otherwise a clone gets a head of its own first, as in veth.
 */
void vnet_helper_napi_receive(struct napi_struct *napi, struct sk_buff *skb,
			      struct net_device *dev)
{
	const bool gro_is_empty = !napi->gro.bitmask && !napi->gro.rx_count;

	skb->protocol = eth_type_trans(skb, dev);
	if (!(gro_is_empty && (skb->len <= 128 || skb_cloned(skb))) &&
	    !skb_shared(skb) && !skb_unclone(skb, GFP_ATOMIC)) {
		napi_gro_receive(napi, skb);
		return;
	}
	skb_mark_napi_id(skb, napi);
	netif_receive_skb(skb);
}

#define VNET_FEATURES (NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HW_CSUM | \
		       NETIF_F_RXCSUM | NETIF_F_SCTP_CRC | NETIF_F_HIGHDMA | \
		       NETIF_F_GSO_SOFTWARE | NETIF_F_GSO_ENCAP_ALL | \
		       NETIF_F_HW_VLAN_CTAG_TX | NETIF_F_HW_VLAN_CTAG_RX | \
		       NETIF_F_HW_VLAN_STAG_TX | NETIF_F_HW_VLAN_STAG_RX)

/* As veth_setup(): fields that share bits are set by C. */
void vnet_helper_ethernet_pair_setup(struct net_device *dev, const struct net_device_ops *ops,
				     const struct ethtool_ops *ethtool)
{
	ether_setup(dev);

	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE | IFF_NO_QUEUE | IFF_DISABLE_NETPOLL;
	dev->lltx = true;

	dev->netdev_ops = ops;
	dev->ethtool_ops = ethtool;
	dev->features |= VNET_FEATURES;
	dev->hw_features = VNET_FEATURES;
	dev->hw_enc_features = VNET_FEATURES;
	dev->vlan_features = dev->features &
			     ~(NETIF_F_HW_VLAN_CTAG_TX | NETIF_F_HW_VLAN_STAG_TX |
			       NETIF_F_HW_VLAN_CTAG_RX | NETIF_F_HW_VLAN_STAG_RX);
	dev->mpls_features = NETIF_F_HW_CSUM | NETIF_F_GSO_SOFTWARE;
	dev->needs_free_netdev = true;
	dev->min_mtu = VNET_MTU_MIN;
	dev->max_mtu = VNET_MTU_MAX;
	netif_set_tso_max_size(dev, GSO_MAX_SIZE);
}

/* The stack does in software what such a device would be asked to do. */
void vnet_helper_device_without_offloads(struct net_device *dev)
{
	dev->features &= ~VNET_FEATURES;
	dev->hw_features = 0;
	dev->hw_enc_features = 0;
	dev->vlan_features = 0;
	dev->mpls_features = 0;
}

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

/* linux/ethtool.h */

void vnet_helper_ethtool_settings(struct ethtool_link_ksettings *settings, u32 speed, u8 duplex)
{
	settings->base.speed = speed;
	settings->base.duplex = duplex;
	settings->base.port = PORT_TP;
	settings->base.autoneg = AUTONEG_DISABLE;
}

/* net/sock.h */

void *vnet_helper_sock_user_data(const struct sock *sk)
{
	return sk->sk_user_data;
}

void vnet_helper_sock_set_user_data(struct sock *sk, void *data)
{
	sk->sk_user_data = data;
}

void vnet_helper_sock_orphan(struct sock *sk)
{
	sock_orphan(sk);
}

void vnet_helper_sock_put(struct sock *sk)
{
	sock_put(sk);
}

void vnet_helper_sock_purge(struct sock *sk)
{
	skb_queue_purge(&sk->sk_receive_queue);
}

bool vnet_helper_sock_is_empty(const struct sock *sk)
{
	return skb_queue_empty_lockless(&sk->sk_receive_queue);
}

/* Nothing will ever be received again: tells all who wait, and whoever asks later. */
void vnet_helper_sock_fail(struct sock *sk, int error)
{
	struct socket_wq *wq;

	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | RCV_SHUTDOWN);
	WRITE_ONCE(sk->sk_err, error);
	sk_error_report(sk);
	/* Receivers wait exclusively, so the report has woken one of them. */
	rcu_read_lock();
	wq = rcu_dereference(sk->sk_wq);
	if (skwq_has_sleeper(wq))
		wake_up_interruptible_all(&wq->wait);
	rcu_read_unlock();
}

int vnet_helper_sock_queue_rcv_skb(struct sock *sk, struct sk_buff *skb)
{
	return sock_queue_rcv_skb(sk, skb);
}

/* What a message says as a packet that is charged to the socket, or an error pointer. */
struct sk_buff *vnet_helper_sock_read(struct sock *sk, struct msghdr *msg, size_t len)
{
	const size_t room = LL_MAX_HEADER;
	struct sk_buff *skb;
	int error;

	skb = sock_alloc_send_skb(sk, room + len, msg->msg_flags & MSG_DONTWAIT, &error);
	if (!skb)
		return ERR_PTR(error);
	skb_reserve(skb, room);
	error = memcpy_from_msg(skb_put(skb, len), msg, len);
	if (error) {
		kfree_skb(skb);
		return ERR_PTR(error);
	}
	return skb;
}

/* Fills a message with the next packet; its length, cut off to the message's unless MSG_TRUNC is wanted. */
int vnet_helper_sock_write(struct sock *sk, struct msghdr *msg, size_t len, int flags)
{
	struct sk_buff *skb;
	size_t copied;
	int error;

	skb = skb_recv_datagram(sk, flags, &error);
	if (!skb)
		return error;
	copied = min_t(size_t, skb->len, len);
	if (copied < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	error = skb_copy_datagram_msg(skb, 0, msg, copied);
	if (!error)
		error = flags & MSG_TRUNC ? skb->len : copied;
	skb_free_datagram(sk, skb);
	return error;
}
