// SPDX-License-Identifier: GPL-2.0
/* Parameters of a direction on the command line, and as attributes. */
#include <stdlib.h>
#include <string.h>

#include "link_vnet.h"

static int find(const struct parameter *list, const char *word)
{
	int i;

	for (i = 0; list[i].name; i++)
		if (!strcmp(word, list[i].name))
			return i;
	return -1;
}

static uint64_t get(const struct parameter *p, const char *text)
{
	uint64_t value;

	if (vnet_parse_value(p, text, &value))
		invarg(vnet_expected(p), text);
	return value;
}

/* weights DSCP:WEIGHT,... */
static void parse_weights(struct direction *d, const char *text)
{
	const char *problem = "not weights (DSCP:WEIGHT,...)";
	unsigned long dscp, weight;
	const char *at = text;
	char *end;

	d->classes = 0;
	for (;;) {
		dscp = strtoul(at, &end, 10);
		if (end == at || *end != ':' || dscp > 63 || d->classes == VNET_CLASSES)
			invarg(problem, text);
		at = end + 1;
		weight = strtoul(at, &end, 10);
		if (end == at || weight > UINT32_MAX)
			invarg(problem, text);
		d->dscp[d->classes] = dscp;
		d->weight[d->classes++] = weight;
		if (!*end)
			return;
		if (*end != ',')
			invarg(problem, text);
		at = end + 1;
	}
}

/* queue [ KIND ] [ PARAMETER VALUE ]... */
static int parse_queue(struct direction *d, int argc, char **argv)
{
	int used = 1, i;
	uint64_t kind;
	bool weights;

	if (argc < 2)
		missarg(*argv);
	if (!vnet_parse_value(&vnet_queue_parameters[0], argv[1], &kind)) {
		/* All else has its default then. */
		memset(d->queue_given, 0, sizeof(d->queue_given));
		d->classes = 0;
		d->matches = 0;
		d->queue_given[0] = true;
		d->queue_value[0] = kind;
		used++;
	}
	while (used < argc) {
		if (!strcmp(argv[used], "match")) {
			if (d->matches == VNET_CLASSES)
				invarg("too many classes", argv[used]);
			used += vnet_parse_match(&d->match[d->matches++], argc - used, argv + used);
			continue;
		}
		weights = !strcmp(argv[used], "weights");

		i = find(vnet_queue_parameters, argv[used]);
		if (i <= 0 && !weights)
			break;
		if (used + 1 == argc)
			missarg(argv[used]);
		if (weights) {
			parse_weights(d, argv[used + 1]);
		} else {
			d->queue_value[i] = get(&vnet_queue_parameters[i], argv[used + 1]);
			d->queue_given[i] = true;
		}
		used += 2;
	}
	if (used == 1)
		invarg(vnet_expected(&vnet_queue_parameters[0]), argv[1]);
	return used;
}

/* gemodel P [ R [ H [ K ] ] ], or none */
static int parse_chain(struct direction *d, int argc, char **argv)
{
	int used = 1;

	if (argc < 2)
		missarg(*argv);
	d->chain_given = true;
	d->chain_values = 0;
	if (!strcmp(argv[1], "none"))
		return 2;
	while (used < argc && d->chain_values < 4 &&
	       !vnet_get_part(&d->chain[d->chain_values], argv[used])) {
		d->chain_values++;
		used++;
	}
	if (used == 1)
		invarg("not a probability (as in 1%, 0.01 or 1e-9)", argv[1]);
	return used;
}

int vnet_parse_direction(struct direction *d, int argc, char **argv)
{
	int i = find(vnet_parameters, *argv);

	if (!strcmp(*argv, "queue"))
		return parse_queue(d, argc, argv);
	if (!strcmp(*argv, "gemodel"))
		return parse_chain(d, argc, argv);
	if (i < 0)
		return 0;
	if (argc < 2)
		missarg(*argv);
	d->value[i] = get(&vnet_parameters[i], argv[1]);
	d->given[i] = true;
	return 2;
}

void vnet_need(bool fits)
{
	if (fits)
		return;
	fprintf(stderr, "vnet: too many parameters for one command; give the rest with 'ip link set'\n");
	exit(1);
}

/* Four bytes where they are enough. */
static void add_value(struct nlmsghdr *n, int attr, uint64_t value)
{
	vnet_need(!(value <= UINT32_MAX ? addattr32(n, ROOM, attr, value) :
				     addattr64(n, ROOM, attr, value)));
}

static struct rtattr *begin(struct nlmsghdr *n, int attr)
{
	vnet_need(NLMSG_ALIGN(n->nlmsg_len) + RTA_LENGTH(0) <= ROOM);
	return addattr_nest(n, ROOM, attr | NLA_F_NESTED);
}

static void add_queue(struct nlmsghdr *n, const struct direction *d)
{
	struct rtattr *nest = begin(n, VNET_A_DIRECTION_QUEUEING);
	struct rtattr *class;
	unsigned int i;

	for (i = 0; vnet_queue_parameters[i].name; i++)
		if (d->queue_given[i])
			add_value(n, vnet_queue_parameters[i].attr, d->queue_value[i]);
	for (i = 0; i < d->classes; i++) {
		class = begin(n, VNET_A_QUEUEING_CLASS);
		add_value(n, VNET_A_CLASS_DSCP, d->dscp[i]);
		add_value(n, VNET_A_CLASS_WEIGHT, d->weight[i]);
		addattr_nest_end(n, class);
	}
	for (i = 0; i < d->matches; i++) {
		class = begin(n, VNET_A_QUEUEING_CLASS);
		vnet_add_match(n, &d->match[i]);
		addattr_nest_end(n, class);
	}
	addattr_nest_end(n, nest);
}

static void add_chain(struct nlmsghdr *n, const struct direction *d)
{
	static const int attrs[] = { VNET_A_GILBERT_ELLIOTT_P, VNET_A_GILBERT_ELLIOTT_R,
				     VNET_A_GILBERT_ELLIOTT_H, VNET_A_GILBERT_ELLIOTT_K };
	struct rtattr *nest;
	int i;

	nest = begin(n, VNET_A_DIRECTION_LOSS_GILBERT_ELLIOTT);
	for (i = 0; i < d->chain_values; i++)
		add_value(n, attrs[i], d->chain[i]);
	addattr_nest_end(n, nest);
}

void vnet_add_direction(struct nlmsghdr *n, int kind, const struct direction *d)
{
	struct rtattr *nest;
	bool any = d->chain_given, queue = d->classes || d->matches;
	int i;

	for (i = 0; i < VNET_QUEUE_PARAMETERS; i++)
		queue |= d->queue_given[i];
	for (i = 0; i < VNET_PARAMETERS; i++)
		any |= d->given[i];
	if (!any && !queue)
		return;
	nest = begin(n, kind);
	for (i = 0; i < VNET_PARAMETERS; i++)
		if (d->given[i])
			add_value(n, vnet_parameters[i].attr, d->value[i]);
	if (queue)
		add_queue(n, d);
	if (d->chain_given)
		add_chain(n, d);
	addattr_nest_end(n, nest);
}
