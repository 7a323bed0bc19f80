// Package feed puts events into a Kinesis data stream.
//
// # What is guaranteed
//
// Every line is sent, rejected with its number and a reason, or reported as
// unsent; no line is altered. Events with the same partition key are stored in
// the order of their lines: PutRecords may store one record of a request and
// refuse an earlier one, so a request never holds two events of one key, and an
// event waits until all earlier ones of its key are stored.
//
// That needs one request per event of the most frequent key. It costs nothing
// where some tens of keys take turns, as one request then holds as many events as
// the shards take meanwhile, and much where nearly all events have one key: AWS
// answers 25 to 50 requests a second. There is no cheaper way to keep the order: of
// any request a part may be refused, and what has overtaken a refused event cannot be
// called back.
// Options.Unordered trades the order within a request for speed.
//
// Kinesis stores at least once: when a connection breaks or the service fails
// after a request was carried out but before it was answered, the request is
// repeated and its events are stored twice.
package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"enrich/throttle"
)

// Options of a Send.
type Options struct {
	Stream string // name of the data stream
	// Key names the field of the event that becomes the partition key: a path of
	// names joined by dots, or if that leads nowhere a field named like the whole
	// path. An event in which it is absent, null, empty, or no string or number
	// gets a hash of its bytes; a key of more than 256 characters gets a hash of
	// the key.
	Key string
	// Unordered lets events of one key share a request. That is faster where
	// there are few keys; an event that is throttled may then be overtaken by
	// the up to 499 that were in the same request.
	Unordered bool
	// Rate is the most records a second that are put, those that are put again
	// included; 0 is no limit.
	Rate float64
	// Speed, if it is not 0, has events be put as far apart as their own times are,
	// divided by it. An event without a time follows the one before it, and so does
	// one whose time is past, as all do that have to catch up. Where the very first
	// one has none, nothing is sent.
	Speed float64
	// TimeField names the field that holds an event's time, as Key does: RFC 3339, or
	// seconds or milliseconds since 1970.
	TimeField string
	Untimed   func(line int) // is told of each event without a time; may be nil
	// Skip tells of lines that are passed over, as an earlier Send settled them; may
	// be nil.
	Skip    func(line int) bool
	Observe func(Progress) // called from one goroutine; may be nil
	// Reject is given each rejected line as it was read, without its end; nil if it is
	// longer than 16 MiB. Its error ends the sending. May be nil.
	Reject func(r Rejection, data []byte) error
	// Waiting is told, once, that the context has ended while a request is under way;
	// may be nil.
	Waiting func()
}

// Progress of a Send.
type Progress struct {
	Sent      int       // events stored
	Rejected  int       // lines that cannot be sent
	Bytes     int64     // of the events stored
	Throttled int       // entries that were refused and have to be sent again
	Through   int       // the line up to which every line is done with
	Due       time.Time // of the next event, where there is nothing to send before
}

// Rejection is a line that was not sent and never can be.
type Rejection struct {
	Line   int    `json:"line"` // from 1
	Reason string `json:"reason"`
}

// Report is the outcome of a Send.
type Report struct {
	Sent     int         `json:"sent"`
	Rejected []Rejection `json:"rejected"` // never nil
	// Through is the line up to which every line was sent, rejected or blank:
	// after an interruption a rerun goes on behind it.
	Through int `json:"-"`
	// Ahead are lines behind Through that were rejected, or sent all the same, as
	// their partition keys did not have to wait. At most some thousands were sent.
	Ahead []int `json:"-"`
}

// Receipt is where a single event was stored.
type Receipt struct {
	ShardID        string
	SequenceNumber string
	At             time.Time // when the put was answered, by the service's clock
}

// client is the part of a kinesis.Client that Send needs.
type client interface {
	PutRecords(context.Context, *kinesis.PutRecordsInput, ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error)
}

// Send puts every line of in, which holds one JSON object a line. Blank lines
// are skipped. What is throttled or failed inside the service is sent again until
// it is stored or the context ends; only when whole requests fail some ten times in
// a row the service is taken for down. When the context ends, the request in flight
// still gets some seconds to be answered, so that the report is exact; a read
// from in that blocks goes on blocking in the background.
func Send(ctx context.Context, client *kinesis.Client, in io.Reader, o Options) (Report, error) {
	return send(ctx, client, in, o)
}

func send(ctx context.Context, client client, in io.Reader, o Options) (Report, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil) // ends the reading
	s := &sender{
		client: client, options: o, report: Report{Rejected: []Rejection{}},
		lines: make(chan parsed, maxAhead), room: semaphore.NewWeighted(maxAheadBytes),
		throttle: throttle.Pace{Batch: maxBatch},
	}
	if o.Rate > 0 {
		// A tenth of a second's records in one request keep the rate even.
		s.pace = rate.NewLimiter(rate.Limit(o.Rate), min(maxBatch, max(1, int(o.Rate/10))))
	}
	go read(ctx, in, o, s.lines, s.room)
	err := s.run(ctx)
	s.report.Through, s.report.Ahead = s.position()
	return s.report, err
}

// Check tells why an event would be rejected.
func Check(event []byte) error {
	if len(event) > maxRecord {
		return errors.New(tooLong)
	}
	if _, reason := parse(event, Options{}); reason != "" {
		return errors.New(reason)
	}
	return nil
}

// Put puts one event. An event that Send would reject is an error.
func Put(ctx context.Context, client *kinesis.Client, stream, keyField string, event []byte) (Receipt, error) {
	if len(event) > maxRecord {
		return Receipt{}, errors.New(tooLong)
	}
	entry, reason := parse(event, Options{Key: keyField})
	if reason != "" {
		return Receipt{}, fmt.Errorf("the event is %s", reason)
	}
	out, err := client.PutRecord(ctx, &kinesis.PutRecordInput{
		StreamName: &stream, Data: entry.data, PartitionKey: &entry.key,
	}, answeredOnce)
	if err != nil {
		return Receipt{}, fmt.Errorf("putting an event into %s: %w", stream, err)
	}
	at, ok := awsmiddleware.GetServerTime(out.ResultMetadata)
	if !ok {
		at = time.Now()
	}
	return Receipt{ShardID: aws.ToString(out.ShardId), SequenceNumber: aws.ToString(out.SequenceNumber), At: at}, nil
}
