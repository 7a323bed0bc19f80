package enrichment

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Strings are read eight bytes at a time: what ends or breaks one must be found at
// any place, and beside any other byte.
func TestEveryPlaceInAString(t *testing.T) {
	for _, special := range []string{`"`, `\`, `\"`, `\\`, `\u00e9`, "\x00", "\x1f", " ", "!", "#", "[", "]", "\x7f", "é", "\U0001f600", "\"\x1f", "\\\x00", `"!`, `\]`} {
		for length := range 20 {
			for at := range length + 1 {
				text := strings.Repeat("a", at) + special + strings.Repeat("a", length-at)
				for _, value := range []string{`"` + text, `"` + text + `"`, `{"` + text + `":"` + text + `"}`} {
					if got, want := checkValue([]byte(value)), json.Valid([]byte(value)); (got == nil) != want {
						t.Fatal(fmt.Sprintf("%q", value), "is valid:", want, "but the scanner says", got)
					}
				}
			}
		}
	}
}
