package events

import (
	"time"

	"monitoring/agent/api"
	"monitoring/storage"
	"monitoring/words"
)

// LiveServer is what a dashboard card shows of a server. Sizes are bytes, rates bytes per second, percents 0 to 100.
type LiveServer struct {
	ID         int64           `json:"id"`
	Status     string          `json:"status"` // online, offline, loading or disabled
	At         int64           `json:"at"`     // Unix milliseconds of the values, 0 when there are none yet
	CPU        float64         `json:"cpu"`
	RAM        float64         `json:"ram"`
	RAMUsed    uint64          `json:"ram_used"`
	RAMTotal   uint64          `json:"ram_total"`
	Disk       float64         `json:"disk"`
	DiskUsed   uint64          `json:"disk_used"`
	DiskTotal  uint64          `json:"disk_total"`
	Rx         float64         `json:"rx"`
	Tx         float64         `json:"tx"`
	Load1      float64         `json:"load1"`
	Load5      float64         `json:"load5"`
	Load15     float64         `json:"load15"`
	Cores      int             `json:"cores"`
	Uptime     int64           `json:"uptime"` // seconds
	TCP        int             `json:"tcp"`
	UDP        int             `json:"udp"`
	Processes  int             `json:"processes"`
	Error      *string         `json:"error"`
	ErrorWords *words.Sentence `json:"error_words,omitempty"` // Error for the UI
	Code       *int            `json:"code"`
}

// FromMetrics puts together what is known of a server. A zero at means that no document came yet; the values of an
// offline server are its last ones.
func FromMetrics(srv storage.Server, m api.Metrics, at time.Time) LiveServer {
	out := LiveServer{
		ID: srv.ID, Status: status(srv),
		CPU: m.CPU.UsagePercent, RAM: m.Memory.RAM.Percent, RAMUsed: m.Memory.RAM.Used, RAMTotal: m.Memory.RAM.Total,
		Rx: m.Network.Total.RxBytesPerSec, Tx: m.Network.Total.TxBytesPerSec,
		Load1: m.CPU.LoadAvg1, Load5: m.CPU.LoadAvg5, Load15: m.CPU.LoadAvg15, Cores: m.CPU.CoresLogical,
		Uptime: m.System.UptimeSeconds, TCP: m.System.ConnectionsDetailed.TCP.Total, UDP: m.System.ConnectionsDetailed.UDP.Total,
		Processes: m.Processes.Total, Error: srv.LastError, ErrorWords: srv.ErrorWords, Code: srv.ErrorCode,
	}
	if !at.IsZero() {
		out.At = at.UnixMilli()
	}
	if root, ok := rootPartition(m.Disk.Partitions); ok {
		out.Disk, out.DiskUsed, out.DiskTotal = root.Percent, root.Used, root.Total
	}
	return out
}

func status(srv storage.Server) string {
	switch {
	case !srv.IsActive:
		return "disabled"
	case srv.LastError != nil:
		return "offline"
	case srv.LastSeen == nil:
		return "loading"
	default:
		return "online"
	}
}

// rootPartition returns the file system of "/", else the largest one.
func rootPartition(partitions []api.Partition) (api.Partition, bool) {
	var found api.Partition
	for _, p := range partitions {
		if p.Mountpoint == "/" {
			return p, true
		}
		if p.Total > found.Total {
			found = p
		}
	}
	return found, len(partitions) > 0
}
