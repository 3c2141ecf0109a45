package host

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Traffic of single ports is counted by the kernel, in an nftables table of our own: UFW, iptables and Docker do not
// know it and so do not remove it. For each direction it has a set of ports with a counter for each, and a chain that
// looks up every packet of this machine, before any other filter can drop it. One look-up serves all ports. `nft list
// table inet monitoring` shows it; it takes Linux 5.7, for counters in sets.
const (
	portTable    = "monitoring"
	portPriority = -10 // just before the filters of iptables and UFW
)

// portSide is one direction: a packet to a port comes in, one from it goes out.
type portSide struct {
	chain, set string
	hook       *nftables.ChainHook
	offset     uint32 // of the port in the header of TCP and UDP
}

var portSides = []portSide{
	{"TRAFFIC_ACCOUNTING_IN", "ports_in", nftables.ChainHookInput, 2},
	{"TRAFFIC_ACCOUNTING_OUT", "ports_out", nftables.ChainHookOutput, 0},
}

// PortBytes is what passed one port since the kernel began to count it, whole IP packets of TCP and UDP.
type PortBytes struct {
	Port           uint16
	Received, Sent uint64
}

// CountPorts makes the kernel count these ports and no others. It changes only what differs; what has been counted of
// a port that stays is kept, unless somebody has damaged the table.
func (h *Host) CountPorts(ports []uint16) error {
	conn, closeNS, err := h.nftables()
	if err != nil {
		return err
	}
	defer closeNS()
	table, err := findTable(conn)
	if err != nil {
		return err
	}
	intact := table != nil && isIntact(conn, table)
	switch {
	case len(ports) == 0 && table == nil:
		return nil
	case len(ports) == 0:
		conn.DelTable(table)
	case intact:
		err = adjust(conn, table, ports)
	default:
		if table != nil {
			conn.DelTable(table)
		}
		err = build(conn, ports)
	}
	if err == nil {
		err = conn.Flush() // all of it or nothing
	}
	if err != nil {
		return fmt.Errorf("count ports: %w", err)
	}
	return nil
}

// PortBytes reads the counters, by port. Without counted ports there are none.
func (h *Host) PortBytes() ([]PortBytes, error) {
	conn, closeNS, err := h.nftables()
	if err != nil {
		return nil, err
	}
	defer closeNS()
	table, err := findTable(conn)
	if err != nil || table == nil {
		return nil, err
	}
	byPort := map[uint16]*PortBytes{}
	for i, side := range portSides {
		elements, err := conn.GetSetElements(&nftables.Set{Table: table, Name: side.set, KeyType: nftables.TypeInetService})
		if err != nil {
			return nil, fmt.Errorf("read port counters: %w", err)
		}
		for _, e := range elements {
			port := binary.BigEndian.Uint16(e.Key)
			p := byPort[port]
			if p == nil {
				p = &PortBytes{Port: port}
				byPort[port] = p
			}
			switch {
			case e.Counter == nil:
			case i == 0:
				p.Received = e.Counter.Bytes
			default:
				p.Sent = e.Counter.Bytes
			}
		}
	}
	out := make([]PortBytes, 0, len(byPort))
	for _, p := range byPort {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b PortBytes) int { return cmp.Compare(a.Port, b.Port) })
	return out, nil
}

// nftables connects to the machine's own network. From a container that shares it (process 1 is the machine's, and we
// have its network) no way leads elsewhere.
func (h *Host) nftables() (conn *nftables.Conn, closeNS func(), err error) {
	if h.root == "" {
		return nil, nil, errors.ErrUnsupported
	}
	if h.enter <= 1 {
		conn, err = nftables.New()
		return conn, func() {}, err
	}
	ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", h.enter))
	if err != nil {
		return nil, nil, fmt.Errorf("open network: %w", err)
	}
	conn, err = nftables.New(nftables.WithNetNSFd(int(ns.Fd())))
	return conn, func() { _ = ns.Close() }, err
}

// findTable returns our table, nil if there is none.
func findTable(conn *nftables.Conn) (*nftables.Table, error) {
	tables, err := conn.ListTablesOfFamily(nftables.TableFamilyINet)
	if err != nil {
		return nil, fmt.Errorf("list nftables: %w", err)
	}
	for _, t := range tables {
		if t.Name == portTable {
			return t, nil
		}
	}
	return nil, nil
}

// isIntact reports whether sets, chains and rules are there as build makes them.
func isIntact(conn *nftables.Conn, table *nftables.Table) bool {
	for _, side := range portSides {
		if _, err := conn.GetSetByName(table, side.set); err != nil {
			return false
		}
		rules, err := conn.GetRules(table, &nftables.Chain{Name: side.chain, Table: table})
		if err != nil || len(rules) != len(counted) {
			return false
		}
	}
	return true
}

// adjust adds and removes ports of sets that exist.
func adjust(conn *nftables.Conn, table *nftables.Table, ports []uint16) error {
	for _, side := range portSides {
		set := &nftables.Set{Table: table, Name: side.set, KeyType: nftables.TypeInetService}
		have, err := conn.GetSetElements(set)
		if err != nil {
			return err
		}
		var add, remove []nftables.SetElement
		known := map[uint16]bool{}
		for _, e := range have {
			port := binary.BigEndian.Uint16(e.Key)
			known[port] = true
			if !slices.Contains(ports, port) {
				remove = append(remove, nftables.SetElement{Key: e.Key})
			}
		}
		for _, port := range ports {
			if !known[port] {
				add = append(add, element(port))
			}
		}
		if len(remove) > 0 {
			if err := conn.SetDeleteElements(set, remove); err != nil {
				return err
			}
		}
		if len(add) > 0 {
			if err := conn.SetAddElements(set, add); err != nil {
				return err
			}
		}
	}
	return nil
}

func element(port uint16) nftables.SetElement {
	return nftables.SetElement{Key: binaryutil.BigEndian.PutUint16(port)}
}

// counted are the protocols that have ports.
var counted = []byte{unix.IPPROTO_TCP, unix.IPPROTO_UDP}

// build makes the table with everything in it.
func build(conn *nftables.Conn, ports []uint16) error {
	table := conn.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: portTable})
	elements := make([]nftables.SetElement, 0, len(ports))
	for _, port := range ports {
		elements = append(elements, element(port))
	}
	for _, side := range portSides {
		set := &nftables.Set{Table: table, Name: side.set, KeyType: nftables.TypeInetService, Counter: true}
		if err := conn.AddSet(set, elements); err != nil {
			return err
		}
		chain := conn.AddChain(&nftables.Chain{
			Name: side.chain, Table: table, Type: nftables.ChainTypeFilter,
			Hooknum: side.hook, Priority: nftables.ChainPriorityRef(portPriority),
		})
		for _, protocol := range counted {
			conn.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
				&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
				&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{protocol}},
				&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: side.offset, Len: 2},
				&expr.Lookup{SourceRegister: 1, SetName: set.Name, SetID: set.ID}, // counts what it finds
			}})
		}
	}
	return nil
}
