// Package storage names the things that we store and the errors that every store can return.
//
// Three engines keep them, each in its own package:
//   - storage/postgres: configuration, billing and the panel's own small records (sessions, bans, audit);
//   - storage/tsdb: every metric sample, asked for by PromQL;
//   - storage/clickhouse: who visited what through the Xray nodes.
//
// No I/O happens here. Start reading at server.go.
package storage
