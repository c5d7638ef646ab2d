// SPDX-License-Identifier: GPL-2.0
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
