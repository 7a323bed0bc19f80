package emulator

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// s3Capacity is how many bytes of objects, versions and parts the emulator
// holds in memory at most; a write beyond it is refused with 503 SlowDown.
const s3Capacity int64 = 4 << 30

// nullVersion is the version ID of objects written while versioning was off.
const nullVersion = "null"

// s3Store holds all buckets: their names are global.
type s3Store struct {
	mu      sync.RWMutex
	buckets map[string]*s3Bucket
	vacated map[string]time.Time // when the name of a deleted bucket is free
	used    atomic.Int64
	written atomic.Uint64 // versions, ever: their order
}

// s3Bucket is one bucket with its objects and subresources.
type s3Bucket struct {
	name    string
	region  string
	created time.Time
	visible time.Time     // when calls find it
	free    time.Time     // when it takes changes
	used    *atomic.Int64 // of the store
	written *atomic.Uint64

	mu       sync.RWMutex
	gone     bool // deleted while a request still held it
	settings s3Settings
	objects  map[string]*s3Object
	index    keyIndex
	uploads  map[string]*s3Upload
}

// s3Object is a key with its versions, the newest last. It always has at least
// one.
type s3Object struct {
	versions []*s3Version
}

func (o *s3Object) latest() *s3Version { return o.versions[len(o.versions)-1] }

func (o *s3Object) version(id string) *s3Version {
	for _, v := range o.versions {
		if v.id == id {
			return v
		}
	}
	return nil
}

// s3Version is one version of an object or a delete marker. It does not change
// after it was stored, but for its tags.
type s3Version struct {
	id       string
	sequence uint64 // grows with each write
	marker   bool
	body     []byte
	etag     string // with quotes
	modified time.Time
	header   http.Header // Content-Type, x-amz-meta-… as the writer gave them
	sums     checksums
	parts    int // of a multipart upload
	tags     map[string]string
}

// opaqueID gives an ID of the length and alphabet of S3's own version IDs. It
// ends in a number, which only the emulator reads.
func opaqueID(number uint64) string {
	var id [24]byte
	_, _ = rand.Read(id[:16]) // never fails: crypto/rand ends the program instead
	binary.BigEndian.PutUint64(id[16:], number)
	return base64.URLEncoding.EncodeToString(id[:])
}

// sequenceOf reads the number of an ID; false when it is none of ours.
func sequenceOf(id string) (uint64, bool) {
	raw, err := base64.URLEncoding.DecodeString(id)
	if err != nil || len(raw) != 24 {
		return 0, false
	}
	return binary.BigEndian.Uint64(raw[16:]), true
}

func newS3Store() *s3Store {
	return &s3Store{buckets: map[string]*s3Bucket{}, vacated: map[string]time.Time{}}
}

func (s *s3Store) bucket(name string) (*s3Bucket, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, ok := s.buckets[name]
	return b, ok
}

// reserve takes n bytes of the capacity; freed of it will be given back at once.
func (b *s3Bucket) reserve(n, freed int64) error {
	if b.used.Add(n) > s3Capacity+freed {
		b.used.Add(-n)
		return failf(http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate. The emulator holds at most %d bytes of objects; delete some.", s3Capacity)
	}
	return nil
}

func (b *s3Bucket) release(n int64) { b.used.Add(-n) }

// put stores a version as the newest of its key. condition, when given, sees the
// current version (nil: there is none) and may refuse the write.
func (b *s3Bucket) put(key string, version *s3Version, condition func(current *s3Version) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone {
		return noSuchBucket()
	}
	object := b.objects[key]
	if condition != nil {
		var current *s3Version
		if object != nil && !object.latest().marker {
			current = object.latest()
		}
		if err := condition(current); err != nil {
			return err
		}
	}
	replaced := int64(0)
	if object != nil && b.settings.versioning != versioningEnabled {
		if old := object.version(nullVersion); old != nil {
			replaced = int64(len(old.body))
		}
	}
	if err := b.reserve(int64(len(version.body)), replaced); err != nil {
		return err
	}
	b.add(key, version)
	return nil
}

// add appends a version, taking the place of the null version unless versioning
// is enabled.
func (b *s3Bucket) add(key string, version *s3Version) {
	object := b.objects[key]
	if object == nil {
		object = &s3Object{}
		b.objects[key] = object
		b.index.add(key)
	}
	version.sequence = b.written.Add(1)
	if b.settings.versioning == versioningEnabled {
		version.id = opaqueID(version.sequence)
	} else {
		version.id = nullVersion
		b.drop(object, nullVersion)
	}
	object.versions = append(object.versions, version)
}

// drop removes one version of an object, if it is there.
func (b *s3Bucket) drop(object *s3Object, id string) *s3Version {
	for i, v := range object.versions {
		if v.id == id {
			object.versions = append(object.versions[:i:i], object.versions[i+1:]...)
			b.release(int64(len(v.body)))
			return v
		}
	}
	return nil
}

// deletion is what a delete did.
type deletion struct {
	version string // of what was removed, or of the delete marker that was made
	marker  bool   // version is a delete marker
}

// remove deletes a key: with versioning it becomes a delete marker, also where
// the key never existed.
func (b *s3Bucket) remove(key string, now time.Time) deletion {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone {
		return deletion{}
	}
	if b.settings.versioning == "" {
		if object := b.objects[key]; object != nil {
			b.drop(object, nullVersion)
			b.forgetEmpty(key, object)
		}
		return deletion{}
	}
	marker := &s3Version{marker: true, modified: now}
	b.add(key, marker)
	return deletion{version: marker.id, marker: true}
}

// removeVersion deletes one version for good. One that does not exist is a
// success, as in S3.
func (b *s3Bucket) removeVersion(key, id string) deletion {
	b.mu.Lock()
	defer b.mu.Unlock()
	object := b.objects[key]
	if object == nil {
		return deletion{version: id}
	}
	removed := b.drop(object, id)
	b.forgetEmpty(key, object)
	return deletion{version: id, marker: removed != nil && removed.marker}
}

func (b *s3Bucket) forgetEmpty(key string, object *s3Object) {
	if len(object.versions) == 0 {
		delete(b.objects, key)
		b.index.remove()
	}
}

// get finds a version; id "" is the latest. The answer may be a delete marker.
func (b *s3Bucket) get(key, id string) (*s3Version, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	object := b.objects[key]
	switch {
	case object == nil && id == "":
		return nil, noSuchKey(key)
	case object == nil:
		return nil, noSuchVersion(key, id)
	case id == "":
		return object.latest(), nil
	}
	if version := object.version(id); version != nil {
		return version, nil
	}
	return nil, noSuchVersion(key, id)
}
