package collector

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// realSet measures the machine that the test runs on. All tests must use these options: node_exporter takes one root.
func realSet(t *testing.T) *Set {
	t.Helper()
	s, err := New(Options{Root: "/", Version: "1.2.3", Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parsePage(t *testing.T, page []byte) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return families
}

func realPage(t *testing.T, query string) map[string]*dto.MetricFamily {
	t.Helper()
	return parsePage(t, get(t, realSet(t).Handler(), "/metrics"+query).Body.Bytes())
}

// notHere is what the public dashboard asks for and a plain virtual machine does not have, with the reason.
var notHere = map[string]string{
	"node_cooling_device_cur_state": "fans", "node_cooling_device_max_state": "fans",
	"node_cpu_scaling_frequency_hertz": "cpufreq", "node_cpu_scaling_frequency_max_hertz": "cpufreq", "node_cpu_scaling_frequency_min_hertz": "cpufreq",
	"node_hwmon_chip_names": "sensors", "node_hwmon_fan_min_rpm": "sensors", "node_hwmon_fan_rpm": "sensors", "node_hwmon_temp_celsius": "sensors",
	"node_hwmon_temp_crit_alarm_celsius": "sensors", "node_hwmon_temp_crit_celsius": "sensors", "node_hwmon_temp_crit_hyst_celsius": "sensors",
	"node_hwmon_temp_max_celsius":             "sensors",
	"node_kernel_hung_tasks":                  "this version says node_kernel_hung_tasks_total",
	"node_memory_HardwareCorrupted_bytes":     "memory that reports its errors",
	"node_netstat_Tcp_MaxConn":                "left out by node_exporter's default",
	"node_power_supply_online":                "a battery",
	"node_pressure_irq_stalled_seconds_total": "a kernel option",
	"node_schedstat_running_seconds_total":    "a kernel option", "node_schedstat_timeslices_total": "a kernel option", "node_schedstat_waiting_seconds_total": "a kernel option",
	"node_systemd_socket_accepted_connections_total": "asks a bus", "node_systemd_socket_current_connections": "asks a bus",
	"node_systemd_socket_refused_connections_total": "asks a bus", "node_systemd_units": "asks a bus",
}

// The dashboard "Node Exporter Full" finds everything in the host set, but the interrupts, which are in the other.
func TestPublicDashboardFindsItsNames(t *testing.T) {
	list, err := os.ReadFile("testdata/node_exporter_full.txt")
	if err != nil {
		t.Fatal(err)
	}
	host, services := realPage(t, "?set=host"), realPage(t, "?set=services")
	wanted := 0
	for name := range strings.Lines(string(list)) {
		name = strings.TrimSpace(name)
		if strings.HasPrefix(name, "#") || notHere[name] != "" {
			continue
		}
		wanted++
		page := host
		if name == "node_interrupts_total" {
			page = services
		}
		if page[name] == nil {
			t.Errorf("the page has no %s", name)
		}
	}
	if wanted != 229-len(notHere) {
		t.Errorf("looked for %d names", wanted)
	}
	if got := host["node_uname_info"]; got == nil || labelNames(got) != "domainname machine nodename release sysname version" {
		t.Errorf("the dashboard chooses the server by node_uname_info: %v", got)
	}
}

// What node_exporter and the agent both export has the same type and the same labels.
func TestSameAsNodeExporter(t *testing.T) {
	ours := realPage(t, "")
	theirs := parsePage(t, nodeExporterPage(t))
	// What the older version of the distribution exports and we do not.
	const notParsed = "later versions read only the fields that they know"
	left := map[string]string{
		"node_processes_threads_state":    "opens one file for each thread of the machine",
		"node_exporter_build_info":        "ours is agent_build_info",
		"node_memory_Balloon_bytes":       notParsed,
		"node_memory_FileHugePages_bytes": notParsed,
		"node_memory_FilePmdMapped_bytes": notParsed,
		"node_memory_Hugetlb_bytes":       notParsed,
		"node_memory_KReclaimable_bytes":  notParsed,
		"node_memory_SecPageTables_bytes": notParsed,
		"node_memory_Unaccepted_bytes":    notParsed,
	}
	compared := 0
	for name, their := range theirs {
		if _, ok := left[name]; ok || !strings.HasPrefix(name, "node_") {
			continue
		}
		our := ours[name]
		if our == nil {
			t.Errorf("%s is missing", name)
			continue
		}
		compared++
		if our.GetType() != their.GetType() {
			t.Errorf("%s is a %s, node_exporter's a %s", name, our.GetType(), their.GetType())
		}
		added := addedLabels[name]
		if strings.HasPrefix(name, "node_filesystem_") {
			added = "device_error"
		}
		if got, want := labelNames(our, added), labelNames(their); got != want {
			t.Errorf("%s has the labels %q, node_exporter's %q", name, got, want)
		}
	}
	if compared < 200 {
		t.Errorf("only %d families to compare", compared)
	}
}

// addedLabels are the labels that versions of node_exporter after the distribution's have added.
var addedLabels = map[string]string{"node_disk_info": "rotational", "node_network_info": "adminstate"}

// labelNames lists the names of a family's labels but those left out.
func labelNames(f *dto.MetricFamily, without ...string) string {
	names := map[string]bool{}
	for _, m := range f.Metric {
		for _, l := range m.Label {
			if !slices.Contains(without, l.GetName()) {
				names[l.GetName()] = true
			}
		}
	}
	list := make([]string, 0, len(names))
	for n := range names {
		list = append(list, n)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// nodeExporterPage is the page of Debian's prometheus-node-exporter with our families enabled.
func nodeExporterPage(t *testing.T) []byte {
	t.Helper()
	const binary = "prometheus-node-exporter"
	help, err := exec.CommandContext(t.Context(), binary, "--help").CombinedOutput()
	if err != nil {
		t.Fatalf("%s (apt-get install %s): %v", binary, binary, err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	args := []string{"--web.listen-address=" + address, "--collector.disable-defaults", "--web.disable-exporter-metrics", "--log.level=error"}
	for _, flag := range append(nodeFlags("/", filepath.Join("/", defaultTextfileDir)), "--collector.tcpstat", "--collector.processes") {
		if name, _, _ := strings.Cut(flag, "="); bytes.Contains(help, []byte(strings.Replace(name, "--no-", "--[no-]", 1))) {
			args = append(args, flag)
		}
	}
	for name := range nodeCollectors {
		if flag := "--collector." + name; bytes.Contains(help, []byte(flag+" ")) {
			args = append(args, flag)
		}
	}
	var output bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Stderr = &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // by that signal
	}()
	deadline := time.Now().Add(10 * time.Second)
	for {
		resp, err := http.Get("http://" + address + "/metrics")
		if err == nil {
			defer resp.Body.Close()
			var page bytes.Buffer
			if _, err := page.ReadFrom(resp.Body); err != nil {
				t.Fatal(err)
			}
			return page.Bytes()
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %v\n%s", binary, err, &output)
		}
		<-time.After(20 * time.Millisecond)
	}
}
