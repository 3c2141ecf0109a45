package collector

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/alecthomas/kingpin/v2"
	node "github.com/prometheus/node_exporter/collector"
)

// nodePrefix marks the names of node_exporter's families.
const nodePrefix = "node_"

// nodeCollectors are those of node_exporter's collectors that we run, with their set. The public dashboard "Node
// Exporter Full" draws those of the host set under one job; what it does not draw changes slowly.
//
// Left out on purpose: tcpstat and processes, whose families ours export more cheaply (sockets.go, processes.go);
// systemd, logind and runit, which ask a bus; hardware that servers of this kind do not have, since an absent
// collector still is two series on every page.
var nodeCollectors = map[string]string{
	"arp":              SetHost,
	"conntrack":        SetHost,
	"cpu":              SetHost,
	"cpufreq":          SetHost,
	"diskstats":        SetHost,
	"entropy":          SetHost,
	"filefd":           SetHost,
	"filesystem":       SetHost,
	"hwmon":            SetHost,
	"kernel_hung":      SetHost,
	"loadavg":          SetHost,
	"meminfo":          SetHost,
	"netclass":         SetHost,
	"netdev":           SetHost,
	"netstat":          SetHost,
	"powersupplyclass": SetHost,
	"pressure":         SetHost,
	"schedstat":        SetHost,
	"sockstat":         SetHost,
	"softnet":          SetHost,
	"stat":             SetHost,
	"textfile":         SetHost,
	"thermal_zone":     SetHost,
	"time":             SetHost,
	"timex":            SetHost,
	"udp_queues":       SetHost,
	"uname":            SetHost,
	"vmstat":           SetHost,

	"bonding":    SetServices,
	"dmi":        SetServices,
	"edac":       SetServices,
	"interrupts": SetServices, // one series for every line and core: thousands on a large machine
	"mdadm":      SetServices,
	"nvme":       SetServices,
	"os":         SetServices,
}

const defaultTextfileDir = "/var/lib/prometheus/node-exporter" // Debian's, where scripts write already

// nodeFlags are node_exporter's command-line settings, its only way to be configured.
func nodeFlags(root, textfileDir string) []string {
	if _, err := os.Stat(textfileDir); err != nil {
		textfileDir = "" // without the directory there are no files, which is no error
	}
	return []string{
		"--path.procfs=" + filepath.Join(root, "proc"),
		"--path.sysfs=" + filepath.Join(root, "sys"),
		"--path.rootfs=" + root,
		"--path.udev.data=" + filepath.Join(root, "run/udev/data"),
		"--collector.textfile.directory=" + textfileDir,
		"--collector.filesystem.mount-timeout=1s",
		"--collector.filesystem.mount-points-exclude=" + ignoredMounts,
		"--collector.filesystem.fs-types-exclude=" + ignoredFilesystems,
		"--collector.diskstats.device-exclude=^(z?ram|loop|fd|sr|nbd|(h|s|v|xv)d[a-z]+|mmcblk\\d+p|nvme\\d+n\\d+p)\\d+$",
		"--collector.netdev.device-exclude=" + containerEnds,
		"--collector.netclass.ignored-devices=" + containerEnds,
		"--collector.arp.device-exclude=" + containerEnds,
		"--no-collector.interrupts.include-zeros",
	}
}

// What is no file system of its own for an owner: pseudo file systems, read-only images, the layers of containers, and
// /boot/efi, which nothing fills.
const (
	ignoredMounts      = `^/(dev|proc|sys|snap|boot/efi|run/(credentials|user|docker|netns|containerd|k3s|snapd|lock)|var/lib/(docker|containers?|containerd|kubelet|lxcfs))($|/)`
	ignoredFilesystems = `^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|erofs|fuse\.lxcfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|ramfs|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tmpfs|tracefs)$`
)

// nodeConfigured remembers what this process told node_exporter, whose settings are global and read once.
var nodeConfigured struct {
	sync.Mutex
	flags []string
}

// nodeFamilies prepares node_exporter's collectors.
func nodeFamilies(root, textfileDir string, log *slog.Logger) ([]Family, error) {
	if textfileDir == "" {
		textfileDir = filepath.Join(root, defaultTextfileDir)
	}
	if err := configureNode(nodeFlags(root, textfileDir)); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(nodeCollectors))
	for name := range nodeCollectors {
		names = append(names, name)
	}
	slices.Sort(names)
	// The runner logs failures; theirs would be a second line for each.
	quiet := slog.New(slog.DiscardHandler)
	all, err := node.NewNodeCollector(quiet, names...)
	if err != nil {
		return nil, err
	}
	families := make([]Family, 0, len(names))
	for _, name := range names {
		families = append(families, Family{nodePrefix + name, nodeCollectors[name], all.Collectors[name].Update})
	}
	log.Debug("node_exporter's collectors are ready", "count", len(families))
	return families, nil
}

func configureNode(flags []string) error {
	nodeConfigured.Lock()
	defer nodeConfigured.Unlock()
	if nodeConfigured.flags != nil {
		if !slices.Equal(nodeConfigured.flags, flags) {
			return errors.New("this process has them for another root already")
		}
		return nil
	}
	args := slices.Clone(flags)
	for name := range nodeCollectors {
		args = append(args, "--collector."+name)
	}
	if _, err := kingpin.CommandLine.Parse(args); err != nil {
		return fmt.Errorf("configure: %w", err)
	}
	nodeConfigured.flags = flags
	return nil
}
