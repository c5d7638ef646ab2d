// SPDX-License-Identifier: GPL-2.0
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

static DEFINE_PER_CPU(struct vnet_cpu, vnet_cpu);

/* That of this CPU; null where the caller may be moved to another one. */
void *vnet_helper_cpu_here(void)
{
	return softirq_count() || in_hardirq() ? this_cpu_ptr(&vnet_cpu) : NULL;
}

/* That of any CPU that there may be. */
void *vnet_helper_cpu(unsigned int number)
{
	return cpu_possible(number) ? per_cpu_ptr(&vnet_cpu, number) : NULL;
}

/*
 * Whether to have GRO look at a packet. A clone shares its fragments with
 * whoever it was cloned from (TCP sends clones of what it may have to send
 * again), and GRO would change them. Neither a clone nor a small packet has
 * much to gain from being merged, so these go to the stack directly where that
 * cannot change the order: while GRO holds nothing. Otherwise a clone gets a
 * head of its own first, as in veth.
 */
static bool wants_gro(struct napi_struct *napi, struct sk_buff *skb)
{
	const bool gro_is_empty = !napi->gro.bitmask && !napi->gro.rx_count;

	if (gro_is_empty && (skb->len <= 128 || skb_cloned(skb)))
		return false;
	return !skb_shared(skb) && !skb_unclone(skb, GFP_ATOMIC);
}

/* Hands a packet to the stack of @dev; it goes through GRO, or by itself. */
static void receive_one(struct napi_struct *napi, struct sk_buff *skb, struct net_device *dev)
{
	skb->protocol = eth_type_trans(skb, dev);
	if (wants_gro(napi, skb)) {
		napi_gro_receive(napi, skb);
		return;
	}
	skb_mark_napi_id(skb, napi);
	netif_receive_skb(skb);
}

/*
 * Hands several to it. What does not go through GRO goes up as a list: the stack
 * goes through them layer by layer, and looks up one route for neighbours with the
 * same destination.
 */
static noinline void receive_all(struct napi_struct *napi, struct sk_buff *first,
				 struct net_device *dev)
{
	struct sk_buff *skb, *next;
	LIST_HEAD(direct);

	for (skb = first; skb; skb = next) {
		next = skb->next;
		if (next)
			prefetch(next->data);
		skb_mark_not_on_list(skb);
		skb->protocol = eth_type_trans(skb, dev);
		if (!wants_gro(napi, skb)) {
			skb_mark_napi_id(skb, napi);
			list_add_tail(&skb->list, &direct);
			continue;
		}
		if (!list_empty(&direct)) {
			netif_receive_skb_list(&direct);
			INIT_LIST_HEAD(&direct);
		}
		napi_gro_receive(napi, skb);
	}
	if (!list_empty(&direct))
		netif_receive_skb_list(&direct);
}

/* Hands a chain of packets to the stack of @dev, which polls @napi. */
void vnet_helper_napi_receive(struct napi_struct *napi, struct sk_buff *first,
			      struct net_device *dev)
{
	if (first->next)
		receive_all(napi, first, dev);
	else
		receive_one(napi, first, dev);
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
