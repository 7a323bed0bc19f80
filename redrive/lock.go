package redrive

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithytime "github.com/aws/smithy-go/time"

	"enrich/answer"
	"enrich/delivery"
)

// The lock is a lease: one redrive of a bucket writes at a time, on whichever machine
// it runs. When it is over, no put of its holder can arrive any more, even if the
// holder's machine slept in the middle of one: none begins in the last signature+margin
// of a lease, and AWS refuses what was signed longer ago than signature
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
const (
	lease      = 7 * time.Minute
	signature  = 5 * time.Minute
	margin     = 30 * time.Second
	renewEvery = 20 * time.Second
	renewTime  = 10 * time.Second
	// changeTime is what a call that changes something may take.
	changeTime = time.Minute
	// lockPoll is between two looks at somebody else's lock.
	lockPoll = 2 * time.Second
	// releaseTime is what giving the lock back may take when the run is interrupted.
	releaseTime = 5 * time.Second
)

const lockKey = Folder + ".lock.json"

// holder tells who holds the lock.
type holder struct {
	Run   string    `json:"run"`
	Host  string    `json:"host"`
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
	// Renewed makes each version of the lock another one: its ETag is that of its bytes.
	Renewed int `json:"renewed"`
}

// BusyError tells that another redrive is at work.
type BusyError struct {
	Host  string
	PID   int
	Since time.Time
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("another redrive is at work: process %d on %s, since %s", e.PID, e.Host, e.Since.UTC().Format(time.RFC3339))
}

// errLost tells that the lock may be another one's by now.
var errLost = errors.New("the lock of this redrive could not be renewed in time")

// lock is held by one run.
type lock struct {
	store *store
	tell  func(string) // what is waited for

	me     holder
	skew   time.Duration // the service's clock is so much ahead of ours
	cancel context.CancelCauseFunc
	ended  chan struct{} // when nothing is renewed any more

	mu    sync.Mutex
	etag  string
	asked time.Time // when the call began that last renewed it
}

func newLock(s *store, tell func(string)) *lock {
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	return &lock{store: s, tell: tell, me: holder{Run: rand.Text(), Host: host, PID: os.Getpid(), Since: time.Now().UTC()}, ended: make(chan struct{})}
}

// take takes the lock, waiting for the end of a lease that nobody renews. The context
// that comes back ends, with errLost, when it is lost.
func (l *lock) take(ctx context.Context) (context.Context, error) {
	seen := ""
	for {
		asked := time.Now()
		err := l.write(ctx, "")
		if err == nil {
			return l.hold(ctx, asked), nil
		}
		if !errors.Is(err, errThere) {
			return nil, err
		}
		now, err := l.store.get(ctx, lockKey)
		if errors.Is(err, delivery.ErrGone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var other holder
		if err := json.Unmarshal(now.body, &other); err != nil {
			return nil, l.store.failed("reading", lockKey, err)
		}
		// Both times are cut to seconds.
		age := now.now.Sub(now.modified) - time.Second
		switch {
		case other.Run == l.me.Run: // a repeated call found what the first one wrote
			l.etag, l.skew = now.etag, skewOf(now.now)
			return l.hold(ctx, time.Now().Add(-age-2*time.Second)), nil
		case seen != "" && seen != now.etag:
			return nil, &BusyError{Host: other.Host, PID: other.PID, Since: other.Since}
		case age >= lease:
			if err := l.write(ctx, now.etag); err == nil {
				return l.hold(ctx, asked), nil
			} else if !errors.Is(err, errOther) {
				return nil, err
			}
			continue
		}
		seen = now.etag
		l.tell(fmt.Sprintf("waiting for the redrive of process %d on %s; if it is no more, for %s", other.PID, other.Host, (lease - age).Round(time.Second)))
		if err := sleep(ctx, lockPoll); err != nil {
			return nil, err
		}
	}
}

// write writes the lock over the one with an ETag, or where there is none.
func (l *lock) write(ctx context.Context, over string) error {
	body, err := json.Marshal(l.me)
	if err != nil {
		return err
	}
	etag, now, err := l.store.put(ctx, lockKey, body, over == "", over)
	if err != nil {
		return err
	}
	l.etag, l.skew = etag, skewOf(now)
	return nil
}

// skewOf is how much the clock of an answer is ahead of ours, in seconds.
func skewOf(now time.Time) time.Duration { return time.Until(now).Truncate(time.Second) }

// hold renews the lock until it is given back. It goes on doing so when the context is
// interrupted: a call that is under way is waited for.
func (l *lock) hold(ctx context.Context, asked time.Time) context.Context {
	l.asked = asked
	holding, cancel := context.WithCancelCause(ctx)
	ctx = context.WithoutCancel(ctx)
	renewing, stop := context.WithCancelCause(ctx)
	l.cancel = stop
	go func() {
		defer close(l.ended)
		for sleep(renewing, renewEvery) == nil {
			asked := time.Now()
			call, done := context.WithTimeout(ctx, renewTime)
			err := l.renew(call, asked)
			done()
			if errors.Is(err, errOther) {
				cancel(errLost)
				return
			}
		}
	}()
	return holding
}

func (l *lock) renew(ctx context.Context, asked time.Time) error {
	l.me.Renewed++
	body, err := json.Marshal(l.me)
	if err != nil {
		return err
	}
	l.mu.Lock()
	over := l.etag
	l.mu.Unlock()
	etag, _, err := l.store.put(ctx, lockKey, body, false, over)
	if errors.Is(err, errOther) {
		// Perhaps by an attempt of ours whose answer was lost.
		now, failed := l.store.get(ctx, lockKey)
		var there holder
		if failed != nil || json.Unmarshal(now.body, &there) != nil || there.Run != l.me.Run {
			return err
		}
		etag, err = now.etag, nil
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.etag, l.asked = etag, asked
	return nil
}

// check tells whether there is time for a call that changes something. A clock of the
// two that Go has stands still while a machine sleeps.
func (l *lock) check() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if max(now.Sub(l.asked), now.Round(0).Sub(l.asked.Round(0))) > lease-signature-margin {
		return errLost
	}
	return nil
}

// release gives the lock back, also when the run was interrupted; keep leaves it to
// its end, as something may still arrive.
func (l *lock) release(ctx context.Context, keep bool) error {
	l.cancel(nil)
	<-l.ended
	if keep || l.check() != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	err := l.store.remove(ctx, lockKey, l.etag)
	if errors.Is(err, errOther) {
		return nil // it is another one's, and that is well
	}
	return err
}

// now is the service's time.
func (l *lock) now() time.Time { return time.Now().Add(l.skew) }

// guarded makes calls only while the lock is held, repeated ones too.
type guarded struct {
	next answer.Client
	lock *lock
}

// Do makes a call, unless it is too late for it.
func (g guarded) Do(request *http.Request) (*http.Response, error) {
	if err := g.lock.check(); err != nil {
		return nil, err
	}
	return g.next.Do(request)
}

// serverTime is when the service answered, in seconds; our own clock's time where it
// does not tell.
func serverTime(m middleware.Metadata) time.Time {
	if at, ok := awsmiddleware.GetServerTime(m); ok {
		return at
	}
	return time.Now()
}

// sleep ends early, with its cause, when the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if smithytime.SleepWithContext(ctx, d) != nil {
		return context.Cause(ctx)
	}
	return nil
}
