package simulate

import (
	"math"
	"time"

	"monitoring/agent/api"
)

const gib = 1 << 30

// Document is a plausible metrics document of an agent that has been up for a while.
func Document(agentID string, up time.Duration) api.Metrics {
	wave := 0.5 + 0.4*math.Sin(up.Seconds()/60+float64(len(agentID)))
	zone := api.Timezone{Name: "UTC", Offset: "+00:00"}
	now := time.Now().UTC()
	return api.Metrics{
		Timestamp: now, ServerName: "sim-" + agentID, Timezone: zone,
		CPU: api.CPU{CoresPhysical: 2, CoresLogical: 4, Model: "Simulated CPU", UsagePercent: 100 * wave,
			PerCPUPercent: []float64{80 * wave, 90 * wave, 100 * wave, 70 * wave}, LoadAvg1: 4 * wave, LoadAvg5: 3 * wave, LoadAvg15: 2 * wave},
		Memory: api.Memory{RAM: api.RAM{Total: 8 * gib, Used: uint64(6 * gib * wave), Available: 8*gib - uint64(6*gib*wave), Percent: 75 * wave}},
		Disk: api.Disk{
			Partitions: []api.Partition{{Device: "/dev/vda1", Mountpoint: "/", Fstype: "ext4", Total: 80 * gib, Used: 30 * gib, Free: 50 * gib, Percent: 37.5}},
			IO:         map[string]api.DiskIO{"vda": {ReadBytesPerSec: 1e5 * wave, WriteBytesPerSec: 2e5 * wave}},
		},
		Network: api.Network{
			Interfaces: []api.Interface{{Name: "eth0", IsUp: true, MTU: 1500, SpeedMbps: 1000, RxBytesPerSec: 2e6 * wave, TxBytesPerSec: 3e6 * wave}},
			Total:      api.NetworkTotal{RxBytesPerSec: 2e6 * wave, TxBytesPerSec: 3e6 * wave},
		},
		Processes: api.ProcessStats{Total: 222, Running: 2, Sleeping: 220},
		System: api.System{Hostname: "sim-" + agentID, OS: "Debian GNU/Linux 12 (bookworm)", Kernel: "6.1.0", Architecture: "amd64",
			BootTime: now.Add(-up), UptimeSeconds: int64(up.Seconds()), UptimeHuman: "0d 0h 0m", Timezone: zone,
			ConnectionsDetailed: api.ConnectionsDetailed{TCP: api.TCPStates{Total: 2900, Established: int(2500 * wave), Listen: 20}, UDP: api.UDPCount{Total: 200}}},
	}
}
