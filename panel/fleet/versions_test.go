package fleet

import (
	"strings"
	"testing"

	"monitoring/agent/api"
)

// TestWhatAStrangerSaysOfItselfIsCut: some megabytes of names must neither be kept nor take minutes to put together.
func TestWhatAStrangerSaysOfItselfIsCut(t *testing.T) {
	t.Parallel()
	v := api.Version{Version: strings.Repeat("9", 1<<20), Preset: strings.Repeat("\xff", 1<<20), Allow: map[string]string{}}
	for i := range 400_000 {
		name := strings.Repeat("x", 8) + string(rune('a'+i%26)) + string(rune(0x4e00+i%20000))
		v.Allow[name] = api.ReadWrite
		v.Capabilities = append(v.Capabilities, name)
	}
	a := newAbout(v)
	if len(a.version) > maxAbout || len(a.preset) > maxAbout || len(a.allow) > maxAbilities || len(a.can) > maxAbilities {
		t.Errorf("%d, %d, %d and %d bytes are kept", len(a.version), len(a.preset), len(a.allow), len(a.can))
	}
	if a.permits("x", true) || !a.permits("xxxxxxxxa一", true) || a.able("exec") {
		t.Errorf("what is kept is %.80q", a.allow)
	}
	a = newAbout(api.Version{Allow: map[string]string{"exec": api.ReadWrite, "certs": api.ReadOnly}, Capabilities: []string{"exec", "power"}})
	if !a.permits("exec", true) || !a.permits("certs", false) || a.permits("certs", true) || a.permits("power", false) || !a.able("exec") || !a.able("power") || a.able("cert") {
		t.Errorf("%+v", a)
	}
}
