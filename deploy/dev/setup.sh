#!/usr/bin/env bash
# Brings what `make run` (argument: run) or `make test` (argument: test) needs and this Debian machine lacks. Installs
# Debian packages and npm packages only; starts no service and makes no database cluster. Every step tells its time.
set -euo pipefail
cd "$(dirname "$0")/../.."
purpose=${1:-run}

step() { # step NAME COMMAND...: runs the command quietly, prints name and seconds, shows the output only of a failure
	local name=$1 start=$SECONDS log
	shift
	log=$(mktemp)
	printf '  %-34s' "$name"
	if "$@" >"$log" 2>&1; then
		printf '%4d s\n' $((SECONDS - start))
		rm -f "$log"
	else
		printf ' failed\n'
		tail -n 40 "$log"
		rm -f "$log"
		exit 1
	fi
}

installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

missing=()
want() { # want PACKAGE [COMMAND]: notes a package that is neither installed nor replaced by a command in PATH
	if ! { [ -n "${2:-}" ] && command -v "$2" >/dev/null; } && ! installed "$1"; then missing+=("$1"); fi
}

have_postgres() { compgen -G '/usr/lib/postgresql/1[5-9]/bin/postgres' >/dev/null || compgen -G '/usr/lib/postgresql/[2-9][0-9]/bin/postgres' >/dev/null; }

want ca-certificates
want curl curl
want gcc gcc
want libc6-dev
have_postgres || missing+=(postgresql)
if [ "$purpose" = test ]; then
	want chromium chromium
	want dbus
	want fonts-noto-core
	want haproxy haproxy
	want iproute2 ip
	want iptables iptables
	want procps ps
	want prometheus prometheus
	want prometheus-alertmanager prometheus-alertmanager
	want prometheus-node-exporter prometheus-node-exporter
	want socat socat
	want systemd-container systemd-nspawn
	want ufw ufw
	want util-linux unshare
	want victoria-metrics victoria-metrics
fi

policy=/usr/sbin/policy-rc.d
apt_quiet() { DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends -o Dpkg::Options::=--force-confold "$@"; }

# The Debian package makes and enables a cluster of its own; ours is a child of the panel, so that one is not wanted.
install_postgres() {
	local conf=/etc/postgresql-common/createcluster.conf
	apt_quiet postgresql-common
	cp "$conf" "$conf.before-panel"
	printf '\ncreate_main_cluster = false\n' >>"$conf"
	local rc=0
	apt_quiet postgresql || rc=$?
	mv "$conf.before-panel" "$conf"
	return $rc
}

if [ ${#missing[@]} -gt 0 ]; then
	if [ "$(id -u)" != 0 ]; then
		echo "Missing packages: ${missing[*]}. Run as root once, or: apt-get install ${missing[*]}" >&2
		exit 1
	fi
	if [ ! -e "$policy" ]; then # no package may start a service while we install
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
		trap 'rm -f "$policy"' EXIT
	fi
	step "apt: package lists" apt-get update -q
	rest=()
	for p in "${missing[@]}"; do [ "$p" = postgresql ] || rest+=("$p"); done
	[ ${#rest[@]} -eq 0 ] || step "apt: ${#rest[@]} packages" apt_quiet "${rest[@]}"
	have_postgres || step "apt: postgresql" install_postgres
fi

web=panel/web
stamp=$web/node_modules/.installed
if [ ! -e "$stamp" ] || ! cmp -s "$web/package-lock.json" "$stamp"; then
	step "npm: web dependencies" npm --prefix "$web" ci --no-audit --no-fund
	cp "$web/package-lock.json" "$stamp"
fi
step "go: modules" go mod download
