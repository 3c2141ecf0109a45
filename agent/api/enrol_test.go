package api

import (
	"encoding/base64"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestInstallTokenRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(1, 200, -1)
		want := InstallToken{AgentID: text.Draw(t, "id"), CA: text.Draw(t, "ca"), Certificate: text.Draw(t, "cert"), Key: text.Draw(t, "key")}
		line := want.Encode()
		if strings.ContainsAny(line, " \n\t'\"$\\") {
			t.Fatalf("%q is not safe to paste", line)
		}
		space := rapid.SampledFrom([]string{"", " ", "\n", "\r\n", "\t \n"})
		got, err := ParseInstallToken(space.Draw(t, "before") + line + space.Draw(t, "after"))
		if err != nil || got != want {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
	})
}

func TestBadInstallTokens(t *testing.T) {
	t.Parallel()
	whole := InstallToken{"id", "ca", "cert", "key"}.Encode()
	f := func(what, text, want string) {
		t.Helper()
		if _, err := ParseInstallToken(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	encode := func(s string) string { return tokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(s)) }
	f("empty", "", "does not start with")
	f("something else", "eyJhbGciOi", "does not start with")
	f("prefix only", tokenPrefix, "incomplete")
	f("cut off", whole[:len(whole)-9], "copy it again")
	f("a character too many", whole+"!", "damaged")
	f("no JSON", encode("hello"), "incomplete")
	f("no key", encode(`{"id":"a","ca":"b","cert":"c"}`), "incomplete")
	f("no id", encode(`{"ca":"b","cert":"c","key":"d"}`), "incomplete")
	f("wrong type", encode(`{"id":5,"ca":"b","cert":"c","key":"d"}`), "incomplete")
}

// TestWrappedToken: a terminal may break the line; base64 does not mind.
func TestWrappedToken(t *testing.T) {
	t.Parallel()
	want := InstallToken{"id", "ca", "cert", "key"}
	line := want.Encode()
	if got, err := ParseInstallToken(line[:20] + "\n" + line[20:]); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

// FuzzParseInstallToken: a token that is accepted is complete and can be written again.
func FuzzParseInstallToken(f *testing.F) {
	f.Add(InstallToken{"id", "ca", "cert", "key"}.Encode())
	f.Add("mon1.")
	f.Add("mon1.e30")
	f.Add("x")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := ParseInstallToken(text)
		if err != nil {
			return
		}
		if token.AgentID == "" || token.CA == "" || token.Certificate == "" || token.Key == "" {
			t.Fatalf("incomplete: %+v", token)
		}
		again, err := ParseInstallToken(token.Encode())
		if err != nil || again != token {
			t.Fatalf("%+v became %+v, %v", token, again, err)
		}
	})
}
