package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sandboxedEnv marks the second run of the program, which is in the sandbox.
const sandboxedEnv = "ENGINE_SANDBOXED"

// enterSandbox limits this process to its own files by Landlock: user SQL runs in it, and the library reads any file that
// the process can (the function file() does, whatever the grants). It reports false on a kernel without Landlock.
//
// A Landlock domain holds for one thread and for what comes of it, and Go has several by the time main runs. So the
// thread that has the domain replaces the process with a new run of the same program, whose threads are all in it.
func enterSandbox(o options) (bool, error) {
	if os.Getenv(sandboxedEnv) != "" {
		return os.Getenv(sandboxedEnv) == "1", nil
	}
	if err := os.WriteFile("/proc/self/oom_score_adj", []byte("800"), 0o600); err != nil {
		return false, fmt.Errorf("become the first to go when memory is short: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return false, fmt.Errorf("find program: %w", err)
	}
	state := "1"
	if err := restrict(o, self); errors.Is(err, errNoLandlock) {
		state = "0"
	} else if err != nil {
		return false, fmt.Errorf("enter sandbox: %w", err)
	}
	env := []string{sandboxedEnv + "=" + state, "TZ=UTC", "LC_ALL=C.UTF-8"} // nothing of the panel's environment
	return false, fmt.Errorf("run again in the sandbox: %w", syscall.Exec(self, os.Args, env))
}

// ruleNetPort is LANDLOCK_RULE_NET_PORT, which the package unix does not have yet.
const ruleNetPort = 2

var errNoLandlock = errors.New("this kernel has no Landlock")

const (
	readFiles  = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	writeFiles = readFiles | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR |
		unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG |
		unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_SYM | unix.LANDLOCK_ACCESS_FS_REFER
	allFiles = writeFiles | unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO |
		unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK
	ofFile = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_EXECUTE
)

// restrict puts the calling thread, which it locks, into a domain of the engine's own files. Connecting by TCP is
// forbidden altogether, and so are signals to other processes, as far as the kernel knows these limits.
func restrict(o options, self string) error {
	runtime.LockOSThread()
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 || abi < 3 { // version 3 knows truncation
		return errNoLandlock
	}
	// An older kernel takes the larger struct as long as what it does not know is zero.
	attr := unix.LandlockRulesetAttr{Handled_access_fs: allFiles}
	if abi >= 4 {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if abi >= 6 {
		attr.Scoped = unix.LANDLOCK_SCOPE_SIGNAL | unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
	}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return fmt.Errorf("make ruleset: %w", errno)
	}
	ruleset := int(fd)
	defer unix.Close(ruleset)
	if err := allowFiles(ruleset, o, self); err != nil {
		return err
	}
	if o.listen != "" && abi >= 4 {
		if err := allowBind(ruleset, o.listen); err != nil {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(ruleset), 0, 0); errno != 0 {
		return fmt.Errorf("restrict: %w", errno)
	}
	return nil
}

// allowFiles names what the engine needs: its data, the library, the system's libraries, and what it measures memory by.
func allowFiles(ruleset int, o options, self string) error {
	for _, rule := range []struct {
		path   string
		access uint64
		must   bool
	}{
		{o.dir, writeFiles, true},
		{filepath.Dir(o.socket), writeFiles, true},
		{o.library, readFiles, true},
		{self, readFiles | unix.LANDLOCK_ACCESS_FS_EXECUTE, true},
		{"/lib", readFiles | unix.LANDLOCK_ACCESS_FS_EXECUTE, false}, // the loader is executed
		{"/lib64", readFiles | unix.LANDLOCK_ACCESS_FS_EXECUTE, false},
		{"/usr/lib", readFiles | unix.LANDLOCK_ACCESS_FS_EXECUTE, false},
		{"/etc/ld.so.cache", readFiles, false},
		{"/etc/hosts", readFiles, false}, // a dictionary that reads a table finds "localhost" by them
		{"/etc/nsswitch.conf", readFiles, false},
		{"/etc/host.conf", readFiles, false},
		{"/etc/resolv.conf", readFiles, false},
		{"/etc/localtime", readFiles, false},
		{"/usr/share/zoneinfo", readFiles, false},
		{"/proc/self", readFiles, false},
		{"/proc/meminfo", readFiles, false},
		{"/proc/cpuinfo", readFiles, false},
		{"/proc/stat", readFiles, false},
		{"/proc/sys", readFiles, false},
		{"/sys/fs/cgroup", readFiles, false},
		{"/sys/devices/system/cpu", readFiles, false},
		{"/sys/kernel/mm", readFiles, false},
		{"/dev/null", readFiles | unix.LANDLOCK_ACCESS_FS_WRITE_FILE, false},
		{"/dev/urandom", readFiles, false},
	} {
		if err := allow(ruleset, rule.path, rule.access); err != nil && (rule.must || !errors.Is(err, os.ErrNotExist)) {
			return err
		}
	}
	return nil
}

func allow(ruleset int, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "allow", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return &os.PathError{Op: "allow", Path: path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		access &= ofFile
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0); errno != 0 {
		return &os.PathError{Op: "allow", Path: path, Err: errno}
	}
	return nil
}

// allowBind lets the process listen on the port of a TCP address.
func allowBind(ruleset int, address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("-listen: %w", err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fmt.Errorf("-listen: %w", err)
	}
	rule := struct{ access, port uint64 }{unix.LANDLOCK_ACCESS_NET_BIND_TCP, number}
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), ruleNetPort, uintptr(unsafe.Pointer(&rule)), 0, 0, 0); errno != 0 {
		return fmt.Errorf("allow port %d: %w", number, errno)
	}
	return nil
}
