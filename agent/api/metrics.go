package api

import "time"

// Metrics is the document of one moment of a node. Sizes are bytes, rates bytes per second, percents 0 to 100.
type Metrics struct {
	Timestamp    time.Time    `json:"timestamp"`
	ServerName   string       `json:"server_name"`
	Timezone     Timezone     `json:"timezone"`
	CPU          CPU          `json:"cpu"`
	Memory       Memory       `json:"memory"`
	Disk         Disk         `json:"disk"`
	Network      Network      `json:"network"`
	Processes    ProcessStats `json:"processes"`
	System       System       `json:"system"`
	Certificates Certificates `json:"certificates"`
}

// Timezone is the node's own zone; Offset looks like "+03:00".
type Timezone struct {
	Name          string `json:"name"`
	Offset        string `json:"offset"`
	OffsetSeconds int    `json:"offset_seconds"`
}

// CPU is load and make of the processors; UsagePercent is the mean of the last seconds, not of an instant.
type CPU struct {
	CoresPhysical int                      `json:"cores_physical"`
	CoresLogical  int                      `json:"cores_logical"`
	Model         string                   `json:"model"`
	UsagePercent  float64                  `json:"usage_percent"`
	PerCPUPercent []float64                `json:"per_cpu_percent"`
	LoadAvg1      float64                  `json:"load_avg_1"`
	LoadAvg5      float64                  `json:"load_avg_5"`
	LoadAvg15     float64                  `json:"load_avg_15"`
	Frequency     Frequency                `json:"frequency"` // MHz
	Temperatures  map[string][]Temperature `json:"temperatures"`
}

// Frequency is in MHz; zero where the kernel does not tell.
type Frequency struct {
	Current float64 `json:"current"`
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`
}

// Temperature is in degrees Celsius.
type Temperature struct {
	Label    string  `json:"label"`
	Current  float64 `json:"current"`
	High     float64 `json:"high"`
	Critical float64 `json:"critical"`
}

// Memory holds RAM and swap.
type Memory struct {
	RAM  RAM  `json:"ram"`
	Swap Swap `json:"swap"`
}

// RAM counts Used as total minus available.
type RAM struct {
	Total     uint64  `json:"total"`
	Used      uint64  `json:"used"`
	Free      uint64  `json:"free"`
	Available uint64  `json:"available"`
	Percent   float64 `json:"percent"`
	Buffers   uint64  `json:"buffers"`
	Cached    uint64  `json:"cached"`
}

// Swap is all zero on a node without swap.
type Swap struct {
	Total   uint64  `json:"total"`
	Used    uint64  `json:"used"`
	Free    uint64  `json:"free"`
	Percent float64 `json:"percent"`
}

// Disk holds file systems and the counters of block devices.
type Disk struct {
	Partitions []Partition       `json:"partitions"`
	IO         map[string]DiskIO `json:"io"`
}

// Partition is one mounted file system.
type Partition struct {
	Device     string  `json:"device"`
	Mountpoint string  `json:"mountpoint"`
	Fstype     string  `json:"fstype"`
	Total      uint64  `json:"total"`
	Used       uint64  `json:"used"`
	Free       uint64  `json:"free"`
	Percent    float64 `json:"percent"`
}

// DiskIO holds counters since boot and current rates.
type DiskIO struct {
	ReadBytes        uint64  `json:"read_bytes"`
	WriteBytes       uint64  `json:"write_bytes"`
	ReadCount        uint64  `json:"read_count"`
	WriteCount       uint64  `json:"write_count"`
	ReadTimeMs       uint64  `json:"read_time_ms"`
	WriteTimeMs      uint64  `json:"write_time_ms"`
	ReadBytesPerSec  float64 `json:"read_bytes_per_sec"`
	WriteBytesPerSec float64 `json:"write_bytes_per_sec"`
}

// Network holds the interfaces without loopback; virtual ones are listed but left out of Total.
type Network struct {
	Interfaces []Interface  `json:"interfaces"`
	Total      NetworkTotal `json:"total"`
}

// Interface is one network device.
type Interface struct {
	Name          string    `json:"name"`
	Addresses     []Address `json:"addresses"`
	MAC           string    `json:"mac"`
	MTU           int       `json:"mtu"`
	SpeedMbps     int       `json:"speed_mbps"`
	IsUp          bool      `json:"is_up"`
	IsVirtual     bool      `json:"is_virtual"`
	RxBytes       uint64    `json:"rx_bytes"`
	TxBytes       uint64    `json:"tx_bytes"`
	RxPackets     uint64    `json:"rx_packets"`
	TxPackets     uint64    `json:"tx_packets"`
	RxErrors      uint64    `json:"rx_errors"`
	TxErrors      uint64    `json:"tx_errors"`
	RxDrops       uint64    `json:"rx_drops"`
	TxDrops       uint64    `json:"tx_drops"`
	RxBytesPerSec float64   `json:"rx_bytes_per_sec"`
	TxBytesPerSec float64   `json:"tx_bytes_per_sec"`
}

// Address has a netmask only for IPv4.
type Address struct {
	Type    string `json:"type"` // ipv4 or ipv6
	Address string `json:"address"`
	Netmask string `json:"netmask,omitempty"`
}

// NetworkTotal sums the interfaces that are not virtual.
type NetworkTotal struct {
	RxBytes       uint64  `json:"rx_bytes"`
	TxBytes       uint64  `json:"tx_bytes"`
	RxPackets     uint64  `json:"rx_packets"`
	TxPackets     uint64  `json:"tx_packets"`
	RxBytesPerSec float64 `json:"rx_bytes_per_sec"`
	TxBytesPerSec float64 `json:"tx_bytes_per_sec"`
}

// System is what the kernel says of itself.
type System struct {
	Hostname            string              `json:"hostname"`
	OS                  string              `json:"os"`
	Kernel              string              `json:"kernel"`
	Architecture        string              `json:"architecture"`
	BootTime            time.Time           `json:"boot_time"`
	UptimeSeconds       int64               `json:"uptime_seconds"`
	UptimeHuman         string              `json:"uptime_human"` // "96d 0h 5m"
	OpenFiles           uint64              `json:"open_files"`
	ServerName          string              `json:"server_name"`
	Timezone            Timezone            `json:"timezone"`
	Connections         Connections         `json:"connections"`
	ConnectionsDetailed ConnectionsDetailed `json:"connections_detailed"`
}

// Connections is the short form of ConnectionsDetailed.
type Connections struct {
	Established int `json:"established"`
	Listen      int `json:"listen"`
	TimeWait    int `json:"time_wait"`
	Other       int `json:"other"`
}

// ConnectionsDetailed counts sockets of IPv4 and IPv6 together.
type ConnectionsDetailed struct {
	TCP TCPStates `json:"tcp"`
	UDP UDPCount  `json:"udp"`
}

// TCPStates counts TCP sockets by state.
type TCPStates struct {
	Total       int `json:"total"`
	Established int `json:"established"`
	Listen      int `json:"listen"`
	TimeWait    int `json:"time_wait"`
	CloseWait   int `json:"close_wait"`
	SynSent     int `json:"syn_sent"`
	SynRecv     int `json:"syn_recv"`
	FinWait     int `json:"fin_wait"`
	Other       int `json:"other"`
}

// UDPCount counts UDP sockets.
type UDPCount struct {
	Total int `json:"total"`
}

// Certificates tells what expires next; nothing fills it before certificates can be managed.
type Certificates struct {
	Count         int                `json:"count"`
	ClosestExpiry *CertificateExpiry `json:"closest_expiry"`
}

// CertificateExpiry is one certificate's end.
type CertificateExpiry struct {
	Domain     string    `json:"domain"`
	DaysLeft   int       `json:"days_left"`
	ExpiryDate time.Time `json:"expiry_date"`
	Expired    bool      `json:"expired"`
}
