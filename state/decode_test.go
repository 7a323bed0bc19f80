package state

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const valid = `{"schema":1,"serial":7,"lineage":"l","name":"orders","environment":"dev","account":"123456789012","region":"eu-west-1","endpoint":"",
"resources":[{"key":"data-stream","kind":"data stream","name":"n","phase":"created","created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:05Z"}],
"outputs":{"stream":"n"},"written_at":"2026-01-02T03:04:05Z"}`

// store puts text in place of a state file.
func store(t *testing.T, text string) (path string) {
	t.Helper()
	path = statePath(t)
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// both gives what Load and Open make of a file.
func both(t *testing.T, path string, b Binding) map[string]error {
	t.Helper()
	_, loading := Load(path, b)
	s, opening := Open(t.Context(), path, b)
	if opening == nil {
		must(t, s.Close())
	}
	for _, name := range names(t, filepath.Dir(path)) {
		if strings.HasSuffix(name, ".lock") || strings.HasSuffix(name, ".holder") {
			t.Errorf("left: %s", name)
		}
	}
	return map[string]error{"Load": loading, "Open": opening}
}

func TestCorrupt(t *testing.T) {
	change := func(old, replacement string) string {
		if !strings.Contains(valid, old) {
			t.Fatalf("nothing to change: %s", old)
		}
		return strings.Replace(valid, old, replacement, 1)
	}
	resource := valid[strings.Index(valid, `{"key"`):strings.Index(valid, `],`)]
	for name, text := range map[string]string{
		"empty":               "",
		"blank":               "\n \n",
		"zeros":               strings.Repeat("\x00", 100),
		"truncated":           valid[:len(valid)/2],
		"last byte missing":   strings.TrimSuffix(valid, "}"),
		"trailing data":       valid + "{}",
		"trailing bracket":    valid + "}",
		"array":               "[]",
		"null":                "null",
		"nested":              strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000),
		"no schema":           change(`"schema":1,`, ""),
		"schema zero":         change(`"schema":1`, `"schema":0`),
		"schema text":         change(`"schema":1`, `"schema":"1"`),
		"no serial":           change(`"serial":7,`, ""),
		"serial negative":     change(`"serial":7`, `"serial":-7`),
		"serial fraction":     change(`"serial":7`, `"serial":7.5`),
		"serial huge":         change(`"serial":7`, `"serial":99999999999999999999`),
		"no account":          change(`"account":"123456789012",`, ""),
		"account null":        change(`"account":"123456789012"`, `"account":null`),
		"account number":      change(`"account":"123456789012"`, `"account":123456789012`),
		"account twice":       change(`"account":"123456789012"`, `"account":"123456789012","account":"210987654321"`),
		"account in capitals": change(`"account":"123456789012"`, `"account":"123456789012","ACCOUNT":"210987654321"`),
		"unknown member":      change(`"serial":7`, `"serial":7,"secret":1`),
		"unknown phase":       change(`"phase":"created"`, `"phase":"half"`),
		"no phase":            change(`"phase":"created",`, ""),
		"no key":              change(`"key":"data-stream",`, ""),
		"key twice":           change(resource, resource+","+resource),
		"time":                change(`"created_at":"2026-01-02T03:04:05Z"`, `"created_at":"yesterday"`),
		"resources an object": change("["+resource+"]", "{}"),
		"not UTF-8":           change("orders", "ord\xffers"),
	} {
		t.Run(name, func(t *testing.T) {
			path := store(t, text)
			for what, err := range both(t, path, orders) {
				var corrupt *CorruptError
				if !errors.As(err, &corrupt) {
					t.Errorf("%s: %v", what, err)
					continue
				}
				if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "delete it") {
					t.Errorf("%s gives no way out: %v", what, err)
				}
				if strings.Contains(err.Error(), ".backup") {
					t.Errorf("%s names a backup that is not there: %v", what, err)
				}
			}
			if content, err := os.ReadFile(path); err != nil || string(content) != text {
				t.Errorf("the damaged file was changed: %q, %v", content, err)
			}
		})
	}
}

func TestCorruptNamesTheBackup(t *testing.T) {
	path := store(t, "{")
	must(t, os.WriteFile(backupOf(path), []byte(valid), 0o600))
	for what, err := range both(t, path, orders) {
		if err == nil || !strings.Contains(err.Error(), "copy "+backupOf(path)) {
			t.Errorf("%s: %v", what, err)
		}
	}
	must(t, os.Rename(backupOf(path), path)) // as the message says
	must(t, open(t, path).Put(stream(Created)))

	must(t, os.WriteFile(backupOf(path), []byte("{"), 0o600))
	if got := usableBackup(path); got != "" {
		t.Errorf("a damaged backup is offered: %s", got)
	}
}

func TestNewerSchema(t *testing.T) {
	// A newer version may have any members.
	path := store(t, `{"schema":2,"serial":"seven","resources":{}}`)
	for what, err := range both(t, path, orders) {
		var schema *SchemaError
		if !errors.As(err, &schema) || schema.Found != 2 || schema.Supported != 1 || schema.Path != path {
			t.Errorf("%s: %#v", what, err)
		}
	}
}

func TestMismatch(t *testing.T) {
	for _, test := range []struct {
		field, recorded, given string
		change                 func(*Binding)
	}{
		{"name", "orders", "clicks", func(b *Binding) { b.Name = "clicks" }},
		{"environment", "dev", "prod", func(b *Binding) { b.Environment = "prod" }},
		{"account", "123456789012", "000000000000", func(b *Binding) { b.Account = "000000000000" }},
		{"region", "eu-west-1", "us-east-1", func(b *Binding) { b.Region = "us-east-1" }},
		{"endpoint", "AWS", "local", func(b *Binding) { b.Endpoint = "local" }},
		{"endpoint", "AWS", "http://127.0.0.1:5000", func(b *Binding) { b.Endpoint = "http://127.0.0.1:5000/" }},
	} {
		t.Run(test.field+" "+test.given, func(t *testing.T) {
			given := orders
			test.change(&given)
			for what, err := range both(t, store(t, valid), given) {
				var mismatch *MismatchError
				if !errors.As(err, &mismatch) || len(mismatch.Differences) != 1 || mismatch.Differences[0].Field != test.field {
					t.Fatalf("%s: %v", what, err)
				}
				if text := err.Error(); !strings.Contains(text, test.field+" "+test.recorded+", not "+test.given) {
					t.Errorf("%s does not name both values: %s", what, text)
				}
			}
		})
	}
}

func TestMismatchNamesAllDifferences(t *testing.T) {
	_, err := Load(store(t, strings.Replace(valid, `"endpoint":""`, `"endpoint":"local"`, 1)),
		Binding{Name: "orders", Environment: "dev", Account: "1", Region: "r"})
	var mismatch *MismatchError
	if !errors.As(err, &mismatch) || len(mismatch.Differences) != 3 {
		t.Fatalf("%v", err)
	}
}

func TestEndpointIsNormalAndHoldsNoSecret(t *testing.T) {
	path := statePath(t)
	b := orders
	b.Endpoint = "HTTP://user:secret@LocalHost:5000/?token=secret"
	s, err := Open(t.Context(), path, b)
	must(t, err)
	must(t, s.Put(stream(Created)))
	must(t, s.Close())
	content, err := os.ReadFile(path)
	must(t, err)
	if strings.Contains(string(content), "secret") {
		t.Errorf("%s", content)
	}
	b.Endpoint = "http://localhost:5000"
	if _, err := Load(path, b); err != nil {
		t.Error(err)
	}
}

// FuzzDecode: nothing panics, and what is accepted can be written and read
// again without a difference.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{valid, "", "{}", "null", `{"schema":9}`, valid + valid, strings.Replace(valid, "created", "deleting", 1)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		d, err := decode(content)
		if err != nil {
			return
		}
		written, err := json.Marshal(d)
		must(t, err)
		again, err := decode(written)
		if err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		if diff := cmp.Diff(d, again); diff != "" {
			t.Fatal(diff)
		}
	})
}
