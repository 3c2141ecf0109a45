package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"monitoring/words"
)

// PathCerts is where the certificates of a node are.
const PathCerts = "/v1/certs"

// Sources of a certificate.
const (
	SourceAgent   = "agent"   // issued or uploaded here
	SourceCertbot = "certbot" // in /etc/letsencrypt, which we only read
)

// CertFiles are the parts of a certificate by their path on the node, "" if there is none.
type CertFiles struct {
	PEM       string `json:"pem"` // chain and key, as HAProxy reads it
	Key       string `json:"key"`
	Cert      string `json:"cert"`
	Fullchain string `json:"fullchain"`
	Chain     string `json:"chain"`
}

// Cert is one certificate.
type Cert struct {
	Domain         string          `json:"domain"`
	Names          []string        `json:"names"` // that it is good for
	Issuer         string          `json:"issuer"`
	Source         string          `json:"source"`      // agent or certbot
	ExpiryDate     time.Time       `json:"expiry_date"` //
	DaysLeft       int             `json:"days_left"`   // whole days; negative when it has expired
	Expired        bool            `json:"expired"`
	CombinedExists bool            `json:"combined_exists"`
	CertPath       string          `json:"cert_path"`
	UsedBy         []string        `json:"used_by"`   // rules of HAProxy
	Renewable      bool            `json:"renewable"` // issued by us through ACME
	Files          CertFiles       `json:"files"`
	Problem        string          `json:"problem,omitempty"`       // why it cannot be used
	ProblemWords   *words.Sentence `json:"problem_words,omitempty"` // Problem for a UI, which translates it
}

// Certs lists the certificates, the one that expires first at the top.
type Certs struct {
	Certificates []Cert `json:"certificates"`
	Count        int    `json:"count"`
}

// CertIssue asks for a certificate through ACME.
type CertIssue struct {
	Domain  string `json:"domain"`
	Email   string `json:"email,omitempty"`
	Method  string `json:"method"`            // standalone or webroot
	Webroot string `json:"webroot,omitempty"` // directory of a web server of the node, for webroot; default /var/www/html
}

// CertUpload brings a certificate, in PEM.
type CertUpload struct {
	Domain      string `json:"domain"`
	CertContent string `json:"cert_content"` // the certificate, then its chain
	KeyContent  string `json:"key_content"`
}

// CertChanged answers an issue, an upload or a renewal.
type CertChanged struct {
	Success        bool     `json:"success"`
	Message        string   `json:"message"`
	Domain         string   `json:"domain,omitempty"`
	RenewedDomains []string `json:"renewed_domains,omitempty"`
	OutputLog      string   `json:"output_log,omitempty"`
}

// CertRenewal is the renewal that the agent does by itself.
type CertRenewal struct {
	Enabled  bool       `json:"enabled"`
	Schedule string     `json:"schedule"` // local time of the node
	NextRun  *time.Time `json:"next_run"`
	LastRun  *time.Time `json:"last_run"`
	LastLog  string     `json:"last_log"`
}

// Certs lists the certificates of the node.
func (c *Client) Certs(ctx context.Context) (Certs, error) {
	return call[Certs](ctx, c, http.MethodGet, PathCerts, nil)
}

// IssueCert gets a certificate through ACME. It takes up to two minutes.
func (c *Client) IssueCert(ctx context.Context, i CertIssue) (CertChanged, error) {
	return call[CertChanged](ctx, c, http.MethodPost, PathCerts+"/issue", i)
}

// UploadCert stores a certificate.
func (c *Client) UploadCert(ctx context.Context, u CertUpload) (CertChanged, error) {
	return call[CertChanged](ctx, c, http.MethodPost, PathCerts+"/upload", u)
}

// RenewCerts renews what expires within a month, or one domain in any case.
func (c *Client) RenewCerts(ctx context.Context, domain string) (CertChanged, error) {
	if domain == "" {
		return call[CertChanged](ctx, c, http.MethodPost, PathCerts+"/renew", nil)
	}
	return call[CertChanged](ctx, c, http.MethodPost, PathCerts+"/domains/"+url.PathEscape(domain)+"/renew", nil)
}

// RemoveCert deletes a certificate of ours.
func (c *Client) RemoveCert(ctx context.Context, domain string) (Changed, error) {
	return call[Changed](ctx, c, http.MethodDelete, PathCerts+"/domains/"+url.PathEscape(domain), nil)
}

// CertRenewal asks for the state of the automatic renewal.
func (c *Client) CertRenewal(ctx context.Context) (CertRenewal, error) {
	return call[CertRenewal](ctx, c, http.MethodGet, PathCerts+"/renewal", nil)
}

// SetCertRenewal turns the automatic renewal on or off.
func (c *Client) SetCertRenewal(ctx context.Context, enabled bool) (CertRenewal, error) {
	action := "/renewal/disable"
	if enabled {
		action = "/renewal/enable"
	}
	return call[CertRenewal](ctx, c, http.MethodPost, PathCerts+action, nil)
}
