package control

import (
	"context"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"monitoring/agent/api"
	"monitoring/agent/control/controltest"
)

// repository makes a package again of the HAProxy that is installed, in a repository of its own, and takes HAProxy away.
// The package's first script waits while /run/hold is there.
const repository = `
mkdir -p /repo/p/DEBIAN && cd /repo
systemctl stop haproxy || true
dpkg-query -W -f 'Package: haproxy\nVersion: ${Version}\nArchitecture: ${Architecture}\nMaintainer: ${Maintainer}\nPre-Depends: ${Pre-Depends}\nDepends: ${Depends}\nDescription: again\n' haproxy |
	grep -v ': $' >p/DEBIAN/control
dpkg -L haproxy | while read -r f; do [ -d "$f" ] || [ ! -e "$f" ] || echo "$f"; done | tar -cPf - -T - --transform 's,^/,,' | tar -xf - -C p
cd /var/lib/dpkg/info
for f in conffiles postinst prerm postrm; do [ ! -e haproxy.$f ] || cp haproxy.$f /repo/p/DEBIAN/$f; done
cd /repo
printf '#!/bin/sh\nwhile [ -e /run/hold ]; do touch /run/held; sleep 0.1; done\n' >p/DEBIAN/preinst
chmod 755 p/DEBIAN/preinst
dpkg-deb --root-owner-group -Znone --build p haproxy.deb
{ dpkg-deb -f haproxy.deb; printf 'Filename: ./haproxy.deb\nSize: %s\nSHA256: %s\n' "$(stat -c %s haproxy.deb)" "$(sha256sum <haproxy.deb | cut -d' ' -f1)"; } >Packages
rm -rf p /etc/apt/sources.list /etc/apt/sources.list.d /var/lib/apt/lists
dpkg --purge --force-depends haproxy
rm -rf /etc/haproxy
`

// newBare is a machine that has no HAProxy, and apt for it.
func newBare(t *testing.T, source string) *node {
	t.Helper()
	m := controltest.Own(t)
	m.Write(t, "/repo.sh", repository, 0o755)
	m.Run(t, "sh", "-e", "/repo.sh")
	m.Write(t, "/etc/apt/sources.list", "deb [trusted=yes] "+source+" ./\n", 0o644)
	n := &node{Machine: m}
	n.restartAgent(t)
	return n
}

// TestInstall goes from nothing to a HAProxy that forwards: over a lock that another apt holds, and over an installation
// that is killed in the middle.
func TestInstall(t *testing.T) {
	n := newBare(t, "file:/repo")
	n.serve(t, "127.0.0.1:9001", "one")
	status := func() api.HAProxyStatus { return must[api.HAProxyStatus](t, n, "GET", "/status", "", nil) }
	if s := status(); s.Installed || s.ConfigExists {
		t.Fatalf("there is one: %+v", s)
	}
	n.refused(t, "POST", "/rules", rule("a", 8443, "127.0.0.1", 9001), api.CodeNotInstalled)

	release := lockPackages(t, n.Machine)
	n.Write(t, "/run/hold", "", 0o644)
	ended := n.beginInstall(t)
	until(t, "apt waits", func() bool { return strings.Contains(status().Installing, "lock") })
	release()
	until(t, "the package's script runs", func() bool { _, err := n.Host.Stat("/run/held"); return err == nil })
	if s := status(); s.Installed || s.Installing == "" {
		t.Errorf("in the middle: %+v", s)
	}
	other := &node{Machine: n.Machine}
	other.restartAgent(t) // the agent comes again, and apt still works
	other.refused(t, "POST", "/install", nil, api.CodeBusy)
	n.Run(t, "systemctl", "kill", "--signal=KILL", installUnit+".service") // half installed: that is mended, and begun again
	n.Run(t, "rm", "/run/hold")
	if err := <-ended; err != nil {
		t.Fatal(explain(err))
	}
	if s := status(); !s.Installed || !s.ConfigValid || s.Installing != "" {
		t.Errorf("%+v", s)
	}
	if config := n.Read(t, haproxyConfig); config != n.x.base()+"\n# === RULES START ===\n# === RULES END ===\n" {
		t.Errorf("the first configuration:\n%s", config)
	}
	must[api.HAProxyChanged](t, n, "POST", "/rules", "", rule("a", 8443, "127.0.0.1", 9001))
	must[api.Changed](t, n, "POST", "/start", "", nil)
	until(t, "it forwards", func() bool { return n.hear(t, "127.0.0.1:8443") == "one" })
	before := n.Read(t, haproxyConfig)
	if again := must[api.Changed](t, n, "POST", "/install", "", nil); !again.Success || n.Read(t, haproxyConfig) != before {
		t.Errorf("again: %+v", again)
	}
}

// TestInstallWithoutNetwork: the answer says what is wrong, and the machine is as before.
func TestInstallWithoutNetwork(t *testing.T) {
	n := newBare(t, "http://mirror.invalid/")
	n.Write(t, haproxyConfig, userConfig, 0o644)
	f := n.refused(t, "POST", "/install", nil, api.CodeRefused)
	if !strings.Contains(f.Detail, "does not reach its package sources") || !strings.Contains(f.Log, "mirror.invalid") {
		t.Errorf("%+v", f)
	}
	if n.Read(t, haproxyConfig) != userConfig || n.x.installed() {
		t.Error("the failure left something behind")
	}
	n.Run(t, "rm", "/usr/bin/apt-get")
	f = n.refused(t, "POST", "/install", nil, api.CodeConflict)
	if !strings.Contains(f.Detail, "no apt") {
		t.Errorf("%+v", f)
	}
}

// beginInstall installs meanwhile.
func (n *node) beginInstall(t *testing.T) <-chan error {
	ended := make(chan error, 1)
	ctx, cancel := context.WithTimeout(context.Background(), 2*wait)
	t.Cleanup(cancel)
	go func() {
		_, err := n.x.install(ctx, Call{})
		ended <- err
	}()
	return ended
}

// lockPackages is another apt at work.
func lockPackages(t *testing.T, m *controltest.Machine) (release func()) {
	t.Helper()
	f, err := os.OpenFile(m.Host.Root()+"/var/lib/dpkg/lock-frontend", os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}); err != nil {
		t.Fatal(err)
	}
	return func() { _ = f.Close() }
}
