package main

import (
	"encoding/json"
	"fmt"
	"time"
)

// testEventDocument is the result of test-event. Of several events it is the first,
// and all of them are in Events.
type testEventDocument struct {
	followedEvent
	Waited bool            `json:"waited"` // false: with --no-wait there is no record
	Events []followedEvent `json:"events"` // all that were sent
}

// followedEvent is what became of one event.
type followedEvent struct {
	Record         json.RawMessage `json:"record,omitempty"` // as it was stored
	SequenceNumber string          `json:"sequence_number"`
	ShardID        string          `json:"shard_id"`
	Bucket         string          `json:"bucket"`
	Key            string          `json:"key,omitempty"`
	LatencyMS      int64           `json:"latency_ms"` // from the put to the stored object; with --no-wait that of the put
	Hops           []hop           `json:"hops"`       // the parts of its way, as far as it came
}

// hop is one part of an event's way. Where the function's log does not tell, picked up
// is left out.
type hop struct {
	Hop     string    `json:"hop"` // put, picked up or stored
	At      time.Time `json:"at"`
	AfterMS int64     `json:"after_ms"` // since the put was begun
}

func (f *following) document(sent []*sentEvent, waited bool) testEventDocument {
	d := testEventDocument{Waited: waited, Events: []followedEvent{}}
	for _, e := range sent {
		one := followedEvent{SequenceNumber: e.receipt.SequenceNumber, ShardID: e.receipt.ShardID, Bucket: f.session.pipeline.Names().Bucket}
		add := func(name string, at time.Time) {
			if !at.IsZero() {
				// The function's clock may be behind that of this machine.
				one.Hops = append(one.Hops, hop{name, at.UTC(), max(0, at.Sub(e.began).Milliseconds())})
			}
		}
		add(hopPut, e.put)
		one.LatencyMS = e.put.Sub(e.began).Milliseconds()
		if waited {
			add(hopPickedUp, e.pickedUp)
			add(hopStored, e.seen)
			one.Record, one.Key, one.LatencyMS = e.found.Record, e.found.Key, e.seen.Sub(e.began).Milliseconds()
		}
		d.Events = append(d.Events, one)
	}
	d.followedEvent = d.Events[0]
	return d
}

func (f *following) print(p *page, d testEventDocument) {
	took := time.Duration(d.LatencyMS) * time.Millisecond
	last := took
	for _, e := range d.Events {
		last = max(last, time.Duration(e.LatencyMS)*time.Millisecond)
	}
	switch {
	case !d.Waited:
		p.line("%s %s to %s", p.c.good("sent"), count(len(d.Events), "event"), f.session.pipeline.Names().Stream)
	case len(d.Events) == 1:
		p.line("%s in %s", p.c.good("enriched"), seconds(took))
	default:
		p.line("%s %s, the slowest in %s; the first:", p.c.good("enriched"), count(len(d.Events), "event"), seconds(last))
	}
	p.line("")
	if d.Waited {
		highlight(p, d.Record, f.event)
		p.line("")
	}
	rows := [][]cell{}
	row := func(name, text string) { rows = append(rows, []cell{{text: name, paint: p.c.faint}, {text: text}}) }
	for _, hop := range d.Hops {
		row(hop.Hop, fmt.Sprintf("after %s", seconds(time.Duration(hop.AfterMS)*time.Millisecond)))
	}
	if d.Waited {
		row("object", "s3://"+d.Bucket+"/"+d.Key)
	}
	row("shard", d.ShardID)
	row("sequence", d.SequenceNumber)
	p.table(rows)
}
