package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// leaves are the dotted paths of everything that a struct holds.
func leaves(of reflect.Type, path string) []string {
	switch {
	case of.Kind() == reflect.Pointer:
		return leaves(of.Elem(), path)
	case of == reflect.TypeFor[[]Lookup]():
		return append([]string{path}, leaves(of.Elem(), path+"[]")...)
	case of.Kind() != reflect.Struct:
		return []string{path}
	}
	var paths []string
	for i := range of.NumField() {
		paths = append(paths, leaves(of.Field(i).Type, join(path, of.Field(i).Tag.Get("yaml")))...)
	}
	return paths
}

func TestEveryFieldIsDeclaredOnce(t *testing.T) {
	declared := map[string]int{}
	for _, k := range Keys() {
		declared[k.Path]++
	}
	delete(declared, "environments") // has no field
	for _, path := range leaves(reflect.TypeFor[Config](), "") {
		if declared[path] != 1 {
			t.Errorf("%s is declared %d times", path, declared[path])
		}
		delete(declared, path)
	}
	for path := range declared {
		t.Errorf("%s has no field", path)
	}
}

func TestDeclarationsAreWhole(t *testing.T) {
	for _, k := range Keys() {
		if !strings.HasSuffix(k.Doc, ".") || strings.Contains(k.Doc, "\n") {
			t.Errorf("%s: doc %q", k.Path, k.Doc)
		}
		if k.Default == nil && k.Derived == "" && !k.Required && k.Type != Section {
			t.Errorf("%s has no default", k.Path)
		}
		if k.Type == Number && k.Max == 0 && len(k.Numbers) == 0 {
			t.Errorf("%s has no range", k.Path)
		}
		defaults := []any{k.Default}
		for _, value := range k.DefaultIn {
			defaults = append(defaults, value)
		}
		for _, value := range defaults {
			message := ""
			switch v := value.(type) {
			case string:
				message = k.wrongText(v)
			case int:
				message = k.wrongNumber(&node{kind: numberNode, text: fmt.Sprint(v)})
			}
			if message != "" {
				t.Errorf("the default of %s is refused: %s", k.Path, message)
			}
		}
		for other, meant := range k.meant {
			if k.wrongText(meant) != "" || k.wrongText(other) == "" {
				t.Errorf("%s: %q cannot mean %q", k.Path, other, meant)
			}
		}
	}
}

// TestRanges: the limits as AWS documents them, and one beyond each.
func TestRanges(t *testing.T) {
	for _, test := range []struct{ path, good, bad string }{
		{"stream.shards", "1 10000", "0 10001 -1"},
		{"stream.retention_hours", "24 8760", "23 8761"},
		{"function.memory", "128 10240", "127 10241 100"},
		{"function.timeout", "1 900", "0 901"},
		{"function.log_retention_days", "1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653", "0 2 8 3654 -1"},
		{"mapping.batch_size", "1 10000", "0 10001"},
		{"mapping.batching_window_seconds", "0 300", "-1 301"},
		{"mapping.parallelization_factor", "1 10", "0 11"},
		{"mapping.maximum_retry_attempts", "-1 0 10000", "-2 10001"},
		{"mapping.maximum_record_age_seconds", "-1 62 604800", "-2 0 59 604801"},
		{"output.max_partitions", "1 1000", "0 1001 -1"},
		{"alarms.iterator_age_seconds", "0 1 43199", "-1 31536001"},
		{"alarms.duration_percent", "0 1 100", "-1 101"},
		{"alarms.incoming_records", "0 1 1000000000", "-1 1000000001"},
		{"alarms.function_errors", "0 1 1000000000", "-1 1000000001"},
		{"table.read", "1 40000", "0 40001"},
		{"table.write", "1 40000", "0 40001"},
	} {
		section, key, _ := strings.Cut(test.path, ".")
		file := func(value string) string {
			text := fmt.Sprintf("%s: {%s: %s}\n", section, key, value)
			if section != "stream" {
				text += "stream: {retention_hours: 336}\n" // for the highest age
			}
			return text
		}
		for value := range strings.FieldsSeq(test.good) {
			load(t, file(value))
		}
		for value := range strings.FieldsSeq(test.bad) {
			if got := problems(t, file(value)); !strings.HasPrefix(got, "1: "+test.path+": "+value+" is not allowed; use ") || strings.Contains(got, "\n") {
				t.Errorf("%s", got)
			}
		}
	}
}

func TestTexts(t *testing.T) {
	for _, test := range []struct {
		path      string
		good, bad []string
	}{
		{"name", []string{"a", "orders", "a-1-b", "a1"}, []string{"", "-a", "1", "a_b", "ä", "a b", "a-", "a--b", "A"}},
		{"region", []string{"us-east-1", "us-gov-west-1", "ap-southeast-3", "eusc-de-east-1", "us-isob-east-1"},
			[]string{"", "us-east", "us-east-1a", "US-EAST-1", "useast1", "us-east-1 "}},
		{"alarms.notify", []string{"arn:aws:sns:us-east-1:123456789012:a", "arn:aws-cn:sns:cn-north-1:123456789012:A_b-c.fifo", "a@b.co", "first.last+tag@mail.example.com"},
			[]string{
				"", "arn:aws:sns:us-east-1:12345:a", "arn:aws:sns:us-east-1:123456789012:a:subscription", "topic", "a@b", "a@b.c", "a@b..co", ".a@b.co", "a.@b.co",
				"a b@c.de", "a@-b.co", "A <a@b.co>", "mailto:a@b.co", "@b.co", "a@b.co\n",
			}},
		{"output.prefix", []string{"a/", "a/b.c/d=e/"}, []string{"", "/", "a", "a/b", "./", "a b/", "ä/"}},
		{"output.partition_by", []string{"", "a", "a.b", "event type", "größe.x", strings.Repeat("a", 100)},
			[]string{".", "a.", ".a", "a..b", " a", "a\n", strings.Repeat("a", 101), strings.Repeat("a.", 127) + "ab"}},
		{"lookups[].key", []string{"a", "a.b", "user id", "größe.x"}, []string{"", ".", "a.", ".a", "a..b", " a", "a. b", "a\n"}},
		{"lookups[].table_key", []string{"a", "a.b", "a b"}, []string{"", " a", "a ", "a\tb", strings.Repeat("a", 256)}},
		{"lookups[].prefix", []string{"", "a_", "a.b-"}, []string{"a b", "ä", strings.Repeat("a", 65)}},
	} {
		k, ok := find(test.path)
		if !ok {
			t.Fatal(test.path)
		}
		for _, text := range test.good {
			if message := k.wrongText(text); message != "" {
				t.Errorf("%s: %s", test.path, message)
			}
		}
		for _, text := range test.bad {
			if k.wrongText(text) == "" {
				t.Errorf("%s: %q is accepted", test.path, text)
			}
		}
	}
}

func TestReferenceHasEveryKey(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(Reference()), "\n")
	if len(lines) != len(Keys())+2 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, k := range Keys() {
		if line := lines[i+2]; !strings.HasPrefix(line, "| `"+k.Path+"` | ") || strings.Count(line, " | ") != 4 {
			t.Errorf("%s", line)
		}
	}
	for _, want := range []string{"| `1` in dev, else `5` | 0 to 300 seconds |", "| half of stream.retention_hours, at most 604800 | -1, or 60 to 604800 seconds |"} {
		if !strings.Contains(Reference(), want) {
			t.Errorf("without %s", want)
		}
	}
}

func TestSuggest(t *testing.T) {
	commands := []string{"deploy", "destroy", "plan", "status", "test-event", "put", "lookup", "local", "version"}
	for _, test := range []struct{ word, want string }{
		{"deploy", "deploy"}, {"depoly", "deploy"}, {"deply", "deploy"}, {"DEPLOY", "deploy"}, {"destory", "destroy"},
		{"testevent", "test-event"}, {"test_event", "test-event"}, {"stauts", "status"}, {"ver", "version"}, {"versions", "version"},
		{"pln", "plan"}, {"x", ""}, {"", ""}, {"frobnicate", ""}, {"de", ""}, {strings.Repeat("deploy", 100000), ""}, {"lo", ""},
	} {
		if got := Suggest(test.word, commands); got != test.want {
			t.Errorf("%.20q: %q, want %q", test.word, got, test.want)
		}
	}
	if got := Suggest("--regoin", []string{"--name", "--region"}); got != "--region" {
		t.Errorf("flags: %q", got)
	}
	if got := Suggest("deploy", nil); got != "" {
		t.Errorf("nothing known: %q", got)
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"ca", "abc", 3}, {"kitten", "sitting", 3}, {"größe", "grösse", 2},
	} {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("%s to %s: %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
