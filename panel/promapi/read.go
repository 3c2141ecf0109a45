package promapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	promstorage "github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"monitoring/panel/rest"
)

// Bounds of one remote read.
const (
	maxReadQueries = 64
	maxReadSamples = 1_000_000 // of an answer that is not streamed, about 50 bytes each while it is encoded
)

var errReadSamples = fmt.Errorf("the answer has more than %d samples: ask for fewer series or a shorter time, or accept streamed chunks", maxReadSamples)

// remoteRead gives the raw samples of matching series to another Prometheus: protocol buffers compressed by snappy, or
// a stream of chunks when the client accepts that. Its errors are plain text.
func (s *Service) remoteRead(w http.ResponseWriter, r *http.Request) error {
	request, err := decodeRead(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return nil
	}
	queries := make([]readQuery, len(request.Queries))
	for i, q := range request.Queries {
		if queries[i], err = newReadQuery(q); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return nil
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), maxTimeout)
	defer cancel()
	if wantsStream(request.AcceptedResponseTypes) {
		return s.streamChunks(ctx, w, r, queries)
	}
	response := &prompb.ReadResponse{}
	budget := maxReadSamples
	for _, q := range queries {
		result, err := s.readSamples(ctx, q, &budget)
		if errors.Is(err, errReadSamples) {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return nil
		}
		if err != nil {
			s.failPlain(w, r, err)
			return nil
		}
		response.Results = append(response.Results, result)
	}
	plain, err := response.Marshal()
	if err != nil {
		return fmt.Errorf("encode remote read: %w", err)
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.Header().Set("Content-Encoding", "snappy")
	_, _ = w.Write(s2.EncodeSnappy(nil, plain)) // the client has gone; nobody is left to tell
	return nil
}

func decodeRead(body io.Reader) (*prompb.ReadRequest, error) {
	packed, err := io.ReadAll(body)
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	if n, err := s2.DecodedLen(packed); err != nil || n > rest.MaxBody { // a few bytes may claim to be gigabytes
		return nil, errors.New("the body is no snappy block, or a too large one")
	}
	plain, err := s2.Decode(nil, packed)
	if err != nil {
		return nil, fmt.Errorf("decompress body: %w", err)
	}
	var request prompb.ReadRequest
	if err := request.Unmarshal(plain); err != nil {
		return nil, fmt.Errorf("decode body: %w", err)
	}
	if len(request.Queries) > maxReadQueries {
		return nil, fmt.Errorf("a request may have at most %d queries", maxReadQueries)
	}
	return &request, nil
}

// wantsStream reports which of the two kinds of answer a client would rather have: the first that it names.
func wantsStream(accepted []prompb.ReadRequest_ResponseType) bool {
	i := slices.IndexFunc(accepted, func(t prompb.ReadRequest_ResponseType) bool {
		return t == prompb.ReadRequest_SAMPLES || t == prompb.ReadRequest_STREAMED_XOR_CHUNKS
	})
	return i >= 0 && accepted[i] == prompb.ReadRequest_STREAMED_XOR_CHUNKS
}

// readQuery is one query of a request.
type readQuery struct {
	from, to time.Time
	matchers []*labels.Matcher
}

var matchTypes = map[prompb.LabelMatcher_Type]labels.MatchType{
	prompb.LabelMatcher_EQ: labels.MatchEqual, prompb.LabelMatcher_NEQ: labels.MatchNotEqual,
	prompb.LabelMatcher_RE: labels.MatchRegexp, prompb.LabelMatcher_NRE: labels.MatchNotRegexp,
}

func newReadQuery(q *prompb.Query) (readQuery, error) {
	out := readQuery{from: clamp(time.UnixMilli(q.StartTimestampMs)), to: clamp(time.UnixMilli(q.EndTimestampMs))}
	for _, m := range q.Matchers {
		kind, ok := matchTypes[m.Type]
		if !ok {
			return out, errors.New("invalid matcher type")
		}
		matcher, err := labels.NewMatcher(kind, m.Name, m.Value)
		if err != nil {
			return out, err
		}
		out.matchers = append(out.matchers, matcher)
	}
	return out, nil
}

// readSamples answers one query and takes its samples off the budget.
func (s *Service) readSamples(ctx context.Context, q readQuery, budget *int) (*prompb.QueryResult, error) {
	result := &prompb.QueryResult{}
	err := s.db.Read(ctx, q.from, q.to, func(ctx context.Context, reader promstorage.Querier) error {
		var it chunkenc.Iterator
		found := reader.Select(ctx, true, nil, q.matchers...)
		for found.Next() {
			series := found.At()
			it = series.Iterator(it)
			line := &prompb.TimeSeries{Labels: prompb.FromLabels(series.Labels(), nil)}
			for it.Next() == chunkenc.ValFloat {
				if *budget--; *budget < 0 {
					return errReadSamples
				}
				ms, value := it.At()
				line.Samples = append(line.Samples, prompb.Sample{Timestamp: ms, Value: value})
			}
			if err := it.Err(); err != nil {
				return err
			}
			if len(line.Samples) > 0 {
				result.Timeseries = append(result.Timeseries, line)
			}
		}
		return found.Err()
	})
	return result, err
}
