#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The main job from end to end, shown and checked: the network of IMUNES (three OSPF routers between two hosts) comes up
# in an embedded kernel, and what is measured in it is what topologies/imunes.yaml says.
#
# usage: tests/demo.sh [uml|debian]
#
# VNETCTL names the tool (build/vnetctl). The lab stays up; exit status 0 only if everything holds.

set -u

cd "$(dirname "$0")/.." || exit 1
readonly kernel=${1:-uml}
readonly tool=${VNETCTL:-$PWD/build/vnetctl}
readonly lab=imunes
readonly bottleneck=50000000	# bit/s, of link r2-r1
failed=0

vnetctl() { "$tool" --kernel "$kernel" --lab "$lab" "$@"; }

say() { printf '\n== %s\n' "$*"; }

run() {
	printf '$ vnetctl %s\n' "$*"
	vnetctl "$@"
}

check() {	# check WORDS... -- COMMAND...
	local what=()
	while [ "$1" != -- ]; do what+=("$1"); shift; done
	shift
	if "$@"; then
		printf 'ok: %s\n' "${what[*]}"
	else
		printf 'NOT OK: %s\n' "${what[*]}"
		failed=1
	fi
}

# Whether a number is within so many per cent of another.
within() { awk -v a="$1" -v b="$2" -v p="$3" 'BEGIN { d = a - b; if (d < 0) d = -d; exit !(b > 0 && d <= b * p / 100) }'; }

[ -x "$tool" ] || { echo "no $tool; run: make tool" >&2; exit 1; }

say "The network of topologies/imunes.yaml comes up ($kernel), OSPF converges"
# A lab that an earlier demo has left may have been changed since.
vnetctl down >/dev/null || exit 1
run up topologies/imunes.yaml --wait ping || exit 1

say "Its nodes, as the emulator sees them, and its links with what is configured and measured"
run ps
run instance show
run link show

say "The way from pc2 to the far host, as in Figure 4 of the IMUNES paper"
trace=$(run exec pc2 traceroute -n 10.0.4.2 </dev/null)
printf '%s\n' "$trace"
hops=$(awk '$1 ~ /^[0-9]+$/ { for (i = 2; i <= NF; i++) if ($i ~ /^10\./) { printf "%s ", $i; break } }' <<<"$trace")
check "hops are 10.0.3.1 10.0.2.1 10.0.1.1 10.0.4.2" -- [ "$hops" = "10.0.3.1 10.0.2.1 10.0.1.1 10.0.4.2 " ]

say "A ping: 14.5 ms of propagation there and back, and the frames' time on the wires"
answer=$(run exec pc2 ping -c 5 -i 0.2 10.0.4.2 </dev/null)
printf '%s\n' "$answer"
loss=$(awk -F'[ ,%]+' '/packet loss/ { for (i = 1; i < NF; i++) if ($(i + 1) == "packet") print $i }' <<<"$answer")
shortest=$(awk -F'[ /]+' '/^rtt/ { print $7 }' <<<"$answer")
check "all five requests are answered" -- [ "${loss:-100}" = 0 ]
# The wires' own time, 4 x 2 frames of 122 bytes, makes it 14.57 ms; emulation adds its processing.
check "the shortest round trip, ${shortest:-none} ms, is not below 14.5 ms" -- \
	awk -v t="${shortest:-0}" 'BEGIN { exit !(t >= 14.5) }'

say "TCP through the bottleneck of 50 Mbit/s, 10 s after a start of 2 s"
run exec pc1 iperf3 -s -1 -D </dev/null
vnetctl exec pc1 sh -c 'until ss -Hltn "sport = :5201" | grep -q .; do sleep 0.1; done' </dev/null
json=$(run exec pc2 iperf3 -c 10.0.4.2 -t 10 -O 2 -J </dev/null)
goodput=$(awk '/"sum_received"/ { found = 1 } found && /"bits_per_second"/ { gsub(/[^0-9.]/, "", $2); print int($2); exit }' <<<"$json")
# A segment carries 1448 bytes in a frame of 1514 that takes 1538 on the wire.
expected=$(awk -v rate=$bottleneck 'BEGIN { print int(rate * 1448 / 1538) }')
printf 'received %s bit/s; the bottleneck has room for %s (94.15 %% of its rate)\n' "${goodput:-nothing}" "$expected"
check "goodput is within 2 % of that" -- within "${goodput:-0}" "$expected" 2

say "What the links have counted meanwhile"
run link show --wide

if [ $failed -ne 0 ]; then
	printf '\nThe demo has FAILED: see NOT OK above.\n'
	exit 1
fi
cat <<END

Everything holds. The lab is still up. Now try, with PATH=\$PWD/build:\$PATH

    vnetctl exec pc2 ping 10.0.4.2                    # in one terminal, and meanwhile in another:
    vnetctl link set r2-r1 delay 100ms                # the ping sees it at once, and nothing is lost
    vnetctl exec r2 vtysh -c 'show ip ospf neighbor'
    vnetctl shell pc1
    vnetctl link show --wide --interval 1s
    vnetctl down
END
