package emulator

import (
	"strings"
	"testing"
)

// FuzzExpression proves that no expression breaks the parsers, and that what
// they accept can be evaluated.
func FuzzExpression(f *testing.F) {
	for _, seed := range []string{
		"a = :v AND NOT (b <> :v OR c BETWEEN :v AND :v)", "attribute_exists(a.b[2].#n)", "size(a) IN (:v, :v)",
		"SET a = if_not_exists(a, :v) + :v, l[1] = list_append(l, :l) REMOVE m.x ADD n :v DELETE s :s", "a, b.c, d[0]", "((((((", "a[99999999999999999999]",
	} {
		f.Add(seed)
	}
	d := newDynamoDB(withDefaults(Options{}), nil)
	f.Fuzz(func(t *testing.T, text string) {
		names := map[string]string{"#n": "n"}
		values := attributes{":v": num("1"), ":l": list(str("x")), ":s": wordSet("p")}
		stored := attributes{"a": num("2"), "l": list(num("1"), list()), "s": wordSet("p", "q")}
		s, err := d.newSubstitutions(names, values, &text)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := s.condition("ConditionExpression", &text); err == nil {
			p.holds(stored)
			pathsOf(p)
		}
		if paths, err := s.projection(&text); err == nil {
			project(stored, paths)
		}
		if u, err := s.update(&text); err == nil {
			if made, err := u.apply(stored); err == nil {
				if _, err := itemSize(made); err != nil && !strings.Contains(err.Error(), "Nesting") && !strings.Contains(err.Error(), "38 significant") {
					t.Errorf("%q made an item of no size: %v", text, err)
				}
			}
			if len(stored) != 3 || len(wordsOf(stored)) != 2 {
				t.Errorf("%q changed the stored item: %v", text, stored)
			}
		}
	})
}

func wordsOf(item attributes) []string { return setMembers(item["s"]) }
