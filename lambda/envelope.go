package lambda

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// delivery is a Kinesis record as an event source mapping hands it over. Its
// slices lie in the payload or in the decoder's arena.
type delivery struct {
	shard        []byte // shardId-000000000006
	sequence     []byte
	partitionKey []byte
	data         []byte
	arrival      int64 // milliseconds since 1970
}

// decoder reads the event that Lambda sends for a batch of Kinesis records. It
// knows nothing but that form: encoding/json would cost more for it than the
// enrichment itself does.
type decoder struct {
	text  []byte
	pos   int
	arena []byte // decoded data, one after the other
	list  []delivery
}

// decode reads the event's records, in their order. What is unknown in the event
// is skipped.
func (d *decoder) decode(payload []byte) ([]delivery, error) {
	d.text, d.pos, d.list, d.arena = payload, 0, d.list[:0], d.arena[:0]
	if need := len(payload) / 4 * 3; cap(d.arena) < need {
		d.arena = make([]byte, 0, need)
	}
	seen := false
	err := d.object(func(name []byte) error {
		if string(name) != "Records" {
			return d.skip()
		}
		seen = true
		return d.array(d.record)
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("decoding the Kinesis event: %w", err)
	case !seen:
		return nil, fmt.Errorf("decoding the Kinesis event: it has no Records")
	}
	return d.list, nil
}

func (d *decoder) record() error {
	var r delivery
	var id []byte
	r.arrival = -1
	err := d.object(func(name []byte) (err error) {
		switch string(name) {
		case "kinesis":
			return d.kinesis(&r)
		case "eventID":
			id, err = d.string()
			return err
		default:
			return d.skip()
		}
	})
	if err != nil {
		return fmt.Errorf("record %d: %w", len(d.list), err)
	}
	r.shard, _, _ = bytes.Cut(id, []byte(":"))
	switch {
	case !isName(r.shard):
		err = fmt.Errorf("its eventID %q names no shard", id)
	case !isName(r.sequence):
		err = fmt.Errorf("%q is no sequence number", r.sequence)
	case r.arrival < 0:
		err = fmt.Errorf("it has no approximateArrivalTimestamp")
	case r.data == nil:
		err = fmt.Errorf("it has no data")
	}
	if err != nil {
		return fmt.Errorf("record %d: %w", len(d.list), err)
	}
	d.list = append(d.list, r)
	return nil
}

func (d *decoder) kinesis(r *delivery) error {
	return d.object(func(name []byte) (err error) {
		switch string(name) {
		case "sequenceNumber":
			r.sequence, err = d.string()
		case "partitionKey":
			r.partitionKey, err = d.string()
		case "data":
			r.data, err = d.base64()
		case "approximateArrivalTimestamp":
			r.arrival, err = d.milliseconds()
		default:
			err = d.skip()
		}
		return err
	})
}

// isName tells whether text can be a part of an object's key.
func isName(text []byte) bool {
	for _, c := range text {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '-', c == '_':
		default:
			return false
		}
	}
	return len(text) > 0
}

// base64 reads binary data in a string.
func (d *decoder) base64() ([]byte, error) {
	text, err := d.string()
	if err != nil {
		return nil, err
	}
	from := len(d.arena)
	d.arena, err = base64.StdEncoding.AppendDecode(d.arena, text)
	if err != nil {
		return nil, fmt.Errorf("its data: %w", err)
	}
	return d.arena[from:len(d.arena):len(d.arena)], nil
}

// milliseconds reads a time in seconds with a fraction, as exactly as it is
// written: a record's hour must be the same in every delivery.
func (d *decoder) milliseconds() (int64, error) {
	d.space()
	from := d.pos
	if err := d.skip(); err != nil {
		return 0, err
	}
	text := d.text[from:d.pos]
	seconds, fraction, _ := bytes.Cut(text, []byte("."))
	fraction = append(append(make([]byte, 0, 32), fraction...), "000"...)
	if whole, err := strconv.ParseUint(string(seconds), 10, 40); err == nil {
		if part, err := strconv.ParseUint(string(fraction[:3]), 10, 64); err == nil && !bytes.ContainsAny(fraction, "eE") {
			return int64(whole)*1000 + int64(part), nil
		}
	}
	// Java writes large doubles as 1.545084650987E9.
	float, err := strconv.ParseFloat(string(text), 64)
	if err != nil || float < 0 || float > 1<<40 {
		return 0, fmt.Errorf("%q is no approximateArrivalTimestamp", text)
	}
	return int64(math.Round(float * 1000)), nil
}

func (d *decoder) fail() error {
	if d.pos >= len(d.text) {
		return fmt.Errorf("the text ends early")
	}
	return fmt.Errorf("unexpected %q at byte %d", d.text[d.pos], d.pos)
}

func (d *decoder) space() {
	for d.pos < len(d.text) {
		switch d.text[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return
		}
	}
}

// take skips white space and then c, if it comes.
func (d *decoder) take(c byte) bool {
	d.space()
	if d.pos < len(d.text) && d.text[d.pos] == c {
		d.pos++
		return true
	}
	return false
}

// object calls field at each member's value.
func (d *decoder) object(field func(name []byte) error) error {
	if !d.take('{') {
		return d.fail()
	}
	if d.take('}') {
		return nil
	}
	for {
		name, err := d.string()
		if err != nil {
			return err
		}
		if !d.take(':') {
			return d.fail()
		}
		if err := field(name); err != nil {
			return err
		}
		if d.take('}') {
			return nil
		}
		if !d.take(',') {
			return d.fail()
		}
	}
}

// array calls element at each element.
func (d *decoder) array(element func() error) error {
	if !d.take('[') {
		return d.fail()
	}
	if d.take(']') {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if d.take(']') {
			return nil
		}
		if !d.take(',') {
			return d.fail()
		}
	}
}

// string reads a string. Nearly none has escapes, so the closing quote is looked
// for first.
func (d *decoder) string() ([]byte, error) {
	if !d.take('"') {
		return nil, d.fail()
	}
	from := d.pos
	n := bytes.IndexByte(d.text[from:], '"')
	if n < 0 {
		d.pos = len(d.text)
		return nil, d.fail()
	}
	if bytes.IndexByte(d.text[from:from+n], '\\') < 0 {
		d.pos = from + n + 1
		return d.text[from : from+n : from+n], nil
	}
	for d.pos < len(d.text) && d.text[d.pos] != '"' {
		if d.text[d.pos] == '\\' {
			d.pos++
		}
		d.pos++
	}
	if d.pos >= len(d.text) {
		return nil, d.fail()
	}
	d.pos++
	var text string
	if err := json.Unmarshal(d.text[from-1:d.pos], &text); err != nil {
		return nil, err
	}
	return []byte(text), nil
}

// skip passes over a value of any kind.
func (d *decoder) skip() error {
	d.space()
	from := d.pos
	for depth := 0; d.pos < len(d.text); {
		switch d.text[d.pos] {
		case '"':
			if _, err := d.string(); err != nil {
				return err
			}
			if depth == 0 {
				return nil
			}
			continue
		case '{', '[':
			depth++
		case '}', ']', ',', ' ', '\t', '\n', '\r':
			if depth == 0 { // the end of a number or a word
				if d.pos == from {
					return d.fail()
				}
				return nil
			}
			if c := d.text[d.pos]; c == '}' || c == ']' {
				depth--
				if depth == 0 {
					d.pos++
					return nil
				}
			}
		}
		d.pos++
	}
	return d.fail()
}
