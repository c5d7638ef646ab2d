// SPDX-License-Identifier: GPL-2.0
/* Values of parameters as text: what is printed is read back as the same. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "link_vnet.h"

/* Certainty. */
#define PARTS ((uint64_t)10000000000000000000ULL)
/* One percent. */
#define PERCENT ((uint64_t)100000000000000000ULL)

/* Ranges are those of the spec, and of the model where that has narrower ones. */
#define MAX_RATE ((uint64_t)400000000000ULL)
#define MAX_TIME ((uint64_t)100000000000ULL)

const struct parameter vnet_parameters[] = {
	{ "rate", VNET_A_DIRECTION_RATE, RATE, "rate", 100, MAX_RATE },
	{ "delay", VNET_A_DIRECTION_DELAY, TIME, "delay", 0, MAX_TIME },
	{ "overhead", VNET_A_DIRECTION_OVERHEAD, SMALL, "overhead", 0, 1000 },
	{ "limit", VNET_A_DIRECTION_QUEUE_PACKETS, SMALL, "queue-packets", 0, UINT32_MAX },
	{ "limit-bytes", VNET_A_DIRECTION_QUEUE_BYTES, SIZE, "queue-bytes", 0, UINT64_MAX },
	{ "limit-time", VNET_A_DIRECTION_QUEUE_TIME, TIME, "queue-time", 0, MAX_TIME },
	{ "line-limit", VNET_A_DIRECTION_LINE_PACKETS, SMALL, "line-packets", 0, UINT32_MAX },
	{ "line-limit-bytes", VNET_A_DIRECTION_LINE_BYTES, SIZE, "line-bytes", 0, UINT64_MAX },
	{ "whole-time", VNET_A_DIRECTION_WHOLE_TIME, TIME, "whole-time", 0, MAX_TIME },
	{ "loss", VNET_A_DIRECTION_LOSS, PART, "loss" },
	{ "ber", VNET_A_DIRECTION_BER, PART, "ber" },
	{ "duplicate", VNET_A_DIRECTION_DUPLICATE, PART, "duplicate" },
	{ "corrupt", VNET_A_DIRECTION_CORRUPT, PART, "corrupt" },
	{ "jitter", VNET_A_DIRECTION_JITTER, TIME, "jitter", 0, MAX_TIME },
	{ "distribution", VNET_A_DIRECTION_JITTER_DISTRIBUTION, DISTRIBUTION,
	  "jitter-distribution" },
	{ "correlation", VNET_A_DIRECTION_JITTER_CORRELATION, PART, "jitter-correlation" },
	{ "order", VNET_A_DIRECTION_JITTER_ORDER, ORDER, "jitter-order" },
	{ "reorder", VNET_A_DIRECTION_REORDER, PART, "reorder" },
	{ "reorder-every", VNET_A_DIRECTION_REORDER_EVERY, SIZE, "reorder-every", 0, UINT64_MAX },
	{ NULL, 0, 0, NULL }
};
_Static_assert(sizeof(vnet_parameters) / sizeof(vnet_parameters[0]) == VNET_PARAMETERS + 1,
	       "VNET_PARAMETERS counts them");

const struct parameter vnet_queue_parameters[] = {
	{ "kind", VNET_A_QUEUEING_KIND, KIND, "kind" },
	{ "drop", VNET_A_QUEUEING_DROP, DROP, "drop" },
	{ "ecn", VNET_A_QUEUEING_ECN, SWITCH, "ecn" },
	{ "flows", VNET_A_QUEUEING_FLOWS, SMALL, "flows", 1, 65536 },
	{ "quantum", VNET_A_QUEUEING_QUANTUM, SMALL, "quantum", 64, 1048576 },
	{ "target", VNET_A_QUEUEING_TARGET, TIME, "target", 1, MAX_TIME },
	{ "interval", VNET_A_QUEUEING_INTERVAL, TIME, "interval", 1, MAX_TIME },
	{ "floor", VNET_A_QUEUEING_FLOOR, SMALL, "floor", 0, UINT32_MAX },
	{ "alpha", VNET_A_QUEUEING_ALPHA, SMALL, "alpha", 0, 32 },
	{ "beta", VNET_A_QUEUEING_BETA, SMALL, "beta", 0, 32 },
	{ "min", VNET_A_QUEUEING_MIN_BYTES, SIZE, "min-bytes", 0, UINT64_MAX },
	{ "max", VNET_A_QUEUEING_MAX_BYTES, SIZE, "max-bytes", 0, UINT64_MAX },
	{ "probability", VNET_A_QUEUEING_PROBABILITY, PART, "probability" },
	{ "weight", VNET_A_QUEUEING_WEIGHT, SMALL, "weight", 1, 24 },
	{ "gentle", VNET_A_QUEUEING_GENTLE, SWITCH, "gentle" },
	{ NULL, 0, 0, NULL }
};
_Static_assert(sizeof(vnet_queue_parameters) / sizeof(vnet_queue_parameters[0]) ==
	       VNET_QUEUE_PARAMETERS + 1, "VNET_QUEUE_PARAMETERS counts them");

/* In the order of their numbers. */
static const char *const distributions[] = { "uniform", "normal", "pareto", "pareto-normal",
					      "table", NULL };
static const char *const orders[] = { "keep", "free", NULL };
static const char *const kinds[] = { "fifo", "wfq", "drr", "red", "codel", "pie", "fq-codel",
				      "device", NULL };
static const char *const drops[] = { "default", "tail", "head", NULL };
static const char *const switches[] = { "off", "on", NULL };

static const char *const *names_of(enum value_type type)
{
	switch (type) {
	case DISTRIBUTION: return distributions;
	case ORDER: return orders;
	case KIND: return kinds;
	case DROP: return drops;
	case SWITCH: return switches;
	default: return NULL;
	}
}

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

/* A number with a unit; not negative, and exact or refused; too large a one stays too large. */
static int get_with_unit(uint64_t *value, const char *text, const struct unit *units)
{
	double number, scaled;
	char *end;

	errno = 0;
	number = strtod(text, &end);
	if (end == text || errno || !(number >= 0))
		return -EINVAL;
	if (units == time_units && number == 0 && !*end) {
		*value = 0;
		return 0;
	}
	for (; units->name; units++) {
		if (strcasecmp(end, units->name))
			continue;
		scaled = number * units->factor;
		if (scaled >= 9e15) {	/* beyond the whole numbers of a double, and all ranges */
			*value = UINT64_MAX;
			return 0;
		}
		*value = (uint64_t)(scaled + 0.5);
		/* Less than a millionth off is the double's fault, not the user's. */
		if (scaled - (double)*value > 1e-6 || (double)*value - scaled > 1e-6)
			return -EINVAL;
		return 0;
	}
	return -EINVAL;
}

static int get_number(uint64_t *value, const char *text)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, 0);
	return *end ? -EINVAL : -errno;
}

/*
 * A probability in parts of 10^19, exact or refused: 1%, 0.01, 1e-9. A whole
 * number could be meant as percent, and is refused unless it is 0.
 */
int vnet_get_part(uint64_t *parts, const char *text)
{
	unsigned __int128 value = 0;
	int power = 19, digits = 0;
	bool point = false, marked = false;
	char *end;

	for (; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
		if (*text == '.') {
			point = marked = true;
			continue;
		}
		if (++digits > 36)
			return -EINVAL;
		value = value * 10 + (*text - '0');
		power -= point;
	}
	if (!digits)
		return -EINVAL;
	if (*text == 'e' || *text == 'E') {
		long exponent = strtol(text + 1, &end, 10);

		if (end == text + 1 || exponent < -100 || exponent > 100)
			return -EINVAL;
		power += exponent;
		text = end;
		marked = true;
	}
	if (*text == '%') {
		power -= 2;
		text++;
		marked = true;
	}
	if (*text || (value && !marked))
		return -EINVAL;
	for (; power < 0 && value; power++) {
		if (value % 10)
			return -EINVAL;
		value /= 10;
	}
	for (; power > 0 && value && value <= PARTS; power--)
		value *= 10;
	if (value > PARTS)
		return -EINVAL;
	*parts = value;
	return 0;
}

int vnet_parse_value(const struct parameter *p, const char *text, uint64_t *value)
{
	const char *const *names = names_of(p->type);
	int error;

	switch (p->type) {
	case RATE:
		error = 0;
		if (!strcmp(text, "unlimited"))
			*value = 0;
		else
			error = get_with_unit(value, text, rate_units);
		if (!error && !*value)
			return 0;
		break;
	case TIME:
		error = get_with_unit(value, text, time_units);
		break;
	case PART:
		return vnet_get_part(value, text);
	case SMALL:
	case SIZE:
		error = get_number(value, text);
		break;
	default:
		for (*value = 0; names[*value]; (*value)++)
			if (!strcmp(text, names[*value]))
				return 0;
		return -EINVAL;
	}
	if (!error && (*value < p->min || *value > p->max))
		return -ERANGE;
	return error;
}

const char vnet_not_a_part[] = "not a probability (as in 1%, 0.01 or 1e-9)";

/* The range of a number, as it can be typed. */
static const char *range_of(const struct parameter *p)
{
	static char text[80];
	FILE *f = fmemopen(text, sizeof(text), "w");

	if (!f)
		return "out of range";
	fprintf(f, "not ");
	if (p->min)
		vnet_print_value(f, p, p->min);
	else
		fprintf(f, "0 ");
	fprintf(f, "to ");
	vnet_print_value(f, p, p->max);
	if (p->type == RATE)
		fprintf(f, "or unlimited ");
	fclose(f);
	/* All that is printed ends with a space. */
	text[strlen(text) - 1] = 0;
	return text;
}

const char *vnet_problem(const struct parameter *p, int error)
{
	if (error == -ERANGE)
		return range_of(p);
	switch (p->type) {
	case RATE: return "not a rate (number with bit, kbit, mbit or gbit)";
	case TIME: return "not a time (number with ns, us, ms or s)";
	case PART: return vnet_not_a_part;
	case DISTRIBUTION: return "not uniform, normal, pareto or pareto-normal";
	case ORDER: return "neither keep nor free";
	case KIND: return "not fifo, wfq, drr, red, codel, pie, fq-codel or device";
	case DROP: return "not tail, head or default";
	case SWITCH: return "neither on nor off";
	default: return "not a number";
	}
}

uint64_t vnet_get_value(const char *where, const struct parameter *p, const char *text)
{
	uint64_t value;
	int error = vnet_parse_value(p, text, &value);

	if (error)
		vnet_refuse("%s%s %s is %s", where, p->name, text, vnet_problem(p, error));
	return value;
}

/* The name of a value that has one. */
const char *vnet_name_of(const struct parameter *p, uint64_t value)
{
	const char *const *names = names_of(p->type);

	if (!names)
		return NULL;
	for (; *names; names++)
		if (!value--)
			return *names;
	return "?";
}

/* A number in the largest unit in which it is whole. */
static void print_scaled(FILE *f, uint64_t value, const char *const *units)
{
	while (units[1] && value && value % 1000 == 0) {
		value /= 1000;
		units++;
	}
	fprintf(f, "%" PRIu64 "%s ", value, *units);
}

/* In percent, with as many decimal places as it has. */
void vnet_print_part(FILE *f, uint64_t parts)
{
	uint64_t fraction = parts % PERCENT;
	int places = 17;

	fprintf(f, "%" PRIu64, parts / PERCENT);
	for (; fraction && fraction % 10 == 0; places--)
		fraction /= 10;
	if (fraction)
		fprintf(f, ".%0*" PRIu64, places, fraction);
	fprintf(f, "%% ");
}

void vnet_print_value(FILE *f, const struct parameter *p, uint64_t value)
{
	static const char *const rates[] = { "bit", "kbit", "mbit", "gbit", "tbit", NULL };
	static const char *const times[] = { "ns", "us", "ms", "s", NULL };

	if (vnet_name_of(p, value))
		fprintf(f, "%s ", vnet_name_of(p, value));
	else if (p->type == RATE && !value)
		fprintf(f, "unlimited ");
	else if (p->type == RATE)
		print_scaled(f, value, rates);
	else if (p->type == TIME)
		print_scaled(f, value, times);
	else if (p->type == PART)
		vnet_print_part(f, value);
	else
		fprintf(f, "%" PRIu64 " ", value);
}
