package main

import (
	"fmt"

	chproto "github.com/ClickHouse/ch-go/proto"
	clickhouse "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"
)

const displayName = "monitoring-panel"

// helloQuery is what clickhouse-go asks first, to the letter. It decodes the answer, and that one only, at its own
// revision, with a head before each block; everything after it at the revision that the answer names. We name 0, which
// is what the library's Native format is.
const helloQuery = "SELECT displayName(), version(), revision(), timezone()"

// hello encodes the answer to helloQuery for a client of the given revision.
func hello(revision uint64) ([]byte, error) {
	block := proto.NewBlock()
	for _, c := range []struct {
		name, kind string
	}{{"displayName()", "String"}, {"version()", "String"}, {"revision()", "UInt32"}, {"timezone()", "String"}} {
		if err := block.AddColumn(c.name, column.Type(c.kind)); err != nil {
			return nil, fmt.Errorf("answer hello: %w", err)
		}
	}
	if err := block.Append(displayName, engineVersion, uint32(0), "UTC"); err != nil {
		return nil, fmt.Errorf("answer hello: %w", err)
	}
	var buffer chproto.Buffer
	if err := block.Encode(&buffer, min(revision, clickhouse.ClientTCPProtocolVersion)); err != nil {
		return nil, fmt.Errorf("answer hello: %w", err)
	}
	return buffer.Buf, nil
}
