package export

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Tables whose tags name each other lead to each other by more ways than could be gone.
func TestManyWays(t *testing.T) {
	var file strings.Builder
	file.WriteString("name: a\nlookups:\n")
	var names []string
	for i := range 40 {
		fmt.Fprintf(&file, "- {name: t%d, key: k, prefix: t%d_, fields: [x]}\n", i, i)
		names = append(names, fmt.Sprintf("a-dev-t%d", i))
	}
	file.WriteString("tags:\n")
	for some := range slices.Chunk(names, 20) {
		fmt.Fprintf(&file, "  %s: %s\n", some[0], strings.Join(some, " "))
	}
	configs := settings(t, file.String())
	for _, d := range Dialects() {
		p, err := New(d, configs, "dev", code)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Files(p, ""); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
}
