// SPDX-License-Identifier: GPL-2.0
/* Prints the frequency of the time-stamp counter in kHz, see tsc-khz. */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct reading {
	uint64_t ns, ticks;
};

/* The clock and the counter at the same moment: of some pairs, the one that took the shortest time. */
static struct reading read_both(void)
{
	struct reading best = { 0 };
	uint64_t shortest = UINT64_MAX;

	for (int i = 0; i < 100; i++) {
		struct timespec now;
		uint64_t before = __rdtsc(), gap;

		clock_gettime(CLOCK_MONOTONIC, &now);
		gap = __rdtsc() - before;
		if (gap >= shortest)
			continue;
		shortest = gap;
		best.ns = now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
		best.ticks = before + gap / 2;
	}
	return best;
}

int main(void)
{
	const struct timespec wait = { .tv_nsec = 200000000 };
	struct reading begin = read_both(), end;

	nanosleep(&wait, NULL);
	end = read_both();
	printf("%" PRIu64 "\n", (end.ticks - begin.ticks) * 1000000 / (end.ns - begin.ns));
	return 0;
}
