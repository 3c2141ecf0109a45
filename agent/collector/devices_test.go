package collector

import (
	"testing"
	"testing/fstest"
)

// tree is a file system that has just these paths.
func tree(paths ...string) fstest.MapFS {
	files := fstest.MapFS{}
	for _, p := range paths {
		files[p] = &fstest.MapFile{}
	}
	return files
}

func TestIsVirtualInterface(t *testing.T) {
	t.Parallel()
	f := func(root fstest.MapFS, name string, want bool) {
		t.Helper()
		if got := isVirtualInterface(root, name); got != want {
			t.Errorf("isVirtualInterface(%s) = %v", name, got)
		}
	}
	server := tree(
		"sys/class/net/lo/mtu", "sys/class/net/eth0/device", "sys/class/net/enp3s0/device", "sys/class/net/eth0.7/mtu",
		"sys/class/net/bond0/mtu", "sys/class/net/enp3s0/master/mtu", // enslaved to the bond
		"sys/class/net/docker0/mtu", "sys/class/net/veth12/mtu", "sys/class/net/wg0/mtu", "sys/class/net/eth9/mtu",
	)
	f(server, "lo", true)
	f(server, "eth0", false)
	f(server, "enp3s0", false) // below a bond, which is virtual: the card counts
	f(server, "bond0", true)
	f(server, "eth0.7", true)
	f(server, "docker0", true)
	f(server, "veth12", true)
	f(server, "wg0", true)
	f(server, "eth9", true) // a veth that was given a name of hardware, beside real hardware

	azure := tree("sys/class/net/eth0/device", "sys/class/net/enP1s1/device", "sys/class/net/enP1s1/master/device")
	f(azure, "eth0", false)
	f(azure, "enP1s1", true)

	container := tree("sys/class/net/lo/mtu", "sys/class/net/eth0/mtu", "sys/class/net/eth0.5/mtu", "sys/class/net/docker0/mtu")
	f(container, "eth0", false)
	f(container, "eth0.5", true)
	f(container, "docker0", true)

	f(tree("sys/class/net/venet0/mtu"), "venet0", false)
	f(tree(), "ens3", false) // no /sys at all
	f(tree(), "docker0", true)
}

func TestContainerEnds(t *testing.T) {
	t.Parallel()
	f := func(name string, want bool) {
		t.Helper()
		if got := containerEnd.MatchString(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	f("veth9f3c1a2", true)
	f("cali1234", true)
	f("lxc5d8a", true)
	f("lxcbr0", false)
	f("eth0", false)
	f("docker0", false)
	f("tap100i0", false) // of a virtual machine: stable
}

func TestDisks(t *testing.T) {
	t.Parallel()
	root := tree(
		"sys/block/sda/device", "sys/block/dm-0/size", "sys/block/md0/size", "sys/block/nvme0n1/size", "sys/block/vda/device",
		"sys/class/block/sda/size", "sys/class/block/sda1/partition", "sys/class/block/nvme0n1p1/partition", "sys/class/block/md0p1/partition",
	)
	f := func(name string, ignored, virtual bool) {
		t.Helper()
		if got := ignoredDisk(root, name); got != ignored {
			t.Errorf("ignoredDisk(%s) = %v", name, got)
		}
		if got := isVirtualDisk(root, name); !ignored && got != virtual {
			t.Errorf("isVirtualDisk(%s) = %v", name, got)
		}
	}
	f("sda", false, false)
	f("vda", false, false)
	f("nvme0n1", false, false)
	f("dm-0", false, true)
	f("md0", false, true)
	f("sda1", true, false)
	f("nvme0n1p1", true, false)
	f("md0p1", true, false)
	f("loop7", true, false)
	f("ram0", true, false)
	f("zram0", true, false)
	f("sr0", true, false)
	f("xvda", false, false) // not in /sys: the name decides
	f("dm-7", false, true)
}
