#!/usr/bin/env bash
# `make run`: panel on PANEL_LISTEN (127.0.0.1:8080) with its data in PANEL_DATA (./data), and an agent of this very
# machine that joins by the real enrolment with the preset "monitor". Ctrl-C ends both; the next run keeps the data.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PANEL_LISTEN=${PANEL_LISTEN:-127.0.0.1:8080} PANEL_DATA=${PANEL_DATA:-$PWD/data} PANEL_AGENT_BINARIES=$PWD/bin
local_agent=$PANEL_DATA/local-agent
mkdir -p "$local_agent"
panel_pid='' agent_pid=''

stop() {
	trap '' INT TERM
	[ -z "$agent_pid" ] || kill -TERM "$agent_pid" 2>/dev/null || true
	[ -z "$panel_pid" ] || kill -TERM "$panel_pid" 2>/dev/null || true
	wait || true
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

bin/panel run >"$PANEL_DATA/panel.log" 2>&1 &
panel_pid=$!

secret() { sed -n "s/^$1=//p" "$PANEL_DATA/secrets.env"; }
until [ -e "$PANEL_DATA/secrets.env" ] && base="http://$PANEL_LISTEN/$(secret PANEL_UID)" && curl -fs -o /dev/null "$base/api/auth/check"; do
	if ! kill -0 "$panel_pid" 2>/dev/null; then
		echo "The panel did not start:"
		tail -n 20 "$PANEL_DATA/panel.log"
		exit 1
	fi
	sleep 0.2
done

json() { # json PATH: reads JSON on standard input, prints the value at a path such as server.id
	node -e 'const s = require("fs").readFileSync(0, "utf8"); console.log(process.argv[1].split(".").reduce((v, k) => v[k], JSON.parse(s)))' "$1"
}
# Secrets reach curl by pipes: everybody on the machine can read its arguments.
api() { # api METHOD PATH BODY, with the token of a login that no browser made
	curl -fsS -X "$1" -H @<(printf 'Authorization: Bearer %s' "$token") -H 'Content-Type: application/json' --data "$3" "$base/api$2"
}
login() {
	token=$(printf '{"password":"%s"}' "$(secret PANEL_PASSWORD)" | curl -fsS -H 'Content-Type: application/json' --data @- "$base/api/auth/login" | json token)
}
port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
free_port() {
	local p
	while p=$((20000 + RANDOM % 20000)); ! port_is_free $p; do :; done
	echo $p
}

port=$(cat "$local_agent/port" 2>/dev/null || true)
if [ ! -e "$local_agent/server_id" ]; then
	login
	port=$(free_port)
	answer=$(api POST /servers "{\"name\":\"$(hostname)\",\"url\":\"https://127.0.0.1:$port\",\"preset\":\"monitor\"}")
	(umask 077 && json install.token <<<"$answer" >"$local_agent/token")
	echo "$port" >"$local_agent/port"
	json server.id <<<"$answer" >"$local_agent/server_id"
elif ! port_is_free "$port"; then # taken since the last run: move, and tell the panel
	login
	port=$(free_port)
	api PUT "/servers/$(cat "$local_agent/server_id")" "{\"url\":\"https://127.0.0.1:$port\"}" >/dev/null
	echo "$port" >"$local_agent/port"
fi

AGENT_LISTEN=127.0.0.1:$port AGENT_STATE_DIR=$local_agent/state AGENT_TOKEN_FILE=$local_agent/token AGENT_ALLOW=monitor \
	bin/agent >"$local_agent/agent.log" 2>&1 &
agent_pid=$!

cat <<TEXT

  Monitoring Panel $(cat VERSION)

  Open      $base/
  Password  $(secret PANEL_PASSWORD)
  Remote?   ssh -L ${PANEL_LISTEN##*:}:$PANEL_LISTEN root@THIS-SERVER, then open the address above

  Data      $PANEL_DATA  (secrets.env and ca/ are the keys of the fleet)
  Logs      $PANEL_DATA/panel.log, $local_agent/agent.log
  Stop      Ctrl-C

TEXT
rc=0
wait -n "$panel_pid" "$agent_pid" || rc=$?
kill -0 "$panel_pid" 2>/dev/null || { echo "The panel ended:" && tail -n 20 "$PANEL_DATA/panel.log"; }
kill -0 "$agent_pid" 2>/dev/null || { echo "The agent ended:" && tail -n 20 "$local_agent/agent.log"; }
exit $rc
