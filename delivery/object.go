package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"enrich/line"
	"enrich/unpack"
)

// DeadLetters is the prefix of what can never be enriched. It is not configurable.
const DeadLetters = "dead-letter/"

// Redriven is the prefix, before the keys that they had, of dead letters and failed
// batches whose records were put again.
const Redriven = "redriven/"

// ofDeadLetters tells whether a prefix is one of dead letters.
func ofDeadLetters(prefix string) bool {
	return prefix == DeadLetters || prefix == Redriven+DeadLetters
}

// maxLine is how long a line may be: a dead letter holds a record of up to 10 MiB
// in base64.
const maxLine = 16 << 20

// Object is one object that the function stored: what came of one batch for one
// hour, and for one value where records are sorted by a field.
type Object struct {
	Key            string
	Hour           time.Time // the UTC hour in which its records arrived
	Folder         string    // of the value: "event_type=page_view/"; "": it is in none
	ShardID        string
	SequenceNumber string // of its first record
	DeadLetter     bool
	Size           int64 // bytes
	StoredAt       time.Time
	ETag           string
}

// ParseKey reads what an object's key tells: the prefix, the hour's folders, the
// value's folder where there is one, <shard ID>-<sequence number>, and the ending of
// its compression. It is false for a key that is not of this form.
func ParseKey(prefix, key string) (Object, bool) {
	rest, ours := strings.CutPrefix(key, prefix)
	hour, name, dated := cutHour(rest)
	name, ending := cutEnding(name)
	if !ours || !dated || ending == "" {
		return Object{}, false
	}
	folder := ""
	if at := strings.IndexByte(name, '/') + 1; at > 0 {
		folder, name = name[:at], name[at:]
	}
	shard, sequence := name, ""
	if at := strings.LastIndexByte(name, '-'); at > 0 {
		shard, sequence = name[:at], name[at+1:]
	}
	if !decimal(sequence) || strings.ContainsRune(shard, '/') || folder != "" && !strings.ContainsRune(folder, '=') {
		return Object{}, false
	}
	return Object{Key: key, Hour: hour, Folder: folder, ShardID: shard, SequenceNumber: sequence, DeadLetter: ofDeadLetters(prefix)}, true
}

// hourFolders are the layouts of an hour's folders.
func hourFolders() []string {
	return []string{"2006/01/02/15/", "year=2006/month=01/day=02/hour=15/"}
}

// cutHour takes the hour's folders away from the beginning of a name.
func cutHour(name string) (hour time.Time, rest string, found bool) {
	for _, folders := range hourFolders() {
		if len(name) > len(folders) {
			if hour, err := time.Parse(folders, name[:len(folders)]); err == nil {
				return hour, name[len(folders):], true
			}
		}
	}
	return time.Time{}, name, false
}

// cutEnding takes the ending away from a name; "": it has none of ours.
func cutEnding(name string) (rest, ending string) {
	for _, ending := range []string{".ndjson.gz", ".ndjson.zst", ".ndjson"} {
		if rest, found := strings.CutSuffix(name, ending); found {
			return rest, ending
		}
	}
	return name, ""
}

// hourPrefixes are what the keys of one hour begin with: in the layout of today, and
// in that of objects which were stored before it was changed. Dead letters have but
// one.
func hourPrefixes(prefix string, hour time.Time) []string {
	var prefixes []string
	for _, folders := range hourFolders() {
		prefixes = append(prefixes, prefix+hour.UTC().Format(folders))
	}
	if ofDeadLetters(prefix) {
		return prefixes[:1]
	}
	return prefixes
}

// CompareSequence orders sequence numbers, which have up to 56 digits and are
// compared as numbers.
func CompareSequence(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func decimal(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// List gives the objects of one hour, whatever their compression and the layout of
// its folders, of each layout in the order of their keys. prefix is that of enriched
// objects, DeadLetters, or that behind Redriven. A shardID that is not empty limits them to one shard, and
// enriched ones to p.Folder. Objects with other names are left out. An error is the
// last thing that it gives.
func List(ctx context.Context, client *s3.Client, p Place, prefix string, hour time.Time, shardID string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		for _, begin := range hourPrefixes(prefix, hour) {
			if shardID != "" && !ofDeadLetters(prefix) {
				begin += p.Folder
			}
			if shardID != "" {
				begin += shardID + "-"
			}
			if !list(ctx, client, p, prefix, begin, yield) {
				return
			}
		}
	}
}

// list gives the objects whose keys begin so; false: no more of them is wanted.
func list(ctx context.Context, client *s3.Client, p Place, prefix, begin string, yield func(Object, error) bool) bool {
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{
		Bucket: &p.Bucket, Prefix: &begin, ExpectedBucketOwner: p.owner(),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			yield(Object{}, fmt.Errorf("listing s3://%s/%s: %w", p.Bucket, begin, err))
			return false
		}
		for _, found := range page.Contents {
			o, ours := ParseKey(prefix, aws.ToString(found.Key))
			if !ours {
				continue
			}
			o.Size, o.StoredAt, o.ETag = aws.ToInt64(found.Size), aws.ToTime(found.LastModified), aws.ToString(found.ETag)
			if !yield(o, nil) {
				return false
			}
		}
	}
	return true
}

// ErrGone tells that an object is not there, or no longer.
var ErrGone = errors.New("no such object")

// Lines gives the lines of an object, each valid until the next, without holding
// more than one of them. An error, ErrGone among them, is the last thing that it
// gives.
func Lines(ctx context.Context, client *s3.Client, p Place, key string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		text, err := open(ctx, client, p, key)
		if err != nil {
			yield(nil, unread(p, key, err))
			return
		}
		defer func() { _ = text.Close() }() // only read from
		split(text, p, key, yield)
	}
}

// open begins to read an object without its compression.
func open(ctx context.Context, client *s3.Client, p Place, key string) (io.ReadCloser, error) {
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &p.Bucket, Key: &key, ExpectedBucketOwner: p.owner()})
	var missing *types.NoSuchKey
	if errors.As(err, &missing) {
		err = fmt.Errorf("%w: %w", ErrGone, err)
	}
	if err != nil {
		return nil, err
	}
	text, err := unpack.Reader(out.Body, 8<<20) // an HTTP client in between may have unpacked it already
	if err != nil {
		_ = out.Body.Close() // only read from
		return nil, err
	}
	return opened{text, out.Body}, nil
}

// opened is a body without its compression.
type opened struct {
	io.ReadCloser
	body io.Closer
}

func (o opened) Close() error { return errors.Join(o.ReadCloser.Close(), o.body.Close()) }

// split gives the lines of an object's text.
func split(text io.Reader, p Place, key string, yield func([]byte, error) bool) {
	for lines := line.NewReader(text, maxLine); ; {
		l, err := lines.Next()
		switch {
		case errors.Is(err, io.EOF):
			return
		case err == nil && l.Long:
			err = fmt.Errorf("line %d is longer than 16 MiB", l.Number)
		}
		if err != nil {
			yield(nil, unread(p, key, err))
			return
		}
		if !yield(l.Bytes, nil) {
			return
		}
	}
}

func unread(p Place, key string, err error) error {
	return fmt.Errorf("reading s3://%s/%s: %w", p.Bucket, key, err)
}
