package host

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"syscall"
)

// Addresses returns the addresses of the network interfaces by interface index, each with the length of its network.
func (h *Host) Addresses() (map[int][]netip.Prefix, error) { return h.addrs() }

// listAddresses asks once for all interfaces; package net would ask once for each.
func listAddresses() (map[int][]netip.Prefix, error) {
	dump, err := syscall.NetlinkRIB(syscall.RTM_GETADDR, syscall.AF_UNSPEC)
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	messages, err := syscall.ParseNetlinkMessage(dump)
	if err != nil {
		return nil, fmt.Errorf("parse addresses: %w", err)
	}
	found := map[int][]netip.Prefix{}
	for _, m := range messages {
		if m.Header.Type != syscall.RTM_NEWADDR || len(m.Data) < syscall.SizeofIfAddrmsg {
			continue
		}
		index := int(binary.NativeEndian.Uint32(m.Data[4:])) // struct ifaddrmsg: family, prefix length, flags, scope, index
		if prefix, ok := addressOf(&m); ok {
			found[index] = append(found[index], prefix)
		}
	}
	return found, nil
}

// addressOf returns the interface's own address. On a point-to-point interface IFA_ADDRESS is the other end, so
// IFA_LOCAL, where present, wins.
func addressOf(m *syscall.NetlinkMessage) (p netip.Prefix, ok bool) {
	attributes, err := syscall.ParseNetlinkRouteAttr(m)
	if err != nil {
		return p, false
	}
	for _, a := range attributes {
		if a.Attr.Type != syscall.IFA_LOCAL && (a.Attr.Type != syscall.IFA_ADDRESS || ok) {
			continue
		}
		if ip, valid := netip.AddrFromSlice(a.Value); valid {
			p, ok = netip.PrefixFrom(ip, int(m.Data[1])), true
		}
	}
	return p, ok
}
