package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"monitoring/words"
)

var update = flag.Bool("update", false, "rewrite generated and golden files")

// golden compares got with a file, or rewrites the file with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is out of date: run `make gen` or `go test ./panel -update` and read the difference", path)
	}
}

// TestGeneratedTypes keeps the UI's TypeScript types equal to the Go structs of the API. `make gen` rewrites them.
func TestGeneratedTypes(t *testing.T) {
	t.Parallel()
	g := typeScript{seen: map[reflect.Type]bool{}, names: map[string]reflect.Type{}}
	for _, v := range apiTypes {
		g.declare(reflect.TypeOf(v))
	}
	slices.Sort(g.declarations)
	golden(t, "web/src/api/types.gen.ts", "// Generated from the Go structs by `make gen`. Do not edit.\n\n"+strings.Join(g.declarations, "\n"))
}

type typeScript struct {
	seen         map[reflect.Type]bool
	names        map[string]reflect.Type
	declarations []string
}

// declare adds an interface for a struct, and for those that its fields name.
func (g *typeScript) declare(t reflect.Type) {
	if g.seen[t] {
		return
	}
	g.seen[t] = true
	if other, taken := g.names[t.Name()]; taken {
		panic(fmt.Sprintf("two API types are called %s: %s and %s", t.Name(), other.PkgPath(), t.PkgPath()))
	}
	g.names[t.Name()] = t
	var b strings.Builder
	fmt.Fprintf(&b, "export interface %s {\n", t.Name())
	g.fields(&b, t)
	b.WriteString("}\n")
	g.declarations = append(g.declarations, b.String())
}

func (g *typeScript) fields(b *strings.Builder, t reflect.Type) {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			g.fields(b, f.Type)
			continue
		case !f.IsExported() || name == "-":
			continue
		case name == "":
			name = f.Name
		}
		optional := ""
		if strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero") {
			optional = "?"
		}
		fmt.Fprintf(b, "  %s%s: %s;\n", name, optional, g.typeOf(f.Type))
	}
}

func (g *typeScript) typeOf(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Time]():
		return "string"
	case reflect.TypeFor[json.RawMessage]():
		return "unknown"
	case reflect.TypeFor[words.Param]():
		return "string | Sentence"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.typeOf(t.Elem()) + " | null"
	case reflect.Slice, reflect.Array:
		elem := g.typeOf(t.Elem())
		if strings.Contains(elem, " ") {
			elem = "(" + elem + ")"
		}
		return elem + "[]"
	case reflect.Map:
		return "Record<string, " + g.typeOf(t.Elem()) + ">"
	case reflect.Struct:
		if t.Name() == "" {
			var b strings.Builder
			g.fields(&b, t)
			return "{ " + strings.Join(strings.Fields(b.String()), " ") + " }"
		}
		g.declare(t)
		return t.Name()
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Interface:
		return "unknown"
	default:
		return "number"
	}
}
