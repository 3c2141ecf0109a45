package simulate

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// line is one series of the made-up page.
type line struct {
	comment string // TYPE line of the family, on its first series
	series  string // name and labels
	counter bool
	scale   float64 // counters grow by scale per second, gauges move around it
}

// Made once: the pages of all agents have the same series.
var hostLines, serviceLines = makeHostLines(), makeServiceLines()

// Series tells how many series a page of a set has: "host", "services" or "" for both.
func Series(set string) int { return len(linesOf(set)) }

func linesOf(set string) []line {
	switch set {
	case "host":
		return hostLines
	case "services":
		return serviceLines
	default:
		return append(append([]line(nil), hostLines...), serviceLines...)
	}
}

// appendPage writes the page as it is seconds after the agent's start. Agents with different seeds differ in values.
func appendPage(b []byte, lines []line, seed, seconds float64) []byte {
	for i, l := range lines {
		b = append(b, l.comment...)
		b = append(b, l.series...)
		b = append(b, ' ')
		phase := seed + float64(i)
		if l.counter {
			b = strconv.AppendFloat(b, math.Floor(l.scale*(seconds+100*seed+phase)), 'f', -1, 64)
		} else {
			v := l.scale * (0.6 + 0.3*math.Sin(seconds/60+phase))
			b = strconv.AppendFloat(b, math.Round(v*1e4)/1e4, 'f', -1, 64)
		}
		b = append(b, '\n')
	}
	return b
}

// builder collects the series of families.
type builder struct{ lines []line }

func (b *builder) add(name string, counter bool, scale float64, labels ...string) {
	kind := "gauge"
	if counter {
		kind = "counter"
	}
	if len(labels) == 0 {
		labels = []string{""}
	}
	for i, l := range labels {
		next := line{series: name, counter: counter, scale: scale}
		if l != "" {
			next.series += "{" + l + "}"
		}
		if i == 0 {
			next.comment = fmt.Sprintf("# HELP %s Made-up values.\n# TYPE %s %s\n", name, name, kind)
		}
		b.lines = append(b.lines, next)
	}
}

// each returns label="value" for every value.
func each(label string, values ...string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = label + `="` + v + `"`
	}
	return out
}

// cross joins every label of a with every label of b.
func cross(a, b []string) []string {
	var out []string
	for _, x := range a {
		for _, y := range b {
			out = append(out, x+","+y)
		}
	}
	return out
}

func makeHostLines() []line {
	var b builder
	cpus := each("cpu", "0", "1", "2", "3")
	devices := each("device", "eth0", "eth1", "wg0", "docker0")
	disks := each("device", "vda", "vdb")

	b.add("agent_build_info", false, 1, `version="0.1.0",goversion="go1.26",arch="amd64"`)
	b.add("agent_cpu_usage_ratio", false, 0.5)
	b.add("agent_cpu_usage_max_ratio", false, 0.9)
	b.add("agent_cpu_core_usage_ratio", false, 0.5, cpus...)
	b.add("agent_cpu_core_usage_max_ratio", false, 0.9, cpus...)
	for _, direction := range []string{"receive", "transmit"} {
		b.add("agent_network_"+direction+"_bytes_per_second", false, 2e6, devices...)
		b.add("agent_network_"+direction+"_max_bytes_per_second", false, 5e6, devices...)
		b.add("agent_network_total_"+direction+"_bytes_per_second", false, 4e6)
		b.add("agent_network_total_"+direction+"_max_bytes_per_second", false, 9e6)
		for _, what := range []string{"bytes", "packets", "errs", "drop", "fifo", "compressed"} {
			b.add("node_network_"+direction+"_"+what+"_total", true, 1e4, devices...)
		}
	}
	for _, direction := range []string{"read", "written"} {
		b.add("agent_disk_"+direction+"_bytes_per_second", false, 1e6, disks...)
		b.add("agent_disk_"+direction+"_max_bytes_per_second", false, 3e6, disks...)
		b.add("agent_disk_total_"+direction+"_bytes_per_second", false, 2e6)
		b.add("agent_disk_total_"+direction+"_max_bytes_per_second", false, 6e6)
		b.add("node_disk_"+direction+"_bytes_total", true, 1e6, disks...)
	}
	b.add("agent_tcp_connections", false, 800, each("state", "established", "listen", "time_wait", "close_wait", "syn_sent", "syn_recv", "fin_wait", "other")...)
	b.add("agent_udp_sockets", false, 120)
	b.add("agent_processes", false, 220)
	for _, ratio := range []string{"memory", "swap", "root_filesystem"} {
		b.add("agent_"+ratio+"_usage_ratio", false, 0.7)
	}
	b.add("node_cpu_seconds_total", true, 0.3, cross(cpus, each("mode", "idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"))...)
	for _, load := range []string{"1", "5", "15"} {
		b.add("node_load"+load, false, 1.5)
	}
	mounts := []string{`device="/dev/vda1",fstype="ext4",mountpoint="/"`, `device="/dev/vdb1",fstype="xfs",mountpoint="/srv"`}
	for _, what := range []string{"size_bytes", "free_bytes", "avail_bytes", "files", "files_free", "readonly"} {
		b.add("node_filesystem_"+what, false, 4e10, mounts...)
	}
	for i := len(b.lines); i < 500; i++ { // the long tail of meminfo, netstat, vmstat
		group := []string{"node_memory", "node_netstat_Tcp", "node_vmstat"}[i%3]
		b.add(fmt.Sprintf("%s_field%d%s", group, i, strings.Repeat("_total", i%2)), i%2 == 1, 1e5)
	}
	return b.lines
}

func makeServiceLines() []line {
	var b builder
	b.add("haproxy_up", false, 1)
	b.add("node_conntrack_entries", false, 5000)
	b.add("service_requests_total", true, 12, each("service", "haproxy", "xray", "nginx")...)
	return b.lines
}
