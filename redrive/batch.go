package redrive

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"enrich/delivery"
	"enrich/shard"
)

// failed is what Lambda keeps of a batch that an event source mapping gave up.
// https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
type failed struct {
	RequestContext struct {
		Condition string `json:"condition"`
	} `json:"requestContext"`
	ResponseContext struct {
		FunctionError string `json:"functionError"`
	} `json:"responseContext"`
	Batch struct {
		Shard   string    `json:"shardId"`
		First   string    `json:"startSequenceNumber"`
		Last    string    `json:"endSequenceNumber"`
		Arrived time.Time `json:"approximateArrivalOfFirstRecord"`
		Until   time.Time `json:"approximateArrivalOfLastRecord"`
		Size    int       `json:"batchSize"`
	} `json:"KinesisBatchInfo"`
	Payload delivery.Payload `json:"payload"`
}

// reason is why the batch was given up.
func (f *failed) reason() string {
	reason := cmp.Or(f.RequestContext.Condition, "no reason given")
	if f.ResponseContext.FunctionError != "" {
		reason += ", " + f.ResponseContext.FunctionError
	}
	return reason
}

// delivered is a record in the payload of a batch.
type delivered struct {
	ID      string `json:"eventID"` // <shardId>:<sequenceNumber>
	Kinesis struct {
		PartitionKey string  `json:"partitionKey"`
		Sequence     string  `json:"sequenceNumber"`
		Data         []byte  `json:"data"`
		Arrived      float64 `json:"approximateArrivalTimestamp"`
	} `json:"kinesis"`
}

// readFailed reads a failed batch's object.
func readFailed(ctx context.Context, s *store, key string) (*failed, error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.place.Bucket, Key: &key, ExpectedBucketOwner: s.owner()})
	var missing *types.NoSuchKey
	if errors.As(err, &missing) {
		return nil, delivery.ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("reading s3://%s/%s: %w", s.place.Bucket, key, err)
	}
	defer func() { _ = out.Body.Close() }() // only read from
	text, err := io.ReadAll(out.Body)
	if err != nil {
		return nil, fmt.Errorf("reading s3://%s/%s: %w", s.place.Bucket, key, err)
	}
	f := new(failed)
	if err := json.Unmarshal(text, f); err != nil {
		return nil, unreadable(fmt.Errorf("it is no failed batch: %w", err))
	}
	if f.Batch.Shard == "" || f.Batch.First == "" || f.Batch.Last == "" {
		return nil, unreadable(errors.New("it is no failed batch: it names no shard and records"))
	}
	return f, nil
}

// deliveries are the records of the payload; none without one.
func (f *failed) deliveries() ([]delivered, error) {
	if len(f.Payload) == 0 {
		return nil, nil
	}
	var event struct{ Records []delivered }
	if err := json.Unmarshal(f.Payload, &event); err != nil {
		return nil, unreadable(fmt.Errorf("its payload: %w", err))
	}
	for i, d := range event.Records {
		if id, number, ok := strings.Cut(d.ID, ":"); !ok || id != f.Batch.Shard || number == "" || d.Kinesis.Data == nil {
			return nil, unreadable(fmt.Errorf("record %d of its payload has no eventID of %s, or no data", i+1, f.Batch.Shard))
		}
	}
	return event.Records, nil
}

// fromStream reads the records of a batch whose object has none.
func (f *failed) fromStream(ctx context.Context, client *kinesis.Client, stream string) ([]delivered, error) {
	var list []delivered
	q := shard.Query{Stream: stream, Shard: f.Batch.Shard, Since: f.Batch.Arrived.Add(-time.Second), Until: f.Batch.Until.Add(time.Second)}
	for page, err := range shard.Read(ctx, client, q) {
		if gone := (*kinesistypes.ResourceNotFoundException)(nil); errors.As(err, &gone) {
			break
		}
		if err != nil {
			return nil, err
		}
		for _, r := range page.Records {
			if delivery.CompareSequence(*r.SequenceNumber, f.Batch.First) < 0 || delivery.CompareSequence(*r.SequenceNumber, f.Batch.Last) > 0 {
				continue
			}
			d := delivered{ID: f.Batch.Shard + ":" + *r.SequenceNumber}
			d.Kinesis.PartitionKey, d.Kinesis.Sequence, d.Kinesis.Data = *r.PartitionKey, *r.SequenceNumber, r.Data
			d.Kinesis.Arrived = float64(r.ApproximateArrivalTimestamp.UnixMilli()) / 1000
			list = append(list, d)
		}
		if page.Behind == 0 { // whatever our own clock says
			break
		}
	}
	if len(list) != f.Batch.Size {
		return nil, unreadable(fmt.Errorf("it has no payload, and the stream still holds %d of its %d records", len(list), f.Batch.Size))
	}
	return list, nil
}
