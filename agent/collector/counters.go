package collector

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
)

// Interface is the counters of a network interface since it was made.
type Interface struct {
	Name    string
	Virtual bool // another interface carries the same bytes

	ReceivedBytes, ReceivedPackets, ReceiveErrors, ReceiveDrops uint64
	SentBytes, SentPackets, SendErrors, SendDrops               uint64
}

// Interfaces lists all network interfaces but loopback, by name.
func (s *Set) Interfaces() ([]Interface, error) {
	data, err := fs.ReadFile(s.host.FS(), "proc/net/dev")
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var list []Interface
	parseNetDev(data, func(name []byte, c *interfaceCounters) {
		if string(name) == "lo" {
			return
		}
		list = append(list, Interface{
			Name: string(name), Virtual: isVirtualInterface(s.host.FS(), string(name)),
			ReceivedBytes: c[receiveBytes], ReceivedPackets: c[receivePackets], ReceiveErrors: c[receiveErrors], ReceiveDrops: c[receiveDrops],
			SentBytes: c[sendBytes], SentPackets: c[sendPackets], SendErrors: c[sendErrors], SendDrops: c[sendDrops],
		})
	})
	slices.SortFunc(list, func(a, b Interface) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// Disk is the counters of a block device since boot.
type Disk struct {
	Name                    string
	ReadBytes, WrittenBytes uint64
	Reads, Writes           uint64 // completed
	ReadMs, WriteMs         uint64 // milliseconds that they took, summed
}

// Disks lists the block devices without partitions and without those that are no disks.
func (s *Set) Disks() ([]Disk, error) {
	data, err := fs.ReadFile(s.host.FS(), "proc/diskstats")
	if err != nil {
		return nil, fmt.Errorf("list disks: %w", err)
	}
	var list []Disk
	parseDiskStats(data, func(name []byte, c *diskCounters) {
		if ignoredDisk(s.host.FS(), string(name)) {
			return
		}
		list = append(list, Disk{
			Name: string(name), ReadBytes: c[sectorsRead] * sectorSize, WrittenBytes: c[sectorsWritten] * sectorSize,
			Reads: c[readsDone], Writes: c[writesDone], ReadMs: c[readTimeMs], WriteMs: c[writeTimeMs],
		})
	})
	return list, nil
}
