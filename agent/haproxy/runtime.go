package haproxy

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MasterSocket is where Debian's unit has the master process listen.
const MasterSocket = "/run/haproxy-master.sock"

const (
	socketTime   = 5 * time.Second // for one command and its answer
	maxAnswer    = 32 << 20        // bytes; ten thousand servers take five million
	maxProcesses = 1000
)

// Socket is a runtime socket. Dial makes a connection to it; each command takes one.
type Socket struct {
	Dial func() (net.Conn, error)
}

// Command sends one command and returns the answer.
func (s Socket) Command(text string) (string, error) {
	if strings.ContainsAny(text, "\n\r;") {
		return "", fmt.Errorf("send command: %q is more than one", text)
	}
	conn, err := s.Dial()
	if err != nil {
		return "", fmt.Errorf("connect to HAProxy: %w", err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(socketTime)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, text+"\nquit\n"); err != nil { // the master waits for more without a quit
		return "", fmt.Errorf("send command: %w", err)
	}
	answer, err := io.ReadAll(io.LimitReader(conn, maxAnswer+1))
	if err != nil {
		return "", fmt.Errorf("read answer: %w", err)
	}
	if len(answer) > maxAnswer {
		return "", errors.New("read answer: it is too long")
	}
	return string(answer), nil
}

// Stat is a line of `show stat`: a frontend, a backend, or a server.
type Stat struct {
	columns map[string]int
	values  []string
}

// Text is a column, "" if this version of HAProxy lacks it.
func (s Stat) Text(column string) string {
	if i, ok := s.columns[column]; ok && i < len(s.values) {
		return s.values[i]
	}
	return ""
}

// Int is a column of numbers; ok is false for an empty one.
func (s Stat) Int(column string) (n int64, ok bool) {
	n, err := strconv.ParseInt(s.Text(column), 10, 64)
	return n, err == nil
}

// Kinds of a Stat, as in the column "type".
const (
	KindFrontend = "0"
	KindBackend  = "1"
	KindServer   = "2"
)

// Stats reads the statistics of the running process.
func (s Socket) Stats() ([]Stat, error) {
	answer, err := s.Command("show stat")
	if err != nil {
		return nil, err
	}
	return parseStats(answer)
}

func parseStats(text string) ([]Stat, error) {
	body, ok := strings.CutPrefix(text, "# ")
	if !ok {
		return nil, fmt.Errorf("read statistics: %.60q is no table", text)
	}
	r := csv.NewReader(strings.NewReader(body))
	r.FieldsPerRecord = -1
	r.LazyQuotes = true // what a health check's peer said is in there
	records, err := r.ReadAll()
	if err != nil || len(records) == 0 {
		return nil, fmt.Errorf("read statistics: %w", errors.Join(err))
	}
	columns := map[string]int{}
	for i, name := range records[0] {
		columns[name] = i
	}
	stats := make([]Stat, 0, len(records)-1)
	for _, values := range records[1:] {
		stats = append(stats, Stat{columns, values})
	}
	return stats, nil
}

// Info reads what the running process says of itself.
func (s Socket) Info() (map[string]string, error) {
	answer, err := s.Command("show info")
	if err != nil {
		return nil, err
	}
	info := map[string]string{}
	for line := range strings.Lines(answer) {
		key, value, _ := strings.Cut(line, ":")
		info[key] = strings.TrimSpace(value)
	}
	return info, nil
}

// Processes is what the master process knows of its workers.
type Processes struct {
	Reloads, Failed int
	Workers         []int // the current ones
	Old             []int // of before a reload; they end with their last connection
}

// Processes asks the master; the socket must be its own.
func (s Socket) Processes() (Processes, error) {
	answer, err := s.Command("show proc")
	if err != nil {
		return Processes{}, err
	}
	return parseProcesses(answer)
}

// parseProcesses reads the table of `show proc`: columns PID, type, reloads, and for the master "[failed: n]".
func parseProcesses(text string) (p Processes, err error) {
	old, found := false, false
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "# ") {
			old = strings.Contains(line, "old workers")
		}
		words := strings.Fields(line)
		if len(words) < 3 {
			continue
		}
		pid, err := strconv.Atoi(words[0])
		if err != nil {
			continue
		}
		switch {
		case words[1] == "master":
			found = true
			p.Reloads, _ = strconv.Atoi(words[2]) // not a number in no version
			if len(words) > 4 && words[3] == "[failed:" {
				p.Failed, _ = strconv.Atoi(strings.TrimSuffix(words[4], "]"))
			}
		case words[1] != "worker", len(p.Old)+len(p.Workers) >= maxProcesses:
		case old:
			p.Old = append(p.Old, pid)
		default:
			p.Workers = append(p.Workers, pid)
		}
	}
	if !found {
		return p, fmt.Errorf("read processes: %.60q is no table", text)
	}
	return p, nil
}

// SetAddress changes the address of a server.
func (s Socket) SetAddress(backend, server string, ip netip.Addr, port int) error {
	return s.set(backend, server, fmt.Sprintf("addr %s port %d", ip, port), "changed", "no need to change")
}

// States of a server that an operator can choose.
var States = []string{"ready", "drain", "maint"}

// SetState makes a server take connections (ready), no new ones (drain) or none (maint).
func (s Socket) SetState(backend, server, state string) error {
	if !slices.Contains(States, state) {
		return fmt.Errorf("set state: %q is none", state)
	}
	return s.set(backend, server, "state "+state)
}

// SetWeight changes a server's share of the connections: 0 to 256.
func (s Socket) SetWeight(backend, server string, weight int) error {
	return s.set(backend, server, fmt.Sprintf("weight %d", weight))
}

// ErrNoServer says that the running process has no such server.
var ErrNoServer = errors.New("the running HAProxy has no such server")

// set sends one `set server`. HAProxy says nothing, or one of the given words, when it has done it.
func (s Socket) set(backend, server, what string, good ...string) error {
	if !IsName(backend) || !IsName(server) {
		return ErrNoServer
	}
	answer, err := s.Command("set server " + backend + "/" + server + " " + what)
	answer = strings.TrimSpace(answer)
	switch {
	case err != nil:
		return err
	case answer == "", slices.ContainsFunc(good, func(word string) bool { return strings.Contains(answer, word) }):
		return nil
	case strings.HasPrefix(answer, "No such"):
		return ErrNoServer
	}
	return fmt.Errorf("HAProxy says: %s", answer)
}

// IsName reports whether HAProxy would take s for the name of a section or a server.
func IsName(s string) bool {
	return s != "" && len(s) <= 256 && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.:", r)
	}) < 0
}

// SocketPath finds the runtime socket that a configuration opens, "" if none. One with level admin is taken first.
func SocketPath(config []byte) string {
	found := ""
	for words := range lines(bytes.TrimPrefix(config, []byte("\ufeff"))) {
		if len(words) < 3 || words[0] != "stats" || words[1] != "socket" {
			continue
		}
		path := strings.TrimPrefix(words[2], "unix@")
		if !strings.HasPrefix(path, "/") {
			continue
		}
		if i := slices.Index(words, "level"); i > 0 && i+1 < len(words) && words[i+1] == "admin" {
			return path
		}
		if found == "" {
			found = path
		}
	}
	return found
}
