package lambda

import (
	"math/rand/v2"
	"testing"
)

func TestCheckpoint(t *testing.T) {
	stored := func(first, last int) stretch { return stretch{first: first, last: last, stored: true} }
	failed := func(first, last int) stretch { return stretch{first: first, last: last} }
	for _, test := range []struct {
		name    string
		cut     int
		objects []stretch
		want    int
	}{
		{"no objects", 0, nil, 0},
		{"all stored", 10, []stretch{stored(0, 9)}, 10},
		{"all stored, dead letters among them", 10, []stretch{stored(0, 9), stored(3, 5)}, 10},
		{"the only one failed", 10, []stretch{failed(0, 9)}, 0},
		{"the second hour failed", 10, []stretch{stored(0, 5), failed(6, 9)}, 6},
		{"the first hour failed", 10, []stretch{failed(0, 5), stored(6, 9)}, 0},
		{"the dead letters failed, records around them", 10, []stretch{stored(0, 9), failed(4, 4)}, 0},
		{"the dead letters failed, at the end", 10, []stretch{stored(0, 8), failed(9, 9)}, 9},
		{"the enriched failed, a dead letter before them", 10, []stretch{failed(1, 9), stored(0, 0)}, 1},
		{"the enriched failed, dead letters around", 10, []stretch{failed(1, 9), stored(0, 3)}, 0},
		{"hours that overlap", 10, []stretch{stored(0, 4), failed(3, 9)}, 0},
		{"a chain of overlaps", 10, []stretch{stored(0, 2), stored(2, 5), stored(5, 8), failed(8, 9)}, 0},
		{"a chain with a gap", 10, []stretch{stored(0, 2), stored(3, 5), stored(5, 8), failed(8, 9)}, 3},
		{"cut, all before it stored", 6, []stretch{stored(0, 5)}, 6},
		{"cut, one before it failed", 6, []stretch{stored(0, 3), failed(4, 5)}, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := checkpoint(test.cut, test.objects); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

// The checkpoint is the highest position that is right.
func TestCheckpointIsTheHighest(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		cut := random.IntN(12)
		var objects []stretch
		for range random.IntN(5) {
			if cut > 0 {
				first := random.IntN(cut)
				objects = append(objects, stretch{first: first, last: first + random.IntN(cut-first), stored: random.IntN(3) > 0})
			}
		}
		right := func(position int) bool {
			for _, o := range objects {
				if !o.stored && o.first < position || o.stored && o.first < position && position <= o.last {
					return false
				}
			}
			return true
		}
		want := cut
		for !right(want) {
			want--
		}
		if got := checkpoint(cut, objects); got != want {
			t.Fatalf("%d, %+v: got %d, want %d", cut, objects, got, want)
		}
	}
}
