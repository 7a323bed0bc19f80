package feed

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/semaphore"

	"enrich/line"
)

// Limits of Kinesis. A stream can be set to take records of up to 10 MiB, but by
// default it takes 1 MiB, partition key included.
const (
	maxRecord = 1 << 20 // bytes
	maxKey    = 256     // characters
	tooLong   = "longer than 1,048,576 bytes with its partition key, the most that a record may have"
)

// entry is one event to be put.
type entry struct {
	line int
	data []byte
	key  string
	at   time.Time // its own, if it is replayed and has one
	// loose events have no key of their own: their order is nobody's business.
	loose bool
	done  bool
}

func (e *entry) size() int { return len(e.data) + len(e.key) }

// parsed is what reading came to: an entry, a rejection, an end, or a long wait.
type parsed struct {
	line   int // the last one that was read, if this is the end
	entry  *entry
	reason string
	data   []byte    // of a rejection, if it is wanted
	end    error     // io.EOF, or why reading failed
	due    time.Time // of the next event: there is nothing else until then
}

// size is what it takes of the room.
func (p parsed) size() int64 {
	if p.entry != nil {
		return int64(p.entry.size())
	}
	return int64(len(p.data))
}

// read parses lines until their end or that of the context. Of what nobody has
// taken yet it holds so many bytes at most as there is room.
func read(ctx context.Context, in io.Reader, o Options, out chan<- parsed, room *semaphore.Weighted) {
	give := func(p parsed) bool {
		if room.Acquire(ctx, p.size()) != nil {
			return false
		}
		select {
		case out <- p:
			return true
		case <-ctx.Done():
			return false
		}
	}
	limit := maxRecord
	if o.Reject != nil {
		limit = maxAheadBytes
	}
	lines := line.NewReader(in, limit)
	pace := replay{speed: o.Speed}
	last := 0
	for {
		l, err := lines.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				err = fmt.Errorf("reading line %d: %w", last+1, err)
			}
			give(parsed{line: last, end: err})
			return
		}
		last = l.Number
		if l.Blank() || o.Skip != nil && o.Skip(l.Number) {
			continue
		}
		p := taken(l, o)
		if o.Speed > 0 && p.entry != nil {
			if err := pace.begins(p.entry, o); err != nil {
				give(parsed{line: last - 1, end: err})
				return
			}
			if !pace.wait(ctx, p.entry, give) {
				return
			}
		}
		if !give(p) {
			return
		}
	}
}

// taken is what a line comes to.
func taken(l line.Line, o Options) parsed {
	p := parsed{line: l.Number, reason: tooLong}
	var event []byte
	if !l.Long {
		event = bytes.Clone(l.Bytes)
	}
	if !l.Long && len(event) <= maxRecord {
		p.entry, p.reason = parse(event, o)
	}
	switch {
	case p.entry != nil:
		p.entry.line = l.Number
	case o.Reject != nil:
		p.data = event
	}
	return p
}

// parse makes an entry of an event, or says what is wrong with it. The entry
// keeps the event's bytes.
func parse(event []byte, o Options) (*entry, string) {
	if !utf8.Valid(event) {
		return nil, "not valid UTF-8"
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(event, &fields); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return nil, "not a JSON object"
		}
		return nil, "not valid JSON: " + strings.TrimPrefix(err.Error(), "json: ")
	}
	if fields == nil { // null
		return nil, "not a JSON object"
	}
	e := &entry{data: event}
	key, ok := partitionKey(fields, o.Key)
	switch {
	case !ok:
		e.key, e.loose = hash(event), true
	case utf8.RuneCountInString(key) > maxKey:
		e.key = hash([]byte(key))
	default:
		e.key = key
	}
	if e.size() > maxRecord {
		return nil, tooLong
	}
	if value, ok := find(fields, o.TimeField); ok && o.Speed > 0 {
		e.at = timeOf(value)
	}
	return e, ""
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

// find finds the field at a dotted path, or else the one that has the whole path as
// its name, as the function does when it looks an event up.
func find(fields map[string]json.RawMessage, path string) (json.RawMessage, bool) {
	if path == "" {
		return nil, false
	}
	value, ok := follow(fields, strings.Split(path, "."))
	if !ok {
		value, ok = fields[path]
	}
	return value, ok
}

// partitionKey is the value of a field, if it can be one.
func partitionKey(fields map[string]json.RawMessage, path string) (string, bool) {
	value, ok := find(fields, path)
	if !ok {
		return "", false
	}
	switch value[0] {
	case '"':
		var text string
		if err := json.Unmarshal(value, &text); err != nil {
			return "", false
		}
		return text, text != ""
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return string(value), true
	default:
		return "", false
	}
}

func follow(fields map[string]json.RawMessage, path []string) (json.RawMessage, bool) {
	value, ok := fields[path[0]]
	if !ok || len(path) == 1 {
		return value, ok
	}
	var inner map[string]json.RawMessage
	if err := json.Unmarshal(value, &inner); err != nil {
		return nil, false // a scalar or a list: the path ends here
	}
	return follow(inner, path[1:])
}
