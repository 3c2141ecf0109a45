package control

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"monitoring/agent/api"
)

// scratch starts a container as `docker run --privileged --pid host --network host -v /:/host` does from an image that holds
// one program: the machine's file system is at /host, and there is neither a shell nor a library.
const scratch = `
mkdir -p /scratch
exec unshare --mount --uts --ipc --cgroup --propagation private sh -ec '
	mount -t tmpfs tmpfs /scratch
	cd /scratch
	mkdir host proc dev dev/pts
	cp /opt/container agent
	mount -t proc proc proc
	mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
	ln -s pts/ptmx dev/ptmx
	mknod -m 666 dev/null c 1 3
	pivot_root . host
	cd /
	exec /agent'
`

// TestFromAnEmptyContainer: the agent of a container without any program drives the machine by the machine's own.
func TestFromAnEmptyContainer(t *testing.T) {
	n := newNode(t)
	program := filepath.Join(t.TempDir(), "container")
	build := exec.Command("go", "build", "-o", program, "./testdata/container")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	n.Write(t, "/opt/container", string(content), 0o755)
	n.Write(t, "/opt/scratch.sh", scratch, 0o755)
	n.Run(t, "sh", "-ec", "ufw --force reset; ufw allow 22/tcp; ufw --force enable")
	defer n.Run(t, "ufw", "--force", "disable")
	n.serve(t, "127.0.0.1:9001", "one")

	said := n.Run(t, "sh", "-e", "/opt/scratch.sh")
	f := func(pattern string) {
		t.Helper()
		if !regexp.MustCompile(pattern).MatchString(said) {
			t.Errorf("nothing like %q in\n%s", pattern, said)
		}
	}
	f(`(?m)^command: <nil> stdout\{"line":"systemd"\}stdout\{"line":"/"\}stdout\{"line":"/usr/sbin/haproxy"\}done\{"exit_code":0`)
	f(`(?m)^start: <nil> \{Success:true`)
	f(`(?m)^rule: <nil> .*Reloaded:true`)
	f(`(?m)^firewall: <nil> `)
	f(`(?m)^confirm: <nil> `)
	f(`(?m)^shell: <nil> true exit 7$`)
	if strings.Contains(said, "programs:") {
		t.Errorf("the container is not empty:\n%s", said)
	}
	if word := n.hear(t, "127.0.0.1:8443"); word != "one" {
		t.Errorf("the rule says %q", word)
	}
	if rules := n.Run(t, "ufw", "status"); !strings.Contains(rules, "8443/tcp") {
		t.Errorf("the firewall:\n%s", rules)
	}
	if s := must[api.HAProxyStatus](t, n, "GET", "/status", "", nil); !s.Running || !s.Enabled {
		t.Errorf("%+v", s)
	}
}
