// SPDX-License-Identifier: GPL-2.0
/*
 * A plug-in for QEMU's TCG that counts how often each instruction of the kernel
 * is executed, see tests/bench/symbols. The declarations are those of QEMU's
 * qemu-plugin.h (API version 1), which distributions do not package.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint64_t qemu_plugin_id_t;

extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
	void (*translated)(qemu_plugin_id_t id, struct qemu_plugin_tb *block));
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation,
	void *counter, uint64_t addend);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
	void (*end)(qemu_plugin_id_t id, void *data), void *data);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t n);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

#define EXPORTED __attribute__((visibility("default")))
#define ADD_U64 0		/* QEMU_PLUGIN_INLINE_ADD_U64 */
#define BITS 21
#define SLOTS (1u << BITS)

EXPORTED int qemu_plugin_version = 1;

/* Open addressing; an address of zero is a free slot. */
static struct slot {
	uint64_t address;
	uint64_t count;
} *slots;

static struct slot *slot_of(uint64_t address)
{
	uint32_t place = (address * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - BITS);
	uint32_t tried = 0;

	while (slots[place].address && slots[place].address != address) {
		place = (place + 1) % SLOTS;
		if (++tried == SLOTS) {
			fputs("count: more instructions than slots\n", stderr);
			exit(1);
		}
	}
	slots[place].address = address;
	return &slots[place];
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	size_t n, count = qemu_plugin_tb_n_insns(block);

	(void)id;
	for (n = 0; n < count; n++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, n);
		uint64_t address = qemu_plugin_insn_vaddr(insn);

		/* The kernel's half of the address space. */
		if (address >> 63)
			qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64,
								   &slot_of(address)->count, 1);
	}
}

static void ended(qemu_plugin_id_t id, void *path)
{
	FILE *file = fopen(path, "w");
	uint32_t place;

	(void)id;
	if (!file) {
		perror(path);
		return;
	}
	for (place = 0; place < SLOTS; place++)
		if (slots[place].count)
			fprintf(file, "%llx %llu\n", (unsigned long long)slots[place].address,
				(unsigned long long)slots[place].count);
	fclose(file);
}

EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	char *path = getenv("VNET_COUNTS");

	(void)info;
	(void)argc;
	(void)argv;
	slots = calloc(SLOTS, sizeof(*slots));
	if (!slots || !path)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, path);
	return 0;
}
