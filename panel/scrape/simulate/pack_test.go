package simulate

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// To make recording.zst anew, save pages of an agent (api.Client.Exposition, set "host", window 10 s) as
// DIR/<Unix milliseconds>.txt every 10 s for an hour or more, and run
//
//	go test ./panel/scrape/simulate -run TestPack -pack DIR
var pack = flag.String("pack", "", "pack the pages in this directory into recording.zst")

func TestPack(t *testing.T) {
	if *pack == "" {
		t.Parallel()
	}
	dir := t.TempDir()
	pages := []string{
		"# TYPE a counter\na 1\nb{x=\"y z\"} 0.5\n",
		"# TYPE a counter\na 3\nnew 7\nb{x=\"y z\"} 0.5\n",
		"# TYPE a counter\na 3\nb{x=\"y z\"} NaN\n",
	}
	for i, page := range pages {
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(1000+i)+".txt"), []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := packPages(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := "recording 1\n1000 1001 1002\n# TYPE a counter\t+ = =\na \t1 3 =\nnew \t- 7 -\nb{x=\"y z\"} \t0.5 = NaN\n"
	if string(text) != want {
		t.Errorf("packed\n%s\nwant\n%s", text, want)
	}
	if *pack != "" {
		writeRecording(t, *pack)
	}
}

func writeRecording(t *testing.T, dir string) {
	t.Helper()
	text, err := packPages(dir)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		t.Fatal(err)
	}
	b := z.EncodeAll(text, nil)
	if err := os.WriteFile("recording.zst", b, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes of text, %d packed", len(text), len(b))
}

// packPages turns pages into the text of a recording.
func packPages(dir string) ([]byte, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files) // all names have the same length
	var times []string
	var order []string // texts of lines, as on the page
	values := map[string][]string{}
	for n, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		times = append(times, strings.TrimSuffix(filepath.Base(file), ".txt"))
		at := 0 // in order
		for line := range strings.Lines(string(b)) {
			text, value := splitLine(strings.TrimSuffix(line, "\n"))
			if _, known := values[text]; !known {
				values[text] = slices.Repeat([]string{"-"}, n)
				order = slices.Insert(order, at, text)
				at++
			} else if i := slices.Index(order, text); i >= at {
				at = i + 1
			}
			values[text] = append(values[text], value)
		}
		for text, v := range values {
			if len(v) == n {
				values[text] = append(v, "-")
			} else if len(v) > n+1 {
				return nil, fmt.Errorf("%s: %q twice", file, text)
			}
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s\n%s\n", recordingMagic, strings.Join(times, " "))
	for _, text := range order {
		out.WriteString(text + "\t")
		for i, v := range values[text] {
			if i > 0 {
				out.WriteByte(' ')
				if v == values[text][i-1] && v != "-" {
					v = "="
				}
			}
			out.WriteString(v)
		}
		out.WriteByte('\n')
	}
	return out.Bytes(), nil
}

// splitLine parts a line from its value.
func splitLine(line string) (text, value string) {
	if strings.HasPrefix(line, "#") {
		return line, "+"
	}
	i := strings.LastIndexByte(line, ' ')
	return line[:i+1], line[i+1:]
}
