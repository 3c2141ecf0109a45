package storage

// Label is one name and value of a series.
type Label struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Sample is one value of one series. Labels include __name__.
type Sample struct {
	Labels []Label
	Time   int64 // Unix milliseconds
	Value  float64
}

// Point is one value of a series in time.
type Point struct {
	Time  int64 // Unix milliseconds
	Value float64
}

// Series is a label set, sorted by name, with its points in ascending time.
type Series struct {
	Labels []Label
	Points []Point
}

// Get returns the value of a label, "" when the series lacks it.
func (s Series) Get(name string) string {
	for _, l := range s.Labels {
		if l.Name == name {
			return l.Value
		}
	}
	return ""
}
