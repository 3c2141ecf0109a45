package controltest

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"monitoring/agent/host"
)

// Namespace is a network, mounts and processes of one test's own, with a copy of /etc/ufw that has no rules. There is no
// systemd in it; but it is ready in a second, so that every test can have one.
type Namespace struct {
	Machine
	UFW string // where the copy of /etc/ufw lies on our machine
}

const unshared = `set -e
mount --bind "$1" /etc/ufw
mount -t tmpfs none /run
mount -t sysfs none /sys
ip link set lo up
ufw --force reset >/dev/null
echo ready
exec sleep infinity
`

// NewNamespace makes one for the rest of the test.
func NewNamespace(t testing.TB) *Namespace {
	t.Helper()
	n := &Namespace{UFW: filepath.Join(t.TempDir(), "ufw")}
	if out, err := exec.Command("cp", "-a", "/etc/ufw", n.UFW).CombinedOutput(); err != nil {
		t.Fatalf("copy /etc/ufw: %v\n%s", err, out)
	}
	n.cmd = exec.Command("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", unshared, "sh", n.UFW)
	n.cmd.Stderr = t.Output()
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	startUntilEnd(t, n.cmd)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("make namespace: %q, %v", line, err)
	}
	if n.PID, err = firstChild(n.cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	n.Host = host.Inside(n.PID)
	return n
}

// firstChild is what unshare has forked: process 1 of the namespace.
func firstChild(pid int) (int, error) {
	name := strconv.Itoa(pid)
	children, err := os.ReadFile("/proc/" + name + "/task/" + name + "/children")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(children)), " ")
	return strconv.Atoi(first)
}

// startUntilEnd starts a process that ends with the test, or with us.
func startUntilEnd(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, end, ended := make(chan error), make(chan struct{}), make(chan struct{})
	go func() {
		runtime.LockOSThread() // Pdeathsig means this thread
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			<-end
			_ = cmd.Process.Kill() // it may have ended by itself
			_ = cmd.Wait()
		}
		close(ended)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(end)
		<-ended
	})
}

// Sh runs a script inside, which has to succeed, and returns its output.
func (n *Namespace) Sh(t testing.TB, script string) string {
	t.Helper()
	return strings.TrimSpace(n.Run(t, "sh", "-ec", script))
}

// Start runs a program inside until the test ends, or somebody inside kills it.
func (n *Namespace) Start(t testing.TB, env []string, args ...string) {
	t.Helper()
	cmd := exec.Command("nsenter", append([]string{"-t", strconv.Itoa(n.PID), "-n", "-m", "-p", "--"}, args...)...)
	cmd.Env, cmd.Stderr = env, t.Output()
	cmd.WaitDelay = time.Second // what nsenter has forked ends with the namespace
	startUntilEnd(t, cmd)
}

// Join connects two namespaces by a cable: on eth0, a has 10.77.0.1 and fd77::1, b has .2 and ::2.
func Join(t testing.TB, a, b *Namespace) {
	t.Helper()
	args := []string{"link", "add", "eth0", "netns", strconv.Itoa(a.PID), "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(b.PID)}
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %v: %v\n%s", args, err, out)
	}
	a.Sh(t, "ip addr add 10.77.0.1/24 dev eth0; ip addr add fd77::1/64 dev eth0 nodad; ip link set eth0 up")
	b.Sh(t, "ip addr add 10.77.0.2/24 dev eth0; ip addr add fd77::2/64 dev eth0 nodad; ip link set eth0 up")
}

// Eventually polls until ok; the deadline bounds a failure, it is no sleep of a success.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("did not happen within 90 s: " + what)
}
