package simulate

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"monitoring/agent/api"
)

func startAgent(t *testing.T) (*Authority, *Agent, *api.Client) {
	t.Helper()
	ca, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	agent, client, err := ca.Start("a1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(agent.Close)
	return ca, agent, client
}

func TestPageIsAnExposition(t *testing.T) {
	t.Parallel()
	_, _, client := startAgent(t)
	f := func(set string, least int) {
		t.Helper()
		page, err := client.Exposition(t.Context(), set, 10*time.Second, nil)
		if err != nil {
			t.Fatal(err)
		}
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(string(page)))
		if err != nil {
			t.Fatalf("set %q: %v", set, err)
		}
		n := 0
		for _, f := range families {
			n += len(f.Metric)
		}
		if n != Series(set) || n < least {
			t.Errorf("set %q has %d series, Series says %d, want at least %d", set, n, Series(set), least)
		}
	}
	f("host", 500)
	f("services", 3)
	f("", 503)
}

func TestDocumentAndVersion(t *testing.T) {
	t.Parallel()
	_, _, client := startAgent(t)
	doc, err := client.Metrics(t.Context())
	if err != nil || doc.ServerName != "sim-a1" || doc.Memory.RAM.Total != 8<<30 {
		t.Errorf("document of %q with %d bytes of RAM: %v", doc.ServerName, doc.Memory.RAM.Total, err)
	}
	v, err := client.Version(t.Context())
	if err != nil || v.AgentID != "a1" {
		t.Errorf("version of %q: %v", v.AgentID, err)
	}
}

func TestHangEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	_, agent, client := startAgent(t)
	for _, b := range []Behaviour{Hang, HangMidBody} {
		agent.Set(b)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if _, err := client.Exposition(ctx, "host", 0, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("behaviour %d: %v, want the caller's deadline", b, err)
		}
		cancel()
	}
	agent.Set(Normal)
	if _, err := client.Exposition(t.Context(), "host", 0, nil); err != nil {
		t.Errorf("after hanging: %v", err)
	}
}

func TestEnrolReplacesTheCertificate(t *testing.T) {
	t.Parallel()
	ca, agent, client := startAgent(t)
	first, _ := agent.certificate(nil)
	req, err := client.EnrolCSR(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(req.CSR))
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || csr.CheckSignature() != nil {
		t.Fatalf("signing request: %v", err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(77), DNSNames: csr.DNSNames, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, csr.PublicKey.(*ecdsa.PublicKey), ca.key)
	if err != nil {
		t.Fatal(err)
	}
	lasting := api.Certificate{Certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
	if err := client.EnrolAccept(t.Context(), lasting); err != nil {
		t.Fatal(err)
	}
	now, _ := agent.certificate(nil)
	if now == first || now.Leaf.SerialNumber.Int64() != 77 {
		t.Errorf("the agent shows serial %d, want the lasting certificate", now.Leaf.SerialNumber)
	}
	if _, err := ca.Client("a1", agent.URL()).Health(t.Context()); err != nil {
		t.Errorf("over a new connection: %v", err)
	}
	if err := client.EnrolAccept(t.Context(), api.Certificate{Certificate: "nonsense"}); err == nil {
		t.Error("the agent took a certificate that is none")
	}
}
