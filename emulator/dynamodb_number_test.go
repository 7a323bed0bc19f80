package emulator

import (
	"math/big"
	"slices"
	"strings"
	"testing"
)

func TestNumbersComeBackAsDynamoDBWritesThem(t *testing.T) {
	tests := map[string]string{
		"0": "0", "-0": "0", "0.000": "0", "00012": "12", "+7": "7", "1.0": "1", "1.50": "1.5", ".5": "0.5", "5.": "5", "-12.50": "-12.5",
		"1e3": "1000", "1E+3": "1000", "1.5e-3": "0.0015", "123e-2": "1.23", "-1e0": "-1", "0e999": "0",
		"1e125":                                  "1" + strings.Repeat("0", 125),
		"1e-130":                                 "0." + strings.Repeat("0", 129) + "1",
		"12345678901234567890123456789012345678": "12345678901234567890123456789012345678",
		"0.12345678901234567890123456789012345678": "0.12345678901234567890123456789012345678",
		"1234567890123456789012345678901234567800": "1234567890123456789012345678901234567800",
	}
	for in, want := range tests {
		d, err := parseDecimal(in)
		if err != nil || d.String() != want {
			t.Errorf("%s: got %s, %v, want %s", in, d, err, want)
		}
	}
}

func TestNumbersThatDynamoDBRefuses(t *testing.T) {
	tests := map[string]string{
		"":                      "The parameter cannot be converted to a numeric value",
		"abc":                   "cannot be converted to a numeric value: abc",
		"1,5":                   "cannot be converted",
		"0x10":                  "cannot be converted",
		"NaN":                   "cannot be converted",
		"Infinity":              "cannot be converted",
		"1e":                    "cannot be converted",
		"e5":                    "cannot be converted",
		".":                     "cannot be converted",
		"--1":                   "cannot be converted",
		"1_000":                 "cannot be converted",
		"1e99999999999":         "cannot be converted",
		"1e126":                 "Number overflow",
		"-1e126":                "Number overflow",
		"1e-131":                "Number underflow",
		strings.Repeat("9", 39): "more than 38 significant digits",
		"1.00000000000000000000000000000000000001": "more than 38 significant digits",
	}
	for in, want := range tests {
		if _, err := parseDecimal(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", in, err, want)
		}
	}
}

func TestNumbersSortAsBytes(t *testing.T) {
	ascending := []string{"-1e125", "-100", "-99.5", "-12", "-1.2", "-1.19", "-1", "-0.5", "-1e-130", "0", "1e-130", "0.05", "0.5", "0.51", "1", "1.19", "1.2", "9", "10", "12", "12.3", "100", "9.9e125"}
	var keys []string
	for _, s := range ascending {
		d, err := parseDecimal(s)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, string(d.ordered()))
	}
	if !slices.IsSorted(keys) {
		t.Errorf("not sorted: %q", keys)
	}
}

// FuzzDecimal holds numbers against exact arithmetic.
func FuzzDecimal(f *testing.F) {
	f.Add("1.5", "-2e3")
	f.Add("99999999999999999999999999999999999999", "1")
	f.Add("0", "1e-130")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, err := parseDecimal(a)
		if err != nil {
			return
		}
		again, err := parseDecimal(x.String())
		if err != nil || again != x {
			t.Fatalf("%q gave %s, which gave %+v, %v", a, x, again, err)
		}
		y, err := parseDecimal(b)
		if err != nil {
			return
		}
		m, _ := new(big.Rat).SetString(x.String())
		n, _ := new(big.Rat).SetString(y.String())
		if x.compare(y) != m.Cmp(n) {
			t.Fatalf("comparing %s and %s gave %d", x, y, x.compare(y))
		}
		for _, minus := range []bool{false, true} {
			sum, err := x.add(y, minus)
			want := new(big.Rat).Add(m, n)
			if minus {
				want.Sub(m, n)
			}
			if got, _ := new(big.Rat).SetString(sum.String()); err == nil && got.Cmp(want) != 0 {
				t.Fatalf("%s and %s (minus %t) gave %s", x, y, minus, sum)
			}
		}
	})
}
