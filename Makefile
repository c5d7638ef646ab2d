# SPDX-License-Identifier: GPL-2.0
#
# What people type. The module itself is built by Kbuild, the tool by cargo; how
# kernels and guests are made is in qemu/.

KERNEL ?= uml
export VNET_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/vnet

FUZZ_INPUTS ?= 1000000

.PHONY: help demo test bench accuracy check fuzz module tool guests clean clean-cache

help:
	@echo 'make demo [KERNEL=uml|debian]    an emulated network with OSPF routers, in an embedded kernel'
	@echo 'make test                        all tests'
	@echo 'make bench                       speed, beside veth and netem, to build/bench.json'
	@echo 'make accuracy                    configured against achieved, and beside it veth with netem'
	@echo 'make check                       formatting and lints, in seconds'
	@echo 'make fuzz [FUZZ_INPUTS=1000000]  damaged files for the topology parser and every importer'
	@echo 'make module [KERNEL=...]         vnet.ko for the guests of that kernel (uml, uml-debug, debian)'
	@echo 'make tool                        vnetctl, to build/vnetctl'
	@echo 'make guests                      all kernels and guests'
	@echo 'make clean                       removes what was built in the checkout'
	@echo 'make clean-cache                 removes kernels, roots and downloads: $(VNET_CACHE)'
	@echo 'For a kernel tree of your own: make -C TREE M=$$PWD modules'

demo:
	@qemu/prepare $(KERNEL)
	@qemu/demo $(KERNEL)

test:
	@qemu/run-tests

bench:
	@tests/bench/run

accuracy:
	@tests/accuracy/run

check:
	@qemu/check

fuzz:
	@qemu/cargo run --release --locked --manifest-path userspace/Cargo.toml --package vnet-fuzz -- --inputs $(FUZZ_INPUTS)

module:
	@qemu/module $(KERNEL)

tool:
	@qemu/tool

guests:
	@qemu/prepare uml uml-debug debian

clean:
	rm -rf build userspace/target

clean-cache:
	rm -rf '$(VNET_CACHE)'
