package fleet

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"time"

	"monitoring/agent/api"
	"monitoring/durable"
)

// Names and lifetimes. Agents check the panel's certificate with their own clock, which may be wrong, as ours may be: what
// they see begins with the CA.
const (
	caDir       = "ca"
	caCertFile  = "ca.crt"
	caKeyFile   = "ca.key"
	caLifetime  = 30 * 365 * 24 * time.Hour
	caBackdate  = 30 * 24 * time.Hour
	panelLife   = 7 * 24 * time.Hour
	agentBefore = time.Hour

	// lastingLife is long, since a revoked certificate is refused at once anyhow and a server may be switched off
	// for months. Renewal comes after two thirds.
	lastingLife = 365 * 24 * time.Hour
)

// authority is the fleet's CA. Whoever has its key is the panel to every agent.
type authority struct {
	cert    *x509.Certificate
	certPEM string
	key     *ecdsa.PrivateKey
	pool    *x509.CertPool
	now     func() time.Time

	mu    sync.Mutex
	panel *tls.Certificate // the panel's own, kept in memory only
	made  time.Time        // of it
}

// openAuthority loads the CA of dir, or makes one if there is none.
func openAuthority(dir string, now func() time.Time) (*authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make CA directory: %w", err)
	}
	certPath, keyPath := filepath.Join(dir, caCertFile), filepath.Join(dir, caKeyFile)
	key, err := readKey(keyPath)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(certPath); err == nil {
			return nil, fmt.Errorf("open CA: %s is there but %s is not; restore it from a backup, or remove both and join every server anew", certPath, keyPath)
		}
		key, err = makeKey(keyPath)
	}
	if err != nil {
		return nil, fmt.Errorf("open CA: %w", err)
	}
	certPEM, err := os.ReadFile(certPath)
	if errors.Is(err, fs.ErrNotExist) { // a certificate that got lost is made again: the key is what agents trust
		certPEM, err = makeCACertificate(certPath, key, now())
	}
	if err != nil {
		return nil, fmt.Errorf("open CA: %w", err)
	}
	cert, err := parseCertificate(certPEM)
	if err != nil {
		return nil, fmt.Errorf("open CA: %s: %w", certPath, err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("open CA: %s and %s do not belong together", certPath, keyPath)
	}
	a := &authority{cert: cert, certPEM: string(certPEM), key: key, pool: x509.NewCertPool(), now: now}
	a.pool.AddCert(cert)
	return a, nil
}

func readKey(path string) (*ecdsa.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others (mode %04o): run chmod 600 on it", path, info.Mode().Perm())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%s holds no key in PEM", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds no ECDSA key", path)
	}
	return ec, nil
}

func makeKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	text, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	return key, durable.WriteFile(path, []byte(text))
}

func makeCACertificate(path string, key *ecdsa.PrivateKey, now time.Time) ([]byte, error) {
	template := &x509.Certificate{
		SerialNumber:          newSerial(),
		Subject:               pkix.Name{CommonName: "Monitoring Panel CA"},
		NotBefore:             now.Add(-caBackdate),
		NotAfter:              now.Add(caLifetime),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make CA certificate: %w", err)
	}
	text := []byte(encodeCertificate(der))
	return text, durable.WriteFile(path, text)
}

// issueAgent signs a server certificate that names the agent and nothing else.
func (a *authority) issueAgent(agentID string, pub crypto.PublicKey, life time.Duration) (*x509.Certificate, error) {
	now := a.now()
	return a.issue(agentID+api.AgentSuffix, x509.ExtKeyUsageServerAuth, pub, now.Add(-agentBefore), now.Add(life))
}

// panelCertificate is what the panel shows to agents: for a client only, a week long, made anew after half of it.
func (a *authority) panelCertificate(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if a.panel != nil && now.Sub(a.made).Abs() < panelLife/2 {
		return a.panel, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	leaf, err := a.issue(api.PanelName, x509.ExtKeyUsageClientAuth, &key.PublicKey, a.cert.NotBefore, now.Add(panelLife))
	if err != nil {
		return nil, err
	}
	a.panel, a.made = &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}, now
	return a.panel, nil
}

func (a *authority) issue(name string, usage x509.ExtKeyUsage, pub crypto.PublicKey, from, until time.Time) (*x509.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber:          newSerial(),
		Subject:               pkix.Name{CommonName: name},
		DNSNames:              []string{name},
		NotBefore:             from,
		NotAfter:              until,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{usage},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, pub, a.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

func newSerial() *big.Int {
	b := make([]byte, 16)
	_, _ = rand.Read(b)     // never fails, says crypto/rand
	b[0] = b[0]&0x7f | 0x40 // positive and always 16 bytes
	return new(big.Int).SetBytes(b)
}

func encodeCertificate(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func encodeKey(key *ecdsa.PrivateKey) (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", fmt.Errorf("encode key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}

func parseCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no certificate in PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}
