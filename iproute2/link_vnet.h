/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VNET_IPROUTE2_LINK_VNET_H
#define VNET_IPROUTE2_LINK_VNET_H

#include <linux/vnet.h>
#include <linux/vnet_link.h>

#include "iproute2.h"

enum value_type { RATE, TIME, SIZE, SMALL };

/* A parameter of a direction: its word, its attribute, its name in the spec. */
struct parameter {
	const char *name;
	int attr;
	enum value_type type;
	const char *json;
};

#define VNET_PARAMETERS 9

/* Ends with an entry without a name. */
extern const struct parameter vnet_parameters[];

void vnet_print_opt(struct link_util *lu, FILE *f, struct rtattr *tb[]);

#endif
