#!/usr/bin/env bash
# Brings what `make run` (argument: run), `make test` (test) or `make lint` (lint) needs and this Debian machine lacks:
# Debian packages, npm packages, Go modules. Starts no service and makes no database cluster. Every step tells its time.
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
[ "$purpose" = lint ] || have_postgres || missing+=(postgresql)
if [ "$purpose" = test ]; then
	want chromium chromium
	want dbus
	want e2fsprogs mkfs.ext4
	want fonts-noto-core
	want haproxy haproxy
	want iproute2 ip
	want iptables iptables
	want mount mount
	want nftables nft
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

# The linters, built from their module: a minute and a half on two cores, once.
golangci_version=v2.15.0
golangci_dir=.cache/tools/golangci-lint-$golangci_version
golangci() { GOBIN="$PWD/$golangci_dir" CGO_ENABLED=0 go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$golangci_version"; }
if [ "$purpose" = lint ]; then
	[ -x "$golangci_dir/golangci-lint" ] || step "go: golangci-lint" golangci
	exit
fi

# libchdb, the ClickHouse engine as a library: 180 MB to fetch, 570 MB on disk, so it lies in a cache that all copies of
# the source share (XDG_CACHE_HOME moves it). It is pinned by storage/clickhouse.LibraryVersion and by the hash of its
# package. A package that arrived whole is kept until the library is in place, so an interrupted run goes on from there.
chdb_version=26.7.3-stable.1
chdb_integrity=sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw==
chdb_dir=${XDG_CACHE_HOME:-$HOME/.cache}/monitoring-panel/libchdb/$chdb_version-$(go env GOARCH)

integrity() { node -e 'const h = require("crypto").createHash("sha512"); require("fs").createReadStream(process.argv[1]).on("data", (d) => h.update(d)).on("end", () => console.log("sha512-" + h.digest("base64")))' "$1"; }

bring_chdb() {
	local package=$chdb_dir/package.tgz
	mkdir -p "$chdb_dir"
	exec 9>"$chdb_dir/lock"
	flock 9 # another copy of the source may be at it
	[ ! -e "$chdb_dir/libchdb.so" ] || return 0
	if [ ! -e "$package" ] || [ "$(integrity "$package")" != "$chdb_integrity" ]; then
		rm -rf "$chdb_dir/fetched" "$package"
		mkdir "$chdb_dir/fetched"
		npm pack --silent --pack-destination "$chdb_dir/fetched" "@chdb/lib-linux-x64-gnu@$chdb_version"
		mv "$chdb_dir"/fetched/*.tgz "$package"
	fi
	if [ "$(integrity "$package")" != "$chdb_integrity" ]; then
		echo "the package of libchdb is not the one that is pinned: $(integrity "$package")"
		rm -f "$package"
		return 1
	fi
	rm -rf "$chdb_dir/unpacked"
	mkdir "$chdb_dir/unpacked"
	tar -xzf "$package" -C "$chdb_dir/unpacked" package/libchdb.so
	mv "$chdb_dir/unpacked/package/libchdb.so" "$chdb_dir/libchdb.so"
	rm -rf "$chdb_dir/unpacked" "$chdb_dir/fetched" "$package"
}

if [ ! -e "$chdb_dir/libchdb.so" ]; then
	if [ "$(go env GOARCH)" = amd64 ]; then
		step "npm: libchdb (180 MB)" bring_chdb
	elif [ "$purpose" = test ]; then
		echo "libchdb is pinned for amd64 only: put one for this machine at $chdb_dir/libchdb.so" >&2
		exit 1
	else
		echo "  no libchdb for this machine: the panel runs without visits, or set CLICKHOUSE_DSN"
	fi
fi

# Programs that tests need and Debian lacks: an ACME server, and the name server that sends it to this machine.
pebble() {
	local version=v2.10.1 module=github.com/letsencrypt/pebble/v2/cmd
	mkdir -p ".cache/tools/$version"
	GOBIN="$PWD/.cache/tools/$version" CGO_ENABLED=0 go install "$module/pebble@$version" "$module/pebble-challtestsrv@$version"
}
if [ "$purpose" = test ]; then
	step "go: pebble" pebble
fi
