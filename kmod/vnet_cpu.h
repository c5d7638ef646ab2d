/* SPDX-License-Identifier: GPL-2.0 */
/* What the module keeps for each CPU, see kmod/net/round.rs and kmod/net/agenda.rs. */
#ifndef VNET_CPU_H
#define VNET_CPU_H

#include <linux/hrtimer_types.h>
#include <linux/spinlock_types.h>
#include <linux/timerqueue_types.h>

struct vnet_agenda {
	spinlock_t lock;
	struct timerqueue_head queue;
	struct hrtimer timer;
	u64 armed;
	u64 late;
	bool changed;
};

struct vnet_cpu {
	void *waiting;
	bool running;
	struct vnet_agenda agenda;
};

#endif
