package config

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"monitoring/durable"
)

// SecretsFile is the name of the file in the data directory that keeps the secrets which the panel made.
const SecretsFile = "secrets.env"

// LoadSecrets fills in the secrets that the environment left empty: from secrets.env in the data directory, or freshly
// made and written there. It reports whether it made any, which is so at the first start.
func (c *Config) LoadSecrets() (made bool, err error) {
	if err := os.MkdirAll(c.DataDir, 0o755); err != nil {
		return false, fmt.Errorf("make data directory: %w", err)
	}
	path := filepath.Join(c.DataDir, SecretsFile)
	kept, err := readSecrets(path)
	if err != nil {
		return false, err
	}
	for _, s := range []struct {
		name  string
		field *string
		fresh string
	}{
		{"PANEL_UID", &c.UID, strings.ToLower(rand.Text())},
		{"PANEL_PASSWORD", &c.Password, strings.ToLower(rand.Text())},
		{"JWT_SECRET", &c.JWTSecret, rand.Text() + rand.Text()},
		{"PANEL_CLICKHOUSE_PASSWORD", &c.ClickHousePassword, strings.ToLower(rand.Text())},
	} {
		if *s.field != "" {
			continue
		}
		if kept[s.name] == "" {
			kept[s.name] = s.fresh
			made = true
		}
		*s.field = kept[s.name]
	}
	if !made {
		return false, nil
	}
	return true, writeSecrets(path, kept)
}

func readSecrets(path string) (map[string]string, error) {
	kept := map[string]string{}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return kept, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read secrets: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read secrets: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s is readable by others (mode %o): chmod 600 it", path, info.Mode().Perm())
	}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("%s: %q is no NAME=value line", path, name)
		}
		kept[name] = value
	}
	return kept, lines.Err()
}

func writeSecrets(path string, kept map[string]string) error {
	var b strings.Builder
	b.WriteString("# Made by the panel at its first start. Whoever can read this can log in.\n")
	for _, name := range []string{"PANEL_UID", "PANEL_PASSWORD", "JWT_SECRET", "PANEL_CLICKHOUSE_PASSWORD"} {
		if kept[name] != "" {
			fmt.Fprintf(&b, "%s=%s\n", name, kept[name])
		}
	}
	if err := durable.WriteFile(path, []byte(b.String())); err != nil {
		return fmt.Errorf("write secrets: %w", err)
	}
	return nil
}
