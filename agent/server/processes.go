package server

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/collector"
)

const (
	topProcesses = 10
	maxCommand   = 200 // characters of a command line
)

// statusWords are the words for the letters of /proc/PID/stat.
var statusWords = map[byte]string{
	'R': "running", 'S': "sleeping", 'D': "disk-sleep", 'T': "stopped", 't': "stopped", 'Z': "zombie", 'X': "zombie",
	'I': "idle", 'P': "idle",
}

// Processes is the whole process table. What only people want to see (users, command lines) is read here and not for
// the document, since it takes two more files of each process.
func (d *Document) Processes(ctx context.Context) (api.Processes, error) {
	memory, err := d.set.Memory()
	if err != nil {
		return api.Processes{}, err
	}
	table, err := d.set.Processes(ctx)
	if err != nil {
		return api.Processes{}, err
	}
	users := d.users()
	list := make([]api.Process, 0, len(table.Processes))
	buf := make([]byte, 0, 4<<10)
	for _, p := range table.Processes {
		row := process(p, memory.Total)
		row.MemoryBytes, row.Threads, row.Started = p.Resident, p.Threads, p.Started
		dir := "proc/" + strconv.Itoa(p.PID)
		if buf, err = d.host.ReadInto(dir+"/status", buf); err != nil {
			continue // it has ended since the table was read
		}
		row.User = users.name(userID(string(buf)))
		if buf, err = d.host.ReadInto(dir+"/cmdline", buf); err != nil {
			continue
		}
		row.Command = commandLine(string(buf), p.Name)
		list = append(list, row)
	}
	slices.SortStableFunc(list, byCPU)
	return api.Processes{CollectedAt: table.At.UTC().Truncate(time.Millisecond), Count: len(list), Processes: list}, nil
}

// processStats is the part of the document.
func (d *Document) processStats(ctx context.Context, memory uint64) (api.ProcessStats, error) {
	table, err := d.set.Processes(ctx)
	if err != nil {
		return api.ProcessStats{}, err
	}
	s := api.ProcessStats{Total: len(table.Processes)}
	list := make([]api.Process, 0, len(table.Processes))
	for _, p := range table.Processes {
		switch p.State {
		case 'R':
			s.Running++
		case 'S', 'D', 'I':
			s.Sleeping++
		}
		list = append(list, process(p, memory))
	}
	top := min(topProcesses, len(list))
	slices.SortStableFunc(list, byCPU)
	s.TopByCPU = slices.Clone(list[:top])
	slices.SortStableFunc(list, func(a, b api.Process) int { return cmp.Compare(b.MemoryPercent, a.MemoryPercent) })
	s.TopByMemory = slices.Clone(list[:top])
	return s, nil
}

func process(p collector.Process, memory uint64) api.Process {
	status, ok := statusWords[p.State]
	if !ok {
		status = "sleeping"
	}
	return api.Process{
		PID: p.PID, Name: p.Name, Status: status,
		CPUPercent: percent(p.CPU), MemoryPercent: share(p.Resident, memory),
	}
}

func byCPU(a, b api.Process) int { return cmp.Compare(b.CPUPercent, a.CPUPercent) }

// userNames maps numbers to the names of /etc/passwd.
type userNames map[string]string

func (d *Document) users() userNames {
	data, err := fs.ReadFile(d.host.FS(), "etc/passwd")
	if err != nil {
		d.log.Debug("read user names", "err", err)
	}
	users := userNames{}
	for line := range strings.Lines(string(data)) {
		fields := strings.Split(line, ":") // name:password:number:...
		if len(fields) > 2 && users[fields[2]] == "" {
			users[fields[2]] = fields[0]
		}
	}
	return users
}

// name is the number itself for a user of a container, or of a directory service.
func (u userNames) name(id string) string {
	if name, ok := u[id]; ok {
		return name
	}
	return id
}

// userID finds the effective user in /proc/PID/status: "Uid: real effective saved fs".
func userID(status string) string {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "Uid:"); ok {
			if fields := strings.Fields(rest); len(fields) > 1 {
				return fields[1]
			}
		}
	}
	return ""
}

// commandLine makes /proc/PID/cmdline readable. A kernel thread has none and is shown in brackets, as ps does.
func commandLine(raw, name string) string {
	arguments := strings.Split(strings.TrimRight(raw, "\x00"), "\x00")
	if len(arguments) == 1 && arguments[0] == "" {
		return fmt.Sprintf("[%s]", name)
	}
	maskSecrets(arguments)
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(strings.Join(arguments, " "), "?"))
	if runes := []rune(text); len(runes) > maxCommand {
		text = string(runes[:maxCommand-1]) + "…"
	}
	return text
}

const masked = "***"

// maskSecrets hides the arguments that look like a password. Every user of the machine can read them, but the panel's
// users are other people.
func maskSecrets(arguments []string) {
	hideNext := false
	for i, a := range arguments {
		name, _, hasValue := strings.Cut(a, "=")
		switch {
		case hideNext:
			arguments[i], hideNext = masked, false
		case i > 0 && isSecretName(name) && hasValue:
			arguments[i] = name + "=" + masked
		case i > 0 && isSecretName(name) && strings.HasPrefix(name, "-"):
			hideNext = true
		default:
			arguments[i] = maskUserInfo(a)
		}
	}
}

func isSecretName(name string) bool {
	name = strings.ToLower(name)
	if len(name) > 40 || strings.ContainsAny(name, " /") || strings.HasSuffix(name, "file") || strings.HasSuffix(name, "path") {
		return false // a sentence or a file is not the secret itself
	}
	for _, word := range []string{"password", "passwd", "secret", "token", "api-key", "api_key", "apikey"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// maskUserInfo hides the password in scheme://user:password@host.
func maskUserInfo(a string) string {
	scheme, rest, ok := strings.Cut(a, "://")
	if !ok {
		return a
	}
	authority, _, _ := strings.Cut(rest, "/")
	at := strings.LastIndexByte(authority, '@')
	if at < 0 {
		return a
	}
	user, _, hasPassword := strings.Cut(authority[:at], ":")
	if !hasPassword {
		return a
	}
	return scheme + "://" + user + ":" + masked + rest[at:]
}
