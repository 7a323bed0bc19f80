package redrive

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// Ways in which a call can be lost.
const (
	cutBefore = "before" // the process dies before the call arrives
	cutAfter  = "after"  // the process dies when the call has taken effect
	cutReset  = "reset"  // the call takes effect, the connection breaks, the process goes on
	cutNever  = "never"  // the connection breaks before, the process goes on
	interrupt = "interrupted"
)

// callsOfARun is how many calls one makes that nothing disturbs.
func callsOfARun(t *testing.T) (calls int) {
	t.Helper()
	inBubble(t, func(b *bed) {
		b.fill()
		m := b.another()
		if _, err := m.run(b.Context()); err != nil {
			t.Fatal(err)
		}
		calls = len(m.heard())
	})
	if calls < 25 {
		t.Fatalf("%d calls are too few", calls)
	}
	return calls
}

// Each call of a run is lost once in each way, and another run follows: every record is
// in the stream once, every object is moved, and nothing else is left.
func TestEveryCall(t *testing.T) {
	calls := callsOfARun(t)
	for _, how := range []string{cutBefore, cutAfter, cutReset, cutNever, interrupt} {
		for call := range calls {
			t.Run(fmt.Sprintf("%s/%d", how, call), func(t *testing.T) {
				t.Parallel()
				inBubble(t, func(b *bed) {
					all := b.fill()
					lose(b, how, call)
					if how == cutBefore || how == cutAfter || how == interrupt {
						if report, err := b.another().run(b.Context()); err != nil || len(report.Skipped) != 0 {
							t.Fatalf("%+v, %v", report, err)
						}
					}
					b.once(all)
					b.moved(lettersKey(1), lettersKey(20), batchKey(10))
				})
			})
		}
	}
}

// lose makes a run that loses a call.
func lose(b *bed, how string, lost int) {
	b.Helper()
	ctx, kill := context.WithCancel(b.Context())
	defer kill()
	m := b.another()
	var mu sync.Mutex
	dead := false
	m.before = func(_ *http.Request, call int) (bool, error) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case dead:
			return false, errCut
		case call != lost:
			return false, nil
		}
		switch how {
		case interrupt:
			kill()
			return false, nil
		case cutReset, cutNever:
			return how == cutReset, errCut
		}
		dead = true
		kill()
		return how == cutAfter, errCut
	}
	_, err := m.run(ctx)
	if (how == cutReset || how == cutNever) && err != nil {
		b.Errorf("it went on, and fails: %v", err)
	}
	if lost >= len(m.heard()) {
		b.Fatal("the call never came")
	}
}

// Two runs fail one after the other, at all pairs of some calls.
func TestTwiceInARow(t *testing.T) {
	for first := 8; first < 24; first += 3 {
		for second := 6; second < 30; second += 4 {
			t.Run(fmt.Sprintf("%d/%d", first, second), func(t *testing.T) {
				t.Parallel()
				inBubble(t, func(b *bed) {
					all := b.fill()
					lose(b, cutAfter, first)
					loseIfThere(b, second)
					if report, err := b.another().run(b.Context()); err != nil || len(report.Skipped) != 0 {
						t.Fatalf("%+v, %v", report, err)
					}
					b.once(all)
					b.moved(lettersKey(1), lettersKey(20), batchKey(10))
				})
			})
		}
	}
}

// loseIfThere kills a run after one of its calls, if it makes so many.
func loseIfThere(b *bed, lost int) {
	ctx, kill := context.WithCancel(b.Context())
	defer kill()
	m := b.another()
	var mu sync.Mutex
	dead := false
	m.before = func(_ *http.Request, call int) (bool, error) {
		mu.Lock()
		defer mu.Unlock()
		if !dead && call == lost {
			dead = true
			kill()
			return true, errCut
		}
		if dead {
			return false, errCut
		}
		return false, nil
	}
	_, _ = m.run(ctx) // whatever comes of it
}

// Two machines redrive at the same time, in all shifts of some: each record is put
// once. Who comes second waits, and does what is left or says who is at work.
func TestTogether(t *testing.T) {
	for shift := range 40 {
		t.Run(fmt.Sprint(shift), func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(b *bed) {
				all := b.fill()
				slow := func(r *http.Request, _ int) (bool, error) {
					pause := 100 * time.Millisecond
					if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutRecords") && shift%2 == 0 {
						pause = 40 * time.Second
					}
					time.Sleep(pause)
					return false, nil
				}
				var group sync.WaitGroup
				reports, errs := make([]Report, 2), make([]error, 2)
				for i := range 2 {
					m := b.another()
					m.before = slow
					group.Go(func() {
						time.Sleep(time.Duration(i*shift) * 70 * time.Millisecond)
						reports[i], errs[i] = m.run(b.Context())
					})
				}
				group.Wait()
				well := 0
				for _, err := range errs {
					busy := (*BusyError)(nil)
					switch {
					case err == nil:
						well++
					case !errors.As(err, &busy) || busy.PID == 0:
						t.Error(err)
					}
				}
				if well == 2 && shift%2 == 0 {
					t.Error("nobody saw that the other one goes on")
				}
				if well == 0 || reports[0].Sent+reports[1].Sent != len(all) {
					t.Errorf("%+v, %v", reports, errs)
				}
				b.once(all)
				b.moved(lettersKey(1), lettersKey(20), batchKey(10))
			})
		})
	}
}

// A machine sleeps in the middle of one of its calls, each of them once, and wakes up
// when another one has taken over and has done everything: what then still arrives of
// the sleeper does no harm.
func TestSleeper(t *testing.T) {
	for at := range callsOfARun(t) {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(b *bed) {
				all := b.fill()
				sleeper, asleep, awake := b.another(), make(chan struct{}), make(chan struct{})
				var once sync.Once
				sleeper.before = func(_ *http.Request, call int) (bool, error) {
					if call >= at { // renewals too
						once.Do(func() { close(asleep) })
						<-awake
					}
					return false, nil
				}
				ended := make(chan error, 1)
				go func() {
					_, err := sleeper.run(b.Context())
					ended <- err
				}()
				select {
				case <-asleep:
				case err := <-ended:
					t.Fatalf("it never slept: %v", err)
				}
				if _, err := b.another().run(b.Context()); err != nil {
					t.Error(err)
				}
				close(awake)
				if err := <-ended; err != nil { // or it had nothing left to do
					t.Log("the sleeper:", err)
				}
				// What the sleeper left, another one clears away.
				if report, err := b.another().run(b.Context()); err != nil || report.Sent > 0 || len(report.Skipped) > 0 {
					t.Errorf("%+v, %v", report, err)
				}
				b.once(all)
				b.moved(lettersKey(1), lettersKey(20), batchKey(10))
			})
		})
	}
}

// A put that nobody answers arrives all the same, later: it is found.
func TestLatePut(t *testing.T) {
	inBubble(t, func(b *bed) {
		all := b.fill()
		m := b.another()
		var late atomic.Bool
		m.before = func(r *http.Request, _ int) (bool, error) {
			if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutRecords") || !late.CompareAndSwap(false, true) {
				return false, nil
			}
			time.Sleep(changeTime - time.Second)
			return true, errCut
		}
		if report, err := m.run(b.Context()); err != nil || report.Sent != len(all) || report.AlreadySent != 0 {
			t.Errorf("%+v, %v", report, err)
		}
		b.once(all)
	})
}

// The search finds the marks among many records, in shards that were closed since too.
func TestSearchReads(t *testing.T) {
	inBubble(t, func(b *bed) {
		all := b.fill()
		die(b, func(call string) bool { return strings.HasSuffix(call, ".PutRecords") }, true)
		for i := range 3000 {
			if _, err := b.streams.PutRecord(b.Context(), &kinesis.PutRecordInput{
				StreamName: aws.String(streamName), PartitionKey: aws.String(fmt.Sprint(i)), Data: make([]byte, 1000),
			}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		if _, err := b.streams.UpdateShardCount(b.Context(), &kinesis.UpdateShardCountInput{StreamName: aws.String(streamName), TargetShardCount: aws.Int32(4), ScalingType: "UNIFORM_SCALING"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		report, err := b.another().run(b.Context())
		if err != nil || report.AlreadySent != 2 || report.Sent != len(all)-2 || report.Moved != 3 {
			t.Errorf("%+v, %v", report, err)
		}
		b.once(all)
	})
}
