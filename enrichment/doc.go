// Package enrichment is the pure core of the pipeline: the bytes of an event and
// looked-up items in, the bytes of the enriched event out. It does no I/O and
// knows no cloud.
//
// # What is kept
//
// An enriched event is the event's own bytes with fields added before its closing
// brace. Order, spacing, escapes, duplicate and unknown fields and numbers of any
// size survive byte for byte. A field that is to be added and is there already has
// its value replaced in place; of duplicates the last one is replaced and the
// earlier ones are taken out. Names are compared after unescaping.
//
// The only other alteration: a line break between tokens becomes a space, because
// an enriched event is one line of NDJSON. (JSON allows no raw line break
// inside a string, so no value is touched.)
//
// # What is accepted
//
// One JSON object as RFC 8259 defines it, in UTF-8 without byte order mark, of at
// most MaxEvent bytes and any depth. Escaped surrogates without their partner pass,
// as the grammar allows them. Anything else is a *RejectError.
package enrichment

import "context"

// Finder finds the items of a lookup's table.
type Finder interface {
	// Find looks up keys, which are unique, not empty and at most MaxKey bytes
	// long. A key that Found lacks has no item. With an error nothing is known of
	// the keys in Found.Left, or of any key when that is empty.
	Find(ctx context.Context, lookup *Lookup, keys []string, effort Effort) (Found, error)
}

// Effort is how long a Finder goes on when it fails.
type Effort int

// The efforts, from the least to the most.
const (
	Once    Effort = iota // a single request, and one more for what it left out
	Eager                 // for as long as the context allows, but for want of throughput not at all
	Patient               // for as long as the context allows
)

// Found is what a Finder found.
type Found struct {
	Items     map[string]Item // by key
	Left      []string        // keys that were not answered, when Find failed
	Again     bool            // Find failed for want of effort: more of it can help
	Calls     int             // requests sent, repeated ones included
	Retries   int             // requests that had to be repeated, wholly or in part
	Throttles int             // requests that were refused, wholly or in part, for want of throughput
}

// Sink stores objects.
type Sink interface {
	// Store puts an object, in place of any with the same key. When it fails the
	// object may have been stored all the same.
	Store(ctx context.Context, key string, body []byte) error
}
