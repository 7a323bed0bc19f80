package emulator

import (
	"math/big"
	"testing"
	"time"
)

func TestHashOfIsMD5(t *testing.T) {
	// md5("user123") = 6ad14ba9986e3615423dfca256d04e3f
	want, _ := new(big.Int).SetString("6ad14ba9986e3615423dfca256d04e3f", 16)
	if got := hashOf("user123").String(); got != want.String() {
		t.Errorf("hashOf(user123) = %s, want %s", got, want)
	}
}

func TestParseHashKey(t *testing.T) {
	for _, c := range []struct {
		in string
		ok bool
	}{
		{"0", true}, {"1", true}, {"340282366920938463463374607431768211455", true},
		{"340282366920938463463374607431768211456", false}, {"999999999999999999999999999999999999999", false},
		{"", false}, {"-1", false}, {"01", false}, {"1e3", false}, {"0x1", false}, {"3402823669209384634633746074317682114550", false},
	} {
		k, ok := parseHashKey(c.in)
		if ok != c.ok {
			t.Errorf("parseHashKey(%q) = %v, want %v", c.in, ok, c.ok)
		}
		if ok && k.String() != c.in {
			t.Errorf("parseHashKey(%q) = %s", c.in, k)
		}
	}
}

func FuzzParseHashKey(f *testing.F) {
	for _, s := range []string{"0", "340282366920938463463374607431768211455", "340282366920938463463374607431768211456", "00", "x"} {
		f.Add(s)
	}
	limit := new(big.Int).Lsh(big.NewInt(1), 128)
	f.Fuzz(func(t *testing.T, s string) {
		k, ok := parseHashKey(s)
		n, parsed := new(big.Int).SetString(s, 10)
		want := parsed && n.Sign() >= 0 && n.Cmp(limit) < 0 && n.String() == s
		if ok != want {
			t.Fatalf("parseHashKey(%q) = %v, want %v", s, ok, want)
		}
		if ok && k.String() != s {
			t.Fatalf("parseHashKey(%q).String() = %s", s, k)
		}
	})
}

func TestUniformStartsCoverTheSpace(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 100} {
		starts := uniformStarts(n)
		if len(starts) != n || starts[0] != (hashKey{}) {
			t.Fatalf("uniformStarts(%d) = %v", n, starts)
		}
		for i := 1; i < n; i++ {
			if !starts[i-1].less(starts[i]) {
				t.Errorf("uniformStarts(%d): %v does not come before %v", n, starts[i-1], starts[i])
			}
		}
	}
	// What AWS answers for the second of two shards.
	if got := uniformStarts(2)[1].String(); got != "170141183460469231731687303715884105728" {
		t.Errorf("second of two begins at %s", got)
	}
	if got := uniformStarts(3)[1].before().String(); got != "113427455640312821154458202477256070484" {
		t.Errorf("first of three ends at %s", got)
	}
}

func TestSequenceNumbersAscendAsStringsToo(t *testing.T) {
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	previous := ""
	for ordinal, arrival := uint64(0), created; ordinal < 3000; ordinal, arrival = ordinal*3/2+1, arrival.Add(time.Second) {
		n := newSequenceNumber(created, 7, ordinal, arrival)
		s := n.String()
		exact := new(big.Int).SetUint64(n.high)
		exact.Lsh(exact, 64).Or(exact, new(big.Int).SetUint64(n.middle))
		exact.Lsh(exact, 64).Or(exact, new(big.Int).SetUint64(n.low))
		if s != exact.String() {
			t.Fatalf("String() = %s, want %s", s, exact)
		}
		if len(s) != sequenceDigits || s[:2] != "49" || s <= previous || compareSequence(previous, s) >= 0 {
			t.Fatalf("sequence number %s after %s", s, previous)
		}
		previous = s
	}
	// Also for shards that are made long from now, and at a shard's very end.
	late := newSequenceNumber(time.Date(2106, 1, 1, 0, 0, 0, 0, time.UTC), 1<<32-1, lastInShard, time.Date(2106, 1, 1, 0, 0, 0, 0, time.UTC))
	if s := late.String(); len(s) != sequenceDigits || s <= previous {
		t.Errorf("late number %s", s)
	}
}

func BenchmarkSequenceNumber(b *testing.B) {
	now := time.Now()
	for i := range b.N {
		_ = newSequenceNumber(now, 1, uint64(i), now).String()
	}
}
