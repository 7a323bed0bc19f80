package emulator

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// shardProgress is how far a mapping has come in one shard. With a
// ParallelizationFactor of n the shard is read by n lanes, each with the
// partition keys that fall to it and with a place of its own.
type shardProgress struct {
	lanes   []uint64        // ordinals of the first records that are not done
	window  *tumblingWindow // that is open; nil when none is
	drained bool            // the shard is closed and all its records are done
}

// pollerRun is the work of a mapping between two changes of it.
type pollerRun struct {
	mapping *sourceMapping
	config  types.EventSourceMappingConfiguration
	filters filterCriteria
	stop    context.CancelFunc
	done    chan struct{}
}

// follow notes where to begin in a stream: what it has now by the starting
// position, what comes later from its beginning, since that continues shards
// which were there. The mapping's mutex must be held.
func (m *sourceMapping) follow(st *stream) {
	m.stream, m.progress = st, map[string]*shardProgress{}
	for _, sh := range st.listed(m.lambda.clock.Now()) {
		oldest, next := sh.ends()
		at := oldest
		switch m.config.StartingPosition {
		case types.EventSourcePositionLatest:
			at = next
		case types.EventSourcePositionAtTimestamp:
			at = sh.ordinalAt(*m.config.StartingPositionTimestamp)
		}
		m.progress[sh.id] = &shardProgress{lanes: []uint64{at}}
	}
}

// startPolling puts a run with the present settings in the place of the one
// before, or none when the mapping is disabled. The mapping's mutex must be held.
func (m *sourceMapping) startPolling() {
	before := m.run
	m.stopPolling()
	if !m.enabled {
		return
	}
	ctx, stop := context.WithCancel(m.lambda.stopped)
	filters, _ := parseFilterCriteria(m.config.FilterCriteria) // they were checked
	r := &pollerRun{mapping: m, config: m.config, filters: filters, stop: stop, done: make(chan struct{})}
	m.run = r
	wait := m.until.Sub(m.lambda.clock.Now())
	begun := m.lambda.background(func() {
		defer close(r.done)
		defer stop()
		if before != nil {
			<-before.done // two runs would deliver the same records at once
		}
		if wait > 0 {
			r.pause(ctx, wait)
		}
		r.poll(ctx)
	})
	if !begun {
		stop()
		close(r.done)
	}
}

// stopPolling lets the run end once the batches in hand are delivered. The
// mapping's mutex must be held.
func (m *sourceMapping) stopPolling() {
	if m.run != nil {
		m.run.stop()
	}
}

// poll follows the shards of the stream until ctx ends.
func (r *pollerRun) poll(ctx context.Context) {
	var lanes sync.WaitGroup
	defer lanes.Wait()
	m := r.mapping
	active := map[string]bool{}
	finished := make(chan struct{}, 1)
	for ctx.Err() == nil {
		st, ok := m.lambda.kinesis.byARN(*r.config.EventSourceArn)
		if !ok {
			m.report("PROBLEM: Stream not found")
			r.pause(ctx, time.Second) // one of the same name may come
			continue
		}
		changed := st.changes()
		for _, p := range r.ready(st, active) {
			active[p.shard.id] = true
			lanes.Go(func() {
				if p.poll(ctx) {
					select {
					case finished <- struct{}{}:
					default: // the loop is going to look anyway
					}
				}
			})
		}
		select {
		case <-changed:
		case <-finished:
		case <-ctx.Done():
		}
	}
}

func (r *pollerRun) pause(ctx context.Context, d time.Duration) {
	select {
	case <-r.mapping.lambda.clock.After(d):
	case <-ctx.Done():
	}
}

// ready gives pollers of the shards whose turn has come: children wait until
// their parents are drained.
func (r *pollerRun) ready(st *stream, active map[string]bool) []*shardPoller {
	m := r.mapping
	shards := st.listed(m.lambda.clock.Now())
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stream != st { // another stream of the same name
		m.follow(st)
		clear(active)
	}
	undone := func(id string) bool {
		return slices.ContainsFunc(shards, func(sh *shard) bool { return sh.id == id }) && (m.progress[id] == nil || !m.progress[id].drained)
	}
	var pollers []*shardPoller
	for _, sh := range shards {
		if active[sh.id] || !undone(sh.id) || sh.parent != "" && undone(sh.parent) || sh.adjacent != "" && undone(sh.adjacent) {
			continue
		}
		p := m.progress[sh.id]
		if p == nil {
			oldest, _ := sh.ends()
			p = &shardProgress{lanes: []uint64{oldest}}
			m.progress[sh.id] = p
		}
		if factor := int(*r.config.ParallelizationFactor); len(p.lanes) != factor {
			// Other keys fall to each lane now, so all begin where the last one is.
			p.lanes = slices.Repeat([]uint64{slices.Min(p.lanes)}, factor)
		}
		pollers = append(pollers, &shardPoller{run: r, stream: st, shard: sh, progress: p})
	}
	return pollers
}

// report notes the result of the last batch.
func (m *sourceMapping) report(result string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.result = result
}

// shardPoller reads one shard for a run.
type shardPoller struct {
	run      *pollerRun
	stream   *stream
	shard    *shard
	progress *shardProgress
}

// poll runs the lanes of the shard; true when they have drained it.
func (p *shardPoller) poll(ctx context.Context) bool {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		defer stop()
		select {
		case <-p.stream.gone: // with all its records
		case <-ctx.Done():
		}
	}()
	m := p.run.mapping
	m.mu.RLock()
	starts, window := slices.Clone(p.progress.lanes), p.progress.window
	m.mu.RUnlock()
	var group sync.WaitGroup
	drained := make([]bool, len(starts))
	for i, at := range starts {
		ln := newLane(p, i, len(starts), at)
		if i == 0 {
			ln.window = window // there are more lanes only where no windows are wanted any more
		}
		group.Go(func() { drained[i] = ln.poll(ctx) })
	}
	group.Wait()
	if slices.Contains(drained, false) {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p.progress.drained = true
	return true
}
