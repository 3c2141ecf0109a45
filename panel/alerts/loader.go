package alerts

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	shipped "monitoring/rules"
	"monitoring/storage"
)

// Names of rule files: where they come from.
const (
	shippedPrefix = "shipped/"
	userPrefix    = "rules/" // as below the data directory
	settingsFile  = "alert-settings.yml"
)

const (
	maxRuleFile  = 1 << 20
	maxRuleFiles = 500
)

// BrokenFile is a rule file of the operator's that cannot be read. What it said before stays in force.
type BrokenFile struct {
	File   string `json:"file"`
	Line   int    `json:"line"` // 0 when the reason has no line
	Reason string `json:"reason"`
}

// loader gives rules.Manager its files, from memory: only those that can be read, so that one broken file does not stop
// the others.
type loader struct {
	dir    string
	parser parser.Parser

	mu     sync.Mutex
	good   map[string]*rulefmt.RuleGroups // by name
	broken []BrokenFile
	stamp  string // of the directory when it was last read
}

func newLoader(dir string) *loader {
	return &loader{dir: dir, parser: parser.NewParser(parser.Options{}), good: map[string]*rulefmt.RuleGroups{}}
}

// Load implements rules.GroupLoader.
func (l *loader) Load(name string, _ bool, _ model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	groups, ok := l.good[name]
	if !ok {
		return nil, []error{fmt.Errorf("there is no rule file %s", name)}
	}
	return groups, nil
}

// Parse implements rules.GroupLoader.
func (l *loader) Parse(query string) (parser.Expr, error) { return l.parser.ParseExpr(query) }

// read takes up all files anew and returns the names of those to evaluate.
func (l *loader) read(v storage.AlertSettings) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.good
	l.good, l.broken, l.stamp = map[string]*rulefmt.RuleGroups{}, nil, l.fingerprint()
	for name, data := range shipped.Files() {
		l.take(shippedPrefix+name, data, nil)
	}
	if v.Enabled {
		l.take(settingsFile, generate(v), nil)
	}
	files, err := l.list()
	if err != nil {
		l.broken = append(l.broken, BrokenFile{File: userPrefix, Reason: err.Error()})
		for name, groups := range before {
			if strings.HasPrefix(name, userPrefix) {
				l.good[name] = groups
			}
		}
	}
	for _, path := range files {
		name := userPrefix + filepath.Base(path)
		data, err := readRuleFile(path)
		if err != nil {
			l.spoil(name, nil, err, before[name])
			continue
		}
		l.take(name, data, before[name])
	}
	return slices.Sorted(maps.Keys(l.good))
}

// take parses a file; one that cannot be read is reported, and what it said before stays.
func (l *loader) take(name string, data []byte, before *rulefmt.RuleGroups) {
	groups, errs := rulefmt.Parse(data, false, model.UTF8Validation, l.parser, slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		l.spoil(name, data, errs[0], before)
		return
	}
	l.good[name] = groups
}

func (l *loader) spoil(name string, data []byte, err error, before *rulefmt.RuleGroups) {
	line, reason := place(data, err)
	l.broken = append(l.broken, BrokenFile{name, line, reason})
	if before != nil {
		l.good[name] = before
	}
}

// Where an error of rulefmt, or of the YAML parser below it, says what is wrong.
var (
	position  = regexp.MustCompile(`\A(\d+):\d+: (?:\d+:\d+: )?`)
	yamlLine  = regexp.MustCompile(`line (\d+): `)
	wrongRule = regexp.MustCompile(`rule \d+, "([^"]+)"`)
	wrongName = regexp.MustCompile(`groupname: "([^"]+)" is repeated`)
)

// place splits the position off an error; one without a position names a rule or a group, whose line is looked up.
func place(data []byte, err error) (line int, reason string) {
	reason = err.Error()
	if m := position.FindStringSubmatch(reason); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits
		if reason = strings.TrimPrefix(reason, m[0]); line > 0 {
			return line, reason
		}
	}
	if m := yamlLine.FindStringSubmatch(reason); m != nil {
		line, _ = strconv.Atoi(m[1])
		return line, reason
	}
	entry := ""
	if m := wrongRule.FindStringSubmatch(reason); m != nil {
		entry = `(?:alert|record):\s*["']?` + regexp.QuoteMeta(m[1])
	} else if m := wrongName.FindStringSubmatch(reason); m != nil {
		entry = `name:\s*["']?` + regexp.QuoteMeta(m[1])
	}
	if entry == "" {
		return 0, reason
	}
	found := regexp.MustCompile(`(?m)^[\s-]*`+entry+`["']?\s*$`).FindAllIndex(data, -1)
	if len(found) == 0 {
		return 0, reason
	}
	last := found[len(found)-1] // of two groups with one name the second is wrong
	return 1 + bytes.Count(data[:last[1]], []byte("\n")), reason
}

// list returns the operator's files, sorted. A directory that is not there holds none.
func (l *loader) list() ([]string, error) {
	entries, err := os.ReadDir(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("list rule files: %w", err)
	}
	var paths []string
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if e.IsDir() || ext != ".yml" && ext != ".yaml" || strings.HasSuffix(e.Name(), ".test"+ext) {
			continue
		}
		paths = append(paths, filepath.Join(l.dir, e.Name()))
	}
	if len(paths) > maxRuleFiles {
		return nil, fmt.Errorf("there are %d rule files, at most %d are read", len(paths), maxRuleFiles)
	}
	return paths, nil
}

func readRuleFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read rule file: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxRuleFile {
		return nil, fmt.Errorf("it is no plain file of at most %d bytes", maxRuleFile)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read rule file: %w", err)
	}
	return data, nil
}

// changed reports whether a file came, went or was written since read.
func (l *loader) changed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fingerprint() != l.stamp
}

func (l *loader) fingerprint() string {
	var b strings.Builder
	paths, err := l.list()
	fmt.Fprintln(&b, err)
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			fmt.Fprintln(&b, path, info.Size(), info.ModTime().Format(time.RFC3339Nano))
		} else {
			fmt.Fprintln(&b, path, err)
		}
	}
	return b.String()
}

// Broken lists the files that cannot be read.
func (l *loader) Broken() []BrokenFile {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]BrokenFile{}, l.broken...)
}

// Alerts returns the keys of all alerting rules.
func (l *loader) Alerts() map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]bool{}
	for file, groups := range l.good {
		for _, g := range groups.Groups {
			for _, r := range g.Rules {
				if r.Alert != "" {
					out[ruleKey(file, g.Name, r.Alert)] = true
				}
			}
		}
	}
	return out
}

// ruleKey names the rules of one name in one group.
func ruleKey(file, group, alert string) string { return file + ";" + group + ";" + alert }
