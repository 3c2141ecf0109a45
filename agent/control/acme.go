package control

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"path"
	"strings"
	"time"

	"golang.org/x/crypto/acme"

	"monitoring/agent/api"
)

// LetsEncrypt is the directory that is asked by default.
const LetsEncrypt = acme.LetsEncryptURL

// How a certificate came about.
const (
	methodStandalone = "standalone" // we answer the challenge on port 80
	methodWebroot    = "webroot"    // a web server of the node does, from a directory
	methodUpload     = "upload"
)

const defaultWebroot = "/var/www/html"

// ACME says who issues certificates.
type ACME struct {
	Directory string // URL; default Let's Encrypt
	CA        []byte // PEM of a CA to trust besides the machine's, for a directory of one's own
	Listen    string // address of the challenge's answer; default ":80"
}

// Issue gets a certificate for a domain, which has to lead to this machine.
func (c *Certs) Issue(ctx context.Context, i api.CertIssue) (api.CertChanged, error) {
	if err := checkIssue(&i); err != nil {
		return api.CertChanged{}, err
	}
	if err := c.obtain(ctx, i.Domain, origin{Method: i.Method, Email: i.Email, Webroot: i.Webroot}); err != nil {
		return api.CertChanged{}, err
	}
	return api.CertChanged{Success: true, Message: "the certificate is issued", Domain: i.Domain}, c.show(ctx, i.Domain)
}

func checkIssue(i *api.CertIssue) error {
	switch {
	case !api.IsDomain(i.Domain) || !strings.Contains(i.Domain, ".") || net.ParseIP(i.Domain) != nil:
		return invalid("domain", "must be a domain, as in example.net")
	case i.Method != methodStandalone && i.Method != methodWebroot:
		return invalid("method", "must be standalone or webroot")
	case i.Email != "" && (len(i.Email) > 254 || strings.Count(i.Email, "@") != 1 || strings.ContainsAny(i.Email, " \r\n,<>")):
		return invalid("email", "must be an e-mail address")
	case i.Method == methodStandalone && i.Webroot != "":
		return invalid("webroot", "is for the method webroot")
	}
	if i.Method == methodWebroot && i.Webroot == "" {
		i.Webroot = defaultWebroot
	}
	if i.Method == methodWebroot && (!path.IsAbs(i.Webroot) || path.Clean(i.Webroot) != i.Webroot || i.Webroot == "/") {
		return invalid("webroot", "must be a directory, as in %s", defaultWebroot)
	}
	return nil
}

// obtain orders a certificate, proves that the domain leads here, and stores what comes.
func (c *Certs) obtain(ctx context.Context, domain string, o origin) error {
	chain, key, err := c.order(ctx, domain, o)
	var answered *acme.Error
	var unproven *acme.AuthorizationError
	switch {
	case errors.As(err, &unproven):
		return api.Fail(api.CodeRefused, "the issuer could not verify that %s leads to this node on port 80", domain).WithLog(unproven.Error())
	case errors.As(err, &answered):
		return api.Fail(api.CodeRefused, "the issuer refused the certificate of %s", domain).WithLog(answered.Error())
	case err != nil:
		return err
	}
	return c.store(domain, chain, key, o)
}

func (c *Certs) order(ctx context.Context, domain string, o origin) (chain, key []byte, err error) {
	client, err := c.client(ctx, o.Email)
	if err != nil {
		return nil, nil, err
	}
	order, err := client.AuthorizeOrder(ctx, acme.DomainIDs(domain))
	if err != nil {
		return nil, nil, fmt.Errorf("order certificate: %w", err)
	}
	for _, url := range order.AuthzURLs {
		if err := c.prove(ctx, client, url, o); err != nil {
			return nil, nil, err
		}
	}
	uri := order.URI
	if order, err = client.WaitOrder(ctx, uri); err != nil {
		return nil, nil, fmt.Errorf("wait for order: %w", err)
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{domain}}, private)
	if err != nil {
		return nil, nil, err
	}
	ders, err := finalize(ctx, client, uri, order.FinalizeURL, csr)
	if err != nil {
		return nil, nil, fmt.Errorf("get certificate: %w", err)
	}
	for _, der := range ders {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	key, err = encodeKey(private)
	return chain, key, err
}

// finalize sends the request and fetches the certificate. Some issuers answer the first without saying where the order is
// (RFC 8555 does not demand it), which CreateOrderCert cannot wait for: then we ask for the order, whose address we know.
func finalize(ctx context.Context, client *acme.Client, order, url string, csr []byte) ([][]byte, error) {
	ders, _, err := client.CreateOrderCert(ctx, url, csr, true)
	if err == nil {
		return ders, nil
	}
	o, waitErr := client.WaitOrder(ctx, order)
	if waitErr != nil || o.CertURL == "" {
		return nil, err
	}
	return client.FetchCert(ctx, o.CertURL, true)
}

// prove answers the http-01 challenge of one authorization.
func (c *Certs) prove(ctx context.Context, client *acme.Client, url string, o origin) error {
	authz, err := client.GetAuthorization(ctx, url)
	if err != nil {
		return fmt.Errorf("read authorization: %w", err)
	}
	if authz.Status == acme.StatusValid {
		return nil
	}
	for _, challenge := range authz.Challenges {
		if challenge.Type != "http-01" {
			continue
		}
		answer, err := client.HTTP01ChallengeResponse(challenge.Token)
		if err != nil {
			return err
		}
		stop, err := c.present(ctx, client.HTTP01ChallengePath(challenge.Token), answer, o)
		if err != nil {
			return err
		}
		defer stop()
		if _, err := client.Accept(ctx, challenge); err != nil {
			return fmt.Errorf("accept challenge: %w", err)
		}
		_, err = client.WaitAuthorization(ctx, authz.URI)
		return err
	}
	return fail(api.CodeRefused, "the issuer offers no http-01 challenge")
}

// present makes the answer of a challenge readable for the issuer, until stop.
func (c *Certs) present(ctx context.Context, urlPath, answer string, o origin) (stop func(), err error) {
	if o.Method == methodWebroot {
		file := path.Join(o.Webroot, urlPath)
		if _, err := c.host.Stat(o.Webroot); err != nil {
			return nil, invalid("webroot", "%s is not there", o.Webroot)
		}
		if err := c.host.MkdirAll(path.Dir(file), 0o755); err != nil {
			return nil, err
		}
		if err := c.host.WriteFile(file, []byte(answer), 0o644); err != nil {
			return nil, err
		}
		return func() {
			if err := c.host.Remove(file); err != nil {
				c.log.Warn("remove the answer of a challenge", "file", file, "err", err)
			}
		}, nil
	}
	giveBack, err := c.takePort(ctx)
	if err != nil {
		return nil, err
	}
	address := c.acme.Listen
	if address == "" {
		address = ":80"
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		giveBack()
		return nil, fail(api.CodeConflict, "port 80 is taken by another program: stop it, or use the method webroot (%v)", err)
	}
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet || r.URL.Path != urlPath {
				http.NotFound(w, r)
				return
			}
			_, _ = w.Write([]byte(answer)) // the issuer has gone; it will say so
		})}
	go func() { _ = server.Serve(ln) }() // ends with Close
	return func() {
		_ = server.Close()
		giveBack()
	}, nil
}

// client speaks to the directory with our account there, which it makes at first.
func (c *Certs) client(ctx context.Context, email string) (*acme.Client, error) {
	directory := c.acme.Directory
	if directory == "" {
		directory = LetsEncrypt
	}
	key, err := c.accountKey(directory)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if len(c.acme.CA) > 0 && !pool.AppendCertsFromPEM(c.acme.CA) {
		return nil, errors.New("read AGENT_ACME_CA_FILE: it holds no certificate in PEM")
	}
	client := &acme.Client{Key: key, DirectoryURL: directory, UserAgent: "monitoring-agent",
		HTTPClient: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: pool}}}}
	account := &acme.Account{}
	if email != "" {
		account.Contact = []string{"mailto:" + email}
	}
	if _, err := client.Register(ctx, account, acme.AcceptTOS); err != nil && !errors.Is(err, acme.ErrAccountAlreadyExists) {
		return nil, fmt.Errorf("register with the issuer: %w", err)
	}
	return client, nil
}

// accountKey is the key of our account with a directory.
func (c *Certs) accountKey(directory string) (crypto.Signer, error) {
	c.files.Lock()
	defer c.files.Unlock()
	file := path.Join(c.stateDir, "acme", hash([]byte(directory))[:16]+".pem")
	content, err := c.host.ReadFile(file)
	if err == nil {
		block, _ := pem.Decode(content)
		if block == nil {
			return nil, fmt.Errorf("read account key: %s is damaged; remove it", file)
		}
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read account key: %w", err)
		}
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, fmt.Errorf("read account key: %s is no key that signs", file)
		}
		return signer, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	text, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	if err := c.host.MkdirAll(path.Dir(file), 0o700); err != nil {
		return nil, err
	}
	return key, c.host.WriteFile(file, text, 0o600)
}

func encodeKey(key crypto.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
