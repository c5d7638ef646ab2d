// SPDX-License-Identifier: GPL-2.0
/* `ip -d link show` and `ip -s -d link show` of the kind "vnet". */
#include <inttypes.h>
#include <string.h>

#include "iproute2.h"
#include "link_vnet.h"

static const char *const causes[] = {
	[VNET_DROP_CAUSE_QUEUE_PACKETS] = "queue-packets",
	[VNET_DROP_CAUSE_QUEUE_BYTES] = "queue-bytes",
	[VNET_DROP_CAUSE_QUEUE_TIME] = "queue-time",
	[VNET_DROP_CAUSE_DELAY_LIMIT] = "delay-limit",
	[VNET_DROP_CAUSE_FRAME_CAP] = "frame-cap",
	[VNET_DROP_CAUSE_BYTE_CAP] = "byte-cap",
	[VNET_DROP_CAUSE_LINK_DOWN] = "link-down",
	[VNET_DROP_CAUSE_RECEIVER_DOWN] = "receiver-down",
	[VNET_DROP_CAUSE_MTU] = "mtu",
	[VNET_DROP_CAUSE_SEGMENTATION] = "segmentation",
	[VNET_DROP_CAUSE_NO_MEMORY] = "no-memory",
	[VNET_DROP_CAUSE_REMOVED] = "removed",
	[VNET_DROP_CAUSE_RED] = "red",
	[VNET_DROP_CAUSE_CODEL] = "codel",
	[VNET_DROP_CAUSE_PIE] = "pie",
	[VNET_DROP_CAUSE_BER] = "ber",
	[VNET_DROP_CAUSE_LOSS_RANDOM] = "loss-random",
	[VNET_DROP_CAUSE_LOSS_GILBERT_ELLIOTT] = "loss-gilbert-elliott",
	[VNET_DROP_CAUSE_LOSS_FOUR_STATE] = "loss-four-state",
	[VNET_DROP_CAUSE_LOSS_PATTERN] = "loss-pattern",
};

/* Pairs of counters, frames and bytes. */
static const struct {
	const char *name;
	int frames, bytes;
} tallies[] = {
	{ "sent", VNET_A_STATS_SENT_FRAMES, VNET_A_STATS_SENT_BYTES },
	{ "duplicated", VNET_A_STATS_DUPLICATED_FRAMES, VNET_A_STATS_DUPLICATED_BYTES },
	{ "delivered", VNET_A_STATS_DELIVERED_FRAMES, VNET_A_STATS_DELIVERED_BYTES },
	{ "queued", VNET_A_STATS_QUEUED_FRAMES, VNET_A_STATS_QUEUED_BYTES },
	{ "in-flight", VNET_A_STATS_IN_FLIGHT_FRAMES, VNET_A_STATS_IN_FLIGHT_BYTES },
}, marks[] = {
	{ "marked", VNET_A_STATS_MARKED_FRAMES, VNET_A_STATS_MARKED_BYTES },
	{ "corrupted", VNET_A_STATS_CORRUPTED_FRAMES, VNET_A_STATS_CORRUPTED_BYTES },
	{ "reordered", VNET_A_STATS_REORDERED_FRAMES, VNET_A_STATS_REORDERED_BYTES },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int type_of(const struct rtattr *attr)
{
	return attr->rta_type & NLA_TYPE_MASK;
}

/* A number of 4 or 8 bytes; 0 if there is none. */
static uint64_t number_of(const struct rtattr *attr)
{
	uint64_t wide;
	uint32_t narrow;

	if (!attr)
		return 0;
	if (RTA_PAYLOAD(attr) >= sizeof(wide)) {
		memcpy(&wide, RTA_DATA(attr), sizeof(wide));
		return wide;
	}
	if (RTA_PAYLOAD(attr) < sizeof(narrow))
		return 0;
	memcpy(&narrow, RTA_DATA(attr), sizeof(narrow));
	return narrow;
}

static const char *text_of(const struct rtattr *attr)
{
	return RTA_PAYLOAD(attr) ? RTA_DATA(attr) : "";
}

static void parse_nest(struct rtattr *tb[], int max, struct rtattr *nest)
{
	parse_rtattr_flags(tb, max, RTA_DATA(nest), RTA_PAYLOAD(nest), NLA_F_NESTED);
}

/* Whether a value is what is there if nothing is said. */
static bool is_default(const struct parameter *p, uint64_t value)
{
	switch (p->attr) {
	case VNET_A_DIRECTION_RATE:
	case VNET_A_DIRECTION_OVERHEAD:
	case VNET_A_DIRECTION_DELAY:
	case VNET_A_DIRECTION_WHOLE_TIME:
		return false;
	default:
		return !value && !vnet_name_of(p, value);
	}
}

static void json_value(json_writer_t *json, const struct parameter *p, uint64_t value)
{
	if (vnet_name_of(p, value) && p->type != SWITCH)
		jsonw_string_field(json, p->json, vnet_name_of(p, value));
	else
		jsonw_u64_field(json, p->json, value);
}

/* weights DSCP:WEIGHT,... and match ... */
static void print_classes(FILE *f, struct rtattr *queue, bool matches)
{
	json_writer_t *json = is_json_context() ? get_json_writer() : NULL;
	struct rtattr *tb[VNET_A_CLASS_MAX + 1], *attr;
	int left = RTA_PAYLOAD(queue);
	bool first = true;

	for (attr = RTA_DATA(queue); RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		if (type_of(attr) != VNET_A_QUEUEING_CLASS)
			continue;
		parse_nest(tb, VNET_A_CLASS_MAX, attr);
		if (vnet_is_match(tb) != matches)
			continue;
		if (json && first) {
			jsonw_name(json, matches ? "match" : "class");
			jsonw_start_array(json);
		}
		if (json)
			jsonw_start_object(json);
		if (matches) {
			vnet_print_match(f, tb);
		} else if (json) {
			jsonw_u64_field(json, "dscp", number_of(tb[VNET_A_CLASS_DSCP]));
			jsonw_u64_field(json, "weight", number_of(tb[VNET_A_CLASS_WEIGHT]));
		} else {
			fprintf(f, "%s%" PRIu64 ":%" PRIu64, first ? "weights " : ",",
				number_of(tb[VNET_A_CLASS_DSCP]), number_of(tb[VNET_A_CLASS_WEIGHT]));
		}
		if (json)
			jsonw_end_object(json);
		first = false;
	}
	if (json && !first)
		jsonw_end_array(json);
	else if (!first && !matches)
		fprintf(f, " ");
}

static void print_queue(FILE *f, struct rtattr *nest)
{
	json_writer_t *json = is_json_context() ? get_json_writer() : NULL;
	struct rtattr *tb[VNET_A_QUEUEING_MAX + 1];
	const struct parameter *p = vnet_queue_parameters;

	parse_nest(tb, VNET_A_QUEUEING_MAX, nest);
	if (json) {
		jsonw_name(json, "queueing");
		jsonw_start_object(json);
	} else {
		fprintf(f, "queue ");
	}
	for (; p->name; p++) {
		if (!tb[p->attr])
			continue;
		if (json) {
			json_value(json, p, number_of(tb[p->attr]));
			continue;
		}
		/* The kind needs no name. */
		if (p->type != KIND)
			fprintf(f, "%s ", p->name);
		vnet_print_value(f, p, number_of(tb[p->attr]));
	}
	print_classes(f, nest, false);
	print_classes(f, nest, true);
	if (json)
		jsonw_end_object(json);
}

static void print_chain(FILE *f, struct rtattr *nest)
{
	static const char *const names[] = { "p", "r", "h", "k" };
	json_writer_t *json = is_json_context() ? get_json_writer() : NULL;
	struct rtattr *tb[VNET_A_GILBERT_ELLIOTT_MAX + 1];
	int i;

	parse_nest(tb, VNET_A_GILBERT_ELLIOTT_MAX, nest);
	if (!tb[VNET_A_GILBERT_ELLIOTT_P])
		return;
	if (json) {
		jsonw_name(json, "loss-gilbert-elliott");
		jsonw_start_object(json);
	} else {
		fprintf(f, "gemodel ");
	}
	for (i = 0; i < 4; i++) {
		uint64_t parts = number_of(tb[VNET_A_GILBERT_ELLIOTT_P + i]);

		if (json)
			jsonw_u64_field(json, names[i], parts);
		else
			vnet_print_part(f, parts);
	}
	if (json)
		jsonw_end_object(json);
}

/* What has no words on a single line is only named. */
static void print_others(FILE *f, struct rtattr *tb[])
{
	bool four_state = tb[VNET_A_DIRECTION_LOSS_FOUR_STATE];
	bool pattern = tb[VNET_A_DIRECTION_LOSS_PATTERN];

	if (!is_json_context() && (four_state || pattern)) {
		print_nl();
		fprintf(f, "        also %s%s%s, see vnetctl link show ",
			four_state ? "four-state loss" : "", four_state && pattern ? " and " : "",
			pattern ? "a loss pattern" : "");
	}
}

static void print_direction(FILE *f, const char *name, struct rtattr *nest)
{
	struct rtattr *tb[VNET_A_DIRECTION_MAX + 1];
	json_writer_t *json = is_json_context() ? get_json_writer() : NULL;
	const struct parameter *p;

	parse_nest(tb, VNET_A_DIRECTION_MAX, nest);
	if (json) {
		jsonw_name(json, name);
		jsonw_start_object(json);
	} else {
		print_nl();
		fprintf(f, "      %s ", name);
	}
	for (p = vnet_parameters; p->name; p++) {
		uint64_t value = number_of(tb[p->attr]);

		if (!tb[p->attr])
			continue;
		if (json) {
			json_value(json, p, value);
		} else if (!is_default(p, value)) {
			fprintf(f, "%s ", p->name);
			vnet_print_value(f, p, value);
		}
	}
	if (tb[VNET_A_DIRECTION_LOSS_GILBERT_ELLIOTT])
		print_chain(f, tb[VNET_A_DIRECTION_LOSS_GILBERT_ELLIOTT]);
	if (tb[VNET_A_DIRECTION_QUEUEING])
		print_queue(f, tb[VNET_A_DIRECTION_QUEUEING]);
	print_others(f, tb);
	if (json)
		jsonw_end_object(json);
}

static const char *name_of_cause(uint64_t cause, char *unknown, size_t room)
{
	if (cause < COUNT(causes) && causes[cause])
		return causes[cause];
	snprintf(unknown, room, "cause-%" PRIu64, cause);
	return unknown;
}

static void print_drop(FILE *f, struct rtattr *nest)
{
	struct rtattr *tb[VNET_A_DROP_MAX + 1];
	uint64_t frames, bytes;
	char unknown[32];
	const char *cause;

	parse_nest(tb, VNET_A_DROP_MAX, nest);
	cause = name_of_cause(number_of(tb[VNET_A_DROP_CAUSE]), unknown, sizeof(unknown));
	frames = number_of(tb[VNET_A_DROP_FRAMES]);
	bytes = number_of(tb[VNET_A_DROP_BYTES]);
	if (is_json_context()) {
		json_writer_t *json = get_json_writer();

		jsonw_start_object(json);
		jsonw_string_field(json, "cause", cause);
		jsonw_u64_field(json, "frames", frames);
		jsonw_u64_field(json, "bytes", bytes);
		jsonw_end_object(json);
		return;
	}
	print_nl();
	fprintf(f, "        dropped %s %" PRIu64 " frames %" PRIu64 " bytes ", cause, frames, bytes);
}

/* There is one of these for each cause. */
static void print_drops(FILE *f, struct rtattr *stats)
{
	int left = RTA_PAYLOAD(stats);
	struct rtattr *attr;

	if (is_json_context()) {
		jsonw_name(get_json_writer(), "drops");
		jsonw_start_array(get_json_writer());
	}
	for (attr = RTA_DATA(stats); RTA_OK(attr, left); attr = RTA_NEXT(attr, left))
		if (type_of(attr) == VNET_A_STATS_DROP)
			print_drop(f, attr);
	if (is_json_context())
		jsonw_end_array(get_json_writer());
}

static void print_stats(FILE *f, const char *name, struct rtattr *nest)
{
	struct rtattr *tb[VNET_A_STATS_MAX + 1];
	uint64_t count, sum, max;
	char field[32];
	size_t i;

	parse_nest(tb, VNET_A_STATS_MAX, nest);
	count = number_of(tb[VNET_A_STATS_LATE_COUNT]);
	sum = number_of(tb[VNET_A_STATS_LATE_SUM]);
	max = number_of(tb[VNET_A_STATS_LATE_MAX]);
	if (is_json_context()) {
		json_writer_t *json = get_json_writer();

		snprintf(field, sizeof(field), "%s-stats", name);
		jsonw_name(json, field);
		jsonw_start_object(json);
		for (i = 0; i < COUNT(tallies); i++) {
			snprintf(field, sizeof(field), "%s-frames", tallies[i].name);
			jsonw_u64_field(json, field, number_of(tb[tallies[i].frames]));
			snprintf(field, sizeof(field), "%s-bytes", tallies[i].name);
			jsonw_u64_field(json, field, number_of(tb[tallies[i].bytes]));
		}
		for (i = 0; i < COUNT(marks); i++) {
			snprintf(field, sizeof(field), "%s-frames", marks[i].name);
			jsonw_u64_field(json, field, number_of(tb[marks[i].frames]));
			snprintf(field, sizeof(field), "%s-bytes", marks[i].name);
			jsonw_u64_field(json, field, number_of(tb[marks[i].bytes]));
		}
		print_drops(f, nest);
		jsonw_u64_field(json, "late-count", count);
		jsonw_u64_field(json, "late-sum", sum);
		jsonw_u64_field(json, "late-max", max);
		jsonw_end_object(json);
		return;
	}
	print_nl();
	fprintf(f, "        frames ");
	for (i = 0; i < COUNT(tallies); i++)
		fprintf(f, "%s %" PRIu64 " ", tallies[i].name, number_of(tb[tallies[i].frames]));
	print_nl();
	fprintf(f, "        bytes  ");
	for (i = 0; i < COUNT(tallies); i++)
		fprintf(f, "%s %" PRIu64 " ", tallies[i].name, number_of(tb[tallies[i].bytes]));
	for (i = 0; i < COUNT(marks); i++) {
		if (!number_of(tb[marks[i].frames]))
			continue;
		print_nl();
		fprintf(f, "        %s %" PRIu64 " frames %" PRIu64 " bytes ", marks[i].name,
			number_of(tb[marks[i].frames]), number_of(tb[marks[i].bytes]));
	}
	print_drops(f, nest);
	if (count) {
		print_nl();
		fprintf(f, "        late   mean %" PRIu64 "ns max %" PRIu64 "ns ", sum / count, max);
	}
}

static void print_link(FILE *f, struct rtattr *tb[])
{
	json_writer_t *json = is_json_context() ? get_json_writer() : NULL;
	const struct {
		const char *name;
		struct rtattr *attr;
	} texts[] = { { "name", tb[IFLA_VNET_NAME] }, { "lab", tb[IFLA_VNET_LAB] } },
	  numbers[] = { { "id", tb[IFLA_VNET_ID] }, { "seed", tb[IFLA_VNET_SEED] } };
	bool connected = number_of(tb[IFLA_VNET_CONNECTED]);
	size_t i;

	for (i = 0; i < COUNT(numbers); i++) {
		if (!numbers[i].attr)
			continue;
		if (json)
			jsonw_u64_field(json, numbers[i].name, number_of(numbers[i].attr));
		else
			fprintf(f, "%s %" PRIu64 " ", numbers[i].name, number_of(numbers[i].attr));
	}
	for (i = 0; i < COUNT(texts); i++) {
		if (!texts[i].attr)
			continue;
		if (json)
			jsonw_string_field(json, texts[i].name, text_of(texts[i].attr));
		else
			fprintf(f, "%s %s ", texts[i].name, text_of(texts[i].attr));
	}
	if (!tb[IFLA_VNET_CONNECTED])
		return;
	if (json)
		jsonw_bool_field(json, "connected", connected);
	else
		fprintf(f, "%s ", connected ? "connected" : "disconnected");
}

/* What is printed ends with a space: ip goes on in the same line. */
void vnet_print_opt(struct link_util *lu, FILE *f, struct rtattr *tb[])
{
	(void)lu;
	if (!tb)
		return;
	print_link(f, tb);
	if (tb[IFLA_VNET_TX])
		print_direction(f, "tx", tb[IFLA_VNET_TX]);
	if (show_stats && tb[IFLA_VNET_TX_STATS])
		print_stats(f, "tx", tb[IFLA_VNET_TX_STATS]);
	if (tb[IFLA_VNET_RX])
		print_direction(f, "rx", tb[IFLA_VNET_RX]);
	if (show_stats && tb[IFLA_VNET_RX_STATS])
		print_stats(f, "rx", tb[IFLA_VNET_RX_STATS]);
}
