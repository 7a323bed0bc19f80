package lambda

import "slices"

// parallelObjects is how many objects of a batch are compressed at the same time:
// the enriched records and the dead letters of two hours.
const parallelObjects = 4

// compressors lends a few compressors to many objects. Each takes up a megabyte or
// two, and a batch may have very many objects: by the values that sort its records,
// or by the hours when its stream has lain for long. One for every object would be
// more memory than a function has.
//
// An object that loses its compressor before its last line goes on with another
// gzip member (RFC 1952, section 2.2) or zstd frame (RFC 8878, section 3). Of 32 KiB
// of lines or more each, that makes it hardly larger.
type compressors struct {
	codec codec
	idle  []compressor
	busy  []*object // in the order in which they came
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
	} else {
		var err error
		if o.compressor, err = c.codec.make(); err != nil {
			return err
		}
	}
	o.compressor.Reset(&o.body)
	c.busy = append(c.busy, o)
	return nil
}

// takeBack ends the part of its body that an object is at.
func (c *compressors) takeBack(o *object) error {
	w := o.compressor
	o.compressor = nil
	c.busy = slices.DeleteFunc(c.busy, func(other *object) bool { return other == o })
	c.idle = append(c.idle, w)
	return w.Close()
}
