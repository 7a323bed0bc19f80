package redrive

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"enrich/aggregate"
	"enrich/delivery"
)

// storedAnyway gives the identities of a failed batch's records that the function
// stored before the batch was given up: it reports what is undone as from one record on,
// and later ones may be done. Its dead letters have an object of their own, which puts
// them.
func storedAnyway(ctx context.Context, s *store, f *failed, list []delivered) (map[string]bool, error) {
	hours := make(map[time.Time]bool)
	for _, d := range list {
		hours[time.UnixMilli(int64(d.Kinesis.Arrived*1000)).UTC().Truncate(time.Hour)] = true
	}
	parts := make(map[string]map[string]bool) // by whole identity
	for hour := range hours {
		objects, err := s.ofShard(ctx, hour, f.Batch.Shard)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			if delivery.CompareSequence(o.SequenceNumber, f.Batch.First) < 0 || delivery.CompareSequence(o.SequenceNumber, f.Batch.Last) > 0 {
				continue
			}
			if err := identities(ctx, s, o, parts); err != nil {
				return nil, err
			}
		}
	}
	stored := make(map[string]bool)
	for _, d := range list {
		if n := len(parts[d.ID]); n > 0 && n >= size(d.Kinesis.Data) {
			stored[d.ID] = true
		}
	}
	return stored, nil
}

// ofShard lists what is stored of a shard's records of an hour. What there is of other
// shards may be very much more.
func (s *store) ofShard(ctx context.Context, hour time.Time, shard string) (objects []delivery.Object, err error) {
	folders, known := s.folders[hour]
	if !known {
		if folders, err = delivery.Folders(ctx, s.client, s.place, hour); err != nil {
			return nil, err
		}
		s.folders[hour] = folders // of all batches, which were given up before
	}
	list := func(folder, prefix string) error {
		place := s.place
		place.Folder = folder
		for o, err := range delivery.List(ctx, s.client, place, prefix, hour, shard) {
			if err != nil {
				return err
			}
			if o.ShardID == shard {
				objects = append(objects, o)
			}
		}
		return nil
	}
	for _, folder := range append([]string{""}, folders...) {
		if err := list(folder, s.place.Prefix); err != nil {
			return nil, err
		}
	}
	for _, prefix := range []string{delivery.DeadLetters, Folder + delivery.DeadLetters} {
		if err := list("", prefix); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// size is how many records the function takes out of one.
func size(data []byte) int {
	if parts, packed := aggregate.Unpack(nil, data); packed && len(parts) <= aggregate.PartsAtMost {
		return len(parts)
	}
	return 1
}

// identities collects those of an object's records.
func identities(ctx context.Context, s *store, o delivery.Object, into map[string]map[string]bool) error {
	for line, err := range delivery.Lines(ctx, s.client, s.place, o.Key) {
		if errors.Is(err, delivery.ErrGone) {
			return nil
		}
		if err != nil {
			return err
		}
		id, err := identityOf(line, o.DeadLetter)
		if err != nil {
			continue // what is not the function's says nothing
		}
		whole := strings.SplitN(id, ":", 3)
		if len(whole) < 2 {
			continue
		}
		key := whole[0] + ":" + whole[1]
		if into[key] == nil {
			into[key] = make(map[string]bool)
		}
		into[key][id] = true
	}
	return nil
}

// identityOf is that of a line; "" if it has none.
func identityOf(line []byte, dead bool) (identity string, err error) {
	if dead {
		var l letter
		err = json.Unmarshal(line, &l)
		return l.identity(), err
	}
	// A map, as names must match exactly: an event may have an Enrichment_ID.
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return "", err
	}
	err = json.Unmarshal(fields["enrichment_id"], &identity)
	return identity, err
}
