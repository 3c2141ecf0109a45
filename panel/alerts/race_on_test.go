//go:build race

package alerts

// restarts are fewer under the race detector, which makes each start of a child five times as slow.
const restarts = 40
