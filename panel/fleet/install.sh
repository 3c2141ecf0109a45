#!/bin/sh
# Installs the monitoring agent on this server, for the panel and the server named below.
#
#   install.sh              install, or install again with a new token
#   install.sh --dry-run    print what would be done, change nothing
#   install.sh reconfigure  after an edit of AGENT_ALLOW or AGENT_LISTEN in agent.env: adapt the service, restart
#   install.sh uninstall    remove the agent and everything it keeps
#
# The braces around everything: the shell reads up to the closing one before it runs a line, so that half a download
# does nothing.
{
set -eu

panel=@@.Panel@@
server=@@.Server@@
base=@@.Base@@
port=@@.Port@@
preset=@@.Preset@@
sha256_amd64=@@.AMD64@@
sha256_arm64=@@.ARM64@@

name=monitoring-agent
binary=/usr/local/bin/$name
library=/usr/local/lib/$name
config=/etc/$name
state=/var/lib/monitoring/agent
unit=/etc/systemd/system/$name.service
user=$name
dry=''
work=''

say() { printf '%s\n' "$*"; }
die() {
	printf '\nERROR: %s\n' "$*" >&2
	exit 1
}

# run executes a command, or only prints it.
run() {
	if [ -n "$dry" ]; then
		say "  would run: $*"
	else
		"$@"
	fi
}

# put writes standard input to a file: put MODE OWNER PATH.
put() {
	if [ -n "$dry" ]; then
		say "  would write $3 (mode $1, owner $2):"
		sed 's/^/    | /'
		return
	fi
	(umask 077 && cat >"$3.new")
	chown "$2" "$3.new"
	chmod "$1" "$3.new"
	mv -f "$3.new" "$3"
}

fetch() { curl -fsSL --retry 3 --connect-timeout 10 --max-time 300 -o "$2" "$1"; }

banner() {
	cat <<TEXT

  ############################################################################
  #                                                                          #
  #   MONITORING AGENT: this installs a program that lets a panel watch      #
  #   this server (and change it, if the preset below says so).              #
  #                                                                          #
  ############################################################################

  Panel    $panel
  Server   $server
  Port     $port (TCP, mutual TLS: the agent answers that panel only)
  Preset   $preset: $(describe "$preset")
  Program  $binary
  Limits   $config/agent.env (AGENT_ALLOW; the panel can read it, never change it)
  Remove   sh $library/install.sh uninstall

TEXT
}

describe() {
	case $1 in
	monitor) echo "the panel may read metrics and nothing else; no root rights" ;;
	readonly) echo "the panel may look at everything and change nothing; runs as root" ;;
	full) echo "the panel may change this server; runs as root" ;;
	*) echo "as listed; runs as root" ;;
	esac
}

check() {
	[ -n "$dry" ] || [ "$(id -u)" = 0 ] || die "run this as root (with sudo)"
	case $(uname -m) in
	x86_64 | amd64) arch=amd64 sum=$sha256_amd64 ;;
	aarch64 | arm64) arch=arm64 sum=$sha256_arm64 ;;
	*) die "there is an agent for x86_64 and aarch64 only; this machine is $(uname -m)" ;;
	esac
	[ -n "$sum" ] || die "this panel carries no agent for $arch; its administrator has to build it"
	for tool in curl sha256sum systemctl mktemp; do
		command -v "$tool" >/dev/null 2>&1 || die "$tool is missing; install it and run this again"
	done
	[ -n "$dry" ] || [ -d /run/systemd/system ] || die "systemd does not run here; start the agent by hand: agent -help lists its settings"
}

download() {
	say "Downloading the agent ($arch)"
	if [ -n "$dry" ]; then
		say "  would fetch: agent-$arch, token and install.sh of $panel"
		work=DOWNLOADS
		return
	fi
	work=$(mktemp -d)
	fetch "$base/agent-$arch" "$work/agent" || die "the download of the agent failed; is the install command still valid (24 hours, once)?"
	echo "$sum  $work/agent" | sha256sum -c --status || die "the downloaded agent is damaged: its checksum is not the one that the panel gave"
	(umask 077 && fetch "$base/token" "$work/token") || die "the download of the install token failed; make a new install command in the panel"
	fetch "$base/install.sh" "$work/install.sh" || die "the download of the install script failed"
}

# own sets what AGENT_ALLOW is in force: a file that the owner of this server has edited wins.
own() {
	allow=$preset
	if [ -f "$config/agent.env" ]; then
		kept=$(sed -n 's/^AGENT_ALLOW=//p' "$config/agent.env" | tail -n 1 | tr -d '"')
		if [ -n "$kept" ] && [ "$kept" != "$preset" ]; then
			say "Keeping AGENT_ALLOW=$kept of $config/agent.env (the panel asked for $preset)"
		fi
		allow=${kept:-monitor}
	fi
	[ "$allow" = monitor ] || user=root
}

make_user() {
	if [ "$user" != root ] && ! id "$user" >/dev/null 2>&1; then
		run useradd --system --no-create-home --home-dir "$state" --shell /usr/sbin/nologin "$user"
	fi
}

install_files() {
	say "Installing"
	make_user
	run install -d -m 0755 -o root "$config" "$library"
	run install -m 0755 -o root "$work/agent" "$binary.new"
	run mv -f "$binary.new" "$binary"
	run install -m 0700 -o root "$work/install.sh" "$library/install.sh"
	run install -m 0600 -o "$user" "$work/token" "$config/token"
	write_environment
	write_unit | put 0644 root "$unit"
}

write_environment() {
	if [ -f "$config/agent.env" ]; then
		grep -q "^AGENT_LISTEN=:$port\$" "$config/agent.env" && return
		{
			grep -v '^AGENT_LISTEN=' "$config/agent.env" || true
			echo "AGENT_LISTEN=:$port"
		} | put 0644 root "$config/agent.env"
		return
	fi
	put 0644 root "$config/agent.env" <<TEXT
# Settings of the monitoring agent. They belong to the owner of this server; the panel cannot change them.
# After an edit: sh $library/install.sh reconfigure    All settings: $binary -help
AGENT_ALLOW=$allow
AGENT_LISTEN=:$port
AGENT_STATE_DIR=$state
AGENT_TOKEN_FILE=$config/token
TEXT
}

write_unit() {
	cat <<TEXT
[Unit]
Description=Monitoring agent (answers $panel)
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=$binary
EnvironmentFile=$config/agent.env
User=$user
StateDirectory=monitoring/agent
StateDirectoryMode=0700
UMask=0077
Restart=always
RestartSec=5
LimitNOFILE=8192
MemoryMax=256M
LockPersonality=yes
ProtectHome=read-only
ProtectKernelLogs=yes
RestrictRealtime=yes
SystemCallArchitectures=native
TEXT
	if [ "$user" != root ]; then # adjtimex reads how well the clock is kept; without capabilities it cannot set it
		cat <<TEXT
CapabilityBoundingSet=$(capabilities)
AmbientCapabilities=$(capabilities)
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=strict
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictSUIDSGID=yes
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service adjtimex clock_adjtime
TEXT
	fi
	cat <<TEXT

[Install]
WantedBy=multi-user.target
TEXT
}

# The metrics need no capability; a port below 1024 does.
capabilities() { [ "$port" -ge 1024 ] || echo CAP_NET_BIND_SERVICE; }

# panel_addresses lists where the panel connects from: PANEL_IP if set, else what its name resolves to.
panel_addresses() {
	if [ -n "${PANEL_IP:-}" ]; then
		echo "$PANEL_IP"
		return
	fi
	host=${panel#*://}
	case $host in
	\[*) host=${host#\[} host=${host%%\]*} ;;
	*) host=${host%%[:/]*} ;;
	esac
	getent ahosts "$host" | awk '{ print $1 }' | sort -u
}

open_port() {
	command -v ufw >/dev/null 2>&1 || return 0
	ufw status 2>/dev/null | grep -q '^Status: active' || return 0
	addresses=$(panel_addresses)
	[ -n "$addresses" ] || die "UFW is active and the panel's name has no address; run again as: sudo PANEL_IP=1.2.3.4 sh $library/install.sh"
	for address in $addresses; do
		say "Opening port $port in UFW for $address only"
		run ufw allow from "$address" to any port "$port" proto tcp comment "$name"
	done
}

start() {
	say "Starting"
	run systemctl daemon-reload
	run systemctl enable --quiet "$name"
	run systemctl restart "$name"
	[ -z "$dry" ] || return 0
	sleep 2
	if ! systemctl is-active --quiet "$name"; then
		journalctl -u "$name" -n 20 --no-pager >&2 || true
		die "the agent does not run; its last words are above"
	fi
	say ""
	say "Done: the agent runs; the panel connects to port $port of this server by itself."
	say "Status: systemctl status $name    Log: journalctl -u $name"
}

reconfigure() {
	[ -n "$dry" ] || [ "$(id -u)" = 0 ] || die "run this as root (with sudo)"
	[ -f "$config/agent.env" ] || die "the agent is not installed here"
	own
	listen=$(sed -n 's/^AGENT_LISTEN=.*:\([0-9]*\).*$/\1/p' "$config/agent.env" | tail -n 1)
	port=${listen:-$port}
	make_user
	[ ! -f "$config/token" ] || run chown "$user" "$config/token"
	write_unit | put 0644 root "$unit"
	start
}

uninstall() {
	[ -n "$dry" ] || [ "$(id -u)" = 0 ] || die "run this as root (with sudo)"
	say "Removing the monitoring agent"
	run systemctl disable --now --quiet "$name" || true
	if command -v ufw >/dev/null 2>&1 && ufw status 2>/dev/null | grep -q '^Status: active'; then
		# From the last to the first: deleting a rule renumbers those after it.
		ufw status numbered | sed -n "s/^\\[ *\\([0-9]*\\)\\].*# $name\$/\\1/p" | sort -rn | while read -r rule; do
			run ufw --force delete "$rule"
		done
	fi
	run rm -rf "$unit" "$binary" "$config" "$state" "$library"
	run systemctl daemon-reload
	if id "$name" >/dev/null 2>&1; then
		run userdel "$name"
	fi
	say "Done. Delete the server in the panel, too."
}

cleanup() { [ -n "$dry" ] || [ -z "$work" ] || rm -rf "$work"; }

main() {
	action=install
	for argument in "$@"; do
		case $argument in
		--dry-run) dry=1 ;;
		install | reconfigure | uninstall) action=$argument ;;
		*) die "unknown argument $argument; there are --dry-run, reconfigure and uninstall" ;;
		esac
	done
	trap cleanup EXIT
	if [ "$action" != install ]; then
		"$action"
		return
	fi
	check
	banner
	own
	download
	install_files
	open_port
	start
}

main "$@"
}
