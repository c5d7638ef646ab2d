// SPDX-License-Identifier: GPL-2.0
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

/* Taken in hard interrupts, too. */
void vnet_helper_spin_lock_init_irq(spinlock_t *lock)
{
	spin_lock_init(lock);
}

unsigned long vnet_helper_spin_lock_irqsave(spinlock_t *lock)
{
	unsigned long flags;

	spin_lock_irqsave(lock, flags);
	return flags;
}

void vnet_helper_spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock_irqrestore(lock, flags);
}

/* linux/sched.h */

bool vnet_helper_need_resched(void)
{
	return need_resched();
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
