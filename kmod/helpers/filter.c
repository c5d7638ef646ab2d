// SPDX-License-Identifier: GPL-2.0
/* linux/filter.h */

u32 vnet_helper_bpf_run(const struct bpf_prog *program, struct sk_buff *skb)
{
	skb_reset_mac_header(skb);
	return bpf_prog_run_clear_cb(program, skb);
}
