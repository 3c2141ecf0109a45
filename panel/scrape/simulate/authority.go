package simulate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"time"

	"monitoring/agent/api"
)

// Authority stands in for the panel where a test has none: it issues install tokens and makes the panel's clients.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
	own  tls.Certificate // the panel's client certificate
}

// NewAuthority makes an authority.
func NewAuthority() (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make CA key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "simulated CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make CA: %w", err)
	}
	a := &Authority{key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("parse CA: %w", err)
	}
	certPEM, keyPEM, err := a.issue(api.PanelName, x509.ExtKeyUsageClientAuth)
	if err != nil {
		return nil, err
	}
	if a.own, err = tls.X509KeyPair(certPEM, keyPEM); err != nil {
		return nil, fmt.Errorf("load client certificate: %w", err)
	}
	return a, nil
}

// Start starts an agent on a free loopback port, and returns the panel's client of it.
func (a *Authority) Start(agentID string) (*Agent, *api.Client, error) {
	token, err := a.Token(agentID)
	if err != nil {
		return nil, nil, err
	}
	listener, err := Listen()
	if err != nil {
		return nil, nil, err
	}
	agent, err := Start(listener, token)
	if err != nil {
		return nil, nil, err
	}
	return agent, a.Client(agentID, agent.URL()), nil
}

// Token makes an install token, for an agent that is started elsewhere.
func (a *Authority) Token(agentID string) (api.InstallToken, error) {
	cert, key, err := a.issue(agentID+api.AgentSuffix, x509.ExtKeyUsageServerAuth)
	return api.InstallToken{AgentID: agentID, CA: string(a.pem), Certificate: string(cert), Key: string(key)}, err
}

// Client returns the panel's client of one agent. It keeps its connection.
func (a *Authority) Client(agentID, url string) *api.Client {
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots, Certificates: []tls.Certificate{a.own},
			ServerName: agentID + api.AgentSuffix, NextProtos: []string{"http/1.1"}},
		MaxIdleConnsPerHost: 2, IdleConnTimeout: 4 * time.Minute,
	}
	return api.NewClient(url, &http.Client{Transport: transport})
}

func (a *Authority) issue(name string, usage x509.ExtKeyUsage) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, fmt.Errorf("make serial: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, DNSNames: []string{name}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("issue certificate: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("encode key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), nil
}
