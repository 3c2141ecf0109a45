package notify

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestText(t *testing.T) {
	t.Parallel()
	f := func(text Text, want string) {
		t.Helper()
		if got := text.html("en"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(Text{Critical, "a", nil}, "🔴 <b>a</b>")
	f(Text{Warning, "a", []string{"b", "c"}}, "🟡 <b>a</b>\nb\nc")
	f(Text{Info, "<i>&", []string{"\xff"}}, "🟢 <b>&lt;i&gt;&amp;</b>\n\uFFFD")
	f(Text{Notice, "Сервер", nil}, "🟠 <b>Сервер</b>")
	f(Text{Info, "a\nb", []string{"/data\n🔴 other: is down", "a\r\x1b[31mb\u2028c\u202ed"}}, "🟢 <b>a b</b>\n/data 🔴 other: is down\na  [31mb cd")
}

func TestLongText(t *testing.T) {
	t.Parallel()
	lines := make([]string, 100)
	for i := range lines {
		lines[i] = strings.Repeat("я", 99)
	}
	got := Text{Warning, "t", lines}.html("ru")
	if n := strings.Count(got, "\n"); !strings.HasSuffix(got, "\n… и ещё 60") || n != 41 { // 4032 units: title 4, 40 lines of 100
		t.Errorf("%d lines, the end is %q", n, got[len(got)-40:])
	}
	if got := (Text{Warning, "t", lines}).html("en"); !strings.HasSuffix(got, "\n… and 60 more") {
		t.Errorf("the end is %q", got[len(got)-40:])
	}
}

// Telegram takes every text: short enough, escaped, valid.
func TestAnyTextFits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := Text{Critical, rapid.StringN(-1, 600, -1).Draw(t, "title"), rapid.SliceOfN(rapid.StringN(-1, 2000, -1), 0, 20).Draw(t, "lines")}
		got := text.html("ru")
		plain := strings.NewReplacer("<b>", "", "</b>", "").Replace(got)
		if strings.ContainsAny(plain, "<>") || strings.ToValidUTF8(got, "") != got {
			t.Fatalf("not escaped or not valid: %q", got)
		}
		plain = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'", "&amp;", "&").Replace(plain)
		if strings.Count(plain, "\n") > len(text.Lines) {
			t.Fatalf("%d lines of %d and the title", strings.Count(plain, "\n")+1, len(text.Lines))
		}
		if units(plain) > 4096 {
			t.Fatalf("%d units", units(plain))
		}
	})
}
