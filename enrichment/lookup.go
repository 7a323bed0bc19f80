package enrichment

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Lookup joins events with the items of one table.
type Lookup struct {
	// Name is unique among the lookups of a pipeline.
	Name string `json:"name"`
	// Table is the table's name or ARN.
	Table string `json:"table"`
	// Key is the event's field that holds the key: a path of field names,
	// joined by dots, through nested objects. A top-level field whose name is
	// the whole path, dots included, is taken only when the path leads nowhere.
	Key string `json:"key"`
	// TableKey is the table's partition key; default: the last part of Key.
	TableKey string `json:"table_key"`
	// KeyType is the type of the table's partition key; "" is KeyString.
	KeyType KeyType `json:"key_type,omitempty"`
	// Prefix of the names of the added fields. It may be empty.
	Prefix string `json:"prefix"`
	// Fields are the item's attributes that are added to the event.
	Fields []Field `json:"fields"`
	// Missing is what is added when there is no item; default: MissingUnknown.
	Missing Missing `json:"missing"`
	// Cache keeps what was found between batches. Lookups that are read from JSON
	// without one get DefaultCache.
	Cache Cache `json:"cache,omitzero"`
}

// KeyType is the type of a table's partition key.
type KeyType string

// The types of keys, as DynamoDB has them.
const (
	KeyString KeyType = "string" // the characters of a string, the literal text of a number
	KeyNumber KeyType = "number" // a number, or a string that holds nothing but one
	KeyBinary KeyType = "binary" // a string in base64
)

// Field is an attribute that is added to events.
type Field struct {
	From string // the attribute of the item
	To   string // what follows the lookup's prefix in the event; default: From
}

// Missing is a lookup's policy for events that have no item: there is no such
// item, or the event has no usable key.
type Missing string

// The policies. A found item that lacks an attribute is treated likewise, field
// by field; under MissingDeadLetter such a field is left out.
const (
	MissingUnknown    Missing = "unknown"     // the string "Unknown"
	MissingNull       Missing = "null"        // null
	MissingOmit       Missing = "omit"        // nothing: a field that the event brings itself stays as it is
	MissingDeadLetter Missing = "dead-letter" // the event is rejected
)

// Names of the fields that every enriched event gets.
const (
	fieldStatus   = "enrichment_status"
	fieldMisses   = "enrichment_misses" // with several lookups only
	fieldEnriched = "enriched"
	fieldTime     = "processing_timestamp"
	fieldID       = "enrichment_id"
)

var tablePattern = regexp.MustCompile(`^([a-zA-Z0-9_.-]{3,255}|arn:[a-z0-9-]+:dynamodb:[a-zA-Z0-9_.:/-]+)$`)

// DefaultLookup is the lookup of users by user_id that a pipeline has when
// nothing else is said.
func DefaultLookup(table string) Lookup {
	return Lookup{
		Name:     "users",
		Table:    table,
		Key:      "user_id",
		TableKey: "user_id",
		Prefix:   "user_",
		Fields:   []Field{{From: "name"}, {From: "email"}, {From: "segment"}, {From: "location"}},
		Missing:  MissingUnknown,
		Cache:    DefaultCache(),
	}
}

// Validate reports the first thing that is wrong with lookups that are to be
// used together, and where it is.
func Validate(lookups []Lookup) error {
	if len(lookups) == 0 {
		return errors.New("at least one lookup is needed")
	}
	taken := map[string]string{fieldStatus: "", fieldMisses: "", fieldEnriched: "", fieldTime: "", fieldID: ""}
	names := map[string]bool{}
	for i, l := range lookups {
		at := fmt.Sprintf("[%d]", i)
		if l.Name != "" {
			at += fmt.Sprintf(" (%s)", l.Name)
		}
		if names[l.Name] {
			return fmt.Errorf("%s.name: another lookup has the same name", at)
		}
		names[l.Name] = true
		if err := l.validate(at, taken); err != nil {
			return err
		}
	}
	return nil
}

// validate checks one lookup and enters the names of its added fields in taken.
func (l Lookup) validate(at string, taken map[string]string) error {
	switch {
	case l.Name == "":
		return fmt.Errorf("%s.name is missing", at)
	case !tablePattern.MatchString(l.Table):
		return fmt.Errorf("%s.table: %q is no table name or ARN", at, l.Table)
	case slices.Contains(strings.Split(l.Key, "."), ""):
		return fmt.Errorf("%s.key: %q is no path of field names joined by dots", at, l.Key)
	case l.TableKey == "":
		return fmt.Errorf("%s.table_key is missing", at)
	case len(l.TableKey) > 255:
		return fmt.Errorf("%s.table_key is longer than 255 bytes", at)
	case !utf8.ValidString(l.Key + l.TableKey + l.Prefix):
		return fmt.Errorf("%s: key, table_key or prefix is not UTF-8", at)
	case len(l.Fields) == 0:
		return fmt.Errorf("%s.fields is missing: name the attributes to add", at)
	}
	switch l.Missing {
	case MissingUnknown, MissingNull, MissingOmit, MissingDeadLetter:
	default:
		return fmt.Errorf("%s.missing: %q is none of %s, %s, %s, %s", at, l.Missing,
			MissingUnknown, MissingNull, MissingOmit, MissingDeadLetter)
	}
	switch l.KeyType {
	case "", KeyString, KeyNumber, KeyBinary:
	default:
		return fmt.Errorf("%s.key_type: %q is none of %s, %s, %s", at, l.KeyType, KeyString, KeyNumber, KeyBinary)
	}
	if err := l.Cache.validate(at); err != nil {
		return err
	}
	for i, f := range l.Fields {
		if f.From == "" || !utf8.ValidString(f.From+f.To) {
			return fmt.Errorf("%s.fields[%d]: an attribute's name is missing or not UTF-8", at, i)
		}
		name := l.added(f)
		if owner, ok := taken[name]; ok {
			if owner == "" {
				return fmt.Errorf("%s.fields[%d]: every enriched event has a field %s", at, i, name)
			}
			return fmt.Errorf("%s.fields[%d]: lookup %s adds the field %s too", at, i, owner, name)
		}
		taken[name] = l.Name
	}
	return nil
}

// added is the name of the field in enriched events.
func (l Lookup) added(f Field) string {
	if f.To == "" {
		return l.Prefix + f.From
	}
	return l.Prefix + f.To
}
