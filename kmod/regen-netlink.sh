#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Makes include/uapi/linux/vnet.h and kmod/netlink_gen.[ch] from the spec with
# the generator of a kernel tree. With --check only tells whether they are
# current.
#
# usage: kmod/regen-netlink.sh [--check] KERNEL_TREE
set -eu

check=
if [ "${1-}" = --check ]; then
	check=1
	shift
fi
[ $# -eq 1 ] || { echo "usage: $0 [--check] KERNEL_TREE" >&2; exit 2; }
tree=$1
top=$(cd "$(dirname "$0")/.." && pwd)
generator=$tree/tools/net/ynl/pyynl/ynl_gen_c.py
schema=$tree/Documentation/netlink/genetlink.yaml
[ -f "$generator" ] || { echo "$0: no YNL generator in $tree" >&2; exit 2; }

# The generator looks for the schema beside the folder of the spec, and for
# MAINTAINERS at the root.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/Documentation/netlink/specs"
cp "$schema" "$work/Documentation/netlink/genetlink.yaml"
cp "$top/Documentation/netlink/specs/vnet.yaml" "$work/Documentation/netlink/specs/"
: > "$work/MAINTAINERS"
cd "$work"
spec=Documentation/netlink/specs/vnet.yaml
python3 "$generator" --spec "$spec" --mode uapi --header -o vnet.h
python3 "$generator" --spec "$spec" --mode kernel --header -o netlink_gen.h
python3 "$generator" --spec "$spec" --mode kernel --source -o netlink_gen.c

status=0
place() {
	if [ -n "$check" ]; then
		cmp -s "$1" "$top/$2" || { echo "$2 is not current: run kmod/regen-netlink.sh" >&2; status=1; }
	else
		cp "$1" "$top/$2"
	fi
}
place vnet.h include/uapi/linux/vnet.h
place netlink_gen.h kmod/netlink_gen.h
place netlink_gen.c kmod/netlink_gen.c
exit $status
