package state

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Path is the state file of a pipeline: <directory>/<name>-<environment>.json,
// with those of the embedded emulator in a folder of their own.
func Path(directory string, local bool, name, environment string) string {
	if local {
		directory = filepath.Join(directory, "local")
	}
	return filepath.Join(directory, name+"-"+environment+".json")
}

// errClosed is what a Store answers after Close or Discard.
var errClosed = errors.New("the state file is closed")

// Store is an open state file. It is locked against other processes and safe
// for concurrent use within this one.
type Store struct {
	path string

	mu       sync.Mutex
	lock     *lock // nil: closed
	document Document
	stored   []byte // what the file holds; nil: there is none
}

// Load reads the state file without locking it; nil where there is none. It
// sees what a writer has stored last, never half of it. Errors are as Open's,
// but for LockedError.
func Load(path string, b Binding) (*Document, error) {
	document, _, err := load(path, b.normal())
	return document, err
}

// load also gives the bytes that the document was read from.
func load(path string, b Binding) (*Document, []byte, error) {
	content, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading state: %w", err)
	}
	document, err := decode(content)
	if schema := (*SchemaError)(nil); errors.As(err, &schema) {
		schema.Path = path
		return nil, nil, schema
	}
	if err != nil {
		return nil, nil, &CorruptError{Path: path, Backup: usableBackup(path), Err: err}
	}
	if err := b.check(path, document); err != nil {
		return nil, nil, err
	}
	return document, content, nil
}

// Open locks the state file, without waiting, and reads it; where there is none
// it begins an empty one, which the first Put stores. Errors are *LockedError,
// *CorruptError, *SchemaError and *MismatchError. The caller ends with Close
// or Discard.
func Open(ctx context.Context, path string, b Binding) (*Store, error) {
	b = b.normal()
	if err := b.complete(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := makeDirectory(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("making the directory of the state file: %w", err)
	}
	held, err := acquire(path)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, lock: held}
	if err := s.begin(b); err != nil {
		return nil, errors.Join(err, held.release())
	}
	return s, nil
}

// begin reads the file under the lock and clears up after a process that died.
func (s *Store) begin(b Binding) error {
	document, stored, err := load(s.path, b)
	if err != nil {
		return err
	}
	if err := sweep(s.path); err != nil {
		return fmt.Errorf("removing what an interrupted write left: %w", err)
	}
	if document != nil {
		if err := narrow(s.path, filePermission); err != nil {
			return fmt.Errorf("restricting the state file to its owner: %w", err)
		}
		s.document, s.stored = *document, stored
		return nil
	}
	s.document = Document{
		Schema: Schema, Lineage: lineage(),
		Name: b.Name, Environment: b.Environment, Account: b.Account, Region: b.Region, Endpoint: b.Endpoint,
		Resources: []Resource{},
	}
	return nil
}

// lineage is a random UUID (version 4). Two files of one lineage are versions of
// each other.
func lineage() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // it ends the program rather than fail
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// Document is a copy of what is recorded.
func (s *Store) Document() Document {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copied(s.document)
}

func copied(d Document) Document {
	d.Resources = slices.Clone(d.Resources)
	d.Outputs = maps.Clone(d.Outputs)
	return d
}

// Get gives the recorded resource of a key.
func (s *Store) Get(key string) (Resource, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.document.index(key); i >= 0 {
		return s.document.Resources[i], true
	}
	return Resource{}, false
}

// Put records a resource in place of the one with its key, or after all others.
// It is on disk when Put returns nil. CreatedAt is kept from the first Put
// unless r has one; UpdatedAt is now.
func (s *Store) Put(r Resource) error {
	if err := r.valid(); err != nil {
		return fmt.Errorf("recording %s: %w", r.Key, err)
	}
	return s.change("recording "+r.Key, func(d *Document, now time.Time) {
		r.UpdatedAt = now
		i := d.index(r.Key)
		if i < 0 {
			if r.CreatedAt.IsZero() {
				r.CreatedAt = now
			}
			d.Resources = append(d.Resources, r)
			return
		}
		if r.CreatedAt.IsZero() {
			r.CreatedAt = d.Resources[i].CreatedAt
		}
		d.Resources[i] = r
	})
}

// Remove forgets a resource. A key that is not recorded is no error.
func (s *Store) Remove(key string) error {
	if _, recorded := s.Get(key); !recorded {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.lock == nil {
			return errClosed
		}
		return nil
	}
	return s.change("removing "+key+" from the record", func(d *Document, _ time.Time) {
		d.Resources = slices.DeleteFunc(d.Resources, func(r Resource) bool { return r.Key == key })
	})
}

// SetOutputs replaces the recorded outputs.
func (s *Store) SetOutputs(outputs map[string]string) error {
	return s.change("recording outputs", func(d *Document, _ time.Time) { d.Outputs = maps.Clone(outputs) })
}

// change stores a changed copy of the document; where that fails, the record
// stays what it was.
func (s *Store) change(what string, apply func(d *Document, now time.Time)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return fmt.Errorf("%s: %w", what, errClosed)
	}
	next := copied(s.document)
	now := time.Now().UTC().Truncate(time.Millisecond)
	apply(&next, now)
	next.Serial++
	next.WrittenAt = now
	content, err := json.MarshalIndent(next, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	content = append(content, '\n')
	if err := replace(s.path, content, s.stored); err != nil {
		return fmt.Errorf("%s: writing state: %w", what, err)
	}
	s.document, s.stored = next, content
	return nil
}

// Discard removes the state file and its backup, for when nothing that they
// record exists any more, and closes the Store.
func (s *Store) Discard() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock == nil {
		return fmt.Errorf("discarding state: %w", errClosed)
	}
	// The backup goes first: it must not outlive what it is a backup of.
	for _, path := range []string{backupOf(s.path), s.path} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("discarding state: %w", err)
		}
	}
	if err := syncDirectory(filepath.Dir(s.path)); err != nil {
		return fmt.Errorf("discarding state: %w", err)
	}
	return s.close()
}

// Close releases the lock. What was put is on disk already. Closing twice is no
// error.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.close()
}

func (s *Store) close() error {
	if s.lock == nil {
		return nil
	}
	held := s.lock
	s.lock = nil
	return held.release()
}
