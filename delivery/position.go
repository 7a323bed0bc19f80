package delivery

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Positions tells how far the records of each shard are stored: the highest
// sequence number among enriched records and dead letters, put again or not, that
// arrived in the hours from since until now. Shards without any are left out. It goes
// back hour by hour and stops when it has all of the given shards.
func Positions(ctx context.Context, client *s3.Client, p Place, shards []string, since time.Time) (map[string]string, error) {
	positions := make(map[string]string, len(shards))
	now := time.Now().Add(skew)
	for hour := now.UTC().Truncate(time.Hour); !hour.Before(since.UTC().Truncate(time.Hour)); hour = hour.Add(-time.Hour) {
		last, err := lastObjects(ctx, client, p, hour, positions)
		if err != nil {
			return nil, err
		}
		highest := make(map[string]string, len(last))
		for _, o := range last {
			position, err := lastRecord(ctx, client, p, o)
			if err != nil {
				return nil, err
			}
			if CompareSequence(position, highest[o.ShardID]) > 0 {
				highest[o.ShardID] = position
			}
		}
		found := true
		for _, shard := range shards {
			if position := highest[shard]; position != "" {
				positions[shard] = position
			}
			found = found && positions[shard] != ""
		}
		if found {
			break
		}
	}
	return positions, nil
}

// lastObjects gives each shard's last object of an hour in each prefix and folder,
// without shards that are done.
func lastObjects(ctx context.Context, client *s3.Client, p Place, hour time.Time, done map[string]string) ([]Object, error) {
	var objects []Object
	for _, prefix := range []string{p.Prefix, DeadLetters, Redriven + DeadLetters} {
		type place struct{ shard, folder string }
		last := make(map[place]Object)
		for o, err := range List(ctx, client, p, prefix, hour, "") {
			if err != nil {
				return nil, err
			}
			at := place{o.ShardID, o.Folder}
			if done[o.ShardID] == "" && CompareSequence(o.SequenceNumber, last[at].SequenceNumber) > 0 {
				last[at] = o
			}
		}
		for _, o := range last {
			objects = append(objects, o)
		}
	}
	return objects, nil
}

// lastRecord gives the highest sequence number in an object; its first one where
// the records do not tell theirs.
func lastRecord(ctx context.Context, client *s3.Client, p Place, o Object) (string, error) {
	highest := o.SequenceNumber
	for text, err := range Lines(ctx, client, p, o.Key) {
		if errors.Is(err, ErrGone) {
			break
		}
		if err != nil {
			return "", err
		}
		if number, _, ok := Identity(text, o); ok && CompareSequence(number, highest) > 0 {
			highest = number
		}
	}
	return highest, nil
}
