package storage

import (
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"monitoring/words"
)

// Limits of a server record.
const (
	MaxServerName   = 100
	MaxServerURL    = 500
	MaxFolderName   = 200
	MaxLastError    = 500
	DefaultNodePort = 9100
)

// Server is the panel's record of a monitored machine (a node).
type Server struct {
	ID         int64           `json:"id"`
	Name       string          `json:"name"`
	URL        string          `json:"url"` // https://host:port, no trailing slash
	Folder     *string         `json:"folder"`
	Position   int             `json:"position"`
	IsActive   bool            `json:"is_active"`
	AgentID    string          `json:"-"` // random; the SAN of the agent's certificate
	LastSeen   *time.Time      `json:"last_seen"`
	LastError  *string         `json:"last_error"` // set means offline
	ErrorWords *words.Sentence `json:"-" db:"-"`   // LastError for the UI, of a poll of this process
	ErrorCode  *int            `json:"error_code"`
	CreatedAt  time.Time       `json:"created_at"`
	UpdatedAt  time.Time       `json:"updated_at"`
}

// Folder groups servers on the dashboard. A folder may be empty.
type Folder struct {
	Name     string `json:"name"`
	Position int    `json:"position"`
}

// Validate reports the first field that cannot be stored.
func (s Server) Validate() error {
	if strings.TrimSpace(s.Name) == "" || len([]rune(s.Name)) > MaxServerName {
		return Invalid("name", "give a name of 1 to 100 characters")
	}
	if s.Folder != nil {
		if err := ValidateFolder("folder", *s.Folder); err != nil {
			return err
		}
	}
	_, err := NormalizeServerURL(s.URL)
	return err
}

// ValidateFolder checks a folder name that came in as field.
func ValidateFolder(field, name string) error {
	if strings.TrimSpace(name) == "" || len([]rune(name)) > MaxFolderName {
		return Invalid(field, "give a folder name of 1 to 200 characters")
	}
	return nil
}

// NormalizeServerURL turns what a person types (host, host:port or an https URL) into https://host:port.
func NormalizeServerURL(raw string) (string, error) {
	bad := Invalid("url", "give a host name or an address with an optional port, as in https://203.0.113.7:9100")
	raw = strings.TrimSpace(raw)
	if raw == "" || len(raw) > MaxServerURL {
		return "", bad
	}
	if !strings.Contains(raw, "://") {
		if ip := net.ParseIP(raw); ip != nil && ip.To4() == nil {
			raw = "[" + raw + "]"
		}
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return "", bad
	}
	if u.Scheme != "https" {
		return "", Invalid("url", "the agent speaks mutual TLS only: start the address with https://")
	}
	host, port := u.Hostname(), u.Port()
	if !validHost(host) {
		return "", bad
	}
	if port == "" {
		port = strconv.Itoa(DefaultNodePort)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", Invalid("url", "the port must be between 1 and 65535")
	}
	return "https://" + net.JoinHostPort(host, port), nil
}

func validHost(host string) bool {
	if net.ParseIP(host) != nil {
		return true
	}
	if len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			known := r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127
			if !known {
				return false
			}
		}
	}
	return true
}

// Instance returns host:port of the server's URL, the value of the "instance" label.
func (s Server) Instance() string { return strings.TrimPrefix(s.URL, "https://") }
