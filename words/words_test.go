package words

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSay(t *testing.T) {
	t.Parallel()
	f := func(got Sentence, want string) {
		t.Helper()
		b, err := json.Marshal(got)
		if err != nil || string(b) != want {
			t.Errorf("%s, %v; want %s", b, err, want)
		}
		var again Sentence
		if err := json.Unmarshal(b, &again); err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%s was read as %+v, %v", b, again, err)
		}
	}
	f(Say("nothing to change"), `{"text":"nothing to change","code":"nothing_to_change"}`)
	f(Say("port %d is counted", 443), `{"text":"port 443 is counted","code":"port_is_counted","params":["443"]}`)
	f(Say("rule %q takes %.1f %%", "a", 2.25), `{"text":"rule \"a\" takes 2.2 %","code":"rule_takes","params":["\"a\"","2.2"]}`)
	f(Say("the server's answer: %v", Say("no %s", "way")),
		`{"text":"the server's answer: no way","code":"the_servers_answer","params":[{"text":"no way","code":"no","params":["way"]}]}`)
	f(Say("the agent said: %v", Plain("{oops}")), `{"text":"the agent said: {oops}","code":"the_agent_said","params":[{"text":"{oops}"}]}`)
	f(Say("%v", "of others alone"), `{"text":"of others alone"}`)
	f(Plain("as it is"), `{"text":"as it is"}`)
}

func TestCodeAndTemplate(t *testing.T) {
	t.Parallel()
	f := func(format, wantCode, wantTemplate string) {
		t.Helper()
		if code, template := Code(format), Template(format); code != wantCode || template != wantTemplate {
			t.Errorf("%q: %q and %q, want %q and %q", format, code, template, wantCode, wantTemplate)
		}
	}
	f("One two-three; four: five (six) seven eight nine ten", "one_two_three_four_five_six_seven_eight_nine", "One two-three; four: five (six) seven eight nine ten")
	f("%s :%d to %s:%d", "to", "{{0}} :{{1}} to {{2}}:{{3}}")
	f("up to %5.2f %% of %+q", "up_to_of", "up to {{0}} % of {{1}}")
}

// The English is what the template gives with the parameters in it: a client loses nothing by translating.
func TestTemplateWithParamsIsTheEnglish(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		part := rapid.StringMatching(`[a-z ,:()]{0,9}`)
		var format strings.Builder
		format.WriteString("said ") // a format without a word is plain text
		var args []any
		for range rapid.IntRange(0, 6).Draw(rt, "verbs") {
			format.WriteString(part.Draw(rt, "text"))
			switch rapid.IntRange(0, 3).Draw(rt, "verb") {
			case 0:
				format.WriteString("%s")
				args = append(args, rapid.String().Draw(rt, "string"))
			case 1:
				format.WriteString("%d")
				args = append(args, rapid.Int().Draw(rt, "int"))
			case 2:
				format.WriteString("%v")
				args = append(args, Say("in %s", rapid.String().Draw(rt, "inner")))
			case 3:
				format.WriteString("%%")
			}
		}
		said := Say(format.String(), args...)
		// In one pass, as the web UI does it: a parameter may look like a place for another one.
		var pairs []string
		for i, p := range said.Params {
			text := p.Plain
			if p.Sentence != nil {
				text = p.Sentence.English
			}
			pairs = append(pairs, fmt.Sprintf("{{%d}}", i), text)
		}
		if got := strings.NewReplacer(pairs...).Replace(Template(format.String())); got != said.English {
			rt.Errorf("%q became %q, want %q", format.String(), got, said.English)
		}
	})
}

// Words that do not fit their text would let another machine say something else to Russians.
func TestFrom(t *testing.T) {
	t.Parallel()
	said := Say("port %d is counted", 1)
	if got := From("port 1 is counted", &said); !reflect.DeepEqual(got, said) {
		t.Errorf("its own words: %+v", got)
	}
	for _, text := range []string{"port 2 is counted", ""} {
		if got := From(text, &said); !reflect.DeepEqual(got, Plain(text)) {
			t.Errorf("words of another text: %+v", got)
		}
	}
	if got := From("as it is", nil); !reflect.DeepEqual(got, Plain("as it is")) {
		t.Errorf("no words: %+v", got)
	}
}

func TestSane(t *testing.T) {
	t.Parallel()
	f := func(text Sentence, want bool) {
		t.Helper()
		if got := text.Sane(); got != want {
			t.Errorf("%+v: %v, want %v", text, got, want)
		}
	}
	deep := Say("a %v", Say("b %v", Say("c")))
	f(deep, true)
	f(Say("one more %v", deep), false)
	f(Say("rings the bell: %s", "\a"), false)
	f(Sentence{Code: "a\x1b[2J"}, false)
	f(Say("long: %s", strings.Repeat("x", maxPlain)), false)
	f(Sentence{Code: "many", Params: make([]Param, maxParams+1)}, false)
	f(Sentence{Code: strings.Repeat("x", maxCode+1)}, false)
	f(Say("two lines: %s", "a\n\tb"), true)
}
