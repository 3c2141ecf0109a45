//go:build !race

package alerts

// restarts of TestRestarts.
const restarts = 200
