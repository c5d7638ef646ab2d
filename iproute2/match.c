// SPDX-License-Identifier: GPL-2.0
/* Classes by what frames have: match protocol 17 destination-port 5060 weight 8 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "link_vnet.h"

struct key {
	const char *word;
	int attr;
	uint32_t max;
};

/* Numbers; a class ends with its weight. */
static const struct key numbers[] = {
	{ "protocol", VNET_A_CLASS_PROTOCOL, 255 },
	{ "source-port", VNET_A_CLASS_SOURCE_PORT, 65535 },
	{ "destination-port", VNET_A_CLASS_DESTINATION_PORT, 65535 },
	{ "dscp", VNET_A_CLASS_DSCP, 63 },
	{ "weight", VNET_A_CLASS_WEIGHT, UINT32_MAX },
	{ 0 }
};

/* Networks; the attribute of the prefix is the next one. */
static const struct key networks[] = {
	{ "source", VNET_A_CLASS_SOURCE },
	{ "destination", VNET_A_CLASS_DESTINATION },
	{ 0 }
};

static const struct key *find(const struct key *list, const char *word)
{
	for (; list->word; list++)
		if (!strcmp(list->word, word))
			return list;
	return NULL;
}

/* ADDRESS[/BITS] */
static void parse_network(struct vnet_network *net, const char *text)
{
	const char *problem = "not a network (as in 10.0.0.0/24 or fd00::/64)";
	char address[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "/");
	uint64_t bits;

	if (length >= sizeof(address))
		invarg(problem, text);
	memcpy(address, text, length);
	address[length] = 0;
	if (inet_pton(AF_INET, address, net->address) == 1)
		net->bytes = 4;
	else if (inet_pton(AF_INET6, address, net->address) == 1)
		net->bytes = 16;
	else
		invarg(problem, text);
	net->bits = 8 * net->bytes;
	if (!text[length])
		return;
	if (vnet_get_number(&bits, text + length + 1, net->bits))
		invarg(problem, text);
	net->bits = bits;
}

int vnet_parse_match(struct vnet_match *m, int argc, char **argv)
{
	const struct key *key;
	uint64_t value;
	int used = 1;

	memset(m, 0, sizeof(*m));
	do {
		if (used + 1 >= argc)
			missarg("match");
		key = find(numbers, argv[used]);
		if (key) {
			if (vnet_get_number(&value, argv[used + 1], key->max))
				invarg("not a number that fits", argv[used + 1]);
			m->given[key - numbers] = true;
			m->value[key - numbers] = value;
		} else {
			key = find(networks, argv[used]);
			if (!key)
				invarg("not protocol, source, destination, source-port, destination-port, dscp or weight",
				       argv[used]);
			parse_network(&m->network[key - networks], argv[used + 1]);
		}
		used += 2;
	} while (!m->given[VNET_MATCH_NUMBERS - 1]);
	return used;
}

void vnet_add_match(struct nlmsghdr *n, const struct vnet_match *m)
{
	const struct vnet_network *net;
	int i;

	for (i = 0; i < VNET_MATCH_NUMBERS; i++)
		if (m->given[i])
			vnet_need(!addattr32(n, ROOM, numbers[i].attr, m->value[i]));
	for (i = 0; networks[i].word; i++) {
		net = &m->network[i];
		if (!net->bytes)
			continue;
		vnet_need(!addattr_l(n, ROOM, networks[i].attr, net->address, net->bytes));
		vnet_need(!addattr32(n, ROOM, networks[i].attr + 1, net->bits));
	}
}

bool vnet_is_match(struct rtattr *tb[])
{
	int i;

	for (i = 0; i <= VNET_A_CLASS_MAX; i++)
		if (tb[i] && i != VNET_A_CLASS_DSCP && i != VNET_A_CLASS_WEIGHT)
			return true;
	return false;
}

static uint32_t number_in(const struct rtattr *attr)
{
	uint32_t value;

	memcpy(&value, RTA_DATA(attr), sizeof(value));
	return value;
}

void vnet_print_match(FILE *f, struct rtattr *tb[])
{
	json_writer_t *json = is_json_context() ? get_json_writer() : NULL;
	char text[INET6_ADDRSTRLEN + 4];
	struct rtattr *attr, *bits;
	int i, family;

	if (!json)
		fprintf(f, "match ");
	for (i = 0; networks[i].word; i++) {
		attr = tb[networks[i].attr];
		bits = tb[networks[i].attr + 1];
		if (!attr || !bits)
			continue;
		family = RTA_PAYLOAD(attr) == 4 ? AF_INET : AF_INET6;
		if (!inet_ntop(family, RTA_DATA(attr), text, sizeof(text)))
			continue;
		snprintf(text + strlen(text), 5, "/%" PRIu32, number_in(bits));
		if (json)
			jsonw_string_field(json, networks[i].word, text);
		else
			fprintf(f, "%s %s ", networks[i].word, text);
	}
	/* The weight is the last one. */
	for (i = 0; i < VNET_MATCH_NUMBERS; i++) {
		attr = tb[numbers[i].attr];
		if (attr && json)
			jsonw_u64_field(json, numbers[i].word, number_in(attr));
		else if (attr)
			fprintf(f, "%s %" PRIu32 " ", numbers[i].word, number_in(attr));
	}
}
