package storage

// Mask is what a Secret prints and marshals as.
const Mask = "***"

// Secret is a string that must not reach a log line or a JSON body. Reveal returns the text itself.
type Secret string

func (s Secret) String() string               { return Mask }
func (s Secret) GoString() string             { return Mask }
func (s Secret) MarshalText() ([]byte, error) { return []byte(Mask), nil }

// Reveal returns the secret text; call it only where the text is used.
func (s Secret) Reveal() string { return string(s) }
