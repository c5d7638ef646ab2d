# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Shared by the scripts in this folder: where the cache is, locks, one log line
# per step, host packages, the archive's mirror. Sourced, never run.

set -euo pipefail
umask 022
export LC_ALL=C

VNET_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
VNET_CACHE=${VNET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vnet}
mkdir -p "$VNET_CACHE"/{log,lock,tmp,guests}
VNET_CACHE=$(cd "$VNET_CACHE" && pwd -P)
VNET_JOBS=${VNET_JOBS:-$(nproc)}
export VNET_TOP VNET_CACHE VNET_JOBS

readonly VNET_SUITE=trixie

say() { echo "vnet: $*" >&2; }

die() {
	say "error: $*"
	exit 1
}

# step NAME TEXT COMMAND... : runs COMMAND with its output in log/NAME.log and
# reports one line with the seconds it took; on failure the log's tail as well.
step() {
	local log=$VNET_CACHE/log/$1.log text=$2 start=$SECONDS rc=0
	shift 2
	say "$text ..."
	# Not in a condition: there the shell would go on after an error.
	set +e
	(set -e; "$@") >"$log" 2>&1 </dev/null
	rc=$?
	set -e
	if [ "$rc" -ne 0 ]; then
		tail -n "${VNET_LOG_TAIL:-30}" "$log" >&2
		die "$text failed (status $rc); the whole log is $log"
	fi
	say "$text: $((SECONDS - start)) s"
}

# lock NAME : held until this shell (or subshell) and what it started end, so
# that two invocations do not make the same thing twice.
lock() {
	local fd
	exec {fd}>"$VNET_CACHE/lock/$1"
	if ! flock --nonblock "$fd"; then
		say "waiting for another process that makes $1"
		flock "$fd"
	fi
}

# hash of the arguments, short enough for a file name
key() { printf '%s\n' "$@" | sha256sum | cut -c1-12; }

# hash_files FILE... : hash of what the files contain
hash_files() { cat -- "$@" | sha256sum | cut -c1-12; }

# need_host COMMAND=PACKAGE... : installs what is missing when root, else says so
need_host() {
	local pair missing=() i
	for pair; do
		if [[ $pair == /* ]]; then
			[ -e "${pair%%=*}" ] || missing+=("${pair#*=}")
		else
			command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
		fi
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		die "missing on this machine: ${missing[*]} (as root: apt-get install ${missing[*]})"
	fi
	(
		lock host-packages
		for i in 1 2; do
			[ "$i" = 1 ] || step apt-update "updating the package lists" apt-get -q update
			if DEBIAN_FRONTEND=noninteractive apt-get -q install --no-install-recommends -y \
				"${missing[@]}" >"$VNET_CACHE/log/apt-install.log" 2>&1 </dev/null; then
				say "installed ${missing[*]}"
				exit 0
			fi
		done
		tail -n 20 "$VNET_CACHE/log/apt-install.log" >&2
		die "could not install ${missing[*]}"
	)
}

# The mirror of a Debian host; nothing elsewhere (mmdebstrap has a default).
host_mirror() {
	local id codename
	id=$(. /etc/os-release && echo "${ID:-}")
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	[ "$id" = debian ] || return 0
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		"Release: $codename" 2>/dev/null | sed 1q
}

# bootstrap TARGET VARIANT PACKAGES HOOK : a Debian root in TARGET. HOOK is run
# with the root's path before any package is chosen.
bootstrap() {
	local target=$1 variant=$2 packages=$3 hook=$4 mirror
	local args=("--variant=$variant" "--include=$packages" "--setup-hook=$hook \"\$1\"")
	local dir
	for dir in doc man locale info lintian; do
		args+=("--dpkgopt=path-exclude=/usr/share/$dir/*")
	done
	args+=('--aptopt=Apt::Install-Recommends "false"' '--skip=cleanup/apt,cleanup/tmp')
	mirror=$(host_mirror)
	rm -rf "$target"
	_mmdebstrap "$target" "${args[@]}" "$VNET_SUITE" ${mirror:+"$mirror"} && return
	[ -n "$mirror" ] || return 1
	echo "trying again with the default mirror"
	rm -rf "$target"
	_mmdebstrap "$target" "${args[@]}" "$VNET_SUITE"
}

# As root straight into the directory. Otherwise through a tar file, so that
# the tree belongs to the user alone and not to one of his subordinate ids.
_mmdebstrap() {
	local target=$1 suite_and_mirror=() args=()
	shift
	while [ $# -gt 0 ]; do
		case $1 in --*) args+=("$1") ;; *) suite_and_mirror+=("$1") ;; esac
		shift
	done
	cd /
	if [ "$(id -u)" -eq 0 ]; then
		mmdebstrap --mode=root "${args[@]}" "${suite_and_mirror[0]}" "$target" "${suite_and_mirror[@]:1}"
	else
		mkdir -p "$target"
		mmdebstrap --mode=unshare --format=tar "${args[@]}" "${suite_and_mirror[0]}" - \
			"${suite_and_mirror[@]:1}" |
			tar -C "$target" -x --no-same-owner --exclude='./dev/*'
	fi
}

# write_file PATH : standard input to PATH, all of it or nothing
write_file() {
	cat >"$1.tmp.$$"
	mv -f "$1.tmp.$$" "$1"
}
