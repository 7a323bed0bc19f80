package delivery

import (
	"context"
	"iter"
	"sync"
)

// ahead gives what begin makes of each item, in the items' order. The next n are begun
// before they are asked for, so that what they wait for is waited for at once. It ends
// early when the context does, which its user ends when no more is wanted.
func ahead[T, R any](ctx context.Context, running *sync.WaitGroup, n int, items iter.Seq[T], begin func(T) R) iter.Seq[R] {
	begun := make(chan R, n-1) // one more waits to get in
	running.Go(func() {
		defer close(begun)
		for item := range items {
			if !send(ctx, begun, begin(item)) {
				return
			}
		}
	})
	return received(begun)
}

// send is false when the context ended first.
func send[T any](ctx context.Context, to chan<- T, item T) bool {
	select {
	case to <- item:
		return true
	case <-ctx.Done():
		return false
	}
}

func received[T any](from <-chan T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for item := range from {
			if !yield(item) {
				return
			}
		}
	}
}
