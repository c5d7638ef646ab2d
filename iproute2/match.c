// SPDX-License-Identifier: GPL-2.0
/* Classes by what frames have: match protocol 17 destination-port 5060 weight 8 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "link_vnet.h"

/* A class ends with its weight. */
const struct parameter vnet_match_numbers[] = {
	{ "protocol", VNET_A_CLASS_PROTOCOL, SMALL, "protocol", 0, 255 },
	{ "source-port", VNET_A_CLASS_SOURCE_PORT, SMALL, "source-port", 0, 65535 },
	{ "destination-port", VNET_A_CLASS_DESTINATION_PORT, SMALL, "destination-port", 0, 65535 },
	{ "dscp", VNET_A_CLASS_DSCP, SMALL, "dscp", 0, 63 },
	{ "weight", VNET_A_CLASS_WEIGHT, SMALL, "weight", 1, 1024 },
	{ 0 }
};
_Static_assert(sizeof(vnet_match_numbers) / sizeof(vnet_match_numbers[0]) ==
	       VNET_MATCH_NUMBERS + 1, "VNET_MATCH_NUMBERS counts them");

/* Networks; the attribute of the prefix is the next one. */
static const struct {
	const char *word;
	int attr;
} networks[] = {
	{ "source", VNET_A_CLASS_SOURCE },
	{ "destination", VNET_A_CLASS_DESTINATION },
	{ 0 }
};

/* ADDRESS[/BITS], the network `name` of a class. */
static void parse_network(struct vnet_network *net, const char *where, const char *name,
			  const char *text)
{
	struct parameter prefix = { "prefix", 0, SMALL, "prefix", 0, 0 };
	char address[INET6_ADDRSTRLEN], within[256];
	size_t length = strcspn(text, "/");
	int family = -1;

	if (length < sizeof(address)) {
		memcpy(address, text, length);
		address[length] = 0;
		if (inet_pton(AF_INET, address, net->address) == 1)
			family = AF_INET;
		else if (inet_pton(AF_INET6, address, net->address) == 1)
			family = AF_INET6;
	}
	if (family < 0)
		vnet_refuse("%s%s %s is not a network (as in 10.0.0.0/24 or fd00::/64)",
			    where, name, text);
	net->bytes = family == AF_INET ? 4 : 16;
	net->bits = prefix.max = 8 * net->bytes;
	if (!text[length])
		return;
	snprintf(within, sizeof(within), "%s%s %s: ", where, name, text);
	net->bits = vnet_get_value(within, &prefix, text + length + 1);
}

/* One parameter of a class and its value; false if its name is not known. */
static bool parse_key(struct vnet_match *m, const char *where, const char *word, const char *value)
{
	int i;

	for (i = 0; i < VNET_MATCH_NUMBERS; i++) {
		if (strcmp(vnet_match_numbers[i].name, word))
			continue;
		m->value[i] = vnet_get_value(where, &vnet_match_numbers[i], value);
		m->given[i] = true;
		return true;
	}
	for (i = 0; networks[i].word; i++) {
		if (strcmp(networks[i].word, word))
			continue;
		parse_network(&m->network[i], where, word, value);
		return true;
	}
	return false;
}

int vnet_parse_match(struct vnet_match *m, const char *where, int argc, char **argv)
{
	int used = 1;

	memset(m, 0, sizeof(*m));
	do {
		if (used + 1 >= argc)
			missarg("match");
		if (!parse_key(m, where, argv[used], argv[used + 1]))
			vnet_refuse("%s%s is not protocol, source, destination, source-port, destination-port, dscp or weight",
				    where, argv[used]);
		used += 2;
	} while (!m->given[VNET_MATCH_WEIGHT]);
	return used;
}

void vnet_add_match(struct nlmsghdr *n, const struct vnet_match *m)
{
	const struct vnet_network *net;
	int i;

	for (i = 0; i < VNET_MATCH_NUMBERS; i++)
		if (m->given[i])
			vnet_need(!addattr32(n, ROOM, vnet_match_numbers[i].attr, m->value[i]));
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
		attr = tb[vnet_match_numbers[i].attr];
		if (attr && json)
			jsonw_u64_field(json, vnet_match_numbers[i].name, number_in(attr));
		else if (attr)
			fprintf(f, "%s %" PRIu32 " ", vnet_match_numbers[i].name, number_in(attr));
	}
}
