package emulator

import (
	"encoding/base64"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// eventFrame is what an event has around its records, in bytes.
const eventFrame = len(`{"Records":[]}`)

// eventWriter writes the events of one shard. It appends bytes: reflection over
// each record would cost more than all the rest of the way through the mapping.
type eventWriter struct {
	shard  string
	region string
	arn    string
	window []byte // what the next event has after its records; see tumblingWindow
}

func newEventWriter(st *stream, sh *shard) eventWriter {
	return eventWriter{shard: sh.id, region: st.region, arn: st.arn}
}

// size is how many bytes a record takes in an event, its comma included; never
// fewer than it really does.
func (w *eventWriter) size(r *record, role string) int {
	const fixed = len(`{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":,"sequenceNumber":"","data":"","approximateArrivalTimestamp":9999999999.999},` +
		`"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":":","eventName":"aws:kinesis:record","invokeIdentityArn":"","awsRegion":"","eventSourceARN":""},`)
	return fixed + len(role) + quotedLen(r.partitionKey) + 2*len(r.sequence) + base64.StdEncoding.EncodedLen(len(r.data)) +
		len(w.shard) + len(w.region) + len(w.arn)
}

// event writes the event of a batch.
func (w *eventWriter) event(records []*record, role string) []byte {
	size := eventFrame + len(w.window)
	for _, r := range records {
		size += w.size(r, role)
	}
	tail := `","eventName":"aws:kinesis:record","invokeIdentityArn":"` + role + `","awsRegion":"` + w.region + `","eventSourceARN":"` + w.arn + `"}`
	b := append(make([]byte, 0, size), `{"Records":[`...)
	for i, r := range records {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":`...)
		b = appendQuoted(b, r.partitionKey)
		b = append(b, `,"sequenceNumber":"`...)
		b = append(b, r.sequence...)
		b = append(b, `","data":"`...)
		b = base64.StdEncoding.AppendEncode(b, r.data)
		b = append(b, `","approximateArrivalTimestamp":`...)
		b = appendSeconds(b, r.arrived)
		b = append(b, `},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"`...)
		b = append(b, w.shard...)
		b = append(b, ':')
		b = append(b, r.sequence...)
		b = append(b, tail...)
	}
	return append(append(append(b, ']'), w.window...), '}')
}

// appendSeconds writes milliseconds as seconds, with as many decimals as they need.
func appendSeconds(b []byte, ms int64) []byte {
	b = strconv.AppendInt(b, ms/1000, 10)
	rest := ms % 1000
	if rest == 0 {
		return append(b, ".0"...)
	}
	b = append(b, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}

// plain tells whether a string is the same in JSON, but for its quotes.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			return false
		}
	}
	return true
}

func quotedLen(s string) int {
	if plain(s) {
		return len(s) + 2
	}
	return len(appendQuoted(nil, s))
}

func appendQuoted(b []byte, s string) []byte {
	if plain(s) {
		return append(append(append(b, '"'), s...), '"')
	}
	// The error is that of bytes which are not UTF-8; they are replaced then.
	quoted, _ := jsontext.AppendQuote(b, s)
	return quoted
}
