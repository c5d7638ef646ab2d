/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VNET_IPROUTE2_LINK_VNET_H
#define VNET_IPROUTE2_LINK_VNET_H

#include <linux/vnet.h>
#include <linux/vnet_link.h>

#include "iproute2.h"

enum value_type { RATE, TIME, SIZE, SMALL, PART, DISTRIBUTION, ORDER, KIND, DROP, SWITCH };

/*
 * A parameter: its word, its attribute, its name in the spec, and what a number
 * may be. The rate is none if it is 0.
 */
struct parameter {
	const char *name;
	int attr;
	enum value_type type;
	const char *json;
	uint64_t min, max;
};

#define VNET_PARAMETERS 19
#define VNET_QUEUE_PARAMETERS 15

/* Of a direction, and of its queue discipline; each ends with an entry without a name. */
extern const struct parameter vnet_parameters[];
extern const struct parameter vnet_queue_parameters[];

/* values.c */
int vnet_get_part(uint64_t *parts, const char *text);
/* -ERANGE for a number that is read but may not be, -EINVAL for what cannot be read. */
int vnet_parse_value(const struct parameter *p, const char *text, uint64_t *value);
/* What a value that was refused is ("not 0 to 100s"); valid until the next call. */
const char *vnet_problem(const struct parameter *p, int error);
extern const char vnet_not_a_part[];
/* The value, or a message that begins with `where`: "tx queue ". */
uint64_t vnet_get_value(const char *where, const struct parameter *p, const char *text);
const char *vnet_name_of(const struct parameter *p, uint64_t value);
void vnet_print_part(FILE *f, uint64_t parts);
void vnet_print_value(FILE *f, const struct parameter *p, uint64_t value);

/* match.c: a class by what frames have */
#define VNET_MATCH_NUMBERS 5	/* the code point and the weight are the last two */
#define VNET_MATCH_DSCP (VNET_MATCH_NUMBERS - 2)
#define VNET_MATCH_WEIGHT (VNET_MATCH_NUMBERS - 1)

extern const struct parameter vnet_match_numbers[];

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

/* How many words it takes, with `match` itself; `where` begins messages. */
int vnet_parse_match(struct vnet_match *m, const char *where, int argc, char **argv);
void vnet_add_match(struct nlmsghdr *n, const struct vnet_match *m);
/* Whether a class has more than a DSCP. */
bool vnet_is_match(struct rtattr *tb[]);
void vnet_print_match(FILE *f, struct rtattr *tb[]);

/* direction.c: what was asked for one direction; a later word overrules an earlier one */
#define VNET_CLASSES 64

struct direction {
	const char *where;	/* "tx ", "rx ", or "" for words that are for both */
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

/* Says what is wrong on the command line, and ends ip. */
void vnet_refuse(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* ip's buffer has a fixed size; half a request must not be sent. */
void vnet_need(bool fits);
/* How many words a parameter takes with its values, or 0 if its name is not known. */
int vnet_parse_direction(struct direction *d, int argc, char **argv);
void vnet_add_direction(struct nlmsghdr *n, int kind, const struct direction *d);

/* print.c */
void vnet_print_opt(struct link_util *lu, FILE *f, struct rtattr *tb[]);

#endif
