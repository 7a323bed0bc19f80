package redrive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"enrich/delivery"
)

// content is what is in an object.
type content struct {
	records []record
	reasons map[string]int  // why they failed: records
	stored  map[string]bool // identities of records that did not fail, after all
}

// letter is one line of a dead-letter object.
type letter struct {
	Reason       string `json:"reason"`
	Shard        string `json:"shard_id"`
	Sequence     string `json:"sequence_number"`
	Sub          *int   `json:"sub_sequence_number"`
	PartitionKey string `json:"partition_key"`
	Data         []byte `json:"data"`
}

func (l *letter) identity() string {
	id := l.Shard + ":" + l.Sequence
	if l.Sub != nil {
		id += ":" + strconv.Itoa(*l.Sub)
	}
	return id
}

// letters reads a dead-letter object.
func letters(ctx context.Context, s *store, key string) (content, error) {
	c := content{reasons: make(map[string]int)}
	for line, err := range delivery.Lines(ctx, s.client, s.place, key) {
		if err != nil {
			return c, err
		}
		var l letter
		if err := json.Unmarshal(line, &l); err != nil {
			return c, unreadable(fmt.Errorf("line %d is no dead letter: %w", len(c.records)+1, err))
		}
		if l.Shard == "" || l.Sequence == "" || l.Data == nil {
			return c, unreadable(fmt.Errorf("line %d is no dead letter: it has no shard_id, sequence_number or data", len(c.records)+1))
		}
		c.records = append(c.records, marked(l.identity(), l.PartitionKey, l.Data, l.Sub == nil))
		c.reasons[l.Reason]++
	}
	return c, nil
}

// unreadableError tells that an object's content, and not the reading of it, is at fault.
type unreadableError struct{ error }

func (e *unreadableError) Unwrap() error { return e.error }

func unreadable(err error) error { return &unreadableError{err} }

// isUnreadable tells whether another try would read the same.
func isUnreadable(err error) bool {
	_, is := errors.AsType[*unreadableError](err)
	return is
}
