/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VNET_IPROUTE2_LINK_VNET_H
#define VNET_IPROUTE2_LINK_VNET_H

#include <linux/vnet.h>
#include <linux/vnet_link.h>

#include "iproute2.h"

enum value_type { RATE, TIME, SIZE, SMALL, PART, DISTRIBUTION, ORDER, KIND, DROP, SWITCH };

/* A parameter: its word, its attribute, its name in the spec. */
struct parameter {
	const char *name;
	int attr;
	enum value_type type;
	const char *json;
};

#define VNET_PARAMETERS 19
#define VNET_QUEUE_PARAMETERS 15

/* Of a direction, and of its queue discipline; each ends with an entry without a name. */
extern const struct parameter vnet_parameters[];
extern const struct parameter vnet_queue_parameters[];

/* values.c */
int vnet_get_number(uint64_t *value, const char *text, uint64_t max);
int vnet_get_part(uint64_t *parts, const char *text);
int vnet_parse_value(const struct parameter *p, const char *text, uint64_t *value);
const char *vnet_expected(const struct parameter *p);
const char *vnet_name_of(const struct parameter *p, uint64_t value);
void vnet_print_part(FILE *f, uint64_t parts);
void vnet_print_value(FILE *f, const struct parameter *p, uint64_t value);

/* match.c: a class by what frames have */
#define VNET_MATCH_NUMBERS 5	/* the weight is the last one */

struct vnet_network {
	unsigned int bytes;	/* 4 or 16; 0 is any */
	unsigned int bits;
	uint8_t address[16];
};

struct vnet_match {
	bool given[VNET_MATCH_NUMBERS];
	uint32_t value[VNET_MATCH_NUMBERS];
	struct vnet_network network[2];
};

/* How many words it takes, with `match` itself. */
int vnet_parse_match(struct vnet_match *m, int argc, char **argv);
void vnet_add_match(struct nlmsghdr *n, const struct vnet_match *m);
/* Whether a class has more than a DSCP. */
bool vnet_is_match(struct rtattr *tb[]);
void vnet_print_match(FILE *f, struct rtattr *tb[]);

/* direction.c: what was asked for one direction; a later word overrules an earlier one */
#define VNET_CLASSES 64

struct direction {
	bool given[VNET_PARAMETERS];
	uint64_t value[VNET_PARAMETERS];
	bool queue_given[VNET_QUEUE_PARAMETERS];
	uint64_t queue_value[VNET_QUEUE_PARAMETERS];
	unsigned int classes;
	uint32_t dscp[VNET_CLASSES], weight[VNET_CLASSES];
	unsigned int matches;
	struct vnet_match match[VNET_CLASSES];
	bool chain_given;
	int chain_values;	/* 0 switches off */
	uint64_t chain[4];
};

/* Of `struct iplink_req`, with the header; veth's plug-in has the same. */
#define ROOM 1024

/* ip's buffer has a fixed size; half a request must not be sent. */
void vnet_need(bool fits);
/* How many words a parameter takes with its values, or 0 if its name is not known. */
int vnet_parse_direction(struct direction *d, int argc, char **argv);
void vnet_add_direction(struct nlmsghdr *n, int kind, const struct direction *d);

/* print.c */
void vnet_print_opt(struct link_util *lu, FILE *f, struct rtattr *tb[]);

#endif
