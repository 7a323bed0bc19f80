package enrichment

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"
)

// FuzzNumber holds the spelling of numbers against exact arithmetic: what is given
// is the same number, and the same spelling for every spelling of it.
func FuzzNumber(f *testing.F) {
	for _, text := range []string{
		"0", "-0.000e5", "1", "+1", "1.0", "10e-1", "-007.50", "0.00120", "1E+5", "9.99e125", "1e-130", "1e126", "1e-131",
		"", "-", ".5", "5.", "1e", "1e+", "1e++1", "+-1", "0x10", "NaN", "1_000", "1,5", "e5", "１", "1e99999999999999999999", strings.Repeat("9", 39),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, reason := AppendNumber([]byte("x"), text)
		if got[0] != 'x' || reason != "" && len(got) != 1 {
			t.Fatalf("%q: %q, %s", text, got, reason)
		}
		var parsed json.Number
		if json.Unmarshal([]byte(text), &parsed) == nil && string(parsed) == text && len(text) < 30 && !strings.ContainsAny(text, "eE") && reason != "" {
			t.Fatalf("%q is refused: %s", text, reason)
		}
		if reason != "" {
			return
		}
		spelled := string(got[1:])
		if !json.Valid([]byte(spelled)) {
			t.Fatalf("%q is spelled %q", text, spelled)
		}
		if spelled == "0" {
			if mantissa, _, _ := strings.Cut(strings.ToLower(text), "e"); strings.Trim(mantissa, "+-0.") != "" {
				t.Fatalf("%q is spelled 0", text)
			}
			return
		}
		value, ok := new(big.Rat).SetString(spelled)
		original, fine := new(big.Rat).SetString(text)
		if !ok || !fine || value.Cmp(original) != 0 {
			t.Fatalf("%q is spelled %q", text, spelled)
		}
		for _, other := range []string{spelled, value.FloatString(140), "+0" + strings.TrimPrefix(spelled, "-")} {
			if strings.HasPrefix(other, "+") && value.Sign() < 0 {
				continue
			}
			if again, reason := AppendNumber(nil, other); string(again) != spelled || reason != "" {
				t.Fatalf("%q is spelled %q, but %q is spelled %q, %s", text, spelled, other, again, reason)
			}
		}
	})
}
