package redrive

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

// Limits of Kinesis: of PutRecords 500 records and 10 MiB, partition keys included, of
// which half keeps a request within its time, though one record may have as much; of
// a record 1 MiB where the stream does not say.
const (
	maxBatch      = 500
	maxBatchBytes = 5 << 20
	maxRecord     = 1 << 20
)

const (
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 2 * time.Second
)

// errUnanswered tells that it is not known what became of a put.
var errUnanswered = errors.New("the answer to a put was lost")

// put puts records until all are stored, and gives those that are not when an error
// ends it. As PutRecords may store one record of a request and refuse an earlier one, a
// request never holds two of one partition key, and a record waits until all earlier
// ones of its key are stored. What Kinesis refuses is put again; what it does not answer
// never is, as it may be stored: errUnanswered.
func (s *stream) put(ctx context.Context, list []record, tell func(stored, throttled int)) (left []record, err error) {
	left = slices.Clone(list)
	for refused := 0; len(left) > 0; {
		if ctx.Err() != nil {
			return left, context.Cause(ctx)
		}
		chosen := choose(left)
		stored, err := s.request(ctx, left, chosen)
		done := make(map[int]bool, len(stored))
		for _, i := range stored {
			done[i] = true
		}
		kept := left[:0]
		for i := range left {
			if !done[i] {
				kept = append(kept, left[i])
			}
		}
		left = kept
		tell(len(stored), len(chosen)-len(stored))
		if err != nil {
			return left, err
		}
		if len(stored) == len(chosen) {
			refused = 0
			continue
		}
		refused++
		// With full jitter: many that are throttled together do not come back together.
		if err := sleep(ctx, rand.N(min(lastBackoff, firstBackoff<<min(refused-1, 10)))); err != nil {
			return left, err
		}
	}
	return nil, nil
}

// choose gives the places of the next request's records.
func choose(list []record) (places []int) {
	size := 0
	seen := make(map[string]bool)
	for i := range list {
		r := &list[i]
		if seen[r.key] {
			continue
		}
		seen[r.key] = true // one that does not fit keeps later ones waiting
		if len(places) > 0 && size+r.size() > maxBatchBytes {
			continue
		}
		places = append(places, i)
		if size += r.size(); len(places) == maxBatch {
			break
		}
	}
	return places
}

// request makes one request and gives the places of what is stored.
func (s *stream) request(ctx context.Context, list []record, places []int) (stored []int, err error) {
	in := &kinesis.PutRecordsInput{StreamName: &s.name, Records: make([]types.PutRecordsRequestEntry, len(places))}
	for n, i := range places {
		in.Records[n] = types.PutRecordsRequestEntry{Data: list[i].data, PartitionKey: &list[i].key}
	}
	calling, cancel := context.WithTimeout(ctx, changeTime)
	defer cancel()
	out, err := s.client.PutRecords(calling, in, func(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} })
	switch code := answered(err); {
	case err == nil:
	case errors.Is(err, errLost):
		return nil, err // it was not made
	case throttled(err):
		return nil, nil
	case code >= http.StatusBadRequest && code < http.StatusInternalServerError:
		return nil, fmt.Errorf("putting records into %s: %w", s.name, err)
	default:
		return nil, fmt.Errorf("putting records into %s: %w: %w", s.name, errUnanswered, err)
	}
	if len(out.Records) != len(places) {
		return nil, fmt.Errorf("putting records into %s: %w: %d results for %d records", s.name, errUnanswered, len(out.Records), len(places))
	}
	var refused, unsure error
	for n, result := range out.Records {
		identity, message := list[places[n]].identity, aws.ToString(result.ErrorMessage)
		switch code := aws.ToString(result.ErrorCode); {
		case code == "" && result.SequenceNumber != nil:
			stored = append(stored, places[n])
		case code == "ProvisionedThroughputExceededException":
		case code == "InternalFailure": // nobody says that it is not stored
			unsure = fmt.Errorf("putting record %s into %s: %w: %s", identity, s.name, errUnanswered, message)
		default:
			refused = fmt.Errorf("putting record %s into %s: %s: %s", identity, s.name, code, message)
		}
	}
	if unsure != nil {
		return stored, unsure // what is refused is refused again
	}
	return stored, refused
}

// throttled tells whether a whole request was refused for its rate.
func throttled(err error) bool {
	failure, ok := errors.AsType[smithy.APIError](err)
	return ok && answered(err) < http.StatusInternalServerError && slices.Contains([]string{
		"ProvisionedThroughputExceededException", "LimitExceededException", "KMSThrottlingException",
		"ThrottlingException", "RequestLimitExceeded",
	}, failure.ErrorCode())
}
