package lambda

import (
	"cmp"
	"fmt"
	"time"

	"enrich/enrichment"
)

// DefaultPrefix is the prefix of the keys of enriched objects.
const DefaultPrefix = "enriched-data/"

// deadLetters is the prefix of the keys of dead-letter objects. The execution
// role allows it by this name.
const deadLetters = "dead-letter/"

// Folders of an hour.
const (
	Hour = "hour" // 2026/11/23/14/
	Hive = "hive" // year=2026/month=11/day=23/hour=14/
)

const (
	hourFolders = "2006/01/02/15/"
	hiveFolders = "year=2006/month=01/day=02/hour=15/"
)

// DefaultMaxPartitions is the default of Output.MaxPartitions.
const DefaultMaxPartitions = 100

// Output is where objects lie and what they are. The zero value has all defaults.
type Output struct {
	Prefix      string // of the keys of enriched objects; default DefaultPrefix
	Compression string // Gzip, Zstd or None; default Gzip
	Partition   string // Hour or Hive; default Hour
	// PartitionBy is the path of the event's field whose value names a folder below
	// the hour's; default: there is no such folder. Dead letters have none.
	PartitionBy string
	// MaxPartitions is how many partitions, each a shard's, an hour's and a value's, one
	// invocation opens; default DefaultMaxPartitions. What can never be enriched counts
	// as a record without value. An aggregated record that comes first in its batch may
	// pass the limit.
	MaxPartitions int
}

// layout is an Output made ready.
type layout struct {
	prefix string
	time   string // the hour's folders
	field  string // that names the folder below; "": none does
	codec  codec
	most   int // partitions
}

func newLayout(o Output) (layout, error) {
	l := layout{prefix: cmp.Or(o.Prefix, DefaultPrefix), field: o.PartitionBy, most: cmp.Or(o.MaxPartitions, DefaultMaxPartitions)}
	var ok bool
	if l.time, ok = timeFolders(o.Partition); !ok {
		return l, fmt.Errorf("there is no partition %q", o.Partition)
	}
	if l.codec, ok = codecOf(o.Compression); !ok {
		return l, fmt.Errorf("there is no compression %q", o.Compression)
	}
	return l, nil
}

// timeFolders answers the folders of an hour, as a time's layout; false: there are
// none of that name.
func timeFolders(partition string) (string, bool) {
	switch partition {
	case "", Hour:
		return hourFolders, true
	case Hive:
		return hiveFolders, true
	default:
		return "", false
	}
}

// enriched names an object of enriched records by the sequence number of its first
// record: neither by the time nor by chance, so that a batch which is delivered
// again, whole or in parts, overwrites what it wrote before. All else in the name is
// of the object's records too, not of the others in the batch.
func (l *layout) enriched(p place, sequence []byte) string {
	key := hourOf(p).AppendFormat([]byte(l.prefix), l.time)
	if l.field != "" {
		key = enrichment.AppendFolder(key, l.field, []byte(p.value))
	}
	return l.file(key, p, sequence)
}

// dead names an object of dead letters in the same way.
func (l *layout) dead(p place, sequence []byte) string {
	return l.file(hourOf(p).AppendFormat([]byte(deadLetters), hourFolders), p, sequence)
}

func (l *layout) file(key []byte, p place, sequence []byte) string {
	key = append(append(append(key, p.shard...), '-'), sequence...)
	return string(append(key, l.codec.ending...))
}

func hourOf(p place) time.Time { return time.Unix(p.hour*3600, 0).UTC() }
