package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func chain(edges string) []Resource {
	var list []Resource
	for _, edge := range strings.Fields(edges) {
		key, after, _ := strings.Cut(edge, ":")
		f := &fake{key: key, name: key}
		if after != "" {
			f.after = strings.Split(after, ",")
		}
		list = append(list, f)
	}
	return list
}

func TestOrder(t *testing.T) {
	tests := []struct{ edges, want, err string }{
		{"", "", ""},
		{"a b c", "a b c", ""},
		{"c:b b:a a", "a b c", ""},
		{"d:a,b a b:c c", "a c b d", ""},
		{"a b a", "", "two resources have the key a"},
		{"a b:x", "", "b depends on x, which is not there"},
		{"a:a", "", "resources depend on each other in a circle: a → a"},
		{"z a:z,c b:a c:b d:a", "", "resources depend on each other in a circle: a → c → b → a"},
	}
	for _, test := range tests {
		got, err := Order(chain(test.edges))
		if test.err != "" {
			if err == nil || err.Error() != test.err {
				t.Errorf("%s: got %v", test.edges, err)
			}
			continue
		}
		if err != nil || strings.Join(keysOf(got), " ") != test.want {
			t.Errorf("%s: got %v, %v", test.edges, keysOf(got), err)
		}
	}
}

func TestOrderRandom(t *testing.T) {
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 3))
		list := resources(graph(nil, random, random.IntN(20)))
		random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		ordered, err := Order(list)
		if err != nil || len(ordered) != len(list) {
			t.Fatalf("%d of %d, %v", len(ordered), len(list), err)
		}
		seen := make(map[string]bool)
		for _, r := range ordered {
			for _, dependency := range r.DependsOn() {
				if !seen[dependency] {
					t.Fatalf("%s comes before %s", r.Key(), dependency)
				}
			}
			seen[r.Key()] = true
		}
	}
}

// Everything that can run at the same time does: each call waits until all of
// its rank are running. If one of them waited for another, none would end.
func TestWidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		var fakes []*fake
		for rank := range 3 {
			var barriers [3]sync.WaitGroup // for create, update, delete
			for i := range barriers {
				barriers[i].Add(7)
			}
			for i := range 7 {
				f := &fake{cloud: c, key: fmt.Sprintf("%d-%d", rank, i), spec: spec{Size: 1}}
				f.name = f.key
				for j := range 7 {
					if rank > 0 {
						f.after = append(f.after, fmt.Sprintf("%d-%d", rank-1, j))
					}
				}
				f.during = func(_ context.Context, what string) error {
					barrier := &barriers[slices.Index([]string{"create", "update", "delete"}, what)]
					barrier.Done()
					barrier.Wait()
					return nil
				}
				fakes = append(fakes, f)
			}
		}
		e := &Engine{Resources: resources(fakes), Owns: owns}
		if _, err := deploy(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		for _, f := range fakes {
			f.spec.Size = 2
		}
		if _, err := deploy(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Destroy(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// A run takes exactly as long as the longest chain of dependencies.
func TestLongestChain(t *testing.T) {
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 5))
			c := newCloud(t)
			fakes := graph(c, random, 1+random.IntN(15))
			var longest time.Duration
			ends := make(map[string]time.Duration)
			for _, f := range fakes {
				f.takes = time.Duration(random.IntN(20_000)) * time.Millisecond
				var start time.Duration
				for _, dependency := range f.after {
					start = max(start, ends[dependency])
				}
				ends[f.key] = start + f.takes
				longest = max(longest, ends[f.key])
			}
			e := &Engine{Resources: resources(fakes), Owns: owns}
			up, err := deploy(t.Context(), e)
			if err != nil || up.Elapsed != longest {
				t.Errorf("seed %d: created in %s, the longest chain is %s (%v)", seed, up.Elapsed, longest, err)
			}
			for i, r := range up.Results {
				if r.Phase != Created || r.Elapsed != fakes[i].takes || r.Waited != fakes[i].takes {
					t.Errorf("%+v, want %s", r, fakes[i].takes)
				}
			}
			criticalIs(t, fakes, up, longest, false)
			down, err := e.Destroy(t.Context())
			if err != nil || down.Elapsed != longest {
				t.Errorf("seed %d: deleted in %s, the longest chain is %s (%v)", seed, down.Elapsed, longest, err)
			}
			criticalIs(t, fakes, down, longest, true)
		})
	}
}

// criticalIs checks that the chain which decided is one of dependencies, and takes
// as long as the run.
func criticalIs(t *testing.T, fakes []*fake, report *Report, longest time.Duration, reverse bool) {
	t.Helper()
	byKey := make(map[string]*fake)
	for _, f := range fakes {
		byKey[f.key] = f
	}
	chain := slices.Clone(report.Critical)
	if reverse {
		slices.Reverse(chain)
	}
	var sum time.Duration
	for i, key := range chain {
		sum += byKey[key].takes
		if i > 0 && !slices.Contains(byKey[key].after, chain[i-1]) {
			t.Errorf("%s does not depend on %s", key, chain[i-1])
		}
	}
	if sum != longest {
		t.Errorf("the chain %v takes %s, want %s", chain, sum, longest)
	}
}

func TestCompare(t *testing.T) {
	type inner struct {
		A int      `json:"a"`
		L []string `json:"l,omitempty"`
	}
	type data struct {
		Name  string            `json:"name"`
		Inner *inner            `json:"inner"`
		Tags  map[string]string `json:"tags"`
		Big   int64             `json:"big"`
		List  []inner           `json:"list"`
		Code  string            `json:"-"`
	}
	tests := []struct {
		name string
		want data
		have data
		diff []string
	}{
		{"nothing", data{}, data{}, nil},
		{"empty is nothing", data{Tags: map[string]string{}, List: []inner{}}, data{}, nil},
		{"hidden fields", data{Code: "a"}, data{Code: "b"}, nil},
		{"a value", data{Name: "a"}, data{Name: "b"}, []string{`name: "b" → "a"`}},
		{"zero is a value", data{Inner: &inner{}}, data{}, []string{"inner.a: <nil> → \"0\""}},
		{"nested", data{Inner: &inner{A: 1}}, data{Inner: &inner{A: 2}}, []string{`inner.a: "2" → "1"`}},
		{"maps by key, sorted", data{Tags: map[string]string{"z": "1", "k:y": "2", "same": "x"}}, data{Tags: map[string]string{"a": "3", "k:y": "4", "same": "x"}},
			[]string{`tags.a: "3" → <nil>`, `tags.k:y: "4" → "2"`, `tags.z: <nil> → "1"`}},
		{"lists whole", data{Inner: &inner{L: []string{"a", "b"}}}, data{Inner: &inner{L: []string{"b", "a"}}}, []string{`inner.l: ["b" "a"] → ["a" "b"]`}},
		{"list gone", data{List: []inner{{A: 1}}}, data{}, []string{`list: <nil> → [map["a":"1"]]`}},
		{"big numbers", data{Big: 9007199254740993}, data{Big: 9007199254740992}, []string{`big: "9007199254740992" → "9007199254740993"`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, change := range Compare(test.want, test.have) {
				got = append(got, fmt.Sprintf("%s: %q → %q", change.Field, change.Old, change.New))
			}
			for i := range got {
				got[i] = strings.ReplaceAll(got[i], "%!q(<nil>)", "<nil>")
			}
			if diff := cmp.Diff(test.diff, got); diff != "" {
				t.Error(diff)
			}
			if same := Hash(test.want) == Hash(test.have); same != (len(test.diff) == 0) {
				t.Errorf("hashes are the same: %v", same)
			}
			if back := Compare(test.have, test.want); len(back) != len(got) {
				t.Errorf("the other way round there are %d changes", len(back))
			}
		})
	}
}

// The hash is written to state files: it must not change between versions.
func TestHashIsStable(t *testing.T) {
	type first struct {
		A int    `json:"a"`
		B string `json:"b"`
	}
	type second struct {
		B string            `json:"b"`
		C map[string]string `json:"c"`
		A int               `json:"a"`
	}
	const want = "ecf9e98ec0641e23113ff3ce8bdc78d0ddd249886517fd4a7f68cc83d4e65667"
	if got := Hash(first{1, "x"}); got != Hash(second{A: 1, B: "x"}) || got != want {
		t.Errorf("got %s", got)
	}
}

func newRandom() *rand.Rand { return rand.New(rand.NewPCG(1, 1)) }
