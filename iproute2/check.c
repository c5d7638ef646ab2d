// SPDX-License-Identifier: GPL-2.0
/* Tests of values.c, for `make check`. KTAP. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "link_vnet.h"

static int number, failed;

static void result(bool good, const char *what, const char *text)
{
	failed += !good;
	printf("%sok %d %s %s\n", good ? "" : "not ", ++number, what, text);
}

static void part(const char *text, bool right, uint64_t expected)
{
	uint64_t parts = 0;
	bool good = !vnet_get_part(&parts, text);

	result(good == right && (!good || parts == expected), "probability", text);
}

static void round_trip(const struct parameter *list, const char *name, const char *text)
{
	char *printed = NULL;
	uint64_t first, second;
	size_t size;
	FILE *f;

	for (; list->name && strcmp(list->name, name); list++)
		;
	f = open_memstream(&printed, &size);
	if (!list->name || !f || vnet_parse_value(list, text, &first)) {
		result(false, name, text);
		return;
	}
	vnet_print_value(f, list, first);
	fclose(f);
	printed[strcspn(printed, " ")] = 0;
	result(!vnet_parse_value(list, printed, &second) && first == second, name, printed);
	free(printed);
}

int main(void)
{
	static const char *const parts[] = { "1%", "0.1%", "1e-15", "33.3333333333333333%",
					     "100%", "0", "0.0000000000000000001" };
	size_t i;

	printf("KTAP version 1\n");
	part("1%", true, 100000000000000000ULL);
	part("0.01", true, 100000000000000000ULL);
	part("1e-15", true, 10000);
	part("100%", true, 10000000000000000000ULL);
	part("1.0", true, 10000000000000000000ULL);
	part("0", true, 0);
	part("1e-19", true, 1);
	part("50 %", false, 0);
	part("1", false, 0);
	part("101%", false, 0);
	part("1e-20", false, 0);
	part("-1%", false, 0);
	part("x", false, 0);
	part("", false, 0);
	part("1e99999", false, 0);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		round_trip(vnet_parameters, "loss", parts[i]);
	round_trip(vnet_parameters, "jitter", "1.5ms");
	round_trip(vnet_parameters, "distribution", "pareto-normal");
	round_trip(vnet_parameters, "order", "free");
	round_trip(vnet_parameters, "reorder-every", "50");
	round_trip(vnet_queue_parameters, "kind", "fq-codel");
	round_trip(vnet_queue_parameters, "drop", "head");
	round_trip(vnet_queue_parameters, "ecn", "on");
	round_trip(vnet_queue_parameters, "target", "5ms");
	printf("1..%d\n", number);
	return failed != 0;
}
