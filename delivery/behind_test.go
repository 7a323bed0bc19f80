package delivery

import (
	"errors"
	"slices"
	"testing"
)

// A reading that breaks off between two parts of a record goes on with the next part, and
// one of what was stored again with what is new.
func TestBehind(t *testing.T) {
	all := []string{"7", "8:0", "8:1", "8:2", "9"}
	o := Object{ShardID: shard, ETag: "e"}
	broken := errors.New("broken")
	for breaks := range len(all) + 1 {
		lines := func(through int) func(yield func([]byte, error) bool) {
			return func(yield func([]byte, error) bool) {
				for _, id := range all[:through] {
					if !yield([]byte(`{"enrichment_id":"`+shard+":"+id+`"}`), nil) {
						return
					}
				}
				if through < len(all) {
					yield(nil, broken)
				}
			}
		}
		var r read
		var counts []int
		for _, through := range []int{breaks, len(all), len(all)} {
			got := 0
			for _, err := range behind(lines(through), o, &r) {
				if err == nil {
					got++
				} else if !errors.Is(err, broken) {
					t.Fatal(err)
				}
			}
			counts = append(counts, got)
		}
		want := []int{breaks, len(all) - breaks, 0}
		if !slices.Equal(counts, want) || r.etag != o.ETag {
			t.Errorf("broken after %d: %v, want %v, %+v", breaks, counts, want, r)
		}
	}
}
