package control

// Certs is the certificates of the machine.
type Certs struct{}

// Combined is the file that HAProxy shows for a domain: chain and key.
func (c *Certs) Combined(domain string) (string, error) {
	return "", invalid("cert_domain", "%s has no certificate here", domain)
}
