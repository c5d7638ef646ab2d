// SPDX-License-Identifier: GPL-2.0
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

/*
 * All segments of the packet as a list, or an error pointer; never the packet
 * itself. The kernel asks the packet's device what it can do; where it has none,
 * one that never goes.
 */
struct sk_buff *vnet_helper_skb_segment(struct sk_buff *skb)
{
	struct sk_buff *segments;
	netdev_features_t features;

	if (!skb->dev)
		skb->dev = init_net.loopback_dev;
	features = netif_skb_features(skb);
	segments = skb_gso_segment(skb, features & ~NETIF_F_GSO_MASK);
	return segments ?: ERR_PTR(-EINVAL);
}

/* The packet may outlive its device, which must not be looked at any more. */
void vnet_helper_skb_leave_device(struct sk_buff *skb)
{
	skb->dev = NULL;
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
 * Fills in what a device would have: the VLAN tag and the checksum of a packet of
 * one's own. False if there is no memory.
 */
static bool fill_in(struct sk_buff *skb)
{
	if (skb_vlan_tag_present(skb)) {
		if (__vlan_insert_tag(skb, skb->vlan_proto, skb_vlan_tag_get(skb)))
			return false;
		skb->protocol = skb->vlan_proto;
		__vlan_hwaccel_clear_tag(skb);
	}
	return skb->ip_summed != CHECKSUM_PARTIAL || !skb_checksum_help(skb);
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
	if (!fill_in(skb))
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

/*
 * Hash of the packet's flow, the same in every run for the same key. Where a tag
 * lies among the data, the network header that the stack has set is behind it, and
 * the kernel's dissector would look for the tag there.
 */
u32 vnet_helper_skb_flow_hash(struct sk_buff *skb, u64 key)
{
	const siphash_key_t perturb = { .key = { key, 0 } };
	const u16 network_header = skb->network_header;
	const __be16 protocol = skb->protocol;
	int depth = ETH_HLEN, tags;
	u32 hash;

	for (tags = 0; tags < VLAN_MAX_DEPTH && eth_type_vlan(skb->protocol); tags++) {
		struct vlan_hdr buffer, *tag;

		tag = skb_header_pointer(skb, depth, sizeof(buffer), &buffer);
		if (!tag)
			break;
		skb->protocol = tag->h_vlan_encapsulated_proto;
		depth += VLAN_HLEN;
		skb_set_network_header(skb, depth);
	}
	hash = skb_get_hash_perturb(skb, &perturb);
	skb->protocol = protocol;
	skb->network_header = network_header;
	return hash;
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
 * The packet of a hook as the caller's own, from its Ethernet header on, without a
 * device, which it may outlive. NULL if there is no memory; the packet is gone
 * then, and its device has counted it.
 */
struct sk_buff *vnet_helper_skb_take(struct sk_buff *skb, bool sent)
{
	struct net_device *dev = skb->dev;

	skb = skb_share_check(skb, GFP_ATOMIC);
	if (unlikely(!skb)) {
		if (sent)
			dev_core_stats_tx_dropped_inc(dev);
		else
			dev_core_stats_rx_dropped_inc(dev);
		return NULL;
	}
	skb_push_rcsum(skb, skb->data - skb_mac_header(skb));
	skb->dev = NULL;
	return skb;
}

/*
 * Whether the stack has sent a packet to itself, which has no Ethernet header: a
 * copy of what went to a group of which this host is a member.
 */
bool vnet_helper_skb_is_own(const struct sk_buff *skb)
{
	return skb->pkt_type == PACKET_LOOPBACK;
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
	return fill_in(*packet);
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

/* What was given to netdev_rx_handler_register(), to its handler. */
void *vnet_helper_rx_handler_data(const struct sk_buff *skb)
{
	return rcu_dereference(skb->dev->rx_handler_data);
}

/*
 * Hands a frame to the stack of a device. With @again the device has received
 * it before, so that its ingress hooks have had it; and its rx_handler, if @data
 * is what that was registered with: vnet_helper_skb_is_again() is true of it then.
 * False if it is too short for a frame, or there is no memory.
 */
bool vnet_helper_device_receive(struct sk_buff *skb, struct net_device *dev, bool again,
				const void *data)
{
	if (unlikely(!pskb_may_pull(skb, ETH_HLEN))) {
		kfree_skb(skb);
		return false;
	}
	skb_orphan(skb);
	skb_scrub_packet(skb, !again);
	/* It may have been held back; its stamp is that of its way into the stack. */
	skb_clear_tstamp(skb);
	skb->protocol = eth_type_trans(skb, dev);
	skb_postpull_rcsum(skb, eth_hdr(skb), ETH_HLEN);
	skb->tc_skip_classify = again;
	/* On the way to the handler only those lose this mark that are classified. */
	if (again && rcu_access_pointer(dev->rx_handler_data) == data)
		skb_set_redirected(skb, true);
	netif_receive_skb(skb);
	return true;
}

/* Whether an rx_handler has had a packet before; it will not be known afterwards. */
bool vnet_helper_skb_is_again(struct sk_buff *skb)
{
	const bool again = skb_is_redirected(skb);

	skb_reset_redirect(skb);
	return again;
}
