package collector

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"monitoring/agent/host"
)

// FileSystem is a mounted file system with its space.
type FileSystem struct {
	Device, Mountpoint, Type string
	host.Usage
}

var (
	ignoredMount      = regexp.MustCompile(ignoredMounts)
	ignoredFilesystem = regexp.MustCompile(ignoredFilesystems)
)

// FileSystems lists what an owner calls a disk: the same that node_exporter's filesystem collector exports, but each
// device once, at the mount point that is highest in the tree. One that does not answer is left out.
func (s *Set) FileSystems() ([]FileSystem, error) {
	// Process 1 sees the machine's mounts, the agent may be in a sandbox of its own. hidepid hides it.
	data, err := fs.ReadFile(s.host.FS(), "proc/1/mounts")
	if err != nil {
		data, err = fs.ReadFile(s.host.FS(), "proc/mounts")
	}
	if err != nil {
		return nil, fmt.Errorf("list mounts: %w", err)
	}
	mounts := parseMounts(data)
	list := mounts[:0]
	for _, m := range mounts {
		usage, err := s.host.Usage(m.Mountpoint)
		if errors.Is(err, host.ErrStuck) {
			s.log.Warn("list file systems", "err", err)
		}
		if err != nil || usage.Total == 0 {
			continue
		}
		m.Usage = usage
		list = append(list, m)
	}
	return list, nil
}

// parseMounts reads lines such as "/dev/sda1 / ext4 rw,relatime 0 0" (man 5 fstab) and sorts them by mount point.
func parseMounts(b []byte) []FileSystem {
	best := map[string]FileSystem{} // by device
	for len(b) > 0 {
		var line []byte
		line, b = cutLine(b)
		fields := bytes.Fields(line)
		if len(fields) < 3 {
			continue
		}
		m := FileSystem{Device: unescapeMount(fields[0]), Mountpoint: unescapeMount(fields[1]), Type: unescapeMount(fields[2])}
		if ignoredMount.MatchString(m.Mountpoint) || ignoredFilesystem.MatchString(m.Type) || !strings.HasPrefix(m.Mountpoint, "/") {
			continue
		}
		if other, ok := best[m.Device]; !ok || len(m.Mountpoint) < len(other.Mountpoint) {
			best[m.Device] = m
		}
	}
	list := make([]FileSystem, 0, len(best))
	for _, m := range best {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b FileSystem) int { return strings.Compare(a.Mountpoint, b.Mountpoint) })
	return list
}

// unescapeMount resolves the octal escapes of white space and backslash, as in "/mnt/my\040disk".
func unescapeMount(b []byte) string {
	if !bytes.ContainsRune(b, '\\') {
		return string(bytes.ToValidUTF8(b, []byte("?")))
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+3 < len(b) && isOctal(b[i+1], '3') && isOctal(b[i+2], '7') && isOctal(b[i+3], '7') {
			out = append(out, (b[i+1]-'0')<<6|(b[i+2]-'0')<<3|(b[i+3]-'0'))
			i += 3
			continue
		}
		out = append(out, b[i])
	}
	return string(bytes.ToValidUTF8(out, []byte("?")))
}

func isOctal(c, highest byte) bool { return c >= '0' && c <= highest }
