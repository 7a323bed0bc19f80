package redrive

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"golang.org/x/sync/errgroup"

	"enrich/shard"
)

const (
	// skew is how far the clock of Kinesis may be from that of S3, by which intents
	// tell their time.
	skew = 5 * time.Minute
	// visible is how long what was put is given until readers see it.
	visible = 10 * time.Second
	// parallelShards is how many shards are read at the same time.
	parallelShards = 16
)

// stream is where the records go.
type stream struct {
	client    *kinesis.Client
	name      string
	created   time.Time
	retention time.Duration
	most      int // bytes of a record
}

// describe reads what has to be known of a stream.
func describe(ctx context.Context, client *kinesis.Client, name string) (stream, error) {
	out, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &name})
	if err != nil {
		return stream{}, fmt.Errorf("reading %s: %w", name, err)
	}
	d := out.StreamDescriptionSummary
	s := stream{client: client, name: name, most: maxRecord}
	if d.StreamCreationTimestamp != nil {
		s.created = d.StreamCreationTimestamp.UTC().Truncate(time.Second)
	}
	if d.RetentionPeriodHours != nil {
		s.retention = time.Duration(*d.RetentionPeriodHours) * time.Hour
	}
	if d.MaxRecordSizeInKiB != nil {
		s.most = int(*d.MaxRecordSizeInKiB) << 10
	}
	return s, nil
}

// reaches tells why a search would miss what was put since an intent; "": it would not.
func (s *stream) reaches(i intent, now time.Time) string {
	switch {
	case !s.created.Equal(i.Stream):
		return "the stream is another one since"
	case now.Sub(i.Began)+skew >= s.retention:
		return fmt.Sprintf("the stream keeps what it took for no more than %d hours", int(s.retention.Hours()))
	}
	return ""
}

// search finds which of the identities the stream holds as marks of records that
// arrived since then, until now.
func (s *stream) search(ctx context.Context, wanted map[string]bool, since, now time.Time) (map[string]bool, error) {
	shards, err := shard.List(ctx, s.client, s.name)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	found := make(map[string]bool)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelShards)
	for _, one := range shards {
		group.Go(func() error {
			q := shard.Query{Stream: s.name, Shard: one.ID, Since: since.Add(-skew), Until: now}
			for page, err := range shard.Read(ctx, s.client, q) {
				if err != nil {
					return err
				}
				for _, r := range page.Records {
					if identity, marked := Mark(r.Data); marked && wanted[identity] {
						mu.Lock()
						found[identity] = true
						mu.Unlock()
					}
				}
				if page.Behind == 0 { // whatever our own clock says
					break
				}
			}
			return nil
		})
	}
	return found, group.Wait()
}
