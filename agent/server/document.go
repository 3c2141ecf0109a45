package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/collector"
	"monitoring/agent/host"
)

// documentWindow is what "now" means for a rate: its mean over the usual time between two questions.
const documentWindow = 10 * time.Second

// Document answers PathMetrics and PathProcesses from what the collectors know and from /proc and /sys.
type Document struct {
	set  *collector.Set
	host *host.Host
	log  *slog.Logger

	make processorMake
}

// NewDocument answers from the collectors and the machine that they measure.
func NewDocument(set *collector.Set, log *slog.Logger) *Document {
	return &Document{set: set, host: set.Host(), log: log}
}

// Metrics is the document of this moment. A part that cannot be read stays empty and is logged: half a document is
// worth more than none.
func (d *Document) Metrics(ctx context.Context) (api.Metrics, error) {
	now := time.Now()
	rates, _ := d.set.Rates(documentWindow) // zero for the agent's first second
	zone := d.timezone(now)
	system := d.system(zone)
	m := api.Metrics{
		Timestamp:  now.UTC().Truncate(time.Millisecond),
		ServerName: system.Hostname,
		Timezone:   zone,
		CPU:        d.cpu(rates),
		Disk:       d.disk(rates),
		Network:    d.network(rates),
		System:     system,
	}
	var err error
	if m.Memory, err = d.memory(); err != nil {
		return m, err // without /proc nothing else is true either
	}
	if m.Processes, err = d.processStats(ctx, m.Memory.RAM.Total); err != nil {
		return m, err
	}
	return m, nil
}

func (d *Document) cpu(rates collector.Rates) api.CPU {
	c := api.CPU{
		CoresLogical:  len(rates.Cores),
		UsagePercent:  percent(rates.CPU.Mean),
		PerCPUPercent: make([]float64, 0, len(rates.Cores)),
		Frequency:     d.frequency(),
		Temperatures:  d.temperatures(),
	}
	for _, core := range rates.Cores {
		c.PerCPUPercent = append(c.PerCPUPercent, percent(core.Mean))
	}
	info := d.make.read(d.host)
	c.Model, c.CoresPhysical = info.model, info.cores
	if c.CoresLogical == 0 {
		c.CoresLogical = info.processors
	}
	if c.Frequency.Current == 0 {
		c.Frequency.Current = info.megahertz
	}
	line, err := d.host.Line("proc/loadavg")
	if err != nil {
		d.log.Warn("read load", "err", err)
	}
	c.LoadAvg1, c.LoadAvg5, c.LoadAvg15 = parseLoad(line)
	return c
}

func parseLoad(line string) (one, five, fifteen float64) {
	var load [3]float64
	for i, field := range strings.Fields(line) {
		if i == len(load) {
			break
		}
		load[i] = parseFloat(field)
	}
	return load[0], load[1], load[2]
}

// processorMake remembers what /proc/cpuinfo says: some kernels take milliseconds for each core to write it.
type processorMake struct {
	mu sync.Mutex
	processorInfo
}

type processorInfo struct {
	model             string
	cores, processors int
	megahertz         float64 // where it never changes: on virtual machines
}

func (m *processorMake) read(h *host.Host) processorInfo {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.processors == 0 {
		if data, err := fs.ReadFile(h.FS(), "proc/cpuinfo"); err == nil {
			m.processorInfo = parseProcessors(string(data))
		}
	}
	return m.processorInfo
}

// parseProcessors reads the blocks of /proc/cpuinfo, one for each logical processor. ARM names neither cores nor make.
func parseProcessors(text string) (p processorInfo) {
	cores := map[string]bool{}
	socket := ""
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "processor":
			p.processors++
		case "model name":
			p.model = value
		case "Model": // the board, on a Raspberry Pi
			if p.model == "" {
				p.model = value
			}
		case "cpu MHz":
			p.megahertz = math.Round(parseFloat(value))
		case "physical id":
			socket = value
		case "core id":
			cores[socket+"/"+value] = true
		}
	}
	if p.cores = len(cores); p.cores == 0 {
		p.cores = p.processors
	}
	return p
}

// frequency reads the first core's; the others follow it closely enough for one number.
func (d *Document) frequency() api.Frequency {
	read := func(name string) float64 {
		line, err := d.host.Line("sys/devices/system/cpu/cpu0/cpufreq/" + name) // kHz
		if err != nil {
			return 0 // virtual machines have none
		}
		return math.Round(parseFloat(line) / 1000)
	}
	return api.Frequency{Current: read("scaling_cur_freq"), Min: read("cpuinfo_min_freq"), Max: read("cpuinfo_max_freq")}
}

// temperatures reads the sensors by chip. Values are in thousandths of a degree.
func (d *Document) temperatures() map[string][]api.Temperature {
	found := map[string][]api.Temperature{}
	inputs, err := fs.Glob(d.host.FS(), "sys/class/hwmon/hwmon*/temp*_input")
	if err != nil {
		d.log.Error("list sensors", "err", err)
	}
	for _, input := range inputs {
		sensor := strings.TrimSuffix(input, "_input")
		degrees := func(suffix string) float64 {
			line, err := d.host.Line(sensor + suffix)
			if err != nil {
				return 0
			}
			return parseFloat(line) / 1000
		}
		chip, err := d.host.Line(input[:strings.LastIndexByte(input, '/')] + "/name")
		if err != nil {
			continue
		}
		label, err := d.host.Line(sensor + "_label")
		if err != nil {
			label = sensor[strings.LastIndexByte(sensor, '/')+1:]
		}
		found[chip] = append(found[chip], api.Temperature{
			Label: label, Current: degrees("_input"), High: degrees("_max"), Critical: degrees("_crit"),
		})
	}
	return found
}

func (d *Document) memory() (api.Memory, error) {
	m, err := d.set.Memory()
	if err != nil {
		return api.Memory{}, err
	}
	used, swapUsed := m.Total-m.Available, m.SwapTotal-m.SwapFree
	return api.Memory{
		RAM: api.RAM{
			Total: m.Total, Used: used, Free: m.Free, Available: m.Available, Percent: share(used, m.Total),
			Buffers: m.Buffers, Cached: m.Cached,
		},
		Swap: api.Swap{Total: m.SwapTotal, Used: swapUsed, Free: m.SwapFree, Percent: share(swapUsed, m.SwapTotal)},
	}, nil
}

// percent turns a ratio into 0 to 100 with two digits.
func percent(ratio float64) float64 { return math.Round(ratio*1e4) / 100 }

// share is part of whole in percent, 0 of nothing.
func share(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return percent(float64(part) / float64(whole))
}

// parseFloat is 0 for what is no finite number: these are the kernel's words, and JSON has no other number for them.
func parseFloat(text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

// missing tells a file that this machine does not have from one that it does not let us read.
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// uptimeText writes seconds as "96d 0h 5m".
func uptimeText(seconds int64) string {
	minutes := seconds / 60
	return fmt.Sprintf("%dd %dh %dm", minutes/(24*60), minutes/60%24, minutes%60)
}
