package api

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// SigningRequest answers PathEnrolCSR: a PKCS #10 request in PEM for a key that never leaves the agent.
type SigningRequest struct {
	CSR string `json:"csr"`
}

// Certificate is the body of PathEnrolAccept: the lasting certificate in PEM. CA, when set, replaces the trusted CA bundle.
type Certificate struct {
	Certificate string `json:"certificate"`
	CA          string `json:"ca,omitempty"`
}

// InstallToken is what an agent needs for its first contact: a CA to trust, its id, and a short-lived first certificate.
type InstallToken struct {
	AgentID     string `json:"id"`
	CA          string `json:"ca"`   // PEM
	Certificate string `json:"cert"` // PEM
	Key         string `json:"key"`  // PEM
}

const tokenPrefix = "mon1."

// Encode returns the token as one line of text.
func (t InstallToken) Encode() string {
	b, err := json.Marshal(t)
	if err != nil {
		panic(err) // four strings always marshal
	}
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b)
}

// ParseInstallToken reads what Encode wrote; white space around it is ignored.
func ParseInstallToken(text string) (InstallToken, error) {
	var t InstallToken
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), tokenPrefix)
	if !ok {
		return t, fmt.Errorf("install token: does not start with %q", tokenPrefix)
	}
	b, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil {
		return t, errors.New("install token: damaged, copy it again as a whole")
	}
	if err := json.Unmarshal(b, &t); err != nil || t.AgentID == "" || t.CA == "" || t.Certificate == "" || t.Key == "" {
		return t, errors.New("install token: incomplete, copy it again as a whole")
	}
	return t, nil
}
