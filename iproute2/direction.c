// SPDX-License-Identifier: GPL-2.0
/* Parameters of a direction on the command line, and as attributes. */
#include <errno.h>
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

/* weights DSCP:WEIGHT,... */
static void parse_weights(struct direction *d, const char *text)
{
	char *copy = strdup(text), *rest = copy, *dscp, *weight;
	char where[64];

	d->classes = 0;
	while (rest) {
		dscp = strsep(&rest, ",");
		weight = strchr(dscp, ':');
		if (!weight)
			vnet_refuse("%squeue weights %s is not weights (DSCP:WEIGHT,...)",
				    d->where, text);
		if (d->classes == VNET_CLASSES)
			vnet_refuse("%squeue weights are more than %d", d->where, VNET_CLASSES);
		snprintf(where, sizeof(where), "%squeue weights %s: ", d->where, dscp);
		*weight++ = 0;
		d->dscp[d->classes] =
			vnet_get_value(where, &vnet_match_numbers[VNET_MATCH_DSCP], dscp);
		d->weight[d->classes++] =
			vnet_get_value(where, &vnet_match_numbers[VNET_MATCH_WEIGHT], weight);
	}
	free(copy);
}

/* queue [ KIND ] [ PARAMETER VALUE ]... */
static int parse_queue(struct direction *d, int argc, char **argv)
{
	char where[32], within[64];
	int used = 1, i;
	uint64_t kind;
	bool weights;

	if (argc < 2)
		missarg(*argv);
	snprintf(where, sizeof(where), "%squeue ", d->where);
	snprintf(within, sizeof(within), "%smatch ", where);
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
				vnet_refuse("%smore than %d classes", within, VNET_CLASSES);
			used += vnet_parse_match(&d->match[d->matches++], within, argc - used,
						 argv + used);
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
			d->queue_value[i] = vnet_get_value(where, &vnet_queue_parameters[i],
							   argv[used + 1]);
			d->queue_given[i] = true;
		}
		used += 2;
	}
	if (used == 1)
		vnet_refuse("%s%s is %s", where, argv[1],
			    vnet_problem(&vnet_queue_parameters[0], -EINVAL));
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
	/* No parameter begins like a number. */
	if (used == 1 || (used < argc && *argv[used] && strchr("0123456789.+-", *argv[used]))) {
		if (d->chain_values == 4)
			vnet_refuse("%sgemodel %s is more than P, R, H and K", d->where, argv[used]);
		vnet_refuse("%sgemodel %s is %s", d->where, argv[used], vnet_not_a_part);
	}
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
	d->value[i] = vnet_get_value(d->where, &vnet_parameters[i], argv[1]);
	d->given[i] = true;
	return 2;
}

void vnet_need(bool fits)
{
	if (!fits)
		vnet_refuse("too many parameters for one command; give the rest with 'ip link set'");
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
