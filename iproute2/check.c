// SPDX-License-Identifier: GPL-2.0
/* Tests of values.c, direction.c and match.c, for `make check`. KTAP. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
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

/* What ip has, as far as the plug-in needs it here. */
static jmp_buf refused;
static char reason[256];

void missarg(const char *key)
{
	(void)key;
	longjmp(refused, 1);
}

void vnet_refuse(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	longjmp(refused, 1);
}

int addattr_l(struct nlmsghdr *n, int maxlen, int type, const void *data, int alen)
{
	struct rtattr *rta = (struct rtattr *)((char *)n + NLMSG_ALIGN(n->nlmsg_len));

	if (NLMSG_ALIGN(n->nlmsg_len) + RTA_ALIGN(RTA_LENGTH(alen)) > (unsigned int)maxlen)
		return -1;
	rta->rta_type = type;
	rta->rta_len = RTA_LENGTH(alen);
	if (alen)
		memcpy(RTA_DATA(rta), data, alen);
	n->nlmsg_len = NLMSG_ALIGN(n->nlmsg_len) + RTA_ALIGN(rta->rta_len);
	return 0;
}

int addattr32(struct nlmsghdr *n, int maxlen, int type, uint32_t data)
{
	return addattr_l(n, maxlen, type, &data, sizeof(data));
}

int addattr64(struct nlmsghdr *n, int maxlen, int type, uint64_t data)
{
	return addattr_l(n, maxlen, type, &data, sizeof(data));
}

struct rtattr *addattr_nest(struct nlmsghdr *n, int maxlen, int type)
{
	struct rtattr *nest = (struct rtattr *)((char *)n + NLMSG_ALIGN(n->nlmsg_len));

	addattr_l(n, maxlen, type, NULL, 0);
	return nest;
}

int addattr_nest_end(struct nlmsghdr *n, struct rtattr *nest)
{
	nest->rta_len = (char *)n + NLMSG_ALIGN(n->nlmsg_len) - (char *)nest;
	return n->nlmsg_len;
}

bool is_json_context(void)
{
	return false;
}

json_writer_t *get_json_writer(void)
{
	return NULL;
}

void jsonw_string_field(json_writer_t *self, const char *prop, const char *val)
{
	(void)self;
	(void)prop;
	(void)val;
}

void jsonw_u64_field(json_writer_t *self, const char *prop, uint64_t num)
{
	(void)self;
	(void)prop;
	(void)num;
}

/* The direction that a line means; false if it is refused. `used` counts its words. */
static bool parse(struct direction *d, const char *where, const char *line, int *used)
{
	static char text[4096];
	char *words[256];
	volatile int count = 0;
	int took;
	char *word;

	strcpy(text, line);
	for (word = strtok(text, " "); word; word = strtok(NULL, " "))
		words[count++] = word;
	memset(d, 0, sizeof(*d));
	d->where = where;
	*reason = 0;
	if (setjmp(refused))
		return false;
	for (*used = 0; *used < count; *used += took) {
		took = vnet_parse_direction(d, count - *used, words + *used);
		if (!took)
			break;
	}
	return *used == count;
}

/* The payload of an attribute in another one's, or NULL. */
static struct rtattr *inside(struct rtattr *nest, int type, int which)
{
	int left = RTA_PAYLOAD(nest);
	struct rtattr *attr;

	for (attr = RTA_DATA(nest); RTA_OK(attr, left); attr = RTA_NEXT(attr, left))
		if ((attr->rta_type & NLA_TYPE_MASK) == type && !which--)
			return attr;
	return NULL;
}

static void refusal(const char *where, const char *line, const char *expected)
{
	static struct direction d;
	bool good;
	int used;

	good = !parse(&d, where, line, &used) && !strcmp(reason, expected);
	result(good, "refused:", line);
	if (!good)
		printf("# \"%s\", not \"%s\"\n", reason, expected);
}

/* Words become attributes, and a class by what frames have is printed as it was typed. */
static void directions(void)
{
	static union {
		struct nlmsghdr header;
		char room[ROOM];
	} message;
	static const char line[] = "rate 10mbit delay 20ms queue wfq flows 7 weights 46:10,34:5 "
		"match source 10.1.0.0/16 protocol 17 destination-port 5060 weight 8 "
		"match destination fd00::/64 dscp 8 weight 2 overhead 10";
	static struct direction d;
	struct rtattr *tb[VNET_A_CLASS_MAX + 1] = { 0 }, *nest, *queue, *class;
	char *printed = NULL;
	size_t size;
	int used, i;
	FILE *f;

	result(parse(&d, "", line, &used), "words:", line);
	message.header.nlmsg_len = NLMSG_LENGTH(0);
	vnet_add_direction(&message.header, 1, &d);
	nest = (struct rtattr *)((char *)&message + NLMSG_LENGTH(0));
	result(inside(nest, VNET_A_DIRECTION_RATE, 0) && inside(nest, VNET_A_DIRECTION_OVERHEAD, 0) &&
	       !inside(nest, VNET_A_DIRECTION_LOSS, 0), "only what is said is an attribute", "");
	queue = inside(nest, VNET_A_DIRECTION_QUEUEING, 0);
	result(queue && inside(queue, VNET_A_QUEUEING_CLASS, 3) &&
	       !inside(queue, VNET_A_QUEUEING_CLASS, 4), "four classes", "");
	class = queue ? inside(queue, VNET_A_QUEUEING_CLASS, 2) : NULL;
	for (i = 0; class && i <= VNET_A_CLASS_MAX; i++)
		tb[i] = inside(class, i, 0);
	result(class && vnet_is_match(tb), "a class by what frames have", "");
	f = open_memstream(&printed, &size);
	vnet_print_match(f, tb);
	fclose(f);
	result(!strcmp(printed, "match source 10.1.0.0/16 protocol 17 destination-port 5060 weight 8 "),
	       "printed:", printed);
	free(printed);
	parse(&d, "", "queue wfq match protocol 6 weight 2 queue fifo", &used);
	result(!d.matches && !d.classes, "another discipline forgets the classes", "");
	parse(&d, "", "gemodel 1% 20% rate 1mbit", &used);
	result(d.chain_given && d.chain_values == 2 && used == 5, "words:", "gemodel 1% 20% rate 1mbit");
	parse(&d, "", "delay 1ms colour red", &used);
	result(used == 2, "not ours:", "colour");
	refusal("", "queue", "");
	refusal("", "rate", "");
	refusal("", "rate 5x", "rate 5x is not a rate (number with bit, kbit, mbit or gbit)");
	refusal("tx ", "rate 401gbit", "tx rate 401gbit is not 100bit to 400gbit or unlimited");
	refusal("", "rate 99bit", "rate 99bit is not 100bit to 400gbit or unlimited");
	refusal("rx ", "delay 101s", "rx delay 101s is not 0 to 100s");
	refusal("", "delay 1e9s", "delay 1e9s is not 0 to 100s");
	refusal("", "limit 4294967296", "limit 4294967296 is not 0 to 4294967295");
	refusal("", "limit-bytes 18446744073709551616",
		"limit-bytes 18446744073709551616 is not 0 to 18446744073709551615");
	refusal("", "queue lifo",
		"queue lifo is not fifo, wfq, drr, red, codel, pie, fq-codel or device");
	refusal("rx ", "queue codel target 0", "rx queue target 0 is not 1ns to 100s");
	refusal("", "queue wfq flows 65537", "queue flows 65537 is not 1 to 65536");
	refusal("", "queue wfq weights none", "queue weights none is not weights (DSCP:WEIGHT,...)");
	refusal("tx ", "queue wfq weights 64:1", "tx queue weights 64:1: dscp 64 is not 0 to 63");
	refusal("", "queue wfq weights 46:1,34:0", "queue weights 34:0: weight 0 is not 1 to 1024");
	refusal("", "queue wfq weights 46:1x", "queue weights 46:1x: weight 1x is not a number");
	refusal("", "queue wfq weights 46", "queue weights 46 is not weights (DSCP:WEIGHT,...)");
	refusal("", "queue wfq weights 46:1,", "queue weights 46:1, is not weights (DSCP:WEIGHT,...)");
	refusal("", "queue wfq match", "");
	refusal("", "queue wfq match weight", "");
	refusal("", "queue wfq match protocol 256 weight 2",
		"queue match protocol 256 is not 0 to 255");
	refusal("tx ", "queue wfq match dscp 1 weight 1025",
		"tx queue match weight 1025 is not 1 to 1024");
	refusal("", "queue wfq match source 10.0.0.0/33 weight 2",
		"queue match source 10.0.0.0/33: prefix 33 is not 0 to 32");
	refusal("", "queue wfq match source ten weight 2",
		"queue match source ten is not a network (as in 10.0.0.0/24 or fd00::/64)");
	refusal("", "queue wfq match protocol 6 colour red weight 2",
		"queue match colour is not protocol, source, destination, source-port, destination-port, dscp or weight");
	refusal("", "gemodel x", "gemodel x is not a probability (as in 1%, 0.01 or 1e-9)");
	refusal("rx ", "gemodel 1% 200%",
		"rx gemodel 200% is not a probability (as in 1%, 0.01 or 1e-9)");
	refusal("", "gemodel 1% 2% 3% 4% 5%", "gemodel 5% is more than P, R, H and K");
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
	directions();
	printf("1..%d\n", number);
	return failed != 0;
}
