package delivery

import (
	"bufio"
	"bytes"
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
	"github.com/klauspost/compress/gzip"

	"enrich/line"
)

// DeadLetters is the prefix of what can never be enriched. It is not configurable.
const DeadLetters = "dead-letter/"

// maxLine is how long a line may be: a dead letter holds a record of up to 10 MiB
// in base64.
const maxLine = 16 << 20

// Object is one object that the function stored: what came of one batch for one
// hour.
type Object struct {
	Key            string
	Hour           time.Time // the UTC hour in which its records arrived
	ShardID        string
	SequenceNumber string // of its first record
	DeadLetter     bool
	Size           int64 // bytes
	StoredAt       time.Time
	ETag           string
}

// ParseKey reads what an object's key tells: <prefix>YYYY/MM/DD/HH/<shard ID>-
// <sequence number>.ndjson.gz. It is false for a key that is not of this form.
func ParseKey(prefix, key string) (Object, bool) {
	rest, ours := strings.CutPrefix(key, prefix)
	name, suffixed := strings.CutSuffix(rest, ".ndjson.gz")
	if !ours || !suffixed || len(name) <= len(hourLayout) {
		return Object{}, false
	}
	hour, err := time.Parse(hourLayout, name[:len(hourLayout)])
	if err != nil {
		return Object{}, false
	}
	shard, sequence := name[len(hourLayout):], ""
	if at := strings.LastIndexByte(shard, '-'); at > 0 {
		shard, sequence = shard[:at], shard[at+1:]
	}
	if !decimal(sequence) || strings.ContainsRune(shard, '/') {
		return Object{}, false
	}
	return Object{Key: key, Hour: hour, ShardID: shard, SequenceNumber: sequence, DeadLetter: prefix == DeadLetters}, true
}

const hourLayout = "2006/01/02/15/"

// HourPrefix is what the keys of one hour begin with.
func HourPrefix(prefix string, hour time.Time) string {
	return prefix + hour.UTC().Format(hourLayout)
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

// List gives the objects of one hour in the order of their keys; prefix is that
// of enriched objects or DeadLetters, and shardID limits them to one shard unless
// it is empty. Objects with other names are left out. An error is the last thing
// that it gives.
func List(ctx context.Context, client *s3.Client, p Place, prefix string, hour time.Time, shardID string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		begin := HourPrefix(prefix, hour)
		if shardID != "" {
			begin += shardID + "-"
		}
		pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{
			Bucket: &p.Bucket, Prefix: &begin, ExpectedBucketOwner: p.owner(),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(Object{}, fmt.Errorf("listing s3://%s/%s: %w", p.Bucket, begin, err))
				return
			}
			for _, found := range page.Contents {
				o, ours := ParseKey(prefix, aws.ToString(found.Key))
				if !ours {
					continue
				}
				o.Size, o.StoredAt, o.ETag = aws.ToInt64(found.Size), aws.ToTime(found.LastModified), aws.ToString(found.ETag)
				if !yield(o, nil) {
					return
				}
			}
		}
	}
}

// ErrGone tells that an object is not there, or no longer.
var ErrGone = errors.New("no such object")

// Lines gives the lines of an object, each valid until the next, without holding
// more than one of them. An error, ErrGone among them, is the last thing that it
// gives.
func Lines(ctx context.Context, client *s3.Client, p Place, key string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		fail := func(err error) {
			yield(nil, fmt.Errorf("reading s3://%s/%s: %w", p.Bucket, key, err))
		}
		out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &p.Bucket, Key: &key, ExpectedBucketOwner: p.owner()})
		var missing *types.NoSuchKey
		if errors.As(err, &missing) {
			err = fmt.Errorf("%w: %w", ErrGone, err)
		}
		if err != nil {
			fail(err)
			return
		}
		defer func() { _ = out.Body.Close() }() // only read from
		text, err := plain(out.Body)
		if err != nil {
			fail(err)
			return
		}
		for lines := line.NewReader(text, maxLine); ; {
			l, err := lines.Next()
			switch {
			case errors.Is(err, io.EOF):
				return
			case err != nil:
				fail(err)
				return
			case l.Long:
				fail(fmt.Errorf("line %d is longer than 16 MiB", l.Number))
				return
			}
			if !yield(l.Bytes, nil) {
				return
			}
		}
	}
}

// plain takes compression away, if there is any: an HTTP client in between may
// have done so already.
func plain(body io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(body)
	magic, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return buffered, nil
	}
	return gzip.NewReader(buffered)
}
