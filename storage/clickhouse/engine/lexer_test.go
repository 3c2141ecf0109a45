package main

import (
	"strings"
	"testing"
)

func TestOutline(t *testing.T) {
	t.Parallel()
	type want struct {
		insert, selects, unlimits bool
		format, rows              string // rows: what follows FORMAT or VALUES
		refused, reads            string
	}
	f := func(sql string, w want) {
		t.Helper()
		o := outlineOf(sql)
		rows := ""
		switch {
		case o.insert && !o.selects && o.format != "":
			rows = sql[o.end:]
		case o.values >= 0:
			rows = sql[o.values:]
		}
		if got := (want{o.insert, o.selects, o.unlimits, o.format, rows, o.refused, o.reads}); got != w {
			t.Errorf("%q:\ngot  %+v\nwant %+v", sql, got, w)
		}
	}
	f("SELECT 1", want{})
	f("", want{})
	f("SELECT 1 FORMAT JSON", want{format: "JSON"})
	f("select 1 format JSON", want{format: "JSON"})
	f("SELECT 'FORMAT JSON', `FORMAT JSON`, (SELECT 1 FORMAT JSON)", want{})
	f("SELECT 1 -- FORMAT JSON", want{})
	f("SELECT 1 /* FORMAT JSON /* nested */ FORMAT XML */ FORMAT CSV", want{format: "CSV"})
	f("SELECT $$FORMAT JSON$$, $x$ $$ FORMAT JSON $x$ FORMAT CSV", want{format: "CSV"})
	f("INSERT INTO t FORMAT Native", want{insert: true, format: "Native"})
	f("INSERT INTO t FORMAT CSV\n1,INTO OUTFILE\n", want{insert: true, format: "CSV", rows: "1,INTO OUTFILE\n"})
	f("INSERT INTO t FORMAT CSV  \r\n1", want{insert: true, format: "CSV", rows: "1"})
	f("INSERT INTO t FORMAT CSV 1", want{insert: true, format: "CSV", rows: "1"})
	f("insert into t (a, `values`) values (1)", want{insert: true, rows: " (1)"})
	f("INSERT INTO t SELECT 'x' AS values FORMAT CSV", want{insert: true, selects: true, format: "CSV"})
	f("INSERT INTO t WITH 1 AS x SELECT x", want{insert: true, selects: true})
	f("/* SELECT */ -- SELECT\n INSERT INTO t VALUES (1)", want{insert: true, rows: " (1)"})
	f("INSERT INTO t SETTINGS a = 1 FORMAT CSV\n1", want{insert: true, format: "CSV", rows: "1"})
	f("SELECT 1 INTO OUTFILE 'x'", want{refused: "INTO OUTFILE"})
	f("SELECT 1 into/**/\n--x\noutfile 'x'", want{refused: "INTO OUTFILE"})
	f("SELECT 'INTO OUTFILE', \"INTO\" OUTFILE", want{})
	f("INSERT INTO t FROM INFILE 'x' FORMAT CSV", want{insert: true, format: "CSV", refused: "FROM INFILE"})
	f("SELECT file('x')", want{reads: "file"})
	f("SELECT `FILE`('x')", want{reads: "file"})
	f("SELECT 'file', filed, profile, \"a file\"", want{})
	f("SELECT `f\\x69le`('x')", want{reads: `f\x69le`})
	f("SELECT ''file('x')''", want{reads: "file"})
	f("SELECT 'it''s file', 'a\\'file', 1", want{})
	f("SELECT 1 SETTINGS a = DEFAULT", want{unlimits: true})
	f("SELECT 1 SETTINGS a =/**/default", want{unlimits: true})
	f("SELECT default, 'x' = 'DEFAULT'", want{})
	f("SELECT 'unclosed FORMAT CSV", want{})
	f("SELECT /* unclosed FORMAT CSV", want{})
	f("# comment file\nSELECT 1", want{})
}

// Tokens follow each other without overlap, whatever the text, and what is between them is space or comment.
func FuzzTokens(f *testing.F) {
	for _, seed := range []string{"SELECT 1", "'\\", "`", "$a$ $a", "/*/*", "--", "#!", "\"x\"\"y\"", "INSERT INTO t FORMAT CSV\n1", "\x00\xff", "a/**/b", "''''", "$$"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		at := 0
		for {
			tok, ok := nextToken(sql, at)
			if !ok {
				break
			}
			if tok.start < at || tok.end <= tok.start || tok.end > len(sql) {
				t.Fatalf("%q: token %+v after %d", sql, tok, at)
			}
			if gap := strings.TrimSpace(sql[at:tok.start]); gap != "" && !strings.ContainsAny(gap, "-#/\x00") {
				t.Fatalf("%q: %q is skipped", sql, gap)
			}
			at = tok.end
		}
		o := outlineOf(sql)
		if o.end < 0 || o.end > len(sql) || o.values > len(sql) || o.formatAt >= len(sql) && len(sql) > 0 {
			t.Fatalf("%q: %+v", sql, o)
		}
	})
}
