package clickhouse_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"monitoring/storage/clickhouse"
	"monitoring/storage/storagetest"
)

// served is an engine that listens on loopback as well, with the marks of a reader.
type served struct {
	*clickhouse.Store
	address string // host:port
	secret  string // a file that nobody may read
}

func serve(t *testing.T) served {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := l.Addr().String()
	must(t, l.Close())
	o := storagetest.ClickHouseOptions(t)
	o.Embedded.Listen = address
	secret := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(secret, []byte("hunter2\n"), 0o644))
	return served{storagetest.StartClickHouse(t, o), address, secret}
}

// ask sends a statement in the body, as the user, and returns the exception's code and the answer.
func (s served) ask(t testing.TB, user, password, query string, parameters ...string) (code, answer string) {
	t.Helper()
	values := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		values.Set(parameters[i], parameters[i+1])
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.address+"/?"+values.Encode(), strings.NewReader(query))
	must(t, err)
	req.SetBasicAuth(user, password)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	if code = resp.Header.Get("X-ClickHouse-Exception-Code"); (code == "") != (resp.StatusCode == 200) {
		t.Errorf("%.60s: status %d with code %q", query, resp.StatusCode, code)
	}
	return code, string(text)
}

func (s served) read(t testing.TB, query string, parameters ...string) (code, answer string) {
	t.Helper()
	return s.ask(t, "reader", "reader-password", query, parameters...)
}

// Whatever a reader writes, no file, no address, no write and no other query is within reach.
func TestReadersOnlyRead(t *testing.T) {
	t.Parallel()
	s := serve(t)
	must(t, s.EnqueueVisits(visits(10)))
	must(t, clickhouse.FlushForTest(t.Context(), s.Store))
	outfile := filepath.Join(t.TempDir(), "out")
	refused := func(query string, codes ...string) {
		t.Helper()
		code, answer := s.read(t, query)
		if code == "" || strings.Contains(answer, "hunter2") {
			t.Errorf("not refused: %s\n%s", query, answer)
		}
		if slices.Contains(codes, code) {
			return
		}
		if len(codes) > 0 {
			t.Errorf("%s: code %s, want one of %v: %s", query, code, codes, answer)
		}
	}
	for _, call := range []string{
		`file('%s')`, `file('%s', 'LineAsString')`, "`file`('%s', 'LineAsString')", `"file"('%s', 'LineAsString')`, `file /* x */ ('%s', 'LineAsString')`,
		`FILE('%s', 'LineAsString')`, "file -- x\n('%s', 'LineAsString')", `fileCluster('default', '%s', 'LineAsString')`,
		`url('file://%s', 'LineAsString')`, `url('http://127.0.0.1:1/%s', 'LineAsString')`, `urlCluster('default', 'http://127.0.0.1:1/%s', 'LineAsString')`,
		`s3('http://127.0.0.1:1/bucket%s', 'LineAsString')`, `s3Cluster('default', 'http://127.0.0.1:1/bucket%s', 'LineAsString')`, `gcs('http://127.0.0.1:1/bucket%s', 'LineAsString')`,
		`remote('127.0.0.1:1', 'system.one')`, `remoteSecure('127.0.0.1:1', 'system.one')`, `cluster('default', system.one)`, `clusterAllReplicas('default', system.one)`,
		`executable('%s', 'TSV', 'a String')`, `executable('cat %s', 'TSV', 'a String')`, `sqlite('%s', 'x')`, `mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')`,
		`postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')`, `mongodb('127.0.0.1:1', 'a', 'b', 'c', 'd', 'e String')`, `redis('127.0.0.1:1', 'k', 'k String, v String')`,
		`hdfs('hdfs://127.0.0.1:1/%s', 'TSV', 'a String')`, `azureBlobStorage('x', 'y', '%s')`, `jdbc('x', 'y', 'z')`, `odbc('x', 'y', 'z')`, `iceberg('http://127.0.0.1:1/bucket%s')`,
		`deltaLakeLocal('%s')`, `icebergLocal('%s')`, `Python(x)`, `filesystem('%s')`, `dictionary('%s')`, `view(SELECT * FROM file('%s', 'LineAsString'))`,
	} {
		if strings.Contains(call, "%s") {
			call = fmt.Sprintf(call, s.secret)
		}
		refused("SELECT * FROM " + call)
		refused("DESCRIBE TABLE " + call)
		refused("SELECT count() FROM (SELECT * FROM " + call + ")")
	}
	for _, query := range []string{
		`SELECT file('SECRET')`, "SELECT `file`('SECRET')", "SELECT `f\\x69le`('SECRET')", `SELECT * APPLY(file) FROM (SELECT 'SECRET' AS p)`, `SELECT arrayMap(x -> file(x), ['SECRET'])`,
		"SELECT * FROM `SECRET`", "SELECT * FROM default.`SECRET`", "SELECT * FROM `default`.`SECRET`", `SELECT * FROM default."SECRET"`,
		`SELECT * FROM merge('system', '^users$')`, `WITH file AS f SELECT f('SECRET')`, `SELECT catboostEvaluate('SECRET', 1)`, `SELECT File('SECRET')`,
	} {
		refused(strings.ReplaceAll(query, "SECRET", s.secret))
	}
	for _, query := range []string{
		`SELECT 1 INTO OUTFILE 'OUT'`, `SELECT 1 into/**/outfile 'OUT'`, "SELECT 1 INTO -- x\n OUTFILE 'OUT' FORMAT CSV", `SELECT 1 INTO OUTFILE 'OUT' TRUNCATE`, "SELECT 1 INTO OUTFILE $$OUT$$",
		`EXPLAIN SELECT 1 INTO OUTFILE 'OUT'`, `SELECT 1 INTO/* ' */OUTFILE/* ' */'OUT'`, "SELECT 'INTO', 1 INTO\tOUTFILE 'OUT' AND STDOUT", `(SELECT 1) INTO OUTFILE 'OUT'`, `SHOW TABLES INTO OUTFILE 'OUT'`,
	} {
		refused(strings.ReplaceAll(query, "OUT'", outfile+"'"))
	}
	if _, err := os.Stat(outfile); err == nil {
		t.Error("a file was written")
	}
	for _, query := range []string{
		`INSERT INTO visits FROM INFILE 'SECRET' FORMAT CSV`, `INSERT INTO visits (host) FROM/**/INFILE 'SECRET' FORMAT LineAsString`, `INSERT INTO visits (host) VALUES ('x')`,
		`INSERT INTO visits (host) SELECT 'x'`, "INSERT INTO visits (host) FORMAT CSV\nx\n", `INSERT INTO FUNCTION file('SECRET', 'CSV', 'a String') VALUES ('x')`, `/* SELECT */ INSERT INTO visits (host) VALUES ('x')`,
		`CREATE TABLE t (a UInt8) ENGINE = Memory`, `CREATE TEMPORARY TABLE t (a UInt8)`, `CREATE TABLE t (a String) ENGINE = File(CSV, 'SECRET')`, `CREATE FUNCTION f AS x -> x`,
		`CREATE USER x`, `CREATE VIEW v AS SELECT 1`, `CREATE DATABASE d`, `CREATE DICTIONARY d (a UInt64) PRIMARY KEY a SOURCE(FILE(PATH 'SECRET' FORMAT CSV)) LAYOUT(FLAT) LIFETIME(0)`,
		`CREATE NAMED COLLECTION c AS a = 1`, `ALTER TABLE visits DELETE WHERE 1`, `ALTER TABLE visits UPDATE host = '' WHERE 1`, `DELETE FROM visits WHERE 1`, `TRUNCATE TABLE visits`, `DROP TABLE visits`, `RENAME TABLE visits TO x`,
		`OPTIMIZE TABLE visits FINAL`, `DETACH TABLE visits`, `ATTACH TABLE visits`, `EXCHANGE TABLES visits AND hourly`, `GRANT ALL ON *.* TO default`, `BACKUP TABLE visits TO Disk('x', 'y')`, `RESTORE TABLE visits FROM Disk('x', 'y')`,
		`SYSTEM SHUTDOWN`, `SYSTEM STOP MERGES`, `SYSTEM FLUSH LOGS`, `SYSTEM DROP MARK CACHE`, `KILL QUERY WHERE 1`, `KILL MUTATION WHERE 1`, `kill/**/query where 1 sync`, `USE system`, `SET max_threads = 1`, `SET readonly = 0`, `SET ROLE x`,
		`SET profile = 'default'`, `SELECT 1; DROP TABLE visits`, `SELECT 1; SELECT 2`, `EXPLAIN AST DROP TABLE visits; DROP TABLE visits`, `MOVE USER x TO y`, `BEGIN TRANSACTION`, `garbage`, ``, `SELECT * FROM system.users`, `SHOW CREATE USER default`,
	} {
		refused(strings.ReplaceAll(query, "SECRET", s.secret))
	}
	if code, answer := s.read(t, `SELECT sum(visits) FROM visits`); code != "" || answer != "20\n" {
		t.Errorf("after all that: %s %s", code, answer)
	}
}

// The engine alone, were a statement to slip past what we refuse: it has no way to a foreign file.
func TestSandbox(t *testing.T) {
	t.Parallel()
	s := serve(t)
	_, password := clickhouse.SocketForTest(s.Store)
	for _, path := range []string{s.secret, "/etc/passwd", "/proc/1/environ", fmt.Sprintf("/proc/%d/environ", os.Getpid()), "/root/.bashrc", os.Args[0]} {
		if code, answer := s.ask(t, "panel", password, `SELECT file('`+path+`')`); code != "76" || !strings.Contains(answer, "Permission denied") {
			t.Errorf("%s: %s %.200s", path, code, answer)
		}
	}
	if code, answer := s.ask(t, "panel", password, `SELECT 1 INTO OUTFILE '/tmp/clickhouse-sandbox'`); code == "" {
		t.Errorf("INTO OUTFILE: %s", answer)
	}
}

func TestReadersCannotLiftLimits(t *testing.T) {
	t.Parallel()
	s := serve(t)
	f := func(wantCode, query string, parameters ...string) {
		t.Helper()
		if code, answer := s.read(t, query, parameters...); code != wantCode {
			t.Errorf("%s %v: code %q, want %q: %s", query, parameters, code, wantCode, answer)
		}
	}
	for _, name := range []string{"max_memory_usage", "max_execution_time", "max_threads"} {
		for _, value := range []string{"0", "100000000000"} {
			if name == "max_threads" && value == "0" { // means: as many as may be
				continue
			}
			if name == "max_execution_time" && value != "0" { // drivers send deadlines: shortened, not refused
				f("", `SELECT 1`, name, value)
			} else {
				f("452", `SELECT 1`, name, value)
			}
			f("452", `SELECT 1 SETTINGS `+name+` = `+value)
		}
		f("164", `SELECT 1 SETTINGS `+name+` = DEFAULT`)
		f("164", `SELECT 1 SETTINGS `+name+"/**/=\n-- x\ndefault")
		f("", `SELECT 1 SETTINGS `+name+` = 1`)
		f("", `SELECT 1`, name, "1")
	}
	f("164", `SELECT 1`, "readonly", "0")
	f("164", `SELECT 1`, "profile", "default")
	f("164", `SELECT 1`, "allow_ddl", "1")
	f("164", `SELECT 1 SETTINGS readonly = 0`)
	f("452", `SELECT 1 SETTINGS profile = 'default'`)
	f("452", `SELECT 1 SETTINGS max_bytes_before_external_sort = 0`)
	f("452", `SELECT 1 SETTINGS implicit_select = 1`)
	f("497", `SELECT addressToLine(1) SETTINGS allow_introspection_functions = 1`)
	f("48", `SELECT 1`, "session_id", "x")
	f("36", `SELECT 1`, "a b", "1")
	f("36", `SELECT 1`, "database", "system`; DROP TABLE visits; --")
	f("115", `SELECT 1`, "no_such_setting", "1")
	f("159", `SELECT count() FROM numbers(100000000000) WHERE NOT ignore(sipHash64(number))`, "max_execution_time", "1")
	f("241", `SELECT groupArray(number) FROM numbers(1000000000)`)
	f("241", `SELECT repeat('x', 100) FROM numbers(3000000) FORMAT JSONCompact`) // is not streamed
	// In a subquery such a setting is accepted and changes nothing.
	f("241", `SELECT length(a) FROM (SELECT groupArray(number) AS a FROM numbers(1000000000) SETTINGS max_memory_usage = 0)`)
	f("159", `SELECT * FROM (SELECT count() FROM numbers(100000000000) WHERE NOT ignore(sipHash64(number)) SETTINGS max_execution_time = 100)`, "max_execution_time", "1")
	for range 8 { // whichever connection it gets
		if _, answer := s.read(t, `SELECT getSetting('max_memory_usage') > 1000000, getSetting('max_execution_time'), getSetting('readonly')`); answer != "true\t60\t2\n" && answer != "1\t60\t2\n" {
			t.Errorf("limits afterwards: %s", answer)
		}
	}
}

// What a failed query had produced until then is nobody's answer, on none of the connections.
func TestNothingIsLeftOfAFailure(t *testing.T) {
	t.Parallel()
	s := serve(t)
	_, password := clickhouse.SocketForTest(s.Store)
	for _, format := range []string{"JSONCompact", "TabSeparated", "CSVWithNames", "Native", "JSONEachRow", "Pretty"} {
		for _, who := range [][2]string{{"reader", "reader-password"}, {"panel", password}} {
			for range 3 {
				code, answer := s.ask(t, who[0], who[1], `SELECT 'of the one before', throwIf(number = 300000) FROM numbers(1000000) SETTINGS max_block_size = 1000 FORMAT `+format)
				if code != "395" && !strings.Contains(answer, "__exception__") {
					t.Errorf("%s: the query does not fail: %s", format, code)
				}
			}
			for range 5 {
				if code, answer := s.ask(t, who[0], who[1], `SELECT 1`); answer != "1\n" {
					t.Fatalf("after a failure in %s: %s %.100q", format, code, answer)
				}
			}
		}
	}
}

func TestStrangersAreRefused(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, who := range [][2]string{{"reader", "wrong"}, {"reader", ""}, {"nobody", "reader-password"}, {"default", ""}, {"panel", ""}, {"panel", "reader-password"}, {"", ""}} {
		if code, answer := s.ask(t, who[0], who[1], `SELECT 1`); code != "516" || strings.Contains(answer, "reader-password") {
			t.Errorf("%v: %s %s", who, code, answer)
		}
	}
	for _, how := range []func(*http.Request){
		func(r *http.Request) {
			r.Header.Set("X-ClickHouse-User", "reader")
			r.Header.Set("X-ClickHouse-Key", "reader-password")
		},
		func(r *http.Request) { r.URL.RawQuery += "&user=reader&password=reader-password" },
		func(r *http.Request) { r.SetBasicAuth("reader", "reader-password") },
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.address+"/?query=SELECT+1", nil)
		must(t, err)
		how(req)
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		text, err := io.ReadAll(resp.Body)
		must(t, err)
		if must(t, resp.Body.Close()); string(text) != "1\n" {
			t.Errorf("%d %s", resp.StatusCode, text)
		}
	}
}

// Other people's clients work, too.
func TestForeignClients(t *testing.T) {
	t.Parallel()
	s := serve(t)
	must(t, s.EnqueueVisits(visits(10)))
	must(t, clickhouse.FlushForTest(t.Context(), s.Store))
	curl := func(want string, args ...string) {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "curl", append([]string{"-sS", "-u", "reader:reader-password"}, args...)...).CombinedOutput()
		if err != nil || string(out) != want {
			t.Errorf("curl %v: %q, %v; want %q", args, out, err, want)
		}
	}
	base := "http://" + s.address + "/"
	curl("Ok.\n", base)
	curl("Ok.\n", base+"ping")
	curl("10\n", base, "--data-binary", "SELECT count() FROM visits")
	curl("7\tit\\'s\n", base+"?param_a=7&param_b=it%27s", "--data-binary", "SELECT {a:UInt8}, {b:String}")
	curl("\"a\",\"b\"\n1,\"x\"\n", base, "--data-binary", "SELECT 1 AS a, 'x' AS b FORMAT CSVWithNames")
	curl("1\n", "-G", base, "--data-urlencode", "query=SELECT 1")
	curl("{\"a\":1}\n", base+"?default_format=JSONEachRow", "--data-binary", "SELECT 1 AS a")
	curl("", base, "--data-binary", "SELECT 1 WHERE 0")

	db := driver.OpenDB(&driver.Options{
		Protocol: driver.HTTP, Addr: []string{s.address}, Auth: driver.Auth{Username: "reader", Password: "reader-password"},
		Compression: &driver.Compression{Method: driver.CompressionLZ4},
	})
	defer func(db *sql.DB) { must(t, db.Close()) }(db)
	var n uint64
	var host string
	must(t, db.QueryRowContext(t.Context(), `SELECT sum(visits), max(host) FROM visits WHERE host LIKE {like:String}`, driver.Named("like", "h%")).Scan(&n, &host))
	if n != 20 || host != "h9.example.net" {
		t.Errorf("%d %s", n, host)
	}
	if _, err := db.ExecContext(context.Background(), `TRUNCATE TABLE visits`); clickhouse.Code(err) != 164 {
		t.Errorf("a write: %v", err)
	}
}
