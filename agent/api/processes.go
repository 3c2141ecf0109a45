package api

import "time"

// ProcessStats is the part of Metrics that speaks of processes; the lists hold ten each.
type ProcessStats struct {
	Total       int       `json:"total"`
	Running     int       `json:"running"`
	Sleeping    int       `json:"sleeping"`
	TopByCPU    []Process `json:"top_by_cpu"`
	TopByMemory []Process `json:"top_by_memory"`
}

// Process is one row of the process table. CPUPercent is 0 to 100 of the whole machine.
type Process struct {
	PID           int     `json:"pid"`
	Name          string  `json:"name"`
	User          string  `json:"user,omitempty"`
	CPUPercent    float64 `json:"cpu_percent"`
	MemoryPercent float64 `json:"memory_percent"`
	MemoryBytes   uint64  `json:"memory_bytes,omitempty"`
	Status        string  `json:"status"` // running, sleeping, disk-sleep, stopped, zombie, idle
	Threads       int     `json:"threads,omitempty"`
	Command       string  `json:"command,omitempty"`
	Started       uint64  `json:"started,omitempty"` // ticks since boot; tells it from a later process with the same number
}

// Processes answers PathProcesses: the whole table as of CollectedAt (at most 5 s old).
type Processes struct {
	CollectedAt time.Time `json:"collected_at"`
	Count       int       `json:"count"`
	Processes   []Process `json:"processes"`
}
