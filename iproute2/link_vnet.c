// SPDX-License-Identifier: GPL-2.0
/*
 * link_vnet.so: teaches `ip link` the kind "vnet".
 *
 * What is printed of a direction is what can be typed to get it. The module
 * knows defaults and bounds; here only units are understood.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_link.h>

#include "iproute2.h"
#include "link_vnet.h"

/* Of `struct iplink_req`, with the header; veth's plug-in has the same. */
#define ROOM 1024

static void usage(FILE *f)
{
	fprintf(f,
		"Usage: ip link add DEV type vnet [ LINK ] [ PARAMETERS ]\n"
		"               [ tx PARAMETERS ] [ rx PARAMETERS ] [ peer DEVICE-OPTIONS ]\n"
		"       ip link set DEV type vnet [ connected | disconnected ] [ name NAME ]\n"
		"               [ PARAMETERS ] [ tx PARAMETERS ] [ rx PARAMETERS ]\n"
		"LINK       := [ name NAME ] [ lab NAME ] [ seed NUMBER ] [ connected | disconnected ]\n"
		"PARAMETERS := [ rate RATE ] [ delay TIME ] [ overhead BYTES ]\n"
		"              [ limit PACKETS ] [ limit-bytes BYTES ] [ limit-time TIME ]\n"
		"              [ line-limit PACKETS ] [ line-limit-bytes BYTES ] [ whole-time TIME ]\n"
		"RATE       := NUMBER { bit | kbit | mbit | gbit | tbit } | unlimited\n"
		"TIME       := NUMBER { ns | us | ms | s }\n"
		"Parameters before tx and rx hold for both directions; tx is what DEV transmits,\n"
		"rx what its peer does. A limit of 0 is none; without any the queue holds the larger\n"
		"of 100 packets and 50 ms. `peer` comes last. DEVICE-OPTIONS: see 'ip link help'.\n");
}

/* ---- parsing ---- */

struct unit {
	const char *name;
	double factor;
};

static const struct unit rate_units[] = {
	{ "", 1 }, { "bit", 1 }, { "kbit", 1e3 }, { "mbit", 1e6 }, { "gbit", 1e9 },
	{ "tbit", 1e12 }, { "kibit", 1024 }, { "mibit", 1048576 }, { "gibit", 1073741824 },
	{ "bps", 8 }, { "kbps", 8e3 }, { "mbps", 8e6 }, { "gbps", 8e9 }, { NULL, 0 }
};

static const struct unit time_units[] = {
	{ "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { NULL, 0 }
};

/* A number with a unit; not negative, and exact or refused. */
static int get_with_unit(uint64_t *value, const char *text, const struct unit *units)
{
	double number, scaled;
	char *end;

	errno = 0;
	number = strtod(text, &end);
	if (end == text || errno || !(number >= 0))
		return -1;
	if (units == time_units && number == 0 && !*end) {
		*value = 0;
		return 0;
	}
	for (; units->name; units++) {
		if (strcasecmp(end, units->name))
			continue;
		scaled = number * units->factor;
		if (scaled >= 9e15)	/* beyond the whole numbers of a double */
			return -1;
		*value = (uint64_t)(scaled + 0.5);
		/* Less than a millionth off is the double's fault, not the user's. */
		if (scaled - (double)*value > 1e-6 || (double)*value - scaled > 1e-6)
			return -1;
		return 0;
	}
	return -1;
}

static int get_number(uint64_t *value, const char *text, uint64_t max)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	*value = strtoull(text, &end, 0);
	return *end || errno || *value > max ? -1 : 0;
}

static int parse_value(const struct parameter *p, const char *text, uint64_t *value)
{
	switch (p->type) {
	case RATE:
		if (!strcmp(text, "unlimited")) {
			*value = 0;
			return 0;
		}
		return get_with_unit(value, text, rate_units);
	case TIME:
		return get_with_unit(value, text, time_units);
	case SMALL:
		return get_number(value, text, UINT32_MAX);
	default:
		return get_number(value, text, UINT64_MAX);
	}
}

const struct parameter vnet_parameters[] = {
	{ "rate", VNET_A_DIRECTION_RATE, RATE, "rate" },
	{ "delay", VNET_A_DIRECTION_DELAY, TIME, "delay" },
	{ "overhead", VNET_A_DIRECTION_OVERHEAD, SMALL, "overhead" },
	{ "limit", VNET_A_DIRECTION_QUEUE_PACKETS, SMALL, "queue-packets" },
	{ "limit-bytes", VNET_A_DIRECTION_QUEUE_BYTES, SIZE, "queue-bytes" },
	{ "limit-time", VNET_A_DIRECTION_QUEUE_TIME, TIME, "queue-time" },
	{ "line-limit", VNET_A_DIRECTION_LINE_PACKETS, SMALL, "line-packets" },
	{ "line-limit-bytes", VNET_A_DIRECTION_LINE_BYTES, SIZE, "line-bytes" },
	{ "whole-time", VNET_A_DIRECTION_WHOLE_TIME, TIME, "whole-time" },
	{ NULL, 0, 0, NULL }
};

/* What was asked for one direction; a later word overrules an earlier one. */
struct direction {
	bool given[VNET_PARAMETERS];
	uint64_t value[VNET_PARAMETERS];
};

static void add_direction(struct nlmsghdr *n, int kind, const struct direction *d)
{
	struct rtattr *nest = NULL;
	int i;

	for (i = 0; vnet_parameters[i].name; i++) {
		const struct parameter *p = &vnet_parameters[i];

		if (!d->given[i])
			continue;
		if (!nest)
			nest = addattr_nest(n, ROOM, kind | NLA_F_NESTED);
		if (p->type == SMALL)
			addattr32(n, ROOM, p->attr, d->value[i]);
		else
			addattr64(n, ROOM, p->attr, d->value[i]);
	}
	if (nest)
		addattr_nest_end(n, nest);
}

/* The rest of the command line describes the peer, as for a device of its own. */
static int parse_peer(int argc, char **argv, struct nlmsghdr *n)
{
	struct ifinfomsg *own = NLMSG_DATA(n), saved = *own, *peer;
	struct rtattr *nest;
	char *type = NULL;
	int used;

	/* iplink_parse() writes into the header of the message, so borrow that. */
	own->ifi_flags = 0;
	own->ifi_change = 0;
	own->ifi_index = 0;
	nest = addattr_nest(n, ROOM, IFLA_VNET_PEER);
	n->nlmsg_len += sizeof(struct ifinfomsg);
	used = iplink_parse(argc, argv, (struct iplink_req *)n, &type);
	if (used < 0)
		return used;
	if (type)
		duparg("type", type);
	peer = RTA_DATA(nest);
	memset(peer, 0, sizeof(*peer));
	peer->ifi_index = own->ifi_index;
	peer->ifi_flags = own->ifi_flags;
	peer->ifi_change = own->ifi_change;
	own->ifi_flags = saved.ifi_flags;
	own->ifi_change = saved.ifi_change;
	own->ifi_index = saved.ifi_index;
	addattr_nest_end(n, nest);
	return argc - used;
}

static const struct parameter *find_parameter(const char *word, int *index)
{
	for (*index = 0; vnet_parameters[*index].name; (*index)++)
		if (!strcmp(word, vnet_parameters[*index].name))
			return &vnet_parameters[*index];
	return NULL;
}

static int vnet_parse_opt(struct link_util *lu, int argc, char **argv, struct nlmsghdr *n)
{
	struct direction tx = { 0 }, rx = { 0 };
	bool for_tx = true, for_rx = true;
	const struct parameter *p;
	uint64_t value;
	int i;

	(void)lu;
	while (argc > 0) {
		const char *word = *argv;

		argc--;
		argv++;
		if (!strcmp(word, "tx") || !strcmp(word, "rx")) {
			for_tx = *word == 't';
			for_rx = !for_tx;
			continue;
		}
		if (!strcmp(word, "connected") || !strcmp(word, "disconnected")) {
			addattr32(n, ROOM, IFLA_VNET_CONNECTED, *word == 'c');
			continue;
		}
		if (!strcmp(word, "help")) {
			usage(stdout);
			return -1;
		}
		if (!strcmp(word, "peer")) {
			add_direction(n, IFLA_VNET_TX, &tx);
			add_direction(n, IFLA_VNET_RX, &rx);
			return parse_peer(argc, argv, n);
		}
		p = find_parameter(word, &i);
		if (!p && strcmp(word, "name") && strcmp(word, "lab") && strcmp(word, "seed")) {
			fprintf(stderr, "vnet: unknown option \"%s\"?\n", word);
			usage(stderr);
			return -1;
		}
		if (!argc)
			missarg(word);
		if (!strcmp(word, "name")) {
			addattrstrz(n, ROOM, IFLA_VNET_NAME, *argv);
		} else if (!strcmp(word, "lab")) {
			addattrstrz(n, ROOM, IFLA_VNET_LAB, *argv);
		} else if (!strcmp(word, "seed")) {
			if (get_number(&value, *argv, UINT64_MAX))
				invarg("not a number", *argv);
			addattr64(n, ROOM, IFLA_VNET_SEED, value);
		} else {
			if (parse_value(p, *argv, &value))
				invarg(p->type == TIME ? "not a time (number with ns, us, ms or s)" :
				       p->type == RATE ? "not a rate (number with bit, kbit, mbit or gbit)" :
				       "not a number", *argv);
			if (for_tx) {
				tx.given[i] = true;
				tx.value[i] = value;
			}
			if (for_rx) {
				rx.given[i] = true;
				rx.value[i] = value;
			}
		}
		argc--;
		argv++;
	}
	add_direction(n, IFLA_VNET_TX, &tx);
	add_direction(n, IFLA_VNET_RX, &rx);
	return 0;
}

static void vnet_print_help(struct link_util *lu, int argc, char **argv, FILE *f)
{
	(void)lu;
	(void)argc;
	(void)argv;
	usage(f);
}

/* What `ip` asks the library for. */
__attribute__((visibility("default"))) struct link_util vnet_link_util = {
	.id = "vnet",
	.maxattr = IFLA_VNET_MAX,
	.parse_opt = vnet_parse_opt,
	.print_opt = vnet_print_opt,
	.print_help = vnet_print_help,
};
