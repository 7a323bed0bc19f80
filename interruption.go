package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"

	"enrich/answer"
)

// errInterrupted is why a context ends when somebody wants the program to.
var errInterrupted error = interruption{}

type interruption struct{}

func (interruption) Error() string { return "interrupted" }

// Unwrap makes it count as what it is to everybody else: a context that was
// cancelled.
func (interruption) Unwrap() error { return context.Canceled }

// untilInterrupted gives a context that ends with the first signal. The second one
// finds nobody who waits for it and ends the process at once; the record on disk
// is valid at any time.
func untilInterrupted(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, interrupts()...)
	go func() {
		select {
		case <-signals:
		case <-ctx.Done():
		}
		signal.Stop(signals)
		cancel(errInterrupted)
	}()
	return ctx, func() { cancel(nil) }
}

// surviveReaders has a write to a pipe that nobody reads any more fail, as in
// `enrich deploy 2>&1 | head`. Go would end the process, in the middle of calls. Its
// children still get the signal as usual: being ignored would be inherited.
func surviveReaders() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// interrupts are the signals that ask for a clean stop. nohup has SIGHUP
// ignored, and that is to stay so.
func interrupts() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// finishing is a client of the AWS SDK that lets a call come to its end when
// somebody interrupts: only then is known what came of it, and can be recorded.
// Calls that merely read end at once, and none begins any more. waits is told,
// once, that there is a call to wait for.
type finishing struct {
	next  answer.Client
	once  *sync.Once
	waits func()
}

func finishCalls(next answer.Client, waits func()) finishing {
	return finishing{next: next, once: new(sync.Once), waits: waits}
}

// Do makes one call. Whatever else ends its context ends the call as well, a
// deadline for example.
func (f finishing) Do(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if reading(awsmiddleware.GetOperationName(ctx)) {
		return f.next.Do(request)
	}
	calling, end := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if cause := context.Cause(ctx); errors.Is(cause, errInterrupted) {
			f.once.Do(f.waits)
		} else {
			end(cause)
		}
	})
	done := func() { stop(); end(nil) }
	response, err := f.next.Do(request.WithContext(calling))
	if err != nil {
		done()
		return nil, err
	}
	response.Body = &watchedBody{response.Body, done}
	return response, nil
}

// reading tells whether an operation of AWS only reads. One without a name may do
// anything.
func reading(operation string) bool {
	return slices.ContainsFunc([]string{"Get", "List", "Describe", "Head", "Scan", "Simulate"}, func(begin string) bool {
		return strings.HasPrefix(operation, begin)
	})
}

// watchedBody tells when an answer has been read.
type watchedBody struct {
	io.ReadCloser
	done func()
}

func (b *watchedBody) Close() error {
	defer b.done()
	return b.ReadCloser.Close()
}
