package enrichment

import "fmt"

// Cache says how long what a lookup found is kept between batches. Its zero value
// keeps nothing.
type Cache struct {
	// TTL is how long an item is taken as it was found, in seconds; 0: nothing is
	// kept, neither items nor keys without one.
	TTL int `json:"ttl"`
	// MissingTTL is how long a key without item is taken to have none, in seconds.
	MissingTTL int `json:"missing_ttl"`
	// Size bounds the memory for what is kept, in MB; 0: the lookup's share of an
	// eighth of the function's memory.
	Size int `json:"size"`
	// Stale is for how many seconds after its TTL an item may still be used when
	// the table does not answer; 0: never. It is not for keys without item.
	Stale int `json:"stale"`
}

// Limits of a Cache.
const (
	maxCacheSeconds = 7 * 24 * 3600
	maxCacheSize    = 10240 // MB: the largest function's memory
)

// DefaultCache is the cache of a lookup for which nothing else is said.
func DefaultCache() Cache { return Cache{TTL: 60, MissingTTL: 5} }

// IsZero keeps a cache out of JSON in which it would say nothing: what has no
// cache there gets the default one.
func (c Cache) IsZero() bool { return c == DefaultCache() }

func (c Cache) validate(at string) error {
	for _, v := range []struct {
		name        string
		value, most int
	}{
		{"ttl", c.TTL, maxCacheSeconds}, {"missing_ttl", c.MissingTTL, maxCacheSeconds},
		{"size", c.Size, maxCacheSize}, {"stale", c.Stale, maxCacheSeconds},
	} {
		if v.value < 0 || v.value > v.most {
			return fmt.Errorf("%s.cache.%s: %d is not between 0 and %d", at, v.name, v.value, v.most)
		}
	}
	if c.TTL == 0 && c.Stale > 0 {
		return fmt.Errorf("%s.cache.stale: %d needs a ttl above 0: with 0 nothing is kept", at, c.Stale)
	}
	return nil
}
