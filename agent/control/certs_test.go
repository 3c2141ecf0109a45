package control

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"monitoring/agent/api"
	"monitoring/agent/control/controltest"
	"monitoring/agent/host"
)

const pebbleVersion = "@v2.10.1"

// selfSigned makes a certificate and its key, in PEM.
func selfSigned(t testing.TB, notAfter time.Time, names ...string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test issuer"}, DNSNames: names,
		NotBefore: notAfter.Add(-90 * 24 * time.Hour), NotAfter: notAfter, IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 77, 0, 2)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := encodeKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(text)
}

// bareCerts are those of a machine without HAProxy.
func bareCerts(t *testing.T) (*Certs, *host.Host) {
	t.Helper()
	h, _ := fakeCommands(t, nil)
	o := testOptions(t, h)
	return NewCerts(o, NewHAProxy(o)), h
}

// pebble is a real ACME server that believes every name to be 127.0.0.1 and asks a port of ours.
func pebble(t *testing.T) (ACME, string) {
	t.Helper()
	challenge := port(t)
	a := pebbleAt(t, pebblePlace{ip: "127.0.0.1", target: "127.0.0.1", challenge: challenge, dial: (&net.Dialer{}).DialContext,
		start: func(env []string, args ...string) { launch(t, env, args...) }})
	a.Listen = fmt.Sprintf("127.0.0.1:%d", challenge)
	return a, a.Listen
}

// pebblePlace is where an ACME server runs and whom it asks.
type pebblePlace struct {
	ip, target string // its own address, and the one of every name
	challenge  int    // port of the target
	dial       func(ctx context.Context, network, address string) (net.Conn, error)
	start      func(env []string, args ...string)
}

func pebbleAt(t *testing.T, p pebblePlace) ACME {
	t.Helper()
	dir := t.TempDir()
	cert, key := selfSigned(t, time.Now().Add(time.Hour), "localhost")
	dns, management, listen, manage := port(t), port(t), port(t), port(t)
	config := map[string]any{"pebble": map[string]any{
		"listenAddress": fmt.Sprintf("%s:%d", p.ip, listen), "managementListenAddress": fmt.Sprintf("%s:%d", p.ip, manage),
		"certificate": filepath.Join(dir, "cert.pem"), "privateKey": filepath.Join(dir, "key.pem"),
		"httpPort": p.challenge, "tlsPort": port(t), "retryAfter": map[string]int{"authz": 1, "order": 1},
	}}
	b, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"cert.pem": cert, "key.pem": key, "config.json": string(b)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const module = "github.com/letsencrypt/pebble/v2/cmd/"
	p.start(nil, controltest.Tool(t, module+"pebble-challtestsrv"+pebbleVersion), "-dnsserver", fmt.Sprintf("%s:%d", p.ip, dns), "-doh", "", "-http01", "",
		"-https01", "", "-tlsalpn01", "", "-management", fmt.Sprintf("%s:%d", p.ip, management), "-defaultIPv6", "", "-defaultIPv4", p.target)
	p.start([]string{"PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "PEBBLE_AUTHZREUSE=0"},
		controltest.Tool(t, module+"pebble"+pebbleVersion), "-config", filepath.Join(dir, "config.json"), "-dnsserver", fmt.Sprintf("%s:%d", p.ip, dns))
	url := fmt.Sprintf("https://%s:%d/dir", p.ip, listen)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(cert))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DialContext: p.dial}}
	controltest.Eventually(t, "Pebble answers", func() bool {
		resp, err := client.Get(url)
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return ACME{Directory: url, CA: []byte(cert)}
}

func launch(t *testing.T, env []string, args ...string) {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
}

func port(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

func failure(t *testing.T, err error, code, field string) *api.Failure {
	t.Helper()
	var f *api.Failure
	if !errors.As(err, &f) || f.Code != code || f.Field != field {
		t.Fatalf("%v, want %s %s", err, code, field)
	}
	return f
}

func TestIssueAndRenew(t *testing.T) {
	t.Parallel()
	server, address := pebble(t)
	c, h := bareCerts(t)
	c.acme = server
	got, err := c.Issue(t.Context(), api.CertIssue{Domain: "panel.test", Method: "standalone", Email: "a@b.test"})
	if err != nil || !got.Success || got.Domain != "panel.test" {
		t.Fatalf("%+v, %v", got, err)
	}
	list, err := c.List()
	if err != nil || list.Count != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	cert := list.Certificates[0]
	if cert.Domain != "panel.test" || cert.Source != api.SourceAgent || !cert.Renewable || !cert.CombinedExists || cert.Expired || cert.DaysLeft < 1 || cert.Problem != "" || cert.Names[0] != "panel.test" {
		t.Errorf("%+v", cert)
	}
	combined, err := h.ReadFile(cert.Files.PEM)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.X509KeyPair(combined, combined); err != nil {
		t.Errorf("combined.pem: %v", err)
	}
	for _, file := range []string{cert.Files.PEM, cert.Files.Key} {
		if info, err := h.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	if first, err := c.RenewOne(t.Context(), "panel.test"); err != nil || len(first.RenewedDomains) != 1 {
		t.Errorf("renewal: %+v, %v", first, err)
	}
	again, err := h.ReadFile(cert.Files.PEM)
	if err != nil || string(again) == string(combined) {
		t.Errorf("the renewal brought the same certificate, %v", err)
	}
	if none, err := c.Renew(t.Context()); err != nil || len(none.RenewedDomains) != 0 || !none.Success {
		t.Errorf("nothing is due: %+v, %v", none, err)
	}
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("the challenge's port is still open")
	}

	root := "/var/www/site"
	if err := h.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", address) // a web server of the node
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() { _ = http.Serve(ln, http.FileServer(http.Dir(filepath.Join(h.Root(), root)))) }()
	if _, err := c.Issue(t.Context(), api.CertIssue{Domain: "web.test", Method: "webroot", Webroot: root}); err != nil {
		t.Errorf("webroot: %v", explain(err))
	}
	if left, err := h.ReadDir(root + "/.well-known/acme-challenge"); err != nil || len(left) > 0 {
		t.Errorf("answers left behind: %v, %v", left, err)
	}
	_, err = c.Issue(t.Context(), api.CertIssue{Domain: "c.test", Method: "standalone"})
	failure(t, err, api.CodeConflict, "") // the port is the web server's
}

// The issuer asks and nobody answers: its word reaches the operator, and nothing is left behind.
func TestIssueThatFails(t *testing.T) {
	t.Parallel()
	server, _ := pebble(t)
	server.Listen = fmt.Sprintf("127.0.0.1:%d", port(t)) // not where the issuer asks
	c, h := bareCerts(t)
	c.acme = server
	_, err := c.Issue(t.Context(), api.CertIssue{Domain: "panel.test", Method: "standalone"})
	if f := failure(t, err, api.CodeRefused, ""); !strings.Contains(f.Log, "panel.test") {
		t.Errorf("log: %s", f.Log)
	}
	if _, err := h.Stat(c.dir("panel.test")); err == nil {
		t.Error("files of a certificate that was not issued")
	}
	f := func(i api.CertIssue, field string) {
		t.Helper()
		_, err := c.Issue(t.Context(), i)
		failure(t, err, api.CodeInvalid, field)
	}
	f(api.CertIssue{Domain: "localhost", Method: "standalone"}, "domain")
	f(api.CertIssue{Domain: "192.0.2.1", Method: "standalone"}, "domain")
	f(api.CertIssue{Domain: "../etc", Method: "standalone"}, "domain")
	f(api.CertIssue{Domain: "a.test", Method: "dns"}, "method")
	f(api.CertIssue{Domain: "a.test", Method: "standalone", Email: "a@b\r\nX: y"}, "email")
	f(api.CertIssue{Domain: "a.test", Method: "webroot", Webroot: "/var/../etc"}, "webroot")
	f(api.CertIssue{Domain: "a.test", Method: "webroot", Webroot: "relative"}, "webroot")
	f(api.CertIssue{Domain: "a.test", Method: "webroot", Webroot: "/not/there"}, "webroot")
}

func TestUpload(t *testing.T) {
	t.Parallel()
	c, h := bareCerts(t)
	soon := time.Now().Add(10 * 24 * time.Hour)
	cert, key := selfSigned(t, soon, "a.test", "*.b.test")
	_, otherKey := selfSigned(t, soon, "a.test")
	old, oldKey := selfSigned(t, time.Now().Add(-time.Hour), "a.test")
	f := func(domain, cert, key, field string) {
		t.Helper()
		_, err := c.Upload(t.Context(), api.CertUpload{Domain: domain, CertContent: cert, KeyContent: key})
		failure(t, err, api.CodeInvalid, field)
	}
	f("a/../b", cert, key, "domain")
	f("a.test", "nothing", key, "cert_content")
	f("a.test", key, key, "cert_content")
	f("a.test", cert, "nothing", "key_content")
	f("a.test", cert, otherKey, "key_content")
	f("c.test", cert, key, "domain")
	f("a.test", old, oldKey, "cert_content")
	if _, err := h.Stat(c.stateDir); err == nil {
		t.Error("a refused upload left files")
	}
	if _, err := c.Upload(t.Context(), api.CertUpload{Domain: "a.test", CertContent: strings.TrimSpace(cert), KeyContent: key}); err != nil {
		t.Fatal(err)
	}
	list, err := c.List()
	if err != nil || list.Count != 1 || list.Certificates[0].Renewable || list.Certificates[0].DaysLeft != 9 {
		t.Errorf("%+v, %v", list, err)
	}
	_, err = c.RenewOne(t.Context(), "a.test")
	failure(t, err, api.CodeConflict, "")
	file, err := c.Combined("a.test")
	if err != nil || file != "/var/lib/agent/certs/a.test/combined.pem" {
		t.Errorf("%s, %v", file, err)
	}
	_, err = c.Combined("b.test")
	failure(t, err, api.CodeInvalid, "cert_domain")
	want := fmt.Sprintf(`# HELP agent_certificate_not_after_timestamp_seconds When a certificate on this machine expires.
# TYPE agent_certificate_not_after_timestamp_seconds gauge
agent_certificate_not_after_timestamp_seconds{domain="a.test",source="agent"} %d
`, soon.Unix())
	if err := testutil.CollectAndCompare(measured{c}, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

// measured is a Measured as a collector.
type measured struct{ Measured }

func (m measured) Describe(chan<- *prometheus.Desc) {}
func (m measured) Collect(ch chan<- prometheus.Metric) {
	if err := m.Measured.Collect(ch); err != nil {
		panic(err)
	}
}

// A certificate that a rule shows stays; certbot's are read, followed and never written.
func TestUsedAndCertbot(t *testing.T) {
	t.Parallel()
	c, h := bareCerts(t)
	put := func(name, content string) {
		t.Helper()
		if err := h.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := h.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, key := selfSigned(t, time.Now().Add(40*24*time.Hour), "a.test")
	for _, dir := range []string{"a.test", "a.test-0001"} {
		put(certbotLive+"/"+dir+"/fullchain.pem", cert)
		put(certbotLive+"/"+dir+"/privkey.pem", key)
	}
	file, err := c.Combined("a.test")
	if err != nil || file != "/var/lib/agent/certbot/a.test/combined.pem" {
		t.Fatalf("%s, %v", file, err)
	}
	put(haproxyConfig, "frontend x\n  bind *:443 ssl crt "+file+"\n")
	list, err := c.List()
	if err != nil || list.Count != 2 || list.Certificates[0].Source != api.SourceCertbot || !list.Certificates[0].CombinedExists || list.Certificates[0].UsedBy[0] != "the configuration" {
		t.Errorf("%+v, %v", list, err)
	}
	_, err = c.Remove("a.test")
	failure(t, err, api.CodeConflict, "")
	_, err = c.RenewOne(t.Context(), "a.test")
	failure(t, err, api.CodeConflict, "")
	renewed, renewedKey := selfSigned(t, time.Now().Add(80*24*time.Hour), "a.test")
	put(certbotLive+"/a.test-0001/fullchain.pem", renewed) // certbot renews
	put(certbotLive+"/a.test-0001/privkey.pem", renewedKey)
	if err := c.follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b, err := h.ReadFile(file); err != nil || string(b) != renewed+renewedKey {
		t.Errorf("our copy did not follow: %v", err)
	}
	if entries, err := h.ReadDir(certbotLive + "/a.test-0001"); err != nil || len(entries) != 2 {
		t.Errorf("certbot's directory was written: %v, %v", entries, err)
	}

	if _, err := c.Upload(t.Context(), api.CertUpload{Domain: "a.test", CertContent: cert, KeyContent: key}); err != nil {
		t.Fatal(err)
	}
	put(haproxyConfig, "frontend x\n  bind *:443 ssl crt /var/lib/agent/certs/a.test/combined.pem\n")
	_, err = c.Remove("a.test")
	failure(t, err, api.CodeConflict, "")
	put(haproxyConfig, "global\n")
	if _, err := c.Remove("a.test"); err != nil {
		t.Error(err)
	}
	_, err = c.Remove("none.test")
	failure(t, err, api.CodeNotFound, "")
}

// Renewals at 03:00 of the machine's own time, once a day, and the one that was missed.
func TestRenewalTimes(t *testing.T) {
	t.Parallel()
	c, h := bareCerts(t)
	zone, err := os.ReadFile("../collector/testdata/machine/usr/share/zoneinfo/Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.MkdirAll("/etc", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := h.WriteFile("/etc/localtime", zone, 0o644); err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	f := func(after, want string) {
		t.Helper()
		if got := c.nextRun(at(after)); !got.Equal(at(want)) {
			t.Errorf("after %s: %s, want %s", after, got, want)
		}
	}
	f("2026-11-26T23:59:59Z", "2026-11-27T00:00:00Z") // Moscow is three hours ahead
	f("2026-11-27T00:00:00Z", "2026-11-28T00:00:00Z")
	f("2026-12-31T12:00:00Z", "2027-01-01T00:00:00Z")

	now := at("2026-11-26T12:00:00Z")
	c.now = func() time.Time { return now }
	started := now
	runs := func(want string) {
		t.Helper()
		if err := c.RunOnce(t.Context(), started); err != nil {
			t.Fatal(err)
		}
		got := ""
		if r := c.renewal(); r.LastRun != nil {
			got = r.LastRun.UTC().Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("at %s: last run %q, want %q", now, got, want)
		}
	}
	runs("")
	now = at("2026-11-27T00:00:30Z")
	runs("2026-11-27T00:00:30Z")
	now = at("2026-11-27T12:00:00Z")
	runs("2026-11-27T00:00:30Z")
	now, started = at("2026-12-05T09:00:00Z"), at("2026-12-05T09:00:00Z") // the agent was down for days
	runs("2026-12-05T09:00:00Z")
	if _, err := c.setRenewal(false); err != nil {
		t.Fatal(err)
	}
	now = at("2026-12-07T09:00:00Z")
	runs("2026-12-05T09:00:00Z")
	if r := c.renewal(); r.Enabled || r.NextRun != nil {
		t.Errorf("%+v", r)
	}
	if r, err := c.setRenewal(true); err != nil || !r.Enabled || r.NextRun == nil {
		t.Errorf("%+v, %v", r, err)
	}
}

// A domain that the owner has closed is left alone, also by what the agent does by itself.
func TestClosedDomainsAreLeftAlone(t *testing.T) {
	t.Parallel()
	h, ran := fakeCommands(t, nil)
	o := testOptions(t, h)
	o.Permits = func(string, bool) bool { return false }
	x := NewHAProxy(o)
	c := NewCerts(o, x)
	now := time.Date(2026, 11, 27, 1, 0, 0, 0, time.UTC)
	c.now = func() time.Time { return now }
	if err := c.RunOnce(t.Context(), now.Add(-48*time.Hour)); err != nil || c.renewal().LastRun != nil {
		t.Errorf("renewed: %+v, %v", c.renewal(), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := x.Run(ctx); err != nil || len(*ran) > 0 {
		t.Errorf("%v, ran %q", err, *ran)
	}
	if n := testutil.CollectAndCount(measured{x}) + testutil.CollectAndCount(measured{c}); n != 0 {
		t.Errorf("%d metrics", n)
	}
}

// Port 80 is HAProxy's: it is stopped for the challenge and started again, also by the agent after one that was killed.
func TestPortOfHAProxy(t *testing.T) {
	n := newNode(t)
	must[api.HAProxyChanged](t, n, "POST", "/rules", "", rule("web", 80, "127.0.0.1", 9001))
	n.Run(t, "systemctl", "start", "haproxy") // not enabled
	o := testOptions(t, n.Host)
	c := NewCerts(o, n.x)
	giveBack, err := c.takePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	running := func() bool {
		u, err := n.Host.Unit(context.Background(), haproxyUnit)
		if err != nil || u.Enabled {
			t.Fatalf("%+v, %v", u, err)
		}
		return u.Active
	}
	if running() {
		t.Error("HAProxy still holds the port")
	}
	giveBack()
	if !running() {
		t.Error("HAProxy was not started again")
	}
	if _, err := c.takePort(t.Context()); err != nil { // and the agent is killed
		t.Fatal(err)
	}
	next := NewCerts(o, n.x)
	if err := next.RunOnce(t.Context(), time.Now()); err != nil || !running() {
		t.Errorf("the next agent did not start it: %v", err)
	}
	if _, err := n.Host.Stat(c.borrowedFile()); err == nil {
		t.Error("the note is left behind")
	}
}

// An https rule shows the certificate; a new one is shown after the upload.
func TestHTTPSRule(t *testing.T) {
	n := newNode(t)
	c := NewCerts(testOptions(t, n.Host), n.x)
	cert, key := selfSigned(t, time.Now().Add(time.Hour*1000), "a.test")
	if _, err := c.Upload(t.Context(), api.CertUpload{Domain: "a.test", CertContent: cert, KeyContent: key}); err != nil {
		t.Fatal(err)
	}
	r := api.HAProxyRule{Name: "web", RuleType: "https", ListenPort: 8443, TargetIP: "127.0.0.1", TargetPort: 8404, CertDomain: "a.test"}
	must[api.Changed](t, n, "POST", "/start", "", nil)
	must[api.HAProxyChanged](t, n, "POST", "/rules", "", r)
	if got := must[api.HAProxyRule](t, n, "GET", "/rules/web", "", nil); got != r {
		t.Errorf("%+v", got)
	}
	shown := func() string {
		raw, err := n.Dial("tcp", "127.0.0.1:8443")
		if err != nil {
			return ""
		}
		defer raw.Close()
		conn := tls.Client(raw, &tls.Config{InsecureSkipVerify: true, ServerName: "a.test"})
		if err := conn.Handshake(); err != nil {
			return ""
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: conn.ConnectionState().PeerCertificates[0].Raw}))
	}
	controltest.Eventually(t, "the certificate is shown", func() bool { return shown() == cert })
	newer, newerKey := selfSigned(t, time.Now().Add(time.Hour*2000), "a.test")
	if _, err := c.Upload(t.Context(), api.CertUpload{Domain: "a.test", CertContent: newer, KeyContent: newerKey}); err != nil {
		t.Fatal(err)
	}
	controltest.Eventually(t, "the new certificate is shown", func() bool { return shown() == newer })
	_, err := c.Remove("a.test")
	if f := failure(t, err, api.CodeConflict, ""); !strings.Contains(f.Detail, "web") {
		t.Errorf("%+v", f)
	}
}

// What the rules of rules/ ask for is what the subsystems tell, without running a command.
func TestMetricsOfControl(t *testing.T) {
	t.Parallel()
	h, ran := fakeCommands(t, map[string]string{"systemctl show": "LoadState=loaded\nActiveState=inactive\nUnitFileState=enabled\nMainPID=0\n"})
	o := testOptions(t, h)
	x := NewHAProxy(o)
	c := NewCerts(o, x)
	for _, name := range []string{haproxyBinary, haproxyConfig} {
		if err := h.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := h.WriteFile(name, []byte("nonsense\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	until := time.Unix(1_800_000_000, 0)
	c.now = func() time.Time { return until.Add(-time.Hour) }
	cert, key := selfSigned(t, until, "a.test")
	if err := c.store("a.test", []byte(cert), []byte(key), origin{Method: methodUpload}); err != nil {
		t.Fatal(err)
	}
	if n := testutil.CollectAndCount(measured{x}); n != 0 {
		t.Errorf("%d metrics before anybody has looked", n)
	}
	if _, err := x.Status(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := len(*ran)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(measured{x})
	registry.MustRegister(measured{c})
	golden, err := os.Open("testdata/metrics.golden")
	if err != nil {
		t.Fatal(err)
	}
	defer golden.Close()
	if err := testutil.GatherAndCompare(registry, golden); err != nil {
		t.Error(err)
	}
	if len(*ran) != before {
		t.Errorf("collecting ran %q", (*ran)[before:])
	}
}

// A certificate that cannot be used says why, in words that can be translated.
func TestUnusableCertificate(t *testing.T) {
	t.Parallel()
	f := func(chain, want string) {
		t.Helper()
		c, h := bareCerts(t)
		dir := certbotLive + "/a.test"
		if err := h.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if chain != "" {
			if err := h.WriteFile(dir+"/fullchain.pem", []byte(chain), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		list, err := c.List()
		if err != nil || list.Count != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		if got := list.Certificates[0]; !strings.HasPrefix(got.Problem, want) || got.ProblemWords == nil || got.ProblemWords.English != got.Problem {
			t.Errorf("%q: %q, %+v; want %q", chain, got.Problem, got.ProblemWords, want)
		}
	}
	f("", "fullchain.pem cannot be read")
	f("hello\n", "there is no certificate in fullchain.pem")
	f("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n", "the certificate in fullchain.pem cannot be read: ")
}
