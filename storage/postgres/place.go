package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	oldestMajor = 15
	// A unix socket's path has at most 107 bytes; the server appends "/.s.PGSQL.5432.lock".
	longestSocketDir = 107 - len("/.s.PGSQL.5432.lock")
	fallbackDir      = "/var/lib/monitoring-panel"
	clusterName      = "cluster"
	locationFile     = "location" // in the data directory: where its cluster is, if not here
)

// place is where and as whom a child runs.
type place struct {
	bin     string // directory of the binaries
	dir     string // private directory: cluster and socket
	cluster string
	socket  string
	user    *user.User // nil: as ourselves
}

// choosePlace finds binaries, user and directories. Postgres refuses to run as root, so a panel that is root lends it
// another user; where that user cannot reach the data directory, the cluster goes below /var/lib.
func choosePlace(opts ChildOptions) (place, error) {
	var p place
	dir, err := filepath.Abs(opts.DataDir)
	if err != nil {
		return p, fmt.Errorf("find data directory: %w", err)
	}
	if os.Geteuid() == 0 {
		if p.user, err = unprivilegedUser(filepath.Join(dir, clusterName)); err != nil {
			return p, err
		}
		fallback := opts.Fallback
		if fallback == "" {
			fallback = fallbackDir
		}
		if dir, err = reachable(dir, fallback, p.user, opts.Log); err != nil {
			return p, err
		}
	}
	p.dir, p.cluster, p.socket = dir, filepath.Join(dir, clusterName), filepath.Join(dir, "socket")
	if len(p.socket) > longestSocketDir || strings.Contains(p.socket, ",") { // clients take a comma for a list of hosts
		base := os.TempDir()
		if p.user != nil {
			base = "/run" // where nobody else can take the name
		}
		sum := sha256.Sum256([]byte(dir))
		p.socket = filepath.Join(base, "panel-postgres-"+hex.EncodeToString(sum[:6]))
	}
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is a constant, so it cannot be bad
	p.bin, err = findBinaries(p.cluster, append(dirs, filepath.SplitList(os.Getenv("PATH"))...))
	return p, err
}

// unprivilegedUser returns the owner of the cluster, or who shall own it.
func unprivilegedUser(cluster string) (*user.User, error) {
	if info, err := os.Stat(cluster); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 {
			u, err := user.LookupId(strconv.FormatUint(uint64(st.Uid), 10))
			if err != nil {
				return nil, fmt.Errorf("find owner of %s: %w", cluster, err)
			}
			return u, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			return u, nil
		}
	}
	return nil, errors.New("postgres must not run as root, and there is neither a user postgres nor nobody: add one, or set POSTGRES_DSN")
}

// reachable returns dir, or a directory below fallback if u cannot get to dir. Once chosen, the place stays: a cluster
// must not seem empty because a mode changed or the data directory was moved.
func reachable(dir, fallback string, u *user.User, log *slog.Logger) (string, error) {
	location := filepath.Join(dir, locationFile)
	if b, err := os.ReadFile(location); err == nil {
		elsewhere := strings.TrimSpace(string(b))
		if !filepath.IsAbs(elsewhere) {
			return "", fmt.Errorf("%s must hold an absolute path", location)
		}
		log.Info("postgres data lives elsewhere", "dir", elsewhere, "because", "so says "+location)
		return elsewhere, nil
	}
	blocked := unreachable(filepath.Dir(dir), u)
	if blocked == "" {
		return dir, nil
	}
	if _, err := os.Stat(filepath.Join(dir, clusterName)); err == nil {
		return "", fmt.Errorf("user %s cannot reach the cluster in %s: chmod o+x %s, or move the data where that user can get", u.Username, dir, blocked)
	}
	sum := sha256.Sum256([]byte(dir))
	elsewhere := filepath.Join(fallback, hex.EncodeToString(sum[:6]))
	log.Info("postgres data lives elsewhere", "dir", elsewhere, "because", u.Username+" cannot reach "+blocked)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make data directory: %w", err)
	}
	if err := os.WriteFile(location, []byte(elsewhere+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("record where postgres data lives: %w", err)
	}
	return elsewhere, nil
}

// unreachable returns the first directory on the way to path that u may not pass, "" when there is none.
func unreachable(path string, u *user.User) string {
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	parts := strings.Split(path, "/")
	for i := 1; i <= len(parts); i++ {
		dir := "/" + strings.Join(parts[1:i], "/")
		info, err := os.Stat(dir)
		if err != nil {
			return "" // not there yet: we shall make it, passable
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		mode := info.Mode().Perm()
		if ok && (int(st.Uid) == uid && mode&0o100 != 0 || int(st.Gid) == gid && mode&0o010 != 0) || mode&0o001 != 0 {
			continue
		}
		return dir
	}
	return ""
}

// findBinaries returns which of dirs has the newest binaries, or those that made the cluster.
func findBinaries(cluster string, dirs []string) (string, error) {
	found := map[int]string{}
	for _, dir := range dirs {
		if major := majorVersion(dir); major >= oldestMajor && found[major] == "" {
			found[major] = dir
		}
	}
	if b, err := os.ReadFile(filepath.Join(cluster, "PG_VERSION")); err == nil {
		made, _ := strconv.Atoi(strings.TrimSpace(string(b)))
		if dir := found[made]; dir != "" {
			return dir, nil
		}
		return "", fmt.Errorf("%s was made by PostgreSQL %d, whose programs are not here: apt-get install postgresql-%d, or set POSTGRES_DSN", cluster, made, made)
	}
	newest := 0
	for major := range found {
		newest = max(newest, major)
	}
	if newest == 0 {
		return "", errors.New("no PostgreSQL 15 or newer here: apt-get install postgresql (no cluster of its own is needed: " +
			"create_main_cluster = false in /etc/postgresql-common/createcluster.conf), or set POSTGRES_DSN")
	}
	return found[newest], nil
}

// majorVersion asks the postgres program in dir; 0 when there is none.
func majorVersion(dir string) int {
	program := filepath.Join(dir, "postgres")
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, "--version").Output() // "postgres (PostgreSQL) 15.18 (Debian ...)"
	fields := strings.Fields(string(out))
	if err != nil || len(fields) < 3 {
		return 0
	}
	number := fields[2] // 15.18, 16beta2
	if end := strings.IndexFunc(number, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		number = number[:end]
	}
	major, _ := strconv.Atoi(number) // 0 for what is no number
	return major
}

func (p place) credential() *syscall.Credential {
	if p.user == nil {
		return nil
	}
	uid, _ := strconv.ParseUint(p.user.Uid, 10, 32)
	gid, _ := strconv.ParseUint(p.user.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// makeDirs makes the private directories.
func (p place) makeDirs() error {
	parent := filepath.Dir(p.dir)
	if _, err := os.Stat(parent); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(parent, 0o755); err != nil {
			return fmt.Errorf("make postgres directory: %w", err)
		}
		if err := os.Chmod(parent, 0o755); err != nil { // whatever the umask: the server's user has to pass
			return fmt.Errorf("make postgres directory: %w", err)
		}
	}
	for _, dir := range []string{p.dir, p.socket} {
		if err := p.private(dir); err != nil {
			return err
		}
	}
	return nil
}

// makeCluster makes the cluster when there is none. It appears in one step: a crash leaves a whole one or none.
func (p place) makeCluster(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(p.cluster, "PG_VERSION")); err == nil {
		return nil
	}
	fresh := p.cluster + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("remove unfinished cluster: %w", err)
	}
	// The character type makes ILIKE ignore the case of Cyrillic letters; everything else stays byte by byte.
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, "initdb"), "-D", fresh, "-U", childUser, "--auth=trust", "-E", "UTF8", "--locale=C", "--lc-ctype=C.UTF-8", "--no-instructions")
	cmd.Dir = "/"
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.credential()}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make postgres cluster: %w: %s", err, bytes.TrimSpace(out))
	}
	if err := os.Rename(fresh, p.cluster); err != nil {
		return fmt.Errorf("make postgres cluster: %w", err)
	}
	return nil
}

// private makes a directory that only the server's user (and root) can enter. Whoever can reach the socket is trusted,
// so a directory that belongs to somebody else is refused.
func (p place) private(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make postgres directory: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("make postgres directory: %w", err)
	}
	owner := []uint32{uint32(os.Geteuid())}
	if c := p.credential(); c != nil {
		owner = append(owner, c.Uid)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || !slices.Contains(owner, st.Uid) {
		return fmt.Errorf("%s belongs to another user: run the panel as that user, or set POSTGRES_DSN", dir)
	}
	if c := p.credential(); c != nil {
		if err := os.Chown(dir, int(c.Uid), int(c.Gid)); err != nil {
			return fmt.Errorf("make postgres directory: %w", err)
		}
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("make postgres directory: %w", err)
	}
	return nil
}
