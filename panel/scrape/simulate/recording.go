package simulate

import (
	"bufio"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
)

// recording.zst is more than an hour of real pages (/metrics?set=host&window=10) of one agent, asked for every 10 s while
// its machine built, downloaded and idled. pack_test.go says how it is made. The text inside is
//
//	recording 1
//	<times of the pages in Unix milliseconds, with spaces between>
//	<text of a line before its value><TAB><value in each page, with spaces between>
//	...
//
// in the order of the page. A value that did not change is =, one that is not there is -; comments have the value +.
//
//go:embed recording.zst
var packed []byte

const recordingMagic = "recording 1"

// Recording is pages of an agent that can be told again for other agents and times.
type Recording struct {
	pages int
	lines []recordedLine
}

type recordedLine struct {
	text    string
	comment bool
	counter bool
	integer bool
	fixed   bool // the same in all pages: a size, a version
	carry   float64
	values  []float64
	there   []bool
}

// RecordingStep is the time between two pages.
const RecordingStep = 10 * time.Second

// LoadRecording unpacks the recording, once.
var LoadRecording = sync.OnceValues(func() (*Recording, error) {
	z, err := zstd.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack recording: %w", err)
	}
	defer z.Close()
	return readRecording(z)
})

func readRecording(in io.Reader) (*Recording, error) {
	s := bufio.NewScanner(in)
	s.Buffer(nil, 1<<20)
	if !s.Scan() || s.Text() != recordingMagic || !s.Scan() {
		return nil, errors.New("read recording: not a recording")
	}
	r := &Recording{pages: len(strings.Fields(s.Text()))}
	kinds := map[string]string{}
	for s.Scan() {
		text, values, _ := strings.Cut(s.Text(), "\t")
		l := recordedLine{text: text, comment: strings.HasPrefix(text, "#"), integer: true, fixed: true}
		if f := strings.Fields(text); l.comment && len(f) == 4 && f[1] == "TYPE" {
			kinds[f[2]] = f[3]
		}
		if err := l.read(strings.Fields(values)); err != nil {
			return nil, fmt.Errorf("read recording: %q: %w", text, err)
		}
		if len(l.values) != r.pages {
			return nil, fmt.Errorf("read recording: %q has %d values, not %d", text, len(l.values), r.pages)
		}
		l.counter = isCounter(text, kinds)
		l.measure()
		r.lines = append(r.lines, l)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	return r, nil
}

func (l *recordedLine) read(values []string) error {
	last, there := 0.0, false
	for _, v := range values {
		switch v {
		case "=":
		case "-":
			there = false
		case "+":
			there = true
		default:
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				return err
			}
			l.fixed = l.fixed && (!there || f == last)
			last, there = f, true
		}
		l.values, l.there = append(l.values, last), append(l.there, there)
		l.integer = l.integer && last == math.Trunc(last)
	}
	return nil
}

// measure finds what a counter gains in one round of the recording.
func (l *recordedLine) measure() {
	first, last := -1, -1
	for i, there := range l.there {
		if there {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if l.counter && first >= 0 {
		l.carry = max(0, l.values[last]-l.values[first])
	}
}

func isCounter(text string, kinds map[string]string) bool {
	name, _, _ := strings.Cut(strings.TrimSpace(text), "{")
	if kinds[name] != "" {
		return kinds[name] == "counter"
	}
	for _, suffix := range []string{"_bucket", "_count", "_sum"} { // of a histogram or summary
		if base, ok := strings.CutSuffix(name, suffix); ok && (kinds[base] == "histogram" || kinds[base] == "summary") {
			return true
		}
	}
	return false
}

// Series is the number of series of the page of a host at its start.
func (r *Recording) Series(host int) int {
	n := 0
	for i := range r.lines {
		if !r.lines[i].comment && r.lines[i].there[r.page(host, 0)] {
			n++
		}
	}
	return n
}

// page says where in the recording a host is at a step. Hosts begin at different places.
func (r *Recording) page(host, step int) int { return (step + 37*host) % r.pages }

// AppendPage appends the page of a host at a time since it began. After the end the recording begins again, and counters
// go on from where they were. What varies at all varies by a factor of the host.
func (r *Recording) AppendPage(dst []byte, host int, at time.Duration) []byte {
	step := int(at / RecordingStep)
	page := r.page(host, step)
	round := float64((step + 37*host) / r.pages)
	factor := 0.6 + 0.8*math.Mod(float64(host)*0.618034, 1)
	for i := range r.lines {
		l := &r.lines[i]
		if !l.there[page] {
			continue
		}
		dst = append(dst, l.text...)
		if !l.comment {
			v := l.values[page]
			if !l.fixed {
				v = (v + round*l.carry) * factor
				if l.integer {
					v = math.Round(v)
				}
			}
			if l.integer && math.Abs(v) < 1e15 {
				dst = strconv.AppendInt(dst, int64(v), 10)
			} else {
				dst = strconv.AppendFloat(dst, v, 'g', -1, 64)
			}
		}
		dst = append(dst, '\n')
	}
	return dst
}
