package storage

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestNormalizeServerURL(t *testing.T) {
	t.Parallel()
	ok := func(in, want string) {
		t.Helper()
		if got, err := NormalizeServerURL(in); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
	bad := func(in, words string) {
		t.Helper()
		got, err := NormalizeServerURL(in)
		var fe *FieldError
		if !errors.As(err, &fe) || fe.Field != "url" || !strings.Contains(fe.Detail, words) {
			t.Errorf("%q: %q, %v, want an error about %q", in, got, err, words)
		}
	}
	ok("203.0.113.7", "https://203.0.113.7:9100")
	ok(" 203.0.113.7:9200 ", "https://203.0.113.7:9200")
	ok("https://node.example.net/", "https://node.example.net:9100")
	ok("https://[2001:db8::1]:9100", "https://[2001:db8::1]:9100")
	ok("[2001:db8::1]:9300", "https://[2001:db8::1]:9300")
	ok("2001:db8::1", "https://[2001:db8::1]:9100")
	ok("xn--80ak6aa92e.example", "https://xn--80ak6aa92e.example:9100")
	ok("узел.example", "https://узел.example:9100")
	bad("", "host name")
	bad("http://203.0.113.7:9100", "https://")
	bad("ftp://203.0.113.7", "https://")
	bad("https://", "host name")
	bad("https://203.0.113.7:0", "port")
	bad("https://203.0.113.7:70000", "port")
	bad("https://user:pass@203.0.113.7", "host name")
	bad("https://203.0.113.7/metrics", "host name")
	bad("https://203.0.113.7?x=1", "host name")
	bad("two words", "host name")
	bad("-bad-.example", "host name")
	bad("https://a..b", "host name")
	bad(strings.Repeat("a", 600), "host name")
}

// What came out once goes in again unchanged, whatever a person typed.
func FuzzNormalizeServerURL(f *testing.F) {
	for _, seed := range []string{"203.0.113.7", "https://[::1]:9100/", "a.b:1", "[fe80::1%25eth0]", "https://x:99999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		once, err := NormalizeServerURL(in)
		if err != nil {
			return
		}
		twice, err := NormalizeServerURL(once)
		if err != nil || once != twice {
			t.Errorf("%q -> %q -> %q, %v", in, once, twice, err)
		}
		if strings.ContainsAny(once, " \n\t\"'<>") {
			t.Errorf("%q -> %q", in, once)
		}
	})
}

func TestServerValidate(t *testing.T) {
	t.Parallel()
	f := func(s Server, field string) {
		t.Helper()
		err := s.Validate()
		var fe *FieldError
		if field == "" && err != nil || field != "" && (!errors.As(err, &fe) || fe.Field != field) {
			t.Errorf("%+v: %v, want field %q", s, err, field)
		}
	}
	folder := func(s string) *string { return &s }
	url := "https://203.0.113.7:9100"
	f(Server{Name: "a", URL: url}, "")
	f(Server{Name: strings.Repeat("я", 100), URL: url, Folder: folder("Европа")}, "")
	f(Server{Name: " ", URL: url}, "name")
	f(Server{Name: strings.Repeat("я", 101), URL: url}, "name")
	f(Server{Name: "a", URL: url, Folder: folder("")}, "folder")
	f(Server{Name: "a", URL: url, Folder: folder(strings.Repeat("x", 201))}, "folder")
	f(Server{Name: "a", URL: "nonsense here"}, "url")
}

func TestSecretNeverShows(t *testing.T) {
	t.Parallel()
	s := Secret("hunter2")
	body, err := json.Marshal(struct {
		S  Secret
		In map[string]Secret
	}{s, map[string]Secret{"k": s}})
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{string(body), fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s, s), fmt.Sprintf("%v", struct{ S Secret }{s})} {
		if strings.Contains(out, "hunter2") || !strings.Contains(out, Mask) {
			t.Errorf("leaked or unmasked: %s", out)
		}
	}
	if s.Reveal() != "hunter2" {
		t.Error("Reveal lost the text")
	}
}
