package redrive

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"enrich/delivery"
)

// Folder is the prefix of objects whose records are back in the stream, before the keys
// that they had.
const Folder = delivery.Redriven

// An intent is written before the first record of an object is put, and deleted when
// the object has been moved. One that is found tells that some of its records may be
// in the stream.
const (
	intentsFolder = Folder + ".intents/"
	intentEnding  = ".json"
)

const intentVersion = 1

type intent struct {
	Version int       `json:"version"`
	Key     string    `json:"key"`
	ETag    string    `json:"etag"`
	Began   time.Time `json:"began"` // by the service's clock
	// Stream is when the stream was created: another one of its name has none of the
	// records.
	Stream time.Time `json:"stream_created"`
	Run    string    `json:"run"`
	Host   string    `json:"host"`
	PID    int       `json:"pid"`
}

func intentKey(key string) string { return intentsFolder + key + intentEnding }

// begin writes an intent.
func (s *store) begin(ctx context.Context, i intent) error {
	body, err := json.Marshal(i)
	if err != nil {
		return err
	}
	_, _, err = s.put(ctx, intentKey(i.Key), body, false, "") // the lock keeps others away
	return err
}

// intent reads the intent of an object.
func (s *store) intent(ctx context.Context, key string) (i intent, err error) {
	found, err := s.get(ctx, intentKey(key))
	if err != nil {
		return i, s.failed("reading", intentKey(key), err)
	}
	if err := json.Unmarshal(found.body, &i); err != nil {
		return i, s.failed("reading", intentKey(key), err)
	}
	if i.Version != intentVersion {
		return i, s.failed("reading", intentKey(key), fmt.Errorf("it has the version %d, and this program knows %d: use the one that wrote it", i.Version, intentVersion))
	}
	return i, nil
}

// begun lists the keys of objects that have an intent.
func (s *store) begun(ctx context.Context) (map[string]bool, error) {
	keys := make(map[string]bool)
	err := s.list(ctx, intentsFolder, func(o found) error {
		if key, ours := strings.CutSuffix(strings.TrimPrefix(o.key, intentsFolder), intentEnding); ours {
			keys[key] = true
		}
		return nil
	})
	return keys, err
}

// found is an object as a listing shows it.
type found struct {
	key, etag string
	stored    time.Time
}

// list gives the objects of a prefix, without those that the S3 console makes for folders.
func (s *store) list(ctx context.Context, prefix string, take func(found) error) error {
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.place.Bucket, Prefix: &prefix, ExpectedBucketOwner: s.owner()})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return s.failed("listing", prefix, err)
		}
		for _, o := range page.Contents {
			if strings.HasSuffix(aws.ToString(o.Key), "/") {
				continue
			}
			if err := take(found{aws.ToString(o.Key), aws.ToString(o.ETag), aws.ToTime(o.LastModified)}); err != nil {
				return err
			}
		}
	}
	return nil
}
