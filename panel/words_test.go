package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"monitoring/words"
)

// sayers are the functions that make a sentence, and which of their arguments is its format. Those without a package are
// known in a directory only. Those of fieldSayers put the name of a field before it.
var (
	sayers = map[string]int{
		"words.Say": 0, "rest.Fail": 2, "rest.FailField": 3, "storage.Invalid": 1, "api.Fail": 1, "api.FailField": 2, "api.InvalidField": 1,
		"api.ExecErrorOf": 0, "api.EndedBecause": 0,
		"panel/rest Fail": 2, "panel/rest FailField": 3, "storage Invalid": 1, "agent/api Fail": 1, "agent/api FailField": 2, "agent/api wrong": 1,
		"agent/control fail": 1, "agent/control invalid": 1, "agent/control done": 0, "panel/change notThere": 0, ".Say": 0,
	}
	fieldSayers = []string{"agent/api wrong", "agent/control invalid", "api.InvalidField"}
)

// TestSentences keeps the texts of the UI equal to the sentences in the sources. `make gen` rewrites the English ones; the
// Russian ones are written by hand.
func TestSentences(t *testing.T) {
	t.Parallel()
	english := map[string]string{}
	for _, dir := range []string{"agent", "panel", "storage"} {
		err := filepath.WalkDir(filepath.Join("..", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() && d.Name() == "web" {
				return filepath.SkipDir
			}
			if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				sentences(t, path, english)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	b, err := json.MarshalIndent(english, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "web/src/words/en.json", string(b)+"\n")

	russian := map[string]string{}
	b, err = os.ReadFile("web/src/words/ru.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &russian); err != nil {
		t.Fatal(err)
	}
	for code, text := range english {
		if russian[code] == "" {
			t.Errorf("web/src/words/ru.json lacks %q: %s", code, text)
		} else if got, want := places(russian[code]), places(text); !slices.Equal(got, want) {
			t.Errorf("web/src/words/ru.json: %q has the parameters %v, want %v", code, got, want)
		}
	}
	for code := range russian {
		if english[code] == "" {
			t.Errorf("web/src/words/ru.json: nothing says %q any more", code)
		}
	}
	if len(english) < 150 {
		t.Errorf("only %d sentences were found", len(english))
	}
}

var place = regexp.MustCompile(`\{\{\d+\}\}`)

// places are the parameters that a text has.
func places(text string) []string {
	list := place.FindAllString(text, -1)
	slices.Sort(list)
	return slices.Compact(list)
}

// sentences adds those of one file.
func sentences(t *testing.T, path string, into map[string]string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.ToSlash(filepath.Dir(strings.TrimPrefix(path, "../")))
	for n := range ast.Preorder(file) {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			continue
		}
		name, at := sayer(dir, call.Fun)
		if name == "" || at >= len(call.Args) {
			continue
		}
		if _, passedOn := call.Args[at].(*ast.Ident); passedOn { // by one sayer to another
			continue
		}
		format, ok := literal(call.Args[at])
		if !ok {
			if name != "api.FailField" && name != "agent/api FailField" { // InvalidField adds the field
				t.Errorf("%s: a sentence has to be a literal, so that it can be found", files.Position(call.Pos()))
			}
			continue
		}
		if slices.Contains(fieldSayers, name) {
			format = "%s " + format
		}
		code, text := words.Code(format), words.Template(format)
		if old := into[code]; old != "" && old != text {
			t.Errorf("%s: %q and %q have the same code %s: begin one of them otherwise", files.Position(call.Pos()), old, text, code)
		}
		if code != "" {
			into[code] = text
		}
	}
}

func sayer(dir string, fun ast.Expr) (name string, at int) {
	switch f := fun.(type) {
	case *ast.Ident:
		name = dir + " " + f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			name = x.Name + "." + f.Sel.Name
		}
		if _, known := sayers[name]; !known {
			name = "." + f.Sel.Name
		}
	}
	at, known := sayers[name]
	if !known {
		return "", 0
	}
	return name, at
}

// literal is the value of a string, or of several that are put together.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, ok := literal(e.X)
		right, ok2 := literal(e.Y)
		return left + right, ok && ok2 && e.Op == token.ADD
	}
	return "", false
}

// TestSentenceWithoutTranslation is the test of the test: a sentence that nobody translated is found.
func TestSentenceWithoutTranslation(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.go")
	source := "package x\nfunc f() { _ = words.Say(\"a new \" + \"thing: %d %%\", 1); rest.Fail(1, \"c\", `port %d`, 2); done.Say(\"made\"); other(\"no sentence\") }"
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	sentences(t, path, got)
	if want := map[string]string{"a_new_thing": "a new thing: {{0}} %", "port": "port {{0}}", "made": "made"}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
