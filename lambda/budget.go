package lambda

import (
	"math"
	"sync"
	"sync/atomic"
)

// budget bounds the memory, in bytes, that the items of one batch take up.
type budget struct {
	most int64

	mutex   sync.Mutex
	changed sync.Cond
	taken   int64 // by what was found, and what is expected of calls on their way
	calls   int   // on their way
}

func newBudget(most int64) *budget {
	b := &budget{most: most}
	b.changed.L = &b.mutex
	return b
}

func (b *budget) reset() { b.taken = 0 }

// take waits for room for what a call is expected to find, which it asks for anew
// after each wait, and answers how much it took. It answers false when there is no
// room left and none to come, unless the call must be made all the same.
func (b *budget) take(expected func() int64, must bool) (int64, bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for {
		size := expected()
		if must || b.taken+size <= b.most {
			b.taken += size
			b.calls++
			return size, true
		}
		if b.calls == 0 {
			return 0, false
		}
		b.changed.Wait()
	}
}

// settle puts what a call found in the place of what it took.
func (b *budget) settle(taken, found int64) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.taken += found - taken
	b.calls--
	b.changed.Broadcast()
}

// sizes is how many bytes an item of each lookup takes up, as far as it is known. It
// is safe for concurrent use.
type sizes []atomic.Int64

// expected is what a call for so many keys will find. Where nothing is known that is
// half of the most, so that few such calls are on their way at a time.
func (s sizes) expected(lookup, keys int, most int64) int64 {
	size := s[lookup].Load()
	switch {
	case most == math.MaxInt64:
		return 0
	case size == 0:
		return most / 2
	default:
		return size * int64(keys)
	}
}

// learn remembers what a call found: more at once, less little by little.
func (s sizes) learn(lookup, keys int, found int64) {
	size, known := found/int64(keys)+1, s[lookup].Load()
	if size < known {
		size = (7*known + size) / 8
	}
	s[lookup].Store(size)
}
