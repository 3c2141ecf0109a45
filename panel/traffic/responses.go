package traffic

// SummaryResponse is the traffic of the last days.
type SummaryResponse struct {
	Days         int              `json:"days"`
	Total        Total            `json:"total"`
	ByInterface  []InterfaceBytes `json:"by_interface"`
	ByPort       []PortBytes      `json:"by_port"`
	TrackedPorts []int            `json:"tracked_ports"`
}

// Total is the sum of the interfaces that count.
type Total struct {
	RxBytes int64 `json:"rx_bytes"`
	TxBytes int64 `json:"tx_bytes"`
	Days    int   `json:"days"`
}

// InterfaceBytes is the traffic of one interface.
type InterfaceBytes struct {
	Interface string `json:"interface"`
	RxBytes   int64  `json:"rx_bytes"`
	TxBytes   int64  `json:"tx_bytes"`
	Counted   bool   `json:"counted"` // part of the total; a bridge or a tunnel is not
}

// PortBytes is the traffic of one port, which may not be counted any more.
type PortBytes struct {
	Port    int   `json:"port"`
	RxBytes int64 `json:"rx_bytes"`
	TxBytes int64 `json:"tx_bytes"`
}

// CachedTrafficResponse is the summary of the configured period, at most a minute old.
type CachedTrafficResponse struct {
	Summary      SummaryResponse `json:"summary"`
	TrackedPorts []int           `json:"tracked_ports"`
	CachedAt     string          `json:"cached_at"`
}

// Series is the common part of hourly, daily and monthly traffic. Without interface and port it is the server's total.
type Series struct {
	Interface *string `json:"interface"`
	Port      *int    `json:"port"`
	Timezone  string  `json:"timezone"` // of the labels: UTC
	TotalRx   int64   `json:"total_rx"`
	TotalTx   int64   `json:"total_tx"`
}

// HourlyResponse is the traffic by hour, oldest first. Bytes are null where nothing was received from the server.
type HourlyResponse struct {
	Hours int `json:"hours"`
	Series
	Data []HourBytes `json:"data"`
}

// HourBytes is the traffic of one hour.
type HourBytes struct {
	Hour    string `json:"hour"` // YYYY-MM-DD HH:00
	RxBytes *int64 `json:"rx_bytes"`
	TxBytes *int64 `json:"tx_bytes"`
}

// DailyResponse is the traffic by day.
type DailyResponse struct {
	Days int `json:"days"`
	Series
	Data []DayBytes `json:"data"`
}

// DayBytes is the traffic of one day.
type DayBytes struct {
	Date    string `json:"date"` // YYYY-MM-DD
	RxBytes *int64 `json:"rx_bytes"`
	TxBytes *int64 `json:"tx_bytes"`
}

// MonthlyResponse is the traffic by month.
type MonthlyResponse struct {
	Months int `json:"months"`
	Series
	Data []MonthBytes `json:"data"`
}

// MonthBytes is the traffic of one month.
type MonthBytes struct {
	Month   string `json:"month"` // YYYY-MM
	RxBytes *int64 `json:"rx_bytes"`
	TxBytes *int64 `json:"tx_bytes"`
}

// PortsResponse is the traffic of the last days by port.
type PortsResponse struct {
	Days         int         `json:"days"`
	TrackedPorts []int       `json:"tracked_ports"`
	Data         []PortBytes `json:"data"`
	TotalRx      int64       `json:"total_rx"`
	TotalTx      int64       `json:"total_tx"`
}

// InterfacesResponse is the traffic of the last days by interface; the totals are of those that count.
type InterfacesResponse struct {
	Days    int              `json:"days"`
	Data    []InterfaceBytes `json:"data"`
	TotalRx int64            `json:"total_rx"`
	TotalTx int64            `json:"total_tx"`
}
