package simulate

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func TestReadRecording(t *testing.T) {
	t.Parallel()
	f := func(text, want string) {
		t.Helper()
		if _, err := readRecording(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	f("", "not a recording")
	f("recording 2\n1\n", "not a recording")
	f("recording 1\n1 2\na \t1\n", "has 1 values, not 2")
	f("recording 1\n1 2\na \t1 x\n", "invalid syntax")
}

// A host tells the pages in turn, and its counters go on in the second round.
func TestAppendPage(t *testing.T) {
	t.Parallel()
	r, err := readRecording(strings.NewReader("recording 1\n0 10 20\n# TYPE c counter\t+ = =\nc \t100 110 130\n# TYPE g gauge\t+ = =\ng \t5 = 7\nsize \t9 = =\nsome \t- 1.5 -\n"))
	if err != nil {
		t.Fatal(err)
	}
	// Host 0 begins at page 0, and its factor is 0.6.
	for step, want := range []string{
		"# TYPE c counter\nc 60\n# TYPE g gauge\ng 3\nsize 9\n",
		"# TYPE c counter\nc 66\n# TYPE g gauge\ng 3\nsize 9\nsome 1.5\n",
		"# TYPE c counter\nc 78\n# TYPE g gauge\ng 4\nsize 9\n",
		"# TYPE c counter\nc 78\n# TYPE g gauge\ng 3\nsize 9\n",
		"# TYPE c counter\nc 84\n# TYPE g gauge\ng 3\nsize 9\nsome 1.5\n",
	} {
		if got := string(r.AppendPage(nil, 0, time.Duration(step)*RecordingStep+time.Second)); got != want {
			t.Errorf("step %d:\n%swant\n%s", step, got, want)
		}
	}
	if n := r.Series(0); n != 3 {
		t.Errorf("%d series at the start, want 3", n)
	}
}

// The recording that is in the program is long enough, and each page is an exposition as the agent would send it.
func TestRecording(t *testing.T) {
	t.Parallel()
	r, err := LoadRecording()
	if err != nil {
		t.Fatal(err)
	}
	if r.pages < 360 {
		t.Errorf("%d pages are less than an hour", r.pages)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	page := func(host int, at time.Duration) map[string]float64 {
		families, err := parser.TextToMetricFamilies(strings.NewReader(string(r.AppendPage(nil, host, at))))
		if err != nil {
			t.Fatalf("host %d at %s: %v", host, at, err)
		}
		counters := map[string]float64{}
		for name, f := range families {
			for _, m := range f.Metric {
				if m.Counter != nil {
					counters[name+m.String()[:strings.LastIndex(m.String(), "counter")]] = m.Counter.GetValue()
				}
			}
		}
		return counters
	}
	for _, host := range []int{0, 7, 499} {
		if n := r.Series(host); n < 450 {
			t.Errorf("host %d has %d series", host, n)
		}
		day, later := page(host, 0), page(host, 24*time.Hour)
		grown, fallen := 0, 0
		for series, v := range later {
			if before, ok := day[series]; ok && v > before {
				grown++
			} else if ok && v < before {
				fallen++
			}
		}
		if grown < 40 || fallen > 0 {
			t.Errorf("host %d: after a day %d counters grew and %d fell", host, grown, fallen)
		}
	}
}

// An agent tells the recording to the panel and, without TLS, to others.
func TestRecordedAgent(t *testing.T) {
	t.Parallel()
	_, agent, client := startAgent(t)
	agent.Set(Recorded)
	page, err := client.Exposition(t.Context(), "host", 10*time.Second, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := LoadRecording()
	if err != nil {
		t.Fatal(err)
	}
	if want := r.AppendPage(nil, int(agent.seed), 0); string(page) != string(want) {
		t.Errorf("%d bytes, want the first page of %d", len(page), len(want))
	}
	if page, err = client.Exposition(t.Context(), "services", 10*time.Second, nil); err != nil || !strings.Contains(string(page), "haproxy_up") {
		t.Errorf("services: %.200s, %v", page, err)
	}
	w := httptest.NewRecorder()
	agent.Plain().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 || w.Body.Len() < 20_000 {
		t.Errorf("plain: %d, %d bytes", w.Code, w.Body.Len())
	}
}
