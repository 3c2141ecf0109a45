package simulate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"

	"monitoring/agent/api"
)

// enrolCSR makes a key, unless one waits for its certificate, and asks the panel to sign it.
func (a *Agent) enrolCSR(w http.ResponseWriter, _ *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	csr, err := a.signingRequest()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, api.SigningRequest{CSR: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}))})
}

func (a *Agent) signingRequest() ([]byte, error) {
	if a.pending == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		if a.pending, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
			return nil, err
		}
	}
	key, err := x509.ParsePKCS8PrivateKey(a.pending)
	if err != nil {
		return nil, err
	}
	return x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{a.id + api.AgentSuffix}}, key)
}

// enrolAccept presents the signed certificate from the next handshake on.
func (a *Agent) enrolAccept(w http.ResponseWriter, r *http.Request) {
	var c api.Certificate
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	cert, err := tls.X509KeyPair([]byte(c.Certificate), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: a.pending}))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.cert = &cert
	answer(w, struct{}{})
}
