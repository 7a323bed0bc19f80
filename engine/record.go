package engine

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"enrich/state"
)

// Desirer is a resource that shows the data which it wants to hold. The record
// keeps their Hash, so that a change of the definition can be told from a change
// by somebody else.
type Desirer interface {
	Desired() any
}

func hashOf(r Resource) string {
	if d, ok := r.(Desirer); ok {
		return Hash(d.Desired())
	}
	return ""
}

// recorded is what the record knows of a resource.
func (e *Engine) recorded(key string) (state.Resource, bool) {
	if e.Record != nil {
		return e.Record.Get(key)
	}
	if e.Recorded != nil {
		for _, entry := range e.Recorded.Resources {
			if entry.Key == key {
				return entry, true
			}
		}
	}
	return state.Resource{}, false
}

// entry is the record's entry of a resource, brought up to date with what was
// observed (may be nil).
func (e *Engine) entry(r Resource, observed *Observed) state.Resource {
	entry, _ := e.recorded(r.Key())
	if entry.Name != r.Name() {
		entry = state.Resource{} // whatever had another name is another thing
	}
	entry.Key, entry.Kind, entry.Name = r.Key(), r.Kind(), r.Name()
	if observed != nil {
		entry.ID, entry.ARN = observed.ID, observed.ARN
	}
	if entry.ID == "" {
		entry.ID = r.Name()
	}
	if entry.ARN == "" {
		entry.ARN = r.ARN()
	}
	return entry
}

// put writes an entry before anything else may happen.
func (e *Engine) put(entry state.Resource) error {
	if e.Record == nil {
		return nil
	}
	if before, known := e.Record.Get(entry.Key); known && before == entry {
		return nil // it says so already
	}
	if err := e.Record.Put(entry); err != nil {
		return fmt.Errorf("recording %s (%s) as %s: %w", entry.Kind, entry.Name, entry.Phase, err)
	}
	return nil
}

// forget removes the entry of what is gone.
func (e *Engine) forget(r Resource) error {
	if _, known := e.recorded(r.Key()); !known || e.Record == nil {
		return nil
	}
	if err := e.Record.Remove(r.Key()); err != nil {
		return fmt.Errorf("recording that %s (%s) is gone: %w", r.Kind(), r.Name(), err)
	}
	return nil
}

// progress carries what a resource tells while it works to the record and to
// the observer. A resource may call it from several goroutines.
type progress struct {
	engine   *Engine
	resource Resource
	began    time.Time
	changes  []Change // that resume came upon

	mu    sync.Mutex
	entry state.Resource
	err   error // of recording an ID

	waits  int       // that are under way
	since  time.Time // when the first of them began
	waited time.Duration
}

func (p *progress) Identified(id, arn string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if arn == "" {
		arn = p.entry.ARN
	}
	if p.entry.ID == id && p.entry.ARN == arn {
		return
	}
	p.entry.ID, p.entry.ARN = id, arn
	if err := p.engine.put(p.entry); err != nil && p.err == nil {
		p.err = err
	}
}

func (p *progress) Status(text string) {
	p.engine.emit(p.resource, Event{Phase: Waiting, Detail: text, Elapsed: time.Since(p.began)})
}

// join adds an error of recording an ID to the error of the call that told it.
func (p *progress) join(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(err, p.err)
}

// record writes the entry in a phase. An empty hash keeps the one that is there.
func (p *progress) record(phase state.Phase, hash string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	p.entry.Phase = phase
	if hash != "" {
		p.entry.Hash = hash
	}
	return p.engine.put(p.entry)
}
