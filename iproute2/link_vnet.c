// SPDX-License-Identifier: GPL-2.0
/*
 * link_vnet.so: teaches `ip link` the kind "vnet".
 *
 * What is printed of a direction is what can be typed to get it. The module
 * knows the defaults and what goes together. Here units are understood, and
 * numbers compared with their ranges: what the kernel says of one that is out of
 * range has no name in it, and ip shows no attribute.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_link.h>

#include "iproute2.h"
#include "link_vnet.h"

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
		"              [ loss PART ] [ gemodel P [ R [ H [ K ] ] ] | gemodel none ]\n"
		"              [ ber PART ] [ duplicate PART ] [ corrupt PART ]\n"
		"              [ jitter TIME ] [ distribution { uniform | normal | pareto | pareto-normal } ]\n"
		"              [ correlation PART ] [ order { keep | free } ]\n"
		"              [ reorder PART | reorder-every NUMBER ] [ queue [ KIND ] QUEUE ]\n"
		"KIND       := { fifo | wfq | drr | red | codel | pie | fq-codel | device }\n"
		"QUEUE      := [ drop { tail | head } ] [ ecn { on | off } ] [ flows NUMBER ]\n"
		"              [ weights DSCP:WEIGHT,... ] [ match CLASS ]... [ quantum BYTES ] [ target TIME ]\n"
		"              [ interval TIME ] [ floor BYTES ] [ alpha NUMBER ] [ beta NUMBER ]\n"
		"              [ min BYTES ] [ max BYTES ] [ probability PART ] [ weight NUMBER ]\n"
		"              [ gentle { on | off } ]\n"
		"CLASS      := [ protocol NUMBER ] [ source NETWORK ] [ destination NETWORK ]\n"
		"              [ source-port NUMBER ] [ destination-port NUMBER ] [ dscp NUMBER ] weight NUMBER\n"
		"PART, P, R, H, K := probabilities, as in 1%%, 0.01 or 1e-9; 0 is never\n"
		"RATE       := NUMBER { bit | kbit | mbit | gbit | tbit } | unlimited\n"
		"TIME       := NUMBER { ns | us | ms | s }\n"
		"Parameters before tx and rx hold for both directions; tx is what DEV transmits,\n"
		"rx what its peer does. A limit of 0 is none; without any the queue holds the larger\n"
		"of 100 packets and 50 ms. `peer` comes last. DEVICE-OPTIONS: see 'ip link help'.\n");
}

void vnet_refuse(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "vnet: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
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
	vnet_need(NLMSG_ALIGN(n->nlmsg_len) + RTA_LENGTH(sizeof(*peer)) <= ROOM);
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

static int vnet_parse_opt(struct link_util *lu, int argc, char **argv, struct nlmsghdr *n)
{
	static const struct parameter seed = { "seed", IFLA_VNET_SEED, SIZE, "seed", 0, UINT64_MAX };
	struct direction tx = { .where = "" }, rx = { .where = "" };
	bool for_tx = true, for_rx = true;
	int used;

	(void)lu;
	while (argc > 0) {
		const char *word = *argv;

		used = 1;
		if (!strcmp(word, "tx") || !strcmp(word, "rx")) {
			for_tx = *word == 't';
			for_rx = !for_tx;
			tx.where = "tx ";
			rx.where = "rx ";
		} else if (!strcmp(word, "connected") || !strcmp(word, "disconnected")) {
			vnet_need(!addattr32(n, ROOM, IFLA_VNET_CONNECTED, *word == 'c'));
		} else if (!strcmp(word, "help")) {
			usage(stdout);
			return -1;
		} else if (!strcmp(word, "peer")) {
			vnet_add_direction(n, IFLA_VNET_TX, &tx);
			vnet_add_direction(n, IFLA_VNET_RX, &rx);
			return parse_peer(argc - 1, argv + 1, n);
		} else if (!strcmp(word, "name") || !strcmp(word, "lab") || !strcmp(word, "seed")) {
			if (argc < 2)
				missarg(word);
			used = 2;
			if (*word == 's')
				vnet_need(!addattr64(n, ROOM, seed.attr,
						     vnet_get_value("", &seed, argv[1])));
			else
				vnet_need(!addattrstrz(n, ROOM,
						       *word == 'n' ? IFLA_VNET_NAME : IFLA_VNET_LAB,
						       argv[1]));
		} else {
			/* The same words for each direction that they are for. */
			if (for_tx)
				used = vnet_parse_direction(&tx, argc, argv);
			if (for_rx)
				used = vnet_parse_direction(&rx, argc, argv);
			if (!used) {
				fprintf(stderr, "vnet: unknown option \"%s\"?\n", word);
				usage(stderr);
				return -1;
			}
		}
		argc -= used;
		argv += used;
	}
	vnet_add_direction(n, IFLA_VNET_TX, &tx);
	vnet_add_direction(n, IFLA_VNET_RX, &rx);
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
