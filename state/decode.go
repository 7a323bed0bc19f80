package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// SchemaError tells that a newer enrich wrote the state file.
type SchemaError struct {
	Path             string
	Found, Supported int
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("the state file %s was written by a newer enrich (schema %d; this one knows up to %d): use that version, or move the file away: the next run finds the resources again by their names and tags",
		e.Path, e.Found, e.Supported)
}

// CorruptError tells that a state file is damaged, and the way out.
type CorruptError struct {
	Path   string
	Backup string // the version before, if it can be read; else ""
	Err    error
}

func (e *CorruptError) Error() string {
	recovery := "delete it"
	if e.Backup != "" {
		recovery = fmt.Sprintf("copy %s, the version before, over it, or delete it", e.Backup)
	}
	return fmt.Sprintf("the state file %s is damaged (%v): %s: the next run finds the resources again by their names and tags", e.Path, e.Err, recovery)
}

func (e *CorruptError) Unwrap() error { return e.Err }

// decode reads a document and refuses whatever this package would not have
// written.
func decode(content []byte) (*Document, error) {
	if !utf8.Valid(content) {
		return nil, errors.New("not UTF-8")
	}
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, errors.New("empty")
	}
	// encoding/json takes the last of two members of one name, in any case.
	if err := unique(json.NewDecoder(bytes.NewReader(content))); err != nil {
		return nil, err
	}
	var version struct{ Schema int }
	if err := json.Unmarshal(content, &version); err != nil {
		return nil, err
	}
	if version.Schema > Schema {
		return nil, &SchemaError{Found: version.Schema, Supported: Schema}
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	var d Document
	if err := decoder.Decode(&d); err != nil {
		return nil, err
	}
	return &d, d.valid()
}

// unique reads one JSON value and refuses trailing data and objects that have a
// member twice.
func unique(decoder *json.Decoder) error {
	decoder.UseNumber()
	if err := uniqueValue(decoder, 0); err != nil {
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more text follows the document")
	}
	return nil
}

func uniqueValue(decoder *json.Decoder, depth int) error {
	if depth > 100 {
		return errors.New("nested too deeply")
	}
	t, err := decoder.Token()
	if err != nil {
		return err
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	var names []string
	for decoder.More() {
		if open == '{' {
			name, err := decoder.Token()
			if err != nil {
				return err
			}
			names = append(names, strings.ToLower(fmt.Sprint(name)))
		}
		if err := uniqueValue(decoder, depth+1); err != nil {
			return err
		}
	}
	slices.Sort(names)
	for i := range names[min(1, len(names)):] {
		if names[i] == names[i+1] {
			return fmt.Errorf("%q is there twice", names[i])
		}
	}
	_, err = decoder.Token()
	return err
}

func (d *Document) index(key string) int {
	return slices.IndexFunc(d.Resources, func(r Resource) bool { return r.Key == key })
}

func (d *Document) valid() error {
	for _, member := range []struct{ name, value string }{
		{"lineage", d.Lineage}, {"name", d.Name}, {"environment", d.Environment},
		{"account", d.Account}, {"region", d.Region},
	} {
		if member.value == "" {
			return fmt.Errorf("no %s", member.name)
		}
	}
	if d.Schema < 1 {
		return errors.New("no schema")
	}
	if d.Serial < 1 {
		return errors.New("no serial")
	}
	seen := map[string]bool{}
	for i, r := range d.Resources {
		if err := r.valid(); err != nil {
			return fmt.Errorf("resource %d: %w", i, err)
		}
		if seen[r.Key] {
			return fmt.Errorf("resource %s is there twice", r.Key)
		}
		seen[r.Key] = true
	}
	return nil
}

func (r Resource) valid() error {
	switch {
	case r.Key == "":
		return errors.New("no key")
	case r.Kind == "":
		return fmt.Errorf("%s has no kind", r.Key)
	case !utf8.ValidString(r.Key + r.Kind + r.Name + r.ID + r.ARN + r.Hash):
		return errors.New("not UTF-8")
	}
	switch r.Phase {
	case Creating, Created, Deleting:
		return nil
	}
	return fmt.Errorf("%s has the unknown phase %q", r.Key, r.Phase)
}
