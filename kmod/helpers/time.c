// SPDX-License-Identifier: GPL-2.0
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
