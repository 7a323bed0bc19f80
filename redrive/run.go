package redrive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"enrich/delivery"
)

// run is one Run, or one Look.
type run struct {
	options  Options
	store    *store
	stream   stream
	lock     *lock
	report   Report
	reasons  map[string]int
	progress Progress
	unsure   bool // a put may still arrive
	began    time.Time
}

func (r *run) start(p plan) {
	r.report.Skipped = p.skipped
	r.report.Objects = len(p.objects) + len(p.skipped)
	r.progress.Of = len(p.objects)
	r.tell("")
}

// tell shows how far it is, and what is waited for.
func (r *run) tell(doing string) {
	if r.options.Observe == nil {
		return
	}
	r.progress.Doing, r.progress.Sent = doing, r.report.Sent
	r.options.Observe(r.progress)
}

func (r *run) end() Report {
	r.report.Reasons = []Reason{}
	for reason, n := range r.reasons {
		r.report.Reasons = append(r.report.Reasons, Reason{reason, n})
	}
	slices.SortFunc(r.report.Reasons, func(a, b Reason) int {
		return cmp.Or(b.Records-a.Records, strings.Compare(a.Reason, b.Reason))
	})
	return r.report
}

func (r *run) skip(key, reason string) {
	r.report.Skipped = append(r.report.Skipped, Skipped{key, reason})
}

// read reads an object's records; nil if there are none to be put, which is then told.
func (r *run) read(ctx context.Context, o object) (*content, error) {
	c, err := r.content(ctx, o)
	switch {
	case errors.Is(err, delivery.ErrGone): // somebody has taken it away since it was listed
		r.report.Objects--
		return nil, nil
	case isUnreadable(err):
		r.skip(o.key, err.Error())
		return nil, nil
	case err != nil:
		return nil, err
	}
	r.report.Records += len(c.records)
	for reason, n := range c.reasons {
		r.reasons[reason] += n
	}
	if err := fit(c.records, r.stream.most); err != nil {
		r.skip(o.key, err.Error())
		return nil, nil
	}
	return &c, nil
}

func (r *run) content(ctx context.Context, o object) (content, error) {
	if !o.batch {
		return letters(ctx, r.store, o.key)
	}
	f, err := readFailed(ctx, r.store, o.key)
	if err != nil {
		return content{}, err
	}
	list, err := f.deliveries()
	if err == nil && len(list) == 0 {
		list, err = f.fromStream(ctx, r.stream.client, r.stream.name)
	}
	if err != nil {
		return content{}, err
	}
	c := content{reasons: map[string]int{f.reason(): len(list)}}
	for _, d := range list {
		c.records = append(c.records, marked(d.ID, d.Kinesis.PartitionKey, d.Kinesis.Data, true))
	}
	c.stored, err = storedAnyway(ctx, r.store, f, list)
	return c, err
}

// pending are the records that have to be put, as far as that is known without a search
// of the stream. moved tells that an object of this name was moved before.
func (r *run) pending(ctx context.Context, o object, c *content) (left []record, moved bool, err error) {
	left = make([]record, 0, len(c.records))
	for _, one := range c.records {
		if c.stored[one.identity] {
			r.report.AlreadyStored++
			continue
		}
		left = append(left, one)
	}
	moved, err = r.store.has(ctx, Folder+o.key)
	if err != nil || !moved {
		return left, false, err
	}
	if o.batch { // its name is of this one alone, and it was moved when all were put
		r.report.AlreadySent += len(left)
		return nil, true, nil
	}
	// A batch that is delivered again writes its dead letters again, maybe others too.
	before, err := letters(ctx, r.store, Folder+o.key)
	if err != nil {
		return nil, true, err
	}
	sent := make(map[string]bool)
	for _, one := range before.records {
		sent[one.identity] = true
	}
	return r.without(left, sent), true, nil
}

// redrive puts the records of one object and moves it.
func (r *run) redrive(ctx context.Context, o object) error {
	c, err := r.read(ctx, o)
	if c == nil {
		return err
	}
	left, moved, err := r.pending(ctx, o, c)
	if err != nil {
		return err
	}
	if moved && len(left) == 0 { // the one that was moved may have more
		return r.takeAway(ctx, o)
	}
	if len(left) > 0 {
		if err := r.outlast(ctx, c.reasons); err != nil {
			return err
		}
		i := intent{
			Version: intentVersion, Key: o.key, ETag: o.etag, Began: r.lock.now().UTC(), Stream: r.stream.created,
			Run: r.lock.me.Run, Host: r.lock.me.Host, PID: r.lock.me.PID,
		}
		if o.begun {
			var why string
			if i, left, why, err = r.resume(ctx, o, left); why != "" {
				r.skip(o.key, why)
				return nil
			}
		} else {
			err = r.change(ctx, func(ctx context.Context) error { return r.store.begin(ctx, i) })
		}
		if err != nil {
			return err
		}
		if err := r.put(ctx, i, left); err != nil {
			return err
		}
	}
	return r.move(ctx, o)
}

// outlast waits for as long as the function would give one of the reasons once more: what
// has put it right was done before the run began.
func (r *run) outlast(ctx context.Context, reasons map[string]int) error {
	var longest time.Duration
	for reason := range reasons {
		longest = max(longest, r.options.Remembered[reason])
	}
	left := time.Until(r.began.Add(longest))
	if left <= 0 {
		return nil
	}
	r.tell(fmt.Sprintf("giving the function %s to forget what was missing", left.Round(100*time.Millisecond)))
	return sleep(ctx, left)
}

// change makes a call that changes the bucket, and notes if it may still arrive.
func (r *run) change(ctx context.Context, call func(context.Context) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	calling, cancel := context.WithTimeout(ctx, changeTime)
	defer cancel()
	err := call(calling)
	if err != nil && !errors.Is(err, errOther) && answered(err) == 0 {
		r.unsure = true
	}
	return err
}

// without takes out what is in the stream.
func (r *run) without(list []record, sent map[string]bool) []record {
	kept := slices.DeleteFunc(list, func(one record) bool { return sent[one.identity] })
	r.report.AlreadySent += len(list) - len(kept)
	return kept
}

// resume finds out what an earlier run has put; why tells that it cannot be found out.
func (r *run) resume(ctx context.Context, o object, list []record) (i intent, left []record, why string, err error) {
	if i, err = r.store.intent(ctx, o.key); err != nil {
		return i, nil, "", err
	}
	if lost := r.stream.reaches(i, r.lock.now()); lost != "" {
		return i, nil, fmt.Sprintf("process %d on %s began with it at %s and did not finish, and %s: which records it put is not known. "+
			"To have all of them put, delete s3://%s/%s; to have none, move the object to s3://%s/%s%s and delete that too",
			i.PID, i.Host, i.Began.Format(time.RFC3339), lost, r.store.place.Bucket, intentKey(o.key), r.store.place.Bucket, Folder, o.key), nil
	}
	left, err = r.search(ctx, i, list, visible)
	return i, left, "", err
}

// search takes out what the stream holds since an intent, when what may be on its way
// has had time to become visible.
func (r *run) search(ctx context.Context, i intent, list []record, after time.Duration) ([]record, error) {
	r.tell("searching the stream for what was sent")
	if err := sleep(ctx, after); err != nil {
		return nil, err
	}
	wanted := make(map[string]bool, len(list))
	for _, one := range list {
		wanted[one.identity] = true
	}
	found, err := r.stream.search(ctx, wanted, i.Began, r.lock.now())
	if err != nil {
		return nil, fmt.Errorf("searching the stream for what was sent: %w", err)
	}
	return r.without(list, found), nil
}

// answersLost is how often in a row a run goes on after the answer to a put was lost.
const answersLost = 3

// put puts records. When it is not known what became of some, it looks.
func (r *run) put(ctx context.Context, i intent, left []record) error {
	for lost := 0; ; {
		var err error
		left, err = r.stream.put(ctx, left, func(stored, throttled int) {
			r.report.Sent += stored
			r.progress.Throttled += throttled
			if stored > 0 {
				lost = 0
			}
			r.tell("")
		})
		if !errors.Is(err, errUnanswered) {
			return err
		}
		r.unsure = true
		if lost++; lost > answersLost || ctx.Err() != nil {
			return err
		}
		sent := r.report.AlreadySent
		if left, err = r.search(ctx, i, left, margin); err != nil {
			return err
		}
		r.unsure = false
		r.report.Sent += r.report.AlreadySent - sent // by this run
		r.report.AlreadySent = sent
	}
}

// move moves an object whose records are all stored, and deletes its intent.
func (r *run) move(ctx context.Context, o object) error {
	err := r.change(ctx, func(ctx context.Context) error { return r.store.copyOf(ctx, o.key, o.etag, Folder+o.key) })
	switch {
	case errors.Is(err, errOther):
		r.rewritten(o)
		return nil
	case err != nil:
		return err
	}
	return r.takeAway(ctx, o)
}

func (r *run) rewritten(o object) {
	r.skip(o.key, "it was written again, or taken away, while its records were put: another run puts what is new in it")
}

// takeAway deletes an object that is below Folder, and its intent.
func (r *run) takeAway(ctx context.Context, o object) error {
	err := r.change(ctx, func(ctx context.Context) error { return r.store.remove(ctx, o.key, o.etag) })
	if errors.Is(err, errOther) {
		r.rewritten(o)
		return nil
	}
	if err != nil {
		return err
	}
	r.report.Moved++
	return r.settle(ctx, o.key)
}

// settle deletes the intent of an object, whether it has one or not.
func (r *run) settle(ctx context.Context, key string) error {
	return r.change(ctx, func(ctx context.Context) error { return r.store.remove(ctx, intentKey(key), "") })
}

// settleGone settles intents whose objects are not there: a run that ended had only
// that left to do, or somebody has taken them away.
func (r *run) settleGone(ctx context.Context, keys []string) error {
	for _, key := range keys {
		moved, err := r.store.has(ctx, Folder+key)
		if err != nil {
			return err
		}
		if !moved {
			r.skip(key, "an earlier run began with it and did not finish, and it is gone by now: some of its records may not be in the stream")
		}
		if err := r.settle(ctx, key); err != nil {
			return err
		}
	}
	return nil
}
