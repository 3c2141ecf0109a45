package promapi

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/http"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	promstorage "github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// Of a stream of chunks. Prometheus' own are as large.
const (
	samplesPerChunk  = 120
	maxBytesPerFrame = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// streamChunks answers queries frame by frame, so that no more than one series is in memory. Once the first frame is on
// its way an error can only cut the stream off, which the client sees.
func (s *Service) streamChunks(ctx context.Context, w http.ResponseWriter, r *http.Request, queries []readQuery) error {
	w.Header().Set("Content-Type", "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse")
	stream := &chunkStream{w: w}
	for i, q := range queries {
		err := s.db.Read(ctx, q.from, q.to, func(ctx context.Context, reader promstorage.Querier) error {
			var it chunkenc.Iterator
			found := reader.Select(ctx, true, nil, q.matchers...)
			for found.Next() {
				series := found.At()
				it = series.Iterator(it)
				if err := stream.series(int64(i), series.Labels(), it); err != nil {
					return err
				}
			}
			return found.Err()
		})
		switch {
		case err == nil:
		case !stream.begun:
			s.failPlain(w, r, err)
			return nil
		default:
			if ctx.Err() == nil {
				s.log.Error("stream remote read", "err", err)
			}
			panic(http.ErrAbortHandler)
		}
	}
	return nil
}

// chunkStream writes frames: length, checksum, message.
type chunkStream struct {
	w     http.ResponseWriter
	begun bool
}

// series writes one series, in as many frames as it takes.
func (c *chunkStream) series(query int64, set labels.Labels, it chunkenc.Iterator) error {
	line := &prompb.ChunkedSeries{Labels: prompb.FromLabels(set, nil)}
	size := 0
	for {
		chunk, more, err := nextChunk(it)
		if err != nil {
			return err
		}
		if chunk != nil {
			line.Chunks = append(line.Chunks, *chunk)
			size += len(chunk.Data)
		}
		if len(line.Chunks) > 0 && (!more || size >= maxBytesPerFrame) {
			if err := c.frame(&prompb.ChunkedReadResponse{QueryIndex: query, ChunkedSeries: []*prompb.ChunkedSeries{line}}); err != nil {
				return err
			}
			line.Chunks, size = line.Chunks[:0], 0
		}
		if !more {
			return nil
		}
	}
}

// nextChunk packs the next samples, nil when there are none; more tells that the chunk is full and others may follow.
func nextChunk(it chunkenc.Iterator) (out *prompb.Chunk, more bool, err error) {
	chunk := chunkenc.NewXORChunk()
	app, err := chunk.Appender()
	if err != nil {
		return nil, false, fmt.Errorf("make chunk: %w", err)
	}
	for range samplesPerChunk {
		if it.Next() != chunkenc.ValFloat {
			break
		}
		ms, value := it.At()
		app.Append(0, ms, value)
		if out == nil {
			out = &prompb.Chunk{Type: prompb.Chunk_XOR, MinTimeMs: ms}
		}
		out.MaxTimeMs = ms
	}
	if out != nil {
		out.Data = chunk.Bytes()
	}
	return out, chunk.NumSamples() == samplesPerChunk, it.Err()
}

func (c *chunkStream) frame(message *prompb.ChunkedReadResponse) error {
	body, err := message.Marshal()
	if err != nil {
		return fmt.Errorf("encode frame: %w", err)
	}
	head := binary.AppendUvarint(nil, uint64(len(body)))
	head = binary.BigEndian.AppendUint32(head, crc32.Checksum(body, castagnoli))
	c.begun = true
	if _, err := c.w.Write(head); err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	if _, err := c.w.Write(body); err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	return nil
}
