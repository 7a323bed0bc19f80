package lambda

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"

	"enrich/enrichment"
)

// deadLetters is the prefix of the keys of dead-letter objects. The execution
// role allows it by this name.
const deadLetters = "dead-letter/"

// flushAt is the size in bytes from which lines are handed to the compressor.
const flushAt = 32 << 10

// object is a gzip file of NDJSON in the making. The same lines give the same
// bytes: the header has neither time nor name.
type object struct {
	stretch
	used        bool
	lines       []byte // not compressed yet
	body        bytes.Buffer
	compressors *compressors
	compressor  *gzip.Writer // nil: it has none at the moment
}

// begin makes an object, used before or not, an empty one.
func (o *object) begin(first int, c *compressors) {
	o.stretch = stretch{first: first, last: first}
	o.used = true
	o.lines = o.lines[:0]
	o.body.Reset()
	o.compressors, o.compressor = c, nil
}

// end takes a line whose bytes lie in o.lines already, without its end.
func (o *object) end(last int) error {
	o.lines = append(o.lines, '\n')
	o.last = last
	if len(o.lines) < flushAt {
		return nil
	}
	return o.flush()
}

func (o *object) flush() error {
	if err := o.compressors.lend(o); err != nil {
		return err
	}
	_, err := o.compressor.Write(o.lines)
	o.lines = o.lines[:0]
	return err
}

// close completes the body. An object without lines is a gzip file, too.
func (o *object) close() error {
	if len(o.lines) > 0 || o.body.Len() == 0 {
		if err := o.flush(); err != nil {
			return err
		}
	}
	if o.compressor == nil {
		return nil
	}
	return o.compressors.takeBack(o)
}

// partition holds what a batch gives for one shard and hour.
type partition struct {
	shard    []byte
	hour     int64 // since 1970
	enriched object
	dead     object
}

// key names an object of the partition by the sequence number of its first
// record: neither by the time nor by chance, so that a batch which is delivered
// again, whole or in parts, overwrites what it wrote before.
func (p *partition) key(prefix string, sequence []byte) string {
	hour := time.Unix(p.hour*3600, 0).UTC()
	key := hour.AppendFormat([]byte(prefix), "2006/01/02/15/")
	key = append(append(append(key, p.shard...), '-'), sequence...)
	return string(append(key, ".ndjson.gz"...))
}

// letter appends a dead letter.
func letter(dst []byte, reason string, whole *delivery, r *record) []byte {
	dst = append(dst, `{"reason":`...)
	dst = enrichment.AppendString(dst, reason)
	dst = append(dst, `,"shard_id":`...)
	dst = enrichment.AppendString(dst, whole.shard)
	dst = append(dst, `,"sequence_number":`...)
	dst = enrichment.AppendString(dst, whole.sequence)
	if r.sub >= 0 {
		dst = append(dst, `,"sub_sequence_number":`...)
		dst = strconv.AppendInt(dst, int64(r.sub), 10)
	}
	dst = append(dst, `,"partition_key":`...)
	dst = enrichment.AppendString(dst, r.partitionKey)
	dst = append(dst, `,"arrival":`...)
	dst = enrichment.AppendString(dst, enrichment.Timestamp(time.UnixMilli(whole.arrival)))
	dst = append(dst, `,"data":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, r.data)
	return append(dst, `"}`...)
}
