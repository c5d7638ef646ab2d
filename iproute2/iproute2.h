/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a plug-in for a link kind shares with the `ip` program.
 *
 * iproute2 installs no headers for plug-ins, although it loads them and exports
 * all its functions. These declarations are those of include/utils.h,
 * include/libnetlink.h, include/json_writer.h and ip/ip_common.h, from
 * iproute2 4.17 on; nothing here may change unless it changes there.
 */
#ifndef VNET_IPROUTE2_H
#define VNET_IPROUTE2_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

/* ip/ip_common.h */
struct link_util {
	struct link_util *next;
	const char *id;
	int maxattr;
	int (*parse_opt)(struct link_util *lu, int argc, char **argv, struct nlmsghdr *n);
	void (*print_opt)(struct link_util *lu, FILE *f, struct rtattr *tb[]);
	void (*print_xstats)(struct link_util *lu, FILE *f, struct rtattr *attr);
	void (*print_help)(struct link_util *lu, int argc, char **argv, FILE *f);
	int (*parse_ifla_xstats)(struct link_util *lu, int argc, char **argv);
	int (*print_ifla_xstats)(struct nlmsghdr *n, void *arg);
};

struct iplink_req;

int iplink_parse(int argc, char **argv, struct iplink_req *req, char **type);

/* include/utils.h */
extern int show_stats;

void missarg(const char *key) __attribute__((noreturn));
void duparg(const char *key, const char *arg) __attribute__((noreturn));

/* include/libnetlink.h */
int addattr_l(struct nlmsghdr *n, int maxlen, int type, const void *data, int alen);
int addattr32(struct nlmsghdr *n, int maxlen, int type, uint32_t data);
int addattr64(struct nlmsghdr *n, int maxlen, int type, uint64_t data);
int addattrstrz(struct nlmsghdr *n, int maxlen, int type, const char *data);
struct rtattr *addattr_nest(struct nlmsghdr *n, int maxlen, int type);
int addattr_nest_end(struct nlmsghdr *n, struct rtattr *nest);
int parse_rtattr_flags(struct rtattr *tb[], int max, struct rtattr *rta, int len,
		       unsigned short flags);

/* include/json_print.h, include/json_writer.h */
typedef struct json_writer json_writer_t;

bool is_json_context(void);
json_writer_t *get_json_writer(void);
void print_nl(void);
void jsonw_name(json_writer_t *self, const char *name);
void jsonw_start_object(json_writer_t *self);
void jsonw_end_object(json_writer_t *self);
void jsonw_start_array(json_writer_t *self);
void jsonw_end_array(json_writer_t *self);
void jsonw_string_field(json_writer_t *self, const char *prop, const char *val);
void jsonw_bool_field(json_writer_t *self, const char *prop, bool value);
void jsonw_u64_field(json_writer_t *self, const char *prop, uint64_t num);

#endif
