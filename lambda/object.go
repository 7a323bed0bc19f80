package lambda

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"time"

	"enrich/enrichment"
)

// flushAt is the size in bytes from which lines are handed to the compressor.
const flushAt = 32 << 10

// object is a file of NDJSON in the making. The same lines give the same bytes:
// no header has a time or a name.
type object struct {
	stretch
	used        bool
	lines       []byte // not compressed yet
	body        bytes.Buffer
	compressors *compressors
	compressor  compressor // nil: it has none at the moment
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

// close completes the body. An object without lines is a file of its kind, too.
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

// size is how many bytes the object has so far, as they are stored; 0 for one that is
// not used.
func (o *object) size() int {
	if !o.used {
		return 0
	}
	return len(o.lines) + o.body.Len()
}

// memory is how many bytes an object, used or not, takes up.
func (o *object) memory() int { return cap(o.lines) + o.body.Cap() }

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
