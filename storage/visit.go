package storage

import (
	"net/netip"
	"time"
)

// Visit is how often one user reached one host from one address through one server within one hour.
type Visit struct {
	Hour     time.Time // the beginning of the hour
	ServerID int64
	UserID   uint32 // number of the user in Remnawave; 0 when the node's log does not tell
	Email    string // as the node's log names the user
	IP       netip.Addr
	Host     string
	Count    uint64
	First    time.Time // within the hour
	Last     time.Time
}

// Validate reports the first field that cannot be stored.
func (v Visit) Validate() error {
	end := v.Hour.Add(time.Hour)
	switch {
	case v.Hour.Unix()%3600 != 0 || v.Hour.Year() < 2000 || v.Hour.Year() > 2100:
		return Invalid("hour", "give the beginning of an hour between the years 2000 and 2100")
	case v.ServerID < 1 || v.ServerID > 1<<32-1:
		return Invalid("server_id", "give the id of a server")
	case !v.IP.IsValid():
		return Invalid("ip", "give an IPv4 or IPv6 address")
	case v.Host == "" || len(v.Host) > MaxVisitText:
		return Invalid("host", "give a host of at most 512 bytes")
	case len(v.Email) > MaxVisitText:
		return Invalid("email", "give at most 512 bytes")
	case v.Count == 0:
		return Invalid("count", "must be at least 1")
	case v.First.Before(v.Hour) || v.Last.Before(v.First) || !v.Last.Before(end):
		return Invalid("first_seen", "must not lie after last_seen, and both within the hour")
	}
	return nil
}

// MaxVisitText bounds the texts of a visit, in bytes.
const MaxVisitText = 512
