#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# auto.sh [VNETCTL]   a link gets worse under a transfer, and the stack changes with it; see auto.yaml
#
# What is not said by the stream or by the controllers is marked with ###.

set -e
vnetctl="${1:-vnetctl} --lab auto"
file=$(dirname "$0")/auto.yaml

say() { echo "### $*"; }

$vnetctl up "$file"
trap '$vnetctl down >/dev/null; kill $(jobs -p) 2>/dev/null || true' EXIT

$vnetctl exec b stream receive &
stream=$!
$vnetctl exec a stream send b 20 &
say "applications at a need all to arrive"
key="--key-file /root/fb.key"
$vnetctl fb auto a --need reliable $key --interval 10ms --for 19s &
sleep 0.5
$vnetctl fb auto b $key --interval 10ms --for 12s >/dev/null &
second=$!
sleep 3.5
say "the link loses 5 %"
$vnetctl link set a-b loss 5%
sleep 4
say "it becomes long"
$vnetctl link set a-b delay 60ms
wait $second
say "the controller of b begins anew: its applications are confidential"
$vnetctl fb auto b --need confidential $key --interval 10ms --for 7s >/dev/null &
sleep 3
say "the link is good again"
$vnetctl link set a-b loss 0% delay 10ms
wait $stream
