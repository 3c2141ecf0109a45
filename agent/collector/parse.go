package collector

import "bytes"

// The parsers here run every second, so they allocate nothing: they walk the bytes of a /proc file and hand out
// numbers and sub-slices that are valid until the next read. A line that they do not understand is left out.

// cutLine returns the first line and the rest.
func cutLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte{'\n'})
	return line, rest
}

// cutField returns the first word and what follows it.
func cutField(b []byte) (field, rest []byte) {
	start := 0
	for start < len(b) && (b[start] == ' ' || b[start] == '\t') {
		start++
	}
	end := start
	for end < len(b) && b[end] != ' ' && b[end] != '\t' {
		end++
	}
	return b[start:end], b[end:]
}

// parseUint reads a whole field as a decimal number; ok is false for anything else and for more than 64 bits.
func parseUint(b []byte) (v uint64, ok bool) {
	if len(b) == 0 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		d := uint64(c - '0')
		if v > (1<<64-1-d)/10 {
			return 0, false
		}
		v = v*10 + d
	}
	return v, true
}

// cpuTimes are the columns of a cpu line of /proc/stat in clock ticks: user nice system idle iowait irq softirq steal.
// The guest columns that follow are part of user and nice.
type cpuTimes [8]uint64

const (
	cpuIdle   = 3
	cpuIOWait = 4
	allCPUs   = -1 // the line that sums all of them
)

// parseStat calls f for every cpu line of /proc/stat; they come first in it.
func parseStat(b []byte, f func(cpu int, t cpuTimes)) {
	for len(b) > 0 {
		var line []byte
		line, b = cutLine(b)
		name, line := cutField(line)
		number, ok := bytes.CutPrefix(name, []byte("cpu"))
		if !ok {
			return
		}
		cpu := allCPUs
		if len(number) > 0 {
			n, ok := parseUint(number)
			if !ok || n > 1<<16 {
				continue
			}
			cpu = int(n)
		}
		var t cpuTimes
		if parseColumns(line, t[:]) >= cpuIdle+1 {
			f(cpu, t)
		}
	}
}

// parseColumns fills columns from the words of a line and returns how many it could read.
func parseColumns(line []byte, columns []uint64) int {
	for i := range columns {
		var field []byte
		field, line = cutField(line)
		v, ok := parseUint(field)
		if !ok {
			return i
		}
		columns[i] = v
	}
	return len(columns)
}

// interfaceCounters are the columns of /proc/net/dev; only the first of each half interest the sampler.
type interfaceCounters [16]uint64

const (
	receiveBytes   = 0
	receivePackets = 1
	receiveErrors  = 2
	receiveDrops   = 3
	sendBytes      = 8
	sendPackets    = 9
	sendErrors     = 10
	sendDrops      = 11
)

// parseNetDev calls f for every interface of /proc/net/dev. A name may touch its first number, and an alias such as
// eth0:1 has a colon of its own, so the name ends at the last colon.
func parseNetDev(b []byte, f func(name []byte, c *interfaceCounters)) {
	var c interfaceCounters
	for len(b) > 0 {
		var line []byte
		line, b = cutLine(b)
		colon := bytes.LastIndexByte(line, ':')
		if colon < 0 {
			continue // one of the two title lines
		}
		name, _ := cutField(line[:colon])
		if len(name) > 0 && parseColumns(line[colon+1:], c[:]) == len(c) {
			f(name, &c)
		}
	}
}

// diskCounters are the first columns of /proc/diskstats after the name: reads completed, merged, sectors, milliseconds,
// then the same of writes.
type diskCounters [8]uint64

const (
	readsDone      = 0
	sectorsRead    = 2
	readTimeMs     = 3
	writesDone     = 4
	sectorsWritten = 6
	writeTimeMs    = 7

	sectorSize = 512 // bytes of a sector of /proc/diskstats, whatever the disk's own is
)

// parseDiskStats calls f for every block device of /proc/diskstats.
func parseDiskStats(b []byte, f func(name []byte, c *diskCounters)) {
	var c diskCounters
	for len(b) > 0 {
		var line []byte
		line, b = cutLine(b)
		_, line = cutField(line) // major
		_, line = cutField(line) // minor
		name, line := cutField(line)
		if len(name) > 0 && parseColumns(line, c[:]) == len(c) {
			f(name, &c)
		}
	}
}
