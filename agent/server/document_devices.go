package server

import (
	"math"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"monitoring/agent/api"
	"monitoring/agent/collector"
)

func (d *Document) disk(rates collector.Rates) api.Disk {
	disk := api.Disk{Partitions: []api.Partition{}, IO: map[string]api.DiskIO{}}
	systems, err := d.set.FileSystems()
	if err != nil {
		d.log.Warn("list file systems", "err", err)
	}
	for _, s := range systems {
		disk.Partitions = append(disk.Partitions, api.Partition{
			Device: s.Device, Mountpoint: s.Mountpoint, Fstype: s.Type,
			Total: s.Total, Used: s.Used, Free: s.Free, Percent: percent(s.Ratio()),
		})
	}
	disks, err := d.set.Disks()
	if err != nil {
		d.log.Warn("list disks", "err", err)
	}
	current := byName(rates.Disks)
	for _, c := range disks {
		r := current[c.Name]
		disk.IO[c.Name] = api.DiskIO{
			ReadBytes: c.ReadBytes, WriteBytes: c.WrittenBytes, ReadCount: c.Reads, WriteCount: c.Writes,
			ReadTimeMs: c.ReadMs, WriteTimeMs: c.WriteMs,
			ReadBytesPerSec: math.Round(r.In.Mean), WriteBytesPerSec: math.Round(r.Out.Mean),
		}
	}
	return disk
}

func (d *Document) network(rates collector.Rates) api.Network {
	n := api.Network{Interfaces: []api.Interface{}}
	n.Total.RxBytesPerSec = math.Round(rates.Network.In.Mean)
	n.Total.TxBytesPerSec = math.Round(rates.Network.Out.Mean)
	counters, err := d.set.Interfaces()
	if err != nil {
		d.log.Warn("list interfaces", "err", err)
	}
	addresses, err := d.host.Addresses()
	if err != nil {
		d.log.Warn("list addresses", "err", err)
	}
	current := byName(rates.Interfaces)
	for _, c := range counters {
		if !c.Virtual {
			n.Total.RxBytes += c.ReceivedBytes
			n.Total.TxBytes += c.SentBytes
			n.Total.RxPackets += c.ReceivedPackets
			n.Total.TxPackets += c.SentPackets
		}
		i := d.networkInterface(c, addresses)
		r := current[c.Name]
		i.RxBytesPerSec, i.TxBytesPerSec = math.Round(r.In.Mean), math.Round(r.Out.Mean)
		n.Interfaces = append(n.Interfaces, i)
	}
	return n
}

func (d *Document) networkInterface(c collector.Interface, addresses map[int][]netip.Prefix) api.Interface {
	line := func(name string) string {
		text, err := d.host.Line("sys/class/net/" + c.Name + "/" + name)
		if err != nil {
			return "" // speed is an error where there is no cable
		}
		return text
	}
	number := func(name string) int {
		n, err := strconv.Atoi(line(name))
		if err != nil {
			return 0
		}
		return n
	}
	return api.Interface{
		Name: c.Name, IsVirtual: c.Virtual,
		Addresses: interfaceAddresses(addresses[number("ifindex")]),
		MAC:       line("address"),
		MTU:       number("mtu"),
		SpeedMbps: max(number("speed"), 0), // -1: unknown
		IsUp:      isUp(line("operstate"), line("flags")),
		RxBytes:   c.ReceivedBytes, TxBytes: c.SentBytes, RxPackets: c.ReceivedPackets, TxPackets: c.SentPackets,
		RxErrors: c.ReceiveErrors, TxErrors: c.SendErrors, RxDrops: c.ReceiveDrops, TxDrops: c.SendDrops,
	}
}

// isUp believes the driver, and where it does not know (tunnels), the administrator.
func isUp(state, flags string) bool {
	if state != "unknown" {
		return state == "up"
	}
	bits, err := strconv.ParseUint(strings.TrimPrefix(flags, "0x"), 16, 32)
	return err == nil && net.Flags(bits)&net.FlagUp != 0 // IFF_UP is the lowest bit in both
}

func interfaceAddresses(prefixes []netip.Prefix) []api.Address {
	list := make([]api.Address, 0, len(prefixes))
	for _, p := range prefixes {
		if p.Addr().Is4() {
			mask := net.IP(net.CIDRMask(p.Bits(), 32)).String()
			list = append(list, api.Address{Type: "ipv4", Address: p.Addr().String(), Netmask: mask})
		} else {
			list = append(list, api.Address{Type: "ipv6", Address: p.Addr().String()})
		}
	}
	return list
}

func byName(list []collector.DeviceRates) map[string]collector.DeviceRates {
	m := make(map[string]collector.DeviceRates, len(list))
	for _, r := range list {
		m[r.Name] = r
	}
	return m
}
