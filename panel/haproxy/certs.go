package haproxy

import (
	"context"
	"net/http"
	"slices"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/storage"
)

const (
	issueTimeout  = 150 * time.Second // the agent's own two minutes and some
	renewTimeout  = 5 * time.Minute   // of all certificates
	uploadTimeout = time.Minute
)

var (
	certsToLook   = fleet.Need{Capability: "certs", Domain: api.DomainCerts}
	certsToChange = fleet.Need{Capability: "certs", Domain: api.DomainCerts, Write: true}
)

// CertRoutes are mounted at /api/proxy/{id}/haproxy/certs.
func (s *Service) CertRoutes(r rest.Router) {
	r.Get("/all", certLook(s, func(ctx context.Context, c *api.Client, _ *http.Request) (api.Certs, error) { return c.Certs(ctx) }))
	r.Get("/", certLook(s, certNames))
	r.Get("/{domain}", certLook(s, oneCert))
	r.Delete("/{domain}", s.removeCert)
	r.Post("/generate", s.issueCert)
	r.Post("/upload", s.uploadCert)
	r.Post("/renew", s.renewCerts)
	r.Post("/{domain}/renew", s.renewCerts)
	r.Get("/cron/status", certLook(s, func(ctx context.Context, c *api.Client, _ *http.Request) (api.CertRenewal, error) {
		return c.CertRenewal(ctx)
	}))
	r.Post("/cron/enable", s.setRenewal(true))
	r.Post("/cron/disable", s.setRenewal(false))
}

func certLook[T any](s *Service, ask question[T]) rest.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return pass(s, w, r, certsToLook, lookTimeout, ask)
	}
}

// CertNamesResponse lists the domains that have a certificate.
type CertNamesResponse struct {
	Certificates []string `json:"certificates"`
	Count        int      `json:"count"`
}

func certNames(ctx context.Context, c *api.Client, _ *http.Request) (CertNamesResponse, error) {
	list, err := c.Certs(ctx)
	out := CertNamesResponse{Certificates: []string{}}
	for _, cert := range list.Certificates {
		out.Certificates = append(out.Certificates, cert.Domain)
	}
	slices.Sort(out.Certificates)
	out.Certificates = slices.Compact(out.Certificates)
	out.Count = len(out.Certificates)
	return out, err
}

// oneCert finds a domain's certificate; ours comes before certbot's.
func oneCert(ctx context.Context, c *api.Client, r *http.Request) (api.Cert, error) {
	list, err := c.Certs(ctx)
	if err != nil {
		return api.Cert{}, err
	}
	found := -1
	for i, cert := range list.Certificates {
		if cert.Domain == rest.Param(r, "domain") && (found < 0 || cert.Source == api.SourceAgent) {
			found = i
		}
	}
	if found < 0 {
		return api.Cert{}, &api.StatusError{Code: http.StatusNotFound, Failure: api.Failure{Code: api.CodeNotFound, Detail: "this node has no certificate of that domain"}}
	}
	return list.Certificates[found], nil
}

// IssueCertRequest is the body of POST /generate.
type IssueCertRequest struct{ api.CertIssue }

// Validate implements rest.Validator; the agent looks closer.
func (r IssueCertRequest) Validate() error {
	if !api.IsDomain(r.Domain) {
		return storage.Invalid("domain", "domain must be a domain, as in example.net")
	}
	return nil
}

// UploadCertRequest is the body of POST /upload.
type UploadCertRequest struct{ api.CertUpload }

// Validate implements rest.Validator; the agent looks closer.
func (r UploadCertRequest) Validate() error {
	if !api.IsDomain(r.Domain) {
		return storage.Invalid("domain", "domain must be a domain, as in example.net")
	}
	return nil
}

func (s *Service) issueCert(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[IssueCertRequest](r)
	if err != nil {
		return err
	}
	rest.Note(r.Context(), req.Domain, "issue by "+req.Method)
	return change(s, w, r, certsToChange, issueTimeout, func(ctx context.Context, c *api.Client, _ *http.Request) (api.CertChanged, error) {
		return c.IssueCert(ctx, req.CertIssue)
	})
}

func (s *Service) uploadCert(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[UploadCertRequest](r)
	if err != nil {
		return err
	}
	rest.Note(r.Context(), req.Domain, "upload") // and nothing of the key
	return change(s, w, r, certsToChange, uploadTimeout, func(ctx context.Context, c *api.Client, _ *http.Request) (api.CertChanged, error) {
		return c.UploadCert(ctx, req.CertUpload)
	})
}

// renewCerts renews what is due, or the domain that the path names.
func (s *Service) renewCerts(w http.ResponseWriter, r *http.Request) error {
	return change(s, w, r, certsToChange, renewTimeout, func(ctx context.Context, c *api.Client, r *http.Request) (api.CertChanged, error) {
		return c.RenewCerts(ctx, rest.Param(r, "domain"))
	})
}

func (s *Service) removeCert(w http.ResponseWriter, r *http.Request) error {
	return change(s, w, r, certsToChange, lookTimeout, func(ctx context.Context, c *api.Client, r *http.Request) (api.Changed, error) {
		return c.RemoveCert(ctx, rest.Param(r, "domain"))
	})
}

func (s *Service) setRenewal(enabled bool) rest.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return change(s, w, r, certsToChange, lookTimeout, func(ctx context.Context, c *api.Client, _ *http.Request) (api.CertRenewal, error) {
			return c.SetCertRenewal(ctx, enabled)
		})
	}
}
