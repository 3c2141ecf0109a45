package collector

import (
	"io/fs"
	"regexp"
	"strings"
)

// Which devices count towards a total. Every byte must count once: a byte that leaves a container passes its veth, the
// bridge docker0 and eth0, and only eth0 is the machine's. The kernel tells hardware apart: it links the device, as in
// /sys/class/net/eth0/device. By that rule bonds, VLANs, bridges, tunnels (tun, wg, tap) and ifb are virtual, which is
// right, since what they carry passes a hardware interface too.

// isVirtualInterface reports whether an interface carries only what a hardware interface carries too.
func isVirtualInterface(root fs.FS, name string) bool {
	if name == "lo" {
		return true
	}
	if !exists(root, "sys/class/net/"+name+"/device") {
		return !isUplink(root, name)
	}
	// A hardware interface below another one: on Azure the fast path (VF) is a slave of the synthetic adapter, which
	// counts its bytes too. A bond or a bridge is a master without hardware; below it this interface is the one to count.
	return exists(root, "sys/class/net/"+name+"/master/device")
}

// isUplink knows the machines whose only way out is no hardware: in a container of LXC or OpenVZ it is a veth or venet.
// There, and only there, a name in the style of hardware counts.
func isUplink(root fs.FS, name string) bool {
	named := func(name string) bool {
		return strings.HasPrefix(name, "eth") || strings.HasPrefix(name, "en") || strings.HasPrefix(name, "venet")
	}
	if !named(name) || strings.ContainsAny(name, ".:@") { // eth0.7 is a VLAN, venet0:0 an alias
		return false
	}
	entries, err := fs.ReadDir(root, "sys/class/net")
	if err != nil {
		return true // no /sys at all: the name is all there is
	}
	for _, e := range entries {
		if exists(root, "sys/class/net/"+e.Name()+"/device") {
			return false
		}
	}
	return true
}

// containerEnds matches the host's end of a container's cable (Docker, Calico, Cilium). Their names are random and new
// with each start of a container, so they stay out of the page: each would be a new time series for ever.
const containerEnds = "^(veth|cali|lxc[^b])"

var containerEnd = regexp.MustCompile(containerEnds)

// ignoredDisk reports whether a block device is no disk: partitions double their disk, the others hold no data of
// their own.
func ignoredDisk(root fs.FS, name string) bool {
	for _, prefix := range []string{"loop", "ram", "zram", "fd", "sr", "nbd"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return exists(root, "sys/class/block/"+name+"/partition")
}

// isVirtualDisk reports whether a block device (LVM, RAID, device mapper) lies on others that are counted.
func isVirtualDisk(root fs.FS, name string) bool {
	if exists(root, "sys/block/"+name) {
		return !exists(root, "sys/block/"+name+"/device") && !isNVMe(name)
	}
	return strings.HasPrefix(name, "dm-") || strings.HasPrefix(name, "md")
}

// isNVMe: with native multipath the namespace nvme0n1 belongs to no single controller, so it has no device link.
func isNVMe(name string) bool { return strings.HasPrefix(name, "nvme") }

func exists(root fs.FS, name string) bool {
	_, err := fs.Stat(root, name)
	return err == nil
}
