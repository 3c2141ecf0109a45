package postgres

import "context"

// What the tests see of the inside.

// ExecForTest runs a statement that no method of the store offers.
func ExecForTest(ctx context.Context, s *Store, sql string) error { return s.exec(ctx, sql) }

// ShowForTest returns a server setting.
func ShowForTest(ctx context.Context, s *Store, name string) (string, error) {
	row, err := one[struct{ Value string }](ctx, s, `SELECT current_setting($1) AS value`, name)
	return row.Value, err
}

// PidForTest returns the process id of the server.
func PidForTest(c *Child) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.server.Pid
}

// ProcessesForTest returns the server processes that use the cluster in dir.
func ProcessesForTest(dir string) ([]int, error) {
	return place{cluster: dir + "/" + clusterName}.processes()
}

// DirForTest returns where the cluster and the socket are.
func DirForTest(c *Child) (cluster, socket string) { return c.place.cluster, c.place.socket }

// FindBinariesForTest chooses among directories of binaries.
var FindBinariesForTest = findBinaries
