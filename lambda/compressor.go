package lambda

import (
	"slices"

	"github.com/klauspost/compress/gzip"
)

// parallelObjects is how many objects of a batch are compressed at the same time:
// the enriched records and the dead letters of two hours.
const parallelObjects = 4

// compressors lends a few compressors to many objects. Each takes up a megabyte,
// and a batch from a stream that has lain for long may have hundreds of hours with
// two objects each: one for every object would be more memory than a function has.
//
// An object that loses its compressor before its last line goes on with another
// gzip member (RFC 1952, section 2.2). As hours follow each other in a shard, that
// takes records that arrived hours apart and not in their order.
type compressors struct {
	idle []*gzip.Writer
	busy []*object // in the order in which they came
}

// reset takes back what an earlier batch may have left lent.
func (c *compressors) reset() {
	for _, o := range c.busy {
		c.idle = append(c.idle, o.compressor)
		o.compressor = nil
	}
	c.busy = c.busy[:0]
}

// lend sees to it that an object has a compressor.
func (c *compressors) lend(o *object) error {
	if o.compressor != nil {
		return nil
	}
	if len(c.busy) == parallelObjects {
		if err := c.takeBack(c.busy[0]); err != nil {
			return err
		}
	}
	if n := len(c.idle); n > 0 {
		o.compressor, c.idle = c.idle[n-1], c.idle[:n-1]
		o.compressor.Reset(&o.body)
	} else {
		o.compressor = gzip.NewWriter(&o.body)
	}
	c.busy = append(c.busy, o)
	return nil
}

// takeBack ends the gzip member that an object is at.
func (c *compressors) takeBack(o *object) error {
	w := o.compressor
	o.compressor = nil
	c.busy = slices.DeleteFunc(c.busy, func(other *object) bool { return other == o })
	c.idle = append(c.idle, w)
	return w.Close()
}
