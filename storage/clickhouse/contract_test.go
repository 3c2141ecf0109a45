package clickhouse_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"pgregory.net/rapid"

	"monitoring/storage"
	"monitoring/storage/clickhouse"
	"monitoring/storage/storagetest"
)

// The contract: what the panel relies on. The same tests run against the embedded engine and, when CLICKHOUSE_TEST_DSN
// names one, against a real server, in a database of their own.
func TestContract(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		o := storagetest.ClickHouseOptions(t)
		contract(t, storagetest.StartClickHouse(t, o))
	})
	if dsn := os.Getenv("CLICKHOUSE_TEST_DSN"); dsn != "" {
		t.Run("server", func(t *testing.T) { contract(t, onServer(t, dsn)) })
	}
}

// onServer opens a store in a database that is dropped when the test ends.
func onServer(t *testing.T, dsn string) *clickhouse.Store {
	t.Helper()
	options, err := driver.ParseDSN(dsn)
	must(t, err)
	admin, err := driver.Open(options)
	must(t, err)
	name := fmt.Sprintf("panel_test_%d", time.Now().UnixNano())
	must(t, admin.Exec(t.Context(), "CREATE DATABASE "+name))
	t.Cleanup(func() {
		if err := admin.Exec(context.Background(), "DROP DATABASE "+name); err != nil {
			t.Error(err)
		}
		must(t, admin.Close())
	})
	base, _, _ := strings.Cut(dsn, "?")
	scheme, rest, _ := strings.Cut(base, "://")
	host, _, _ := strings.Cut(rest, "/")
	o := storagetest.ClickHouseOptions(t)
	o.DSN = storage.Secret(scheme + "://" + host + "/" + name)
	return storagetest.StartClickHouse(t, o)
}

func contract(t *testing.T, s *clickhouse.Store) {
	t.Run("statements", func(t *testing.T) { statements(t, s) })
	t.Run("aggregates", func(t *testing.T) { aggregates(t, s) })
	t.Run("dictionary", func(t *testing.T) { dictionary(t, s) })
	t.Run("parameters", func(t *testing.T) { parameters(t, s) })
	t.Run("large batches", func(t *testing.T) { largeBatches(t, s) })
	t.Run("exceptions", func(t *testing.T) { exceptions(t, s) })
	t.Run("cancel", func(t *testing.T) { cancels(t, s) })
	t.Run("memory", func(t *testing.T) { memory(t, s) })
	t.Run("deduplication", func(t *testing.T) { deduplication(t, s) })
	t.Run("settings", func(t *testing.T) { settings(t, s) })
}

func run(t testing.TB, s *clickhouse.Store, sql string) {
	t.Helper()
	if err := clickhouse.ExecForTest(t.Context(), s, sql, nil); err != nil {
		t.Fatalf("%.80s: %v", sql, err)
	}
}

// texts runs a query whose column is named v and returns its values.
func texts(t testing.TB, s *clickhouse.Store, sql string, p map[string]any) []string {
	t.Helper()
	type row struct {
		V string `ch:"v"`
	}
	list, err := clickhouse.ManyForTest[row](t.Context(), s, sql, p)
	if err != nil {
		t.Fatalf("%.80s: %v", sql, err)
	}
	var out []string
	for _, r := range list {
		out = append(out, r.V)
	}
	return out
}

func expect(t testing.TB, s *clickhouse.Store, want, sql string) {
	t.Helper()
	if got := strings.Join(texts(t, s, sql, nil), " "); got != want {
		t.Errorf("%.80s: %q, want %q", sql, got, want)
	}
}

func statements(t *testing.T, s *clickhouse.Store) {
	run(t, s, `CREATE TABLE kinds (a UInt32, s LowCardinality(String), ip IPv6, at DateTime('UTC'), n Nullable(Int64), l Array(String))
		ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY (s, a) TTL at + INTERVAL 50 YEAR`)
	run(t, s, `INSERT INTO kinds VALUES (1, 'x', '::ffff:203.0.113.1', '2026-01-31 10:00:00', NULL, ['p', 'q']), (2, 'y', '2001:db8::1', '2026-02-01 10:00:00', -5, [])`)
	run(t, s, `INSERT INTO kinds (a, s, ip, at) SELECT number + 10, 'z', toIPv6('::1'), toDateTime('2026-03-01', 'UTC') FROM numbers(5)`)
	expect(t, s, "7", `SELECT toString(count()) AS v FROM kinds`)
	expect(t, s, "203.0.113.1", `SELECT toString(toIPv4(ip)) AS v FROM kinds WHERE a = 1`)
	expect(t, s, "p q", `SELECT arrayJoin(l) AS v FROM kinds WHERE a = 1 ORDER BY v`)
	expect(t, s, "3", `WITH 1 + 2 AS three SELECT toString(three) AS v`)
	run(t, s, `ALTER TABLE kinds ADD COLUMN IF NOT EXISTS extra UInt8 DEFAULT 9`)
	expect(t, s, "9", `SELECT toString(extra) AS v FROM kinds WHERE a = 2`)
	run(t, s, `ALTER TABLE kinds UPDATE extra = 3 WHERE a = 2 SETTINGS mutations_sync = 1`)
	expect(t, s, "3", `SELECT toString(extra) AS v FROM kinds WHERE a = 2`)
	run(t, s, `DELETE FROM kinds WHERE a = 10`)
	expect(t, s, "6", `SELECT toString(count()) AS v FROM kinds`)
	run(t, s, `ALTER TABLE kinds DROP PARTITION 202603`)
	expect(t, s, "1 2", `SELECT toString(a) AS v FROM kinds ORDER BY a`)
	run(t, s, `OPTIMIZE TABLE kinds FINAL`)
	expect(t, s, "202601 202602", `SELECT DISTINCT partition AS v FROM system.parts WHERE table = 'kinds' AND active AND database = currentDatabase() ORDER BY v`)
	if got := texts(t, s, `SELECT explain AS v FROM (EXPLAIN SELECT a FROM kinds)`, nil); len(got) == 0 {
		t.Error("EXPLAIN says nothing")
	}
	run(t, s, `RENAME TABLE kinds TO renamed`)
	run(t, s, `TRUNCATE TABLE renamed`)
	expect(t, s, "0", `SELECT toString(count()) AS v FROM renamed`)
	run(t, s, `DROP TABLE renamed`)
	expect(t, s, "", `SELECT name AS v FROM system.tables WHERE database = currentDatabase() AND name = 'renamed'`)
	if got := texts(t, s, `SELECT 'x' AS v WHERE 0`, nil); len(got) != 0 {
		t.Errorf("an empty result: %q", got)
	}
	type row struct{}
	if _, err := clickhouse.OneForTest[row](t.Context(), s, `SELECT 1 WHERE 0`, nil); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("no row: %v", err)
	}
}

func aggregates(t *testing.T, s *clickhouse.Store) {
	run(t, s, `CREATE TABLE raw (k UInt8, host String, n UInt64) ENGINE = MergeTree ORDER BY k`)
	run(t, s, `CREATE TABLE summed (k UInt8, n UInt64) ENGINE = SummingMergeTree ORDER BY k`)
	run(t, s, `CREATE TABLE states (k UInt8, n SimpleAggregateFunction(sum, UInt64), hosts AggregateFunction(uniqCombined(12), String)) ENGINE = AggregatingMergeTree ORDER BY k`)
	run(t, s, `CREATE MATERIALIZED VIEW raw_to_summed TO summed AS SELECT k, sum(n) AS n FROM raw GROUP BY k`)
	run(t, s, `CREATE MATERIALIZED VIEW raw_to_states TO states AS SELECT k, sum(n) AS n, uniqCombinedState(12)(host) AS hosts FROM raw GROUP BY k`)
	for range 3 {
		run(t, s, `INSERT INTO raw SELECT number % 2, concat('h', toString(number)), number FROM numbers(100)`)
	}
	run(t, s, `OPTIMIZE TABLE summed FINAL`)
	expect(t, s, "7350 7500", `SELECT toString(n) AS v FROM summed ORDER BY k`)
	expect(t, s, "7350 7500", `SELECT toString(sum(n)) AS v FROM states GROUP BY k ORDER BY k`)
	expect(t, s, "50 50", `SELECT toString(uniqCombinedMerge(12)(hosts)) AS v FROM states GROUP BY k ORDER BY k`)
	run(t, s, `CREATE MATERIALIZED VIEW refreshed REFRESH EVERY 1 YEAR ENGINE = MergeTree ORDER BY k EMPTY AS SELECT k, count() AS c FROM raw GROUP BY k`)
	expect(t, s, "", `SELECT toString(c) AS v FROM refreshed`)
	for _, name := range []string{"raw_to_summed", "raw_to_states", "refreshed", "raw", "summed", "states"} {
		run(t, s, `DROP TABLE `+name)
	}
}

func dictionary(t *testing.T, s *clickhouse.Store) {
	run(t, s, `CREATE TABLE asn_source (prefix String, asn UInt32) ENGINE = MergeTree ORDER BY prefix`)
	run(t, s, `INSERT INTO asn_source VALUES ('203.0.113.0/24', 64496), ('2001:db8::/32', 64497)`)
	run(t, s, `CREATE DICTIONARY asn (prefix String, asn UInt32 DEFAULT 0) PRIMARY KEY prefix
		SOURCE(CLICKHOUSE(TABLE 'asn_source' DB currentDatabase())) LAYOUT(IP_TRIE) LIFETIME(0)`)
	expect(t, s, "64496 64497 0", `SELECT toString(dictGet(concat(currentDatabase(), '.asn'), 'asn', toIPv6(ip))) AS v FROM values('ip String, o UInt8', ('::ffff:203.0.113.7', 1), ('2001:db8::5', 2), ('2001:db9::', 3)) ORDER BY o`)
	expect(t, s, "example.co.uk", `SELECT cutToFirstSignificantSubdomain('https://a.b.example.co.uk') AS v`)
	run(t, s, `DROP DICTIONARY asn`)
	run(t, s, `DROP TABLE asn_source`)
}

func parameters(t *testing.T, s *clickhouse.Store) {
	f := func(value any, kind, want string) {
		t.Helper()
		got := texts(t, s, `SELECT toString({p:`+kind+`}) AS v`, map[string]any{"p": value})
		if len(got) != 1 || got[0] != want {
			t.Errorf("%#v as %s: %q, want %q", value, kind, got, want)
		}
	}
	for _, text := range []string{"", "it's", `say "x"`, "tab\there", "line\nbreak", "\r\n", `back\slash`, `\N`, `\n`, `\\`, "`", "'; DROP TABLE visits; --", "Привет, мир", "{x:String}", "%s", "a\x00b", "NULL"} {
		f(text, "String", text)
	}
	f(uint32(7), "UInt32", "7")
	f(int64(-7), "Int64", "-7")
	f(1.5, "Float64", "1.5")
	f(netip.MustParseAddr("2001:db8::1"), "IPv6", "2001:db8::1")
	f(time.Date(2026, 3, 29, 10, 0, 0, 0, time.UTC), "DateTime('UTC')", "2026-03-29 10:00:00")
	f([]string{"it's", "a\tb", `c\d`, "e\nf", `"`}, "Array(String)", `['it\'s','a\tb','c\\d','e\nf','"']`)
	f([]uint32{1, 2}, "Array(UInt32)", "[1,2]")
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.String().Draw(r, "text")
		if got := texts(t, s, `SELECT {p:String} AS v`, map[string]any{"p": text}); len(got) != 1 || got[0] != text {
			r.Fatalf("%q came back as %q", text, got)
		}
	})
}

func largeBatches(t *testing.T, s *clickhouse.Store) {
	const rows = 1_000_000
	run(t, s, `CREATE TABLE large (a UInt32, s String) ENGINE = MergeTree ORDER BY a`)
	for _, method := range []driver.CompressionMethod{driver.CompressionLZ4, driver.CompressionZSTD, driver.CompressionNone} {
		conn := clickhouse.DialForTest(t, s, method)
		ctx := driver.Context(t.Context(), driver.WithColumnNamesAndTypes([]driver.ColumnNameAndType{{Name: "a", Type: "UInt32"}, {Name: "s", Type: "String"}}))
		b, err := conn.PrepareBatch(ctx, `INSERT INTO large (a, s)`)
		must(t, err)
		for i := range uint32(rows) {
			must(t, b.Append(i, "row"))
		}
		must(t, b.Send())
		expect(t, s, "1000000 499999500000", `SELECT concat(toString(count()), ' ', toString(sum(a))) AS v FROM large`)
		list, err := conn.Query(t.Context(), `SELECT a, s FROM large ORDER BY a`) // and back, in many blocks
		must(t, err)
		n := uint32(0)
		for list.Next() {
			var a uint32
			var text string
			must(t, list.Scan(&a, &text))
			if a != n || text != "row" {
				t.Fatalf("row %d is %d, %q", n, a, text)
			}
			n++
		}
		if must(t, list.Err()); n != rows {
			t.Errorf("%v: %d rows came back", method, n)
		}
		run(t, s, `TRUNCATE TABLE large`)
	}
	run(t, s, `DROP TABLE large`)
}

func exceptions(t *testing.T, s *clickhouse.Store) {
	f := func(code int32, text, sql string) {
		t.Helper()
		err := clickhouse.ExecForTest(t.Context(), s, sql, nil)
		var e *driver.Exception
		if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Message, text) {
			t.Errorf("%.60s: %v, want code %d with %q", sql, err, code, text)
		}
	}
	f(60, "no_such_table", `SELECT * FROM no_such_table`)
	f(62, "yntax error", `SELEC 1`)
	f(47, "no_such_column", `SELECT no_such_column`)
	f(46, "no_such_function", `SELECT no_such_function(1)`)
	f(395, "it's thrown", `SELECT throwIf(1, 'it''s thrown')`)
	f(57, "already exists", `CREATE TABLE visits (a UInt8) ENGINE = Memory`)
	f(62, "", `SELECT 1; SELECT 2`)
	f(6, "", `INSERT INTO schema_migrations (applied) SELECT CAST('nonsense', 'UInt32')`)
	for _, method := range []driver.CompressionMethod{driver.CompressionNone, driver.CompressionLZ4, driver.CompressionZSTD} {
		conn := clickhouse.DialForTest(t, s, method) // when some of the answer is gone already
		list, err := conn.Query(t.Context(), `SELECT number, throwIf(number = 2000000, 'late') FROM numbers(4000000) SETTINGS max_block_size = 10000`)
		for err == nil && list.Next() {
			continue
		}
		if err == nil {
			err = list.Err()
		}
		if clickhouse.Code(err) != 395 {
			t.Errorf("%v: an error in mid-stream: %v", method, err)
		}
	}
}

func cancels(t *testing.T, s *clickhouse.Store) {
	running := func() int {
		return len(texts(t, s, `SELECT query AS v FROM system.processes WHERE query LIKE '%4242424242%' AND query NOT LIKE '%processes%'`, nil))
	}
	f := func(name, sql string, end func(context.Context) (context.Context, context.CancelFunc), want error) {
		t.Helper()
		ctx, stop := end(t.Context())
		defer stop()
		failed := make(chan error, 1)
		go func() { failed <- clickhouse.ExecForTest(ctx, s, sql, nil) }()
		eventually(t, name+" runs", func() bool { return running() == 1 })
		if errors.Is(want, context.Canceled) {
			stop()
		}
		if err := <-failed; !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
		eventually(t, name+" is stopped in the engine", func() bool { return running() == 0 })
	}
	endless := `SELECT count() FROM numbers(4242424242000000) WHERE NOT ignore(sipHash64(number))`
	f("cancelled", endless, context.WithCancel, context.Canceled)
	f("out of time", endless, func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, 3*time.Second)
	}, context.DeadlineExceeded)
	run(t, s, `CREATE TABLE sink (n UInt64) ENGINE = Null`)
	f("an insert", `INSERT INTO sink SELECT number FROM numbers(4242424242000000) WHERE NOT ignore(sipHash64(number))`, context.WithCancel, context.Canceled)
	run(t, s, `DROP TABLE sink`)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := clickhouse.ExecForTest(ctx, s, `SELECT 1`, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v", err)
	}
}

func memory(t *testing.T, s *clickhouse.Store) {
	for _, sql := range []string{
		`SELECT groupArray(number) FROM numbers(200000000)`,
		`SELECT groupArray(toString(number)) FROM numbers(1000000000) SETTINGS max_memory_usage = 0`, // the engine's own limit
		`SELECT number FROM numbers(500000000) ORDER BY sipHash64(number) SETTINGS max_bytes_before_external_sort = 0, max_bytes_ratio_before_external_sort = 0`,
	} {
		if err := clickhouse.ExecForTest(t.Context(), s, sql, nil); clickhouse.Code(err) != 241 {
			t.Errorf("%.60s: %v, want code 241", sql, err)
		}
		must(t, s.Ping(t.Context()))
	}
	if st := s.Status(); st.Restarts != 0 {
		t.Errorf("%d restarts", st.Restarts)
	}
}

// The same batch sent twice counts once, in the table and in the rollups: so a crash after an insert costs nothing.
func deduplication(t *testing.T, s *clickhouse.Store) {
	must(t, s.EnqueueVisits(visits(50)))
	must(t, s.EnqueueVisits(visits(50)))
	must(t, clickhouse.SendForTest(t.Context(), s, 3)) // and dies before it has cleaned up
	must(t, clickhouse.FlushForTest(t.Context(), s))
	for _, table := range []string{"visits", "hourly", "host_day", "host_month", "host_user", "user_day"} {
		expect(t, s, "200", `SELECT toString(sum(visits)) AS v FROM `+table)
	}
	if n := s.Status().WaitingRows; n != 0 {
		t.Errorf("%d rows wait", n)
	}
	must(t, s.EnqueueVisits(visits(50))) // the same rows once more are other visits
	must(t, clickhouse.FlushForTest(t.Context(), s))
	expect(t, s, "300", `SELECT toString(sum(visits)) AS v FROM visits`)
}

// A setting of one query is not there for the next, whichever connection that gets.
func settings(t *testing.T, s *clickhouse.Store) {
	conn := clickhouse.DialForTest(t, s, driver.CompressionNone)
	read := func(ctx context.Context) string {
		t.Helper()
		var v string
		must(t, conn.QueryRow(ctx, `SELECT toString(getSetting('max_block_size'))`).Scan(&v))
		return v
	}
	before := read(t.Context())
	if got := read(driver.Context(t.Context(), driver.WithSettings(driver.Settings{"max_block_size": 1234}))); got != "1234" {
		t.Errorf("with a setting: %s", got)
	}
	for range 10 {
		if got := read(t.Context()); got != before {
			t.Errorf("afterwards: %s, before: %s", got, before)
		}
	}
	bad := driver.Context(t.Context(), driver.WithSettings(driver.Settings{"max_block_size": 1235, "no_such_setting": 1}))
	if err := conn.Exec(bad, `SELECT 1`); clickhouse.Code(err) != 115 {
		t.Errorf("an unknown setting: %v", err)
	}
	bad = driver.Context(t.Context(), driver.WithSettings(driver.Settings{"max_block_size": 1236, "max_threads": "many"}))
	if err := conn.Exec(bad, `SELECT 1`); clickhouse.Code(err) == 0 {
		t.Errorf("a setting that does not parse: %v", err)
	}
	if got := read(t.Context()); got != before {
		t.Errorf("after a failure: %s, before: %s", got, before)
	}
}
