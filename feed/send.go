package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"enrich/answer"
	"enrich/throttle"
)

const (
	// linger is how long a request that is not full waits for further lines: long
	// enough for a file, too short to be noticed by who types.
	linger = 10 * time.Millisecond
	// maxAhead and maxAheadBytes bound what is read while a request is answered.
	maxAhead      = 1000
	maxAheadBytes = 16 << 20
	// grace is what the request in flight gets when the context ends.
	grace = 5 * time.Second

	// maxFaults is how often in a row the service may fail, each time after the
	// SDK has tried it some times, before it is taken for down.
	maxFaults = 10
)

// sender is one run of Send.
type sender struct {
	client  client
	options Options
	lines   chan parsed
	room    *semaphore.Weighted // for what is in lines, in bytes

	pace     *rate.Limiter // nil: as fast as the stream takes it
	throttle throttle.Pace
	window   window
	last     int   // line taken in
	end      error // of the lines: io.EOF, or why reading failed; nil: there may be more
	faults   int   // of the service, in a row
	report   Report
	progress Progress
}

// run sends until everything is stored or an error ends it.
func (s *sender) run(ctx context.Context) error {
	for {
		if err := s.fill(ctx); err != nil {
			return err
		}
		if s.window.open == 0 {
			s.observe()
			if errors.Is(s.end, io.EOF) {
				return nil
			}
			if s.end != nil {
				return s.end
			}
			continue
		}
		batch := s.window.batch(s.options.Unordered)
		batch = batch[:min(len(batch), s.throttle.Most())]
		if s.pace != nil {
			batch = batch[:min(len(batch), s.pace.Burst())]
			if err := s.pace.WaitN(ctx, len(batch)); err != nil {
				return overOr(ctx, err)
			}
		}
		if err := s.throttle.Wait(ctx, len(batch)); err != nil {
			return err
		}
		stored, refused, err := s.put(ctx, batch)
		s.window.trim()
		s.observe()
		if err != nil {
			return err
		}
		s.throttle.Answered(stored, refused)
	}
}

// overOr is why the context ended, if it did.
func overOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (s *sender) observe() {
	if s.options.Observe != nil {
		s.progress.Through = s.window.through(s.last)
		s.options.Observe(s.progress)
	}
}

// fill takes in lines: at least one if there is nothing to send, then what comes
// at once, then, for a request that is not full, what comes within the linger.
func (s *sender) fill(ctx context.Context) error {
	var lingering <-chan time.Time
	for s.end == nil && !s.window.full() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		select {
		case p := <-s.lines:
			if err := s.take(p); err != nil {
				return err
			}
			continue
		default:
		}
		if s.window.open >= maxBatch {
			return nil
		}
		if s.window.open > 0 && lingering == nil {
			timer := time.NewTimer(linger)
			defer timer.Stop()
			lingering = timer.C
		}
		select {
		case p := <-s.lines:
			if err := s.take(p); err != nil {
				return err
			}
			if s.window.open == 0 {
				s.observe() // a rejection, perhaps the last line for long
			}
		case <-lingering:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// take fails when a rejection cannot be kept: the line is none that was settled then.
func (s *sender) take(p parsed) error {
	s.room.Release(p.size())
	if s.progress.Due = p.due; !p.due.IsZero() {
		return nil
	}
	switch {
	case p.end != nil:
		s.end = p.end
	case p.reason != "":
		r := Rejection{Line: p.line, Reason: p.reason}
		if s.options.Reject != nil {
			if err := s.options.Reject(r, p.data); err != nil {
				return fmt.Errorf("keeping line %d, which was rejected (%s): %w", p.line, p.reason, err)
			}
		}
		s.report.Rejected = append(s.report.Rejected, r)
		s.progress.Rejected++
	default:
		if s.options.Untimed != nil && s.options.Speed > 0 && p.entry.at.IsZero() {
			s.options.Untimed(p.line)
		}
		s.window.add(p.entry)
	}
	s.last = p.line
	return nil
}

// position tells up to which line everything is settled and which lines behind it are
// settled as well.
func (s *sender) position() (through int, ahead []int) {
	through, ahead = s.window.position(s.last)
	for _, r := range s.report.Rejected {
		if r.Line > through {
			ahead = append(ahead, r.Line)
		}
	}
	slices.Sort(ahead)
	return through, ahead
}

// put makes one request and tells how many entries were stored and how many were
// refused for the stream's rate. What is not stored has to be sent again.
func (s *sender) put(ctx context.Context, batch []*entry) (stored, refused int, err error) {
	in := &kinesis.PutRecordsInput{StreamName: &s.options.Stream, Records: make([]types.PutRecordsRequestEntry, len(batch))}
	for i, e := range batch {
		in.Records[i] = types.PutRecordsRequestEntry{Data: e.data, PartitionKey: &e.key}
	}
	calling, cancel := graceful(ctx, s.options.Waiting)
	defer cancel()
	out, err := s.client.PutRecords(calling, in, answeredOnce)
	switch {
	case throttled(err):
		s.progress.Throttled += len(batch)
		return 0, len(batch), nil
	case err != nil && ctx.Err() != nil && !denied(err):
		return 0, 0, doubtful(context.Cause(ctx), len(batch))
	case faulty(err) && s.faults < maxFaults:
		s.faults++
		return 0, 0, nil
	case err != nil:
		err = fmt.Errorf("putting events into %s: %w", s.options.Stream, err)
		if sent(err) && !denied(err) {
			err = doubtful(err, len(batch))
		}
		return 0, 0, err
	case len(out.Records) != len(batch):
		return 0, 0, fmt.Errorf("putting events into %s: %d answers for %d records", s.options.Stream, len(out.Records), len(batch))
	}
	s.faults = 0
	for i, result := range out.Records {
		code := aws.ToString(result.ErrorCode)
		switch {
		case code == "" && result.SequenceNumber != nil:
			stored++
			s.report.Sent++
			s.progress.Sent++
			s.progress.Bytes += int64(len(batch[i].data))
			s.window.stored(batch[i])
		case code == "ProvisionedThroughputExceededException" || code == "InternalFailure":
			if code != "InternalFailure" {
				refused++
			}
			s.progress.Throttled++
		case err == nil:
			err = fmt.Errorf("putting line %d into %s: %s: %s", batch[i].line, s.options.Stream, code, aws.ToString(result.ErrorMessage))
		}
	}
	return stored, refused, err
}

// doubtful adds to an error that the events of a request may be stored for all that.
func doubtful(err error, events int) error {
	return fmt.Errorf("%w; what became of a request for %d of the events is not known, so a rerun may store them twice", err, events)
}

// answeredOnce keeps events that are stored from being sent again.
func answeredOnce(o *kinesis.Options) { o.HTTPClient = answer.Once(o.HTTPClient) }

// throttled tells whether a whole request was refused for its rate, after the
// SDK has tried it some times.
func throttled(err error) bool {
	var failure smithy.APIError
	return errors.As(err, &failure) && slices.Contains([]string{
		"ProvisionedThroughputExceededException", "LimitExceededException", "KMSThrottlingException",
		"ThrottlingException", "RequestLimitExceeded",
	}, failure.ErrorCode())
}

// sent tells whether a request that failed may have reached the service.
func sent(err error) bool {
	var response *smithyhttp.ResponseError
	var sending *smithyhttp.RequestSendError
	var connecting *net.OpError
	if errors.As(err, &response) {
		return true
	}
	dialling := errors.As(err, &connecting) && connecting.Op == "dial"
	return errors.As(err, &sending) && !dialling
}

// denied tells whether the service has answered that it will not do it.
func denied(err error) bool {
	var failure *smithyhttp.ResponseError
	return errors.As(err, &failure) && failure.HTTPStatusCode() >= http.StatusBadRequest && !faulty(err)
}

// faulty tells whether the service itself failed.
func faulty(err error) bool {
	var failure *smithyhttp.ResponseError
	return errors.As(err, &failure) && failure.HTTPStatusCode() >= http.StatusInternalServerError
}

// graceful is a context that ends some time after ctx: whoever ends ctx wants
// nothing new to start, but to know what became of what has started.
func graceful(ctx context.Context, waiting func()) (context.Context, context.CancelFunc) {
	calling, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if waiting != nil {
			waiting()
		}
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-calling.Done():
		}
	})
	return calling, func() {
		stop()
		cancel()
	}
}
