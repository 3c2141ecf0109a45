package collector

import (
	"math"
	"slices"
	"strings"
	"time"
)

// deviceSet is the interfaces or the disks.
type deviceSet struct {
	devices map[string]*device
	in, out *history // totals
}

// device is one interface or disk.
type device struct {
	name             string
	virtual, ignored bool
	seen             time.Time
	lastIn, lastOut  uint64
	in, out          *history // nil for an ignored device
}

func newDeviceSet() deviceSet {
	return deviceSet{devices: map[string]*device{}, in: newHistory(), out: newHistory()}
}

func (s *deviceSet) add(name string, ignored bool) *device {
	d := &device{name: name, ignored: ignored}
	if !ignored {
		d.in, d.out = newHistory(), newHistory()
	}
	s.devices[name] = d
	return d
}

func (s *deviceSet) begin(at int) {
	for _, d := range s.devices {
		if !d.ignored {
			d.in[at], d.out[at] = math.NaN(), math.NaN()
		}
	}
}

// sample stores the rates since the last second. A counter that went back belongs to a device that was made anew:
// nothing is known of that second, and a guess would show as a spike.
func (d *device) sample(at int, now time.Time, elapsed time.Duration, in, out uint64) {
	if !d.ignored && !d.seen.IsZero() && elapsed > 0 && in >= d.lastIn && out >= d.lastOut {
		d.in[at] = float64(in-d.lastIn) / elapsed.Seconds()
		d.out[at] = float64(out-d.lastOut) / elapsed.Seconds()
	}
	d.lastIn, d.lastOut, d.seen = in, out, now
}

// end forgets the devices that are gone and sums the others.
func (s *deviceSet) end(at int, now time.Time) {
	in, out, known, counted := 0.0, 0.0, 0, 0
	for name, d := range s.devices {
		if !d.seen.Equal(now) {
			delete(s.devices, name)
			continue
		}
		if d.virtual || d.ignored {
			continue
		}
		counted++
		if !math.IsNaN(d.in[at]) {
			known++
			in, out = in+d.in[at], out+d.out[at]
		}
	}
	if known == 0 && counted > 0 {
		in, out = math.NaN(), math.NaN()
	}
	s.in[at], s.out[at] = in, out
}

func (s *deviceSet) over(c *clock, window time.Duration) (list []DeviceRates, total DeviceRates) {
	for _, d := range s.devices {
		if d.ignored {
			continue
		}
		in, ok := d.in.over(c, window)
		if !ok {
			continue
		}
		out, _ := d.out.over(c, window)
		list = append(list, DeviceRates{d.name, d.virtual, in, out})
	}
	slices.SortFunc(list, func(a, b DeviceRates) int { return strings.Compare(a.Name, b.Name) })
	total.In, _ = s.in.over(c, window)
	total.Out, _ = s.out.over(c, window)
	return list, total
}
