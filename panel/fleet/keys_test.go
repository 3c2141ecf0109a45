package fleet

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
)

func requestBy(t testing.TB, key crypto.Signer, spoil func(der []byte)) string {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	spoil(der)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func asIs([]byte) {}

func rsaRequest(t testing.TB) string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return requestBy(t, key, asIs)
}

func p384Request(t testing.TB) string {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return requestBy(t, key, asIs)
}

// forgedRequest has a signature that does not fit: its last byte is another.
func forgedRequest(t testing.TB) string {
	return requestBy(t, newKey(t), func(der []byte) { der[len(der)-1] ^= 1 })
}

// breakState makes an agent unable to keep a pending key: a directory stands in its place.
func breakState(t testing.TB, a *agent) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(a.dir, "pending.pem", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
