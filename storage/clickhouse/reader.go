package clickhouse

import (
	"net/http"
	"net/http/httputil"
	"strings"
)

// ServeSQL passes a request of ClickHouse's HTTP interface to the embedded engine, as the user that can only read. The
// path is that of the engine. What it returns has not been answered.
func (s *Store) ServeSQL(w http.ResponseWriter, r *http.Request) error {
	if s.embedded == nil {
		return &Unavailable{"visits are in the server of CLICKHOUSE_DSN: connect to that one, as a user of its own"}
	}
	if _, err := s.ready(); err != nil {
		return err
	}
	if s.o.Embedded.ReaderPassword == "" {
		return &Unavailable{"the embedded engine has no user for reading"}
	}
	var failed error
	proxy := &httputil.ReverseProxy{
		Transport: s.embedded.transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = "http", "engine", "engine"
			query := p.In.URL.Query()
			query.Del("user")
			query.Del("password")
			p.Out.URL.RawQuery = query.Encode()
			for name := range p.Out.Header { // who the caller is to us is nothing to the engine
				if name == "Authorization" || name == "Cookie" || strings.HasPrefix(name, "X-Clickhouse-User") || strings.HasPrefix(name, "X-Clickhouse-Key") {
					p.Out.Header.Del(name)
				}
			}
			p.Out.SetBasicAuth(readerUser, string(s.o.Embedded.ReaderPassword))
		},
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) { failed = err },
	}
	proxy.ServeHTTP(w, r)
	if failed != nil && r.Context().Err() == nil {
		s.o.Log.Error("pass on SQL", "err", failed)
		return &Unavailable{"the engine broke off; ask again in a second"}
	}
	return nil
}
