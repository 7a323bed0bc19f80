package emulator

import (
	"slices"
	"sort"
)

// keyIndex keeps the keys of a bucket in order. Writes only append; the order is
// made up for when somebody lists. A key that was removed stays in the index
// until enough of them are, so readers ask the bucket whether a key exists.
type keyIndex struct {
	sorted []string
	fresh  []string // appended since the last listing
	dead   int      // removed keys that are still in the index
}

func (x *keyIndex) add(key string) { x.fresh = append(x.fresh, key) }
func (x *keyIndex) remove()        { x.dead++ }

// settle brings the index in order; exists tells which keys are still there.
func (x *keyIndex) settle(exists func(key string) bool) {
	if len(x.fresh) > 0 {
		slices.Sort(x.fresh)
		x.sorted = mergeKeys(x.sorted, x.fresh)
		x.fresh = nil
	}
	if x.dead > 1000 && x.dead > len(x.sorted)/4 {
		x.sorted = slices.DeleteFunc(x.sorted, func(key string) bool { return !exists(key) })
		x.dead = 0
	}
}

// settled tells whether settle has nothing to do.
func (x *keyIndex) settled() bool { return len(x.fresh) == 0 && x.dead <= 1000 }

// from gives the ordered keys that are not less than start.
func (x *keyIndex) from(start string) []string {
	return x.sorted[sort.SearchStrings(x.sorted, start):]
}

// mergeKeys merges two ordered lists; a key of both appears once.
func mergeKeys(a, b []string) []string {
	if len(a) == 0 || a[len(a)-1] < b[0] { // the usual case: names grow with time
		return append(a, slices.Compact(b)...)
	}
	merged := make([]string, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0] <= b[0] {
			merged, a = append(merged, a[0]), a[1:]
		} else {
			merged, b = append(merged, b[0]), b[1:]
		}
	}
	merged = append(append(merged, a...), b...)
	return slices.Compact(merged)
}
