package haproxy

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"monitoring/agent/api"
)

const certificate = "/var/lib/agent/certs/example.net/combined.pem"

func tcp(name string, port int, target string) api.HAProxyRule {
	return api.HAProxyRule{Name: name, RuleType: "tcp", ListenPort: port, TargetIP: target, TargetPort: 443}
}

func https(name string, port int, target string) api.HAProxyRule {
	return api.HAProxyRule{Name: name, RuleType: "https", ListenPort: port, TargetIP: target, TargetPort: 8443, CertDomain: "example.net"}
}

func parse(t testing.TB, text string) *File {
	t.Helper()
	f, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return f
}

func TestRender(t *testing.T) {
	t.Parallel()
	f := func(r api.HAProxyRule, want string) {
		t.Helper()
		front, back := render(r, certificate, "\n")
		if front+back != want {
			t.Errorf("%+v:\n%s\nwant\n%s", r, front+back, want)
		}
	}
	f(api.HAProxyRule{Name: "vless", RuleType: "tcp", ListenPort: 443, TargetIP: "192.0.2.1", TargetPort: 8443, SendProxy: true}, `frontend tcp_vless
    mode tcp
    bind *:443
    default_backend backend_tcp_vless

backend backend_tcp_vless
    mode tcp
    option tcp-check
    server srv1 192.0.2.1:8443 send-proxy check inter 5s fall 3 rise 2

`)
	f(api.HAProxyRule{Name: "web", RuleType: "https", ListenPort: 8443, TargetIP: "up.example.org", TargetPort: 80, CertDomain: "example.net", TargetSSL: true}, `frontend https_web
    mode http
    bind *:8443 ssl crt /var/lib/agent/certs/example.net/combined.pem
    default_backend backend_https_web

backend backend_https_web
    mode http
    http-request set-header Host up.example.org
    http-request set-header X-Forwarded-Proto https
    http-request set-header X-Forwarded-For %[src]
    server srv1 up.example.org:80 ssl verify none sni str(up.example.org) check inter 5s fall 3 rise 2

`)
	f(tcp("six", 53, "2001:db8::1"), `frontend tcp_six
    mode tcp
    bind *:53
    default_backend backend_tcp_six

backend backend_tcp_six
    mode tcp
    option tcp-check
    server srv1 [2001:db8::1]:443 check inter 5s fall 3 rise 2

`)
}

// Markers in doubt: the file is refused, and the reason names the line.
func TestMarkersInDoubt(t *testing.T) {
	t.Parallel()
	s, e := StartMarker+"\n", EndMarker+"\n"
	f := func(text, want string) {
		t.Helper()
		_, err := Parse([]byte(text))
		var marker *MarkerError
		if !errors.As(err, &marker) || !strings.Contains(err.Error(), want) || marker.Reason.Code == "" || !marker.Words().Sane() {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	f(s, "end marker is missing")
	f("global\n"+s+"frontend x\n", "end marker is missing")
	f(e, "line 1: the end marker")
	f(e+s, "line 1: the end marker")
	f(s+e+e, "line 3: the end marker")
	f(s+s+e, "line 2: the start marker")
	f(s+e+s+e, "line 3: the start marker")
	f(s+"# "+s+e, "line 2: a marker stands there with something beside it")
	f("## see "+StartMarker+" below\n"+s+e, "line 1: a marker")
	f("bind *:80 "+EndMarker+"\n", "line 1: a marker")
	f(StartMarker+EndMarker, "line 1: a marker")
	f("x\n"+StartMarker, "line 2: the file ends")
}

func TestUnusualFilesAreKept(t *testing.T) {
	t.Parallel()
	f := func(text string, rules int) {
		t.Helper()
		file := parse(t, text)
		if got := file.Bytes(); string(got) != text {
			t.Errorf("%q became %q", text, got)
		}
		if got := len(file.Rules()); got != rules {
			t.Errorf("%q: %d rules, want %d", text, got, rules)
		}
	}
	front, back := render(tcp("a", 1, "192.0.2.1"), "", "\n")
	s, e := StartMarker+"\n", EndMarker
	f("", 0)
	f("global", 0)
	f("\xff\xfe\x00\r\r\n\n", 0)
	f(front+back, 0) // outside the markers
	f(s+front+back+e, 1)
	f("  "+StartMarker+" \t\n"+front+back+"\t"+e+"\nmore", 1)
	f(strings.ReplaceAll(s+front+back+e+"\n", "\n", "\r\n"), 1)
	f(s+back+front+e, 1)
	f(s+"# mine\n\n\n"+front+"# yours\n"+back+"\n\n# end\n"+e, 1)
	f(s+strings.TrimRight(front+back, "\n")+"\n"+e, 1) // without the blank line
	f(s+front+e, 0)
	f(s+back+e, 0)
	f(s+front+front+back+e, 0)
	f(s+front+back+back+e, 0)
	f(s+strings.Replace(front, "bind *:1", "bind *:1\n    bind *:2", 1)+back+e, 0)
	f(s+strings.Replace(front, "bind *:1", "bind 127.0.0.1:1", 1)+back+e, 0)
	f(s+front+strings.Replace(back, "srv1", "srv2", 1)+e, 0)
	f(s+front+strings.Replace(back, ":443", ":99999", 1)+e, 0)
	f(s+"listen tcp_a\n bind *:1\n"+e, 0)
}

func TestAddRemoveChange(t *testing.T) {
	t.Parallel()
	base := "global\n    maxconn 100\n\nfrontend mine\n    bind 127.0.0.1:8404,:8405\n    mode http"
	file := parse(t, base)
	f := func(err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	f(file.Add(tcp("a", 443, "192.0.2.1"), ""), nil)
	f(file.Add(https("b", 8443, "192.0.2.2"), certificate), nil)
	f(file.Add(tcp("a", 443, "192.0.2.1"), ""), nil) // once more
	f(file.Add(tcp("a", 444, "192.0.2.1"), ""), ErrExists)
	f(file.Add(https("a", 444, "192.0.2.1"), ""), ErrExists)
	f(file.Remove("c"), ErrNoRule)
	f(file.Change(tcp("c", 1, "192.0.2.1"), ""), ErrNoRule)
	for _, port := range []int{443, 8404, 8405} {
		var taken *PortError
		if err := file.Add(tcp("c", port, "192.0.2.1"), ""); !errors.As(err, &taken) || taken.Port != port {
			t.Errorf("port %d: %v", port, err)
		}
	}
	file = parse(t, string(file.Bytes()))
	if got, want := file.Rules(), []api.HAProxyRule{tcp("a", 443, "192.0.2.1"), https("b", 8443, "192.0.2.2")}; !slices.Equal(got, want) {
		t.Errorf("rules %+v, want %+v", got, want)
	}
	if file.Foreign() != 1 {
		t.Errorf("%d frontends of somebody else's", file.Foreign())
	}
	changed := tcp("a", 4443, "192.0.2.9")
	f(file.Change(changed, ""), nil)
	f(file.Change(https("a", 8443, "192.0.2.9"), certificate), &PortError{}) // it is b's
	f(file.Remove("b"), nil)
	if got := file.Rules(); !slices.Equal(got, []api.HAProxyRule{changed}) {
		t.Errorf("rules %+v", got)
	}
	f(file.Remove("a"), nil)
	if got, want := string(file.Bytes()), base+"\n\n"+StartMarker+"\n"+EndMarker+"\n"; got != want {
		t.Errorf("left behind:\n%q\nwant\n%q", got, want)
	}
}

// Is makes errors.Is find a *PortError by its type.
func (e *PortError) Is(other error) bool { _, ok := other.(*PortError); return ok }

// What somebody added to a rule stays when the rule changes.
func TestRulesEditedByHand(t *testing.T) {
	t.Parallel()
	text := StartMarker + `
# the important one
frontend tcp_a
	mode tcp
	maxconn 500   # enough
	bind  *:443	tfo
	default_backend backend_tcp_a
backend backend_tcp_a
	mode tcp
	server srv1  192.0.2.1:443  check # old
# of the next
frontend tcp_b
    bind *:444
    default_backend other
` + EndMarker + "\n"
	file := parse(t, text)
	rules := file.Rules()
	if len(rules) != 1 || !rules[0].ByHand || rules[0].ListenPort != 443 || rules[0].TargetIP != "192.0.2.1" {
		t.Fatalf("rules: %+v", rules)
	}
	r := rules[0]
	r.SendProxy = true
	if err := file.Change(r, ""); !errors.Is(err, ErrByHand) || string(file.Bytes()) != text {
		t.Errorf("%v", err)
	}
	r = rules[0]
	r.ListenPort, r.TargetIP, r.TargetPort = 8443, "2001:db8::1", 53
	if err := file.Change(r, ""); err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("*:443", "*:8443", "192.0.2.1:443", "[2001:db8::1]:53").Replace(text)
	if got := string(file.Bytes()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if err := file.Remove("a"); err != nil {
		t.Fatal(err)
	}
	if got := string(file.Bytes()); !strings.Contains(got, "# the important one") || !strings.Contains(got, "# of the next\nfrontend tcp_b") || strings.Contains(got, "tcp_a") {
		t.Errorf("after the removal:\n%s", got)
	}
}

func drawRule(t *rapid.T, name string, port int) api.HAProxyRule {
	r := api.HAProxyRule{
		Name: name, RuleType: rapid.SampledFrom([]string{"tcp", "https"}).Draw(t, "type"), ListenPort: port,
		TargetIP:   rapid.SampledFrom([]string{"192.0.2.1", "2001:db8::7", "a.example.org", "localhost"}).Draw(t, "target"),
		TargetPort: rapid.IntRange(1, 65535).Draw(t, "target port"), SendProxy: rapid.Bool().Draw(t, "proxy"),
	}
	if r.RuleType == "https" {
		r.CertDomain, r.TargetSSL = "example.net", rapid.Bool().Draw(t, "ssl")
	}
	return r
}

// Whatever stands around the markers: rules come back as they were written, and not one byte outside changes.
func TestWriteAndParseAreInverses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		eol := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line end")
		text := rapid.StringMatching(`(global\n|  bind 127\.0\.0\.1:1\n|frontend x\n|#.*\n|\n|\s*[a-zа-я ]*\n)*`)
		before, after := text.Draw(t, "before"), text.Draw(t, "after")+rapid.StringMatching(`[a-z]*`).Draw(t, "end")
		content := strings.ReplaceAll(before+StartMarker+"\n"+EndMarker+"\n"+after, "\n", eol)
		marked := rapid.Bool().Draw(t, "marked")
		if !marked {
			content = strings.ReplaceAll(before, "\n", eol)
		}
		file, err := Parse([]byte(content))
		if err != nil {
			t.Fatal(err)
		}
		var rules []api.HAProxyRule
		for i := range rapid.IntRange(0, 6).Draw(t, "rules") {
			r := drawRule(t, fmt.Sprintf("r-%d_x", i), 1000+i)
			if err := file.Add(r, certificate); err != nil {
				t.Fatal(err)
			}
			rules = append(rules, r)
		}
		written := file.Bytes()
		again, err := Parse(written)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(again.Rules(), rules) || !bytes.Equal(again.Bytes(), written) {
			t.Fatalf("wrote %+v, read %+v", rules, again.Rules())
		}
		for len(rules) > 0 { // out again, in any order, changed before
			i := rapid.IntRange(0, len(rules)-1).Draw(t, "which")
			changed := drawRule(t, rules[i].Name, rules[i].ListenPort)
			if err := again.Change(changed, certificate); err != nil {
				t.Fatal(err)
			}
			rules[i] = changed
			if !slices.Equal(again.Rules(), rules) {
				t.Fatalf("after the change of %s: %+v, want %+v", changed.Name, again.Rules(), rules)
			}
			if err := again.Remove(changed.Name); err != nil {
				t.Fatal(err)
			}
			rules = slices.Delete(rules, i, i+1)
		}
		got := string(again.Bytes())
		if marked && got != content {
			t.Fatalf("%q became %q", content, got)
		}
		if !strings.HasPrefix(got, content) && !marked {
			t.Fatalf("%q is not at the start of %q", content, got)
		}
	})
}

// FuzzParse: any bytes come back as they were, and adding a rule changes nothing else.
func FuzzParse(f *testing.F) {
	front, back := render(tcp("a", 1, "192.0.2.1"), "", "\n")
	for _, seed := range []string{"", "global\n", StartMarker + "\n" + EndMarker, StartMarker + "\n" + front + back + EndMarker + "\r\n",
		StartMarker + "\r\nfrontend tcp_x\r\n" + EndMarker, "# " + StartMarker, "frontend tcp_a\n" + StartMarker + "\nbackend\n" + EndMarker} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := Parse(content)
		if err != nil {
			if _, ok := errors.AsType[*MarkerError](err); !ok {
				t.Fatal(err)
			}
			return
		}
		if !bytes.Equal(file.Bytes(), content) {
			t.Fatalf("%q became %q", content, file.Bytes())
		}
		before := file.Rules()
		r := tcp("fuzz-new", 65535, "192.0.2.1")
		if err := file.Add(r, ""); err != nil {
			return // the name or the port is there
		}
		again, err := Parse(file.Bytes())
		if err != nil {
			t.Fatalf("%q cannot be read again: %v", file.Bytes(), err)
		}
		if got := again.Rules(); !slices.Equal(got, append(before, r)) {
			t.Fatalf("%q: rules %+v, want %+v and the new one", content, got, before)
		}
		if err := again.Remove(r.Name); err != nil {
			t.Fatal(err)
		}
		if left := again.Bytes(); !bytes.HasPrefix(left, content) && len(left) < len(content) {
			t.Fatalf("%q became %q", content, left)
		}
	})
}
