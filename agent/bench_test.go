package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"monitoring/agent/api"
)

// scrapes is how often each program is asked in one run of BenchmarkScrape.
const scrapes = 200

// BenchmarkScrape compares the agent with Debian's node_exporter, both as their users run them: two processes, the same
// families, plain HTTP, packed (by zstd, as the panel asks; theirs has gzip only), scraped in turns in one run, so that
// whatever else the machine does meets both.
func BenchmarkScrape(b *testing.B) {
	ours := startAgent(b)
	page := ours.scrape(b, "")
	theirs := startNodeExporter(b, page)
	var ourPage, theirPage []byte
	for b.Loop() {
		ourStart, theirStart := ours.cpu(b), theirs.cpu(b)
		for range scrapes {
			ourPage, theirPage = ours.scrape(b, ""), theirs.scrape(b, "")
		}
		ourCPU := (ours.cpu(b) - ourStart).Seconds() * 1e3 / scrapes
		theirCPU := (theirs.cpu(b) - theirStart).Seconds() * 1e3 / scrapes
		b.ReportMetric(ourCPU, "agent-ms/scrape")
		b.ReportMetric(theirCPU, "node-ms/scrape")
		b.ReportMetric(ourCPU/theirCPU, "cpu-ratio")
	}
	ourRSS, theirRSS := ours.residentMB(b), theirs.residentMB(b)
	b.ReportMetric(ourRSS, "agent-MB")
	b.ReportMetric(theirRSS, "node-MB")
	b.ReportMetric(ourRSS/theirRSS, "rss-ratio")
	b.ReportMetric(float64(len(ourPage)), "agent-page-bytes")
	b.ReportMetric(float64(len(theirPage)), "node-page-bytes")
	b.ReportMetric(float64(series(ourPage)), "agent-series")
	b.ReportMetric(float64(series(theirPage)), "node-series")
	b.ReportMetric(0, "ns/op") // the loop's time is mostly the kernel's and the reader's
}

// BenchmarkSets tells what the two pages cost that the panel asks for.
func BenchmarkSets(b *testing.B) {
	for _, set := range []string{"host", "services"} {
		b.Run(set, func(b *testing.B) {
			agent := startAgent(b)
			page := agent.scrape(b, "?set="+set)
			start, n := agent.cpu(b), 0
			for b.Loop() {
				page = agent.scrape(b, "?set="+set)
				n++
			}
			b.ReportMetric((agent.cpu(b)-start).Seconds()*1e3/float64(n), "agent-ms/scrape")
			b.ReportMetric(float64(len(page)), "page-bytes")
			b.ReportMetric(float64(series(page)), "series")
		})
	}
}

// BenchmarkIdle measures what the one-second sampler costs while nobody asks: the aim is 0.1 % of a core.
func BenchmarkIdle(b *testing.B) {
	const length = time.Minute
	agent := startAgent(b)
	agent.scrape(b, "")
	for b.Loop() {
		start := agent.cpu(b)
		pause(b, length)
		b.ReportMetric((agent.cpu(b)-start).Seconds()/length.Seconds()*100, "percent-of-core")
	}
	b.ReportMetric(agent.residentMB(b), "agent-MB")
	b.ReportMetric(0, "ns/op")
}

// program is a child process that serves a metrics page.
type program struct {
	pid int
	url string
}

func startAgent(b *testing.B) program {
	b.Helper()
	dir := b.TempDir()
	binary := filepath.Join(dir, "agent")
	build := exec.CommandContext(b.Context(), "go", "build", "-ldflags=-s -w", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build agent: %v\n%s", err, out)
	}
	metrics := freeAddress(b)
	return start(b, metrics, []string{
		"AGENT_LISTEN=" + freeAddress(b), "AGENT_LOCAL_METRICS=" + metrics, "AGENT_STATE_DIR=" + filepath.Join(dir, "state"),
		"AGENT_TOKEN=" + installToken(b), "AGENT_LOG_LEVEL=warn",
	}, binary)
}

var collectorName = regexp.MustCompile(`(?m)^node_scrape_collector_success\{collector="(\w+)"\}`)

// startNodeExporter enables the collectors that the agent's page names, and the two whose families the agent exports
// itself. Those that this older version lacks stay out.
func startNodeExporter(b *testing.B, page []byte) program {
	b.Helper()
	const binary = "prometheus-node-exporter"
	help, err := exec.CommandContext(b.Context(), binary, "--help").CombinedOutput()
	if err != nil {
		b.Fatalf("%s (apt-get install %s): %v", binary, binary, err)
	}
	address := freeAddress(b)
	args := []string{"--web.listen-address=" + address, "--collector.disable-defaults", "--log.level=error", "--web.disable-exporter-metrics"}
	names := []string{"tcpstat", "processes"}
	for _, m := range collectorName.FindAllSubmatch(page, -1) {
		names = append(names, string(m[1]))
	}
	for _, name := range names {
		if flag := "--collector." + name; bytes.Contains(help, []byte(flag+" ")) {
			args = append(args, flag)
		}
	}
	return start(b, address, nil, binary, args...)
}

func start(b *testing.B, address string, env []string, name string, args ...string) program {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		b.Fatalf("start %s: %v", name, err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()                          // by that signal
	})
	p := program{pid: cmd.Process.Pid, url: "http://" + address + "/metrics"}
	for deadline := time.Now().Add(10 * time.Second); ; pause(b, 20*time.Millisecond) {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
			return p
		}
		if time.Now().After(deadline) {
			b.Fatalf("%s does not listen: %v", name, err)
		}
	}
}

// scrape returns the page as plain text.
func (p program) scrape(b *testing.B, query string) []byte {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, p.url+query, nil)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "zstd, gzip")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	var z io.Reader = resp.Body
	switch resp.Header.Get("Content-Encoding") {
	case "gzip":
		z, err = gzip.NewReader(resp.Body)
	case "zstd":
		z, err = zstd.NewReader(resp.Body, zstd.WithDecoderConcurrency(1))
	}
	if err != nil {
		b.Fatalf("scrape %s: status %d: %v", p.url, resp.StatusCode, err)
	}
	page, err := io.ReadAll(z)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatalf("scrape %s: status %d: %v", p.url, resp.StatusCode, err)
	}
	return page
}

// cpu is the processor time that the process has used, user and system, as far as the kernel's clock resolves it.
func (p program) cpu(b *testing.B) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	ticks := 0
	for _, f := range fields[11:13] { // utime and stime
		n, err := strconv.Atoi(f)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100
}

func (p program) residentMB(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				b.Fatal(err)
			}
			return kib / 1024
		}
	}
	b.Fatal("the process has no VmRSS")
	return 0
}

func series(page []byte) (n int) {
	for line := range bytes.Lines(page) {
		if line[0] != '#' {
			n++
		}
	}
	return n
}

// pause waits, unless the benchmark is stopped.
func pause(b *testing.B, d time.Duration) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), d)
	defer cancel()
	<-ctx.Done()
	if b.Context().Err() != nil {
		b.Fatal("stopped")
	}
}

func freeAddress(b *testing.B) string {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// installToken is what an agent needs to start: here from a CA that is forgotten at once.
func installToken(b *testing.B) string {
	b.Helper()
	ca := &x509.Certificate{
		Subject: pkix.Name{CommonName: "bench CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		Subject: pkix.Name{CommonName: "bench"}, DNSNames: []string{"bench" + api.AgentSuffix},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	caKey, caPEM := certify(b, ca, ca, nil)
	key, certPEM := certify(b, leaf, ca, caKey)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		b.Fatal(err)
	}
	return api.InstallToken{
		AgentID: "bench", CA: caPEM, Certificate: certPEM,
		Key: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}.Encode()
}

// certify makes a key and a certificate for it. Without a parent's key it signs itself.
func certify(b *testing.B, template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*ecdsa.PrivateKey, string) {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	if parentKey == nil {
		parentKey = key
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		b.Fatal(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
