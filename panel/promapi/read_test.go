package promapi

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"monitoring/storage"
	"monitoring/storage/storagetest"
)

// matcher makes a matcher of a remote read.
func matcher(kind prompb.LabelMatcher_Type, name, value string) *prompb.LabelMatcher {
	return &prompb.LabelMatcher{Type: kind, Name: name, Value: value}
}

// post sends a compressed body and returns the answer.
func post(t *testing.T, url string, body []byte) (status int, header http.Header, answer []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "snappy")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, answer
}

// line is a series as either kind of answer gives it.
type line struct {
	Query   int64
	Labels  string
	Samples []prompb.Sample
}

// read asks and decodes the answer, whose kind must be the wanted one.
func read(t *testing.T, api string, request *prompb.ReadRequest, streamed bool) []line {
	t.Helper()
	body, err := request.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	status, header, answer := post(t, api+"/read", snappy.Encode(nil, body))
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	if kind := header.Get("Content-Type"); strings.HasPrefix(kind, "application/x-streamed-protobuf") != streamed {
		t.Fatalf("streamed %t: Content-Type %s", streamed, kind)
	}
	if streamed {
		return decodeStream(t, answer)
	}
	plain, err := snappy.Decode(nil, answer)
	if err != nil {
		t.Fatal(err)
	}
	var response prompb.ReadResponse
	if err := response.Unmarshal(plain); err != nil {
		t.Fatal(err)
	}
	if len(response.Results) != len(request.Queries) {
		t.Fatalf("%d results of %d queries", len(response.Results), len(request.Queries))
	}
	var lines []line
	for i, result := range response.Results {
		for _, series := range result.Timeseries {
			lines = append(lines, line{int64(i), labelText(series.Labels), series.Samples})
		}
	}
	return lines
}

func decodeStream(t *testing.T, answer []byte) []line {
	t.Helper()
	var lines []line
	for r := bufio.NewReader(bytes.NewReader(answer)); ; {
		size, err := binary.ReadUvarint(r)
		if errors.Is(err, io.EOF) {
			return lines
		}
		head, body := make([]byte, 4), make([]byte, size)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, head); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, body); err != nil {
			t.Fatal(err)
		}
		if crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) != binary.BigEndian.Uint32(head) {
			t.Fatal("wrong checksum of a frame")
		}
		var frame prompb.ChunkedReadResponse
		if err := frame.Unmarshal(body); err != nil {
			t.Fatal(err)
		}
		for _, series := range frame.ChunkedSeries {
			one := line{frame.QueryIndex, labelText(series.Labels), unpack(t, series.Chunks)}
			if n := len(lines); n > 0 && lines[n-1].Query == one.Query && lines[n-1].Labels == one.Labels { // a long series has several frames
				lines[n-1].Samples = append(lines[n-1].Samples, one.Samples...)
			} else {
				lines = append(lines, one)
			}
		}
	}
}

func unpack(t *testing.T, chunks []prompb.Chunk) []prompb.Sample {
	t.Helper()
	var samples []prompb.Sample
	for _, c := range chunks {
		chunk, err := chunkenc.FromData(chunkenc.EncXOR, c.Data)
		if err != nil {
			t.Fatal(err)
		}
		n := len(samples)
		for it := chunk.Iterator(nil); it.Next() == chunkenc.ValFloat; {
			ms, v := it.At()
			samples = append(samples, prompb.Sample{Timestamp: ms, Value: v})
		}
		if len(samples) == n || samples[n].Timestamp != c.MinTimeMs || samples[len(samples)-1].Timestamp != c.MaxTimeMs {
			t.Fatalf("a chunk of %d samples says it is from %d to %d", len(samples)-n, c.MinTimeMs, c.MaxTimeMs)
		}
	}
	return samples
}

func labelText(set []prompb.Label) string {
	var b strings.Builder
	for _, l := range set {
		b.WriteString(l.Name + "=" + strconv.Quote(l.Value) + ",")
	}
	return b.String()
}

// compareReads asks both for raw samples in both kinds of answer; Prometheus' own decoder reads them.
func compareReads(t *testing.T, ours, theirs string, from time.Time) {
	t.Helper()
	ms := func(offset time.Duration) int64 { return from.Add(offset).UnixMilli() }
	eq, re := prompb.LabelMatcher_EQ, prompb.LabelMatcher_RE
	queries := []*prompb.Query{
		{StartTimestampMs: ms(0), EndTimestampMs: ms(4 * time.Hour), Matchers: []*prompb.LabelMatcher{matcher(eq, "__name__", "bytes_total")}},
		{StartTimestampMs: ms(2 * time.Hour), EndTimestampMs: ms(121 * time.Minute), Matchers: []*prompb.LabelMatcher{matcher(re, "__name__", "usage_.*"), matcher(prompb.LabelMatcher_NEQ, "server", "2")}},
		{StartTimestampMs: ms(0), EndTimestampMs: ms(time.Hour), Matchers: []*prompb.LabelMatcher{matcher(eq, "__name__", "quoted"), matcher(prompb.LabelMatcher_NRE, "server", "1|3")}},
		{StartTimestampMs: ms(0), EndTimestampMs: ms(time.Hour), Matchers: []*prompb.LabelMatcher{matcher(eq, "__name__", "nothing")}},
		{StartTimestampMs: ms(100 * time.Hour), EndTimestampMs: ms(101 * time.Hour), Matchers: []*prompb.LabelMatcher{matcher(eq, "__name__", "quoted")}},
	}
	for _, streamed := range []bool{false, true} {
		request := &prompb.ReadRequest{Queries: queries}
		if streamed {
			request.AcceptedResponseTypes = []prompb.ReadRequest_ResponseType{prompb.ReadRequest_STREAMED_XOR_CHUNKS, prompb.ReadRequest_SAMPLES}
		}
		got, want := read(t, ours, request, streamed), read(t, theirs, request, streamed)
		if len(want) != 6 || len(want[0].Samples) != 1440 {
			t.Fatalf("Prometheus gives %d series, the first with %d samples", len(want), len(want[0].Samples))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("streamed %t: %s", streamed, diff)
		}
	}
}

// An answer in one piece is bounded; a stream of the same samples is not.
func TestReadOfTooManySamples(t *testing.T) {
	t.Parallel()
	db, at := storagetest.TSDB(t), base()
	fill(t, db, []storage.Sample{sample(at, 1, "__name__", "m"), sample(at.Add(time.Second), 2, "__name__", "m"), sample(at, 3, "__name__", "m", "x", "y")})
	query := readQuery{from: at, to: at.Add(time.Minute), matchers: []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, "__name__", "m")}}
	for budget, want := range map[int]error{3: nil, 2: errReadSamples} {
		if _, err := quiet(db).readSamples(t.Context(), query, &budget); !errors.Is(err, want) {
			t.Errorf("budget %d: %v, want %v", budget, err, want)
		}
	}
}

// A series longer than a frame arrives whole, and the other order of the accepted types gives the other answer.
func TestReadStreamOfManyFrames(t *testing.T) {
	t.Parallel()
	db, at := storagetest.TSDB(t), base().Add(-20*time.Hour)
	const n = 70_000
	samples := make([]storage.Sample, n)
	for i := range samples {
		samples[i] = sample(at.Add(time.Duration(i)*time.Second), float64(i*i%1_000_003), "__name__", "m", "pad", strings.Repeat("x", 200))
	}
	fill(t, db, samples)
	api := serve(t, db)
	request := &prompb.ReadRequest{
		Queries: []*prompb.Query{{StartTimestampMs: at.UnixMilli(), EndTimestampMs: at.Add(24 * time.Hour).UnixMilli(),
			Matchers: []*prompb.LabelMatcher{matcher(prompb.LabelMatcher_EQ, "__name__", "m")}}},
		AcceptedResponseTypes: []prompb.ReadRequest_ResponseType{prompb.ReadRequest_STREAMED_XOR_CHUNKS},
	}
	streamed := read(t, api, request, true)
	request.AcceptedResponseTypes = []prompb.ReadRequest_ResponseType{prompb.ReadRequest_SAMPLES, prompb.ReadRequest_STREAMED_XOR_CHUNKS}
	plain := read(t, api, request, false)
	if len(plain) != 1 || len(plain[0].Samples) != n {
		t.Fatalf("%d series", len(plain))
	}
	for i, s := range plain[0].Samples {
		if s.Timestamp != samples[i].Time || s.Value != samples[i].Value {
			t.Fatalf("sample %d is %+v, want %+v", i, s, samples[i])
		}
	}
	if diff := cmp.Diff(plain, streamed); diff != "" {
		t.Error(diff)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	api, _ := small(t)
	f := func(body []byte, wantStatus int, want string) {
		t.Helper()
		if status, _, answer := post(t, api+"/read", body); status != wantStatus || !strings.Contains(string(answer), want) {
			t.Errorf("%d %s, want %d %s", status, answer, wantStatus, want)
		}
	}
	marshal := func(r *prompb.ReadRequest) []byte {
		body, err := r.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return snappy.Encode(nil, body)
	}
	f([]byte("no snappy"), 400, "decompress body")
	f([]byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0}, 400, "too large") // 4 GB, it says
	f(snappy.Encode(nil, []byte("no protobuf")), 400, "decode body")
	bad := matcher(prompb.LabelMatcher_RE, "x", "(")
	f(marshal(&prompb.ReadRequest{Queries: []*prompb.Query{{Matchers: []*prompb.LabelMatcher{bad}}}}), 400, "missing closing )")
	bad = matcher(7, "x", "y")
	f(marshal(&prompb.ReadRequest{Queries: []*prompb.Query{{Matchers: []*prompb.LabelMatcher{bad}}}}), 400, "invalid matcher type")
	many := make([]*prompb.Query, maxReadQueries+1)
	for i := range many {
		many[i] = &prompb.Query{}
	}
	f(marshal(&prompb.ReadRequest{Queries: many}), 400, "at most 64 queries")
}
