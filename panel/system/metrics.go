package system

import "github.com/prometheus/client_golang/prometheus"

var (
	diskFree = prometheus.NewDesc("panel_disk_free_bytes", "Space that the panel can still use on the file system with its data.", nil, nil)
	diskSize = prometheus.NewDesc("panel_disk_size_bytes", "Size of the file system with the panel's data.", nil, nil)
	childUp  = prometheus.NewDesc("panel_child_up", "Whether a process that the panel runs is up.", []string{"child"}, nil)
)

// Describe implements prometheus.Collector.
func (s *Service) Describe(ch chan<- *prometheus.Desc) {
	ch <- diskFree
	ch <- diskSize
	ch <- childUp
}

// Collect implements prometheus.Collector. What cannot be read is left out.
func (s *Service) Collect(ch chan<- prometheus.Metric) {
	if disk, err := diskOf(s.o.DataDir); err == nil {
		ch <- prometheus.MustNewConstMetric(diskFree, prometheus.GaugeValue, float64(disk.Free))
		ch <- prometheus.MustNewConstMetric(diskSize, prometheus.GaugeValue, float64(disk.Total))
	}
	if s.o.Child != nil {
		up := 0.0
		if s.o.Child.Up() {
			up = 1
		}
		ch <- prometheus.MustNewConstMetric(childUp, prometheus.GaugeValue, up, "postgres")
	}
	if s.o.ClickHouse != nil {
		if st := s.o.ClickHouse.Status(); st.Embedded {
			up := 0.0
			if st.Running {
				up = 1
			}
			ch <- prometheus.MustNewConstMetric(childUp, prometheus.GaugeValue, up, "clickhouse")
		}
	}
}
