package redrive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"enrich/delivery"
)

// store is the bucket.
type store struct {
	client  *s3.Client
	place   delivery.Place
	folders map[time.Time][]string // of the values by which records are sorted, by hour
}

func newStore(client *s3.Client, place delivery.Place) *store {
	return &store{client: client, place: place, folders: make(map[time.Time][]string)}
}

func (s *store) owner() *string {
	if s.place.Owner == "" {
		return nil
	}
	return &s.place.Owner
}

var (
	errThere = errors.New("it is there already")
	errOther = errors.New("it is another one by now")
)

// stored is a small object as it was read.
type stored struct {
	body     []byte
	etag     string
	modified time.Time // by the service's clock, in seconds
	now      time.Time // by the same clock
}

// get reads a small object; delivery.ErrGone if it is not there.
func (s *store) get(ctx context.Context, key string) (stored, error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.place.Bucket, Key: &key, ExpectedBucketOwner: s.owner()})
	if answered(err) == http.StatusNotFound {
		return stored{}, delivery.ErrGone
	}
	if err != nil {
		return stored{}, s.failed("reading", key, err)
	}
	defer func() { _ = out.Body.Close() }() // only read from
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return stored{}, s.failed("reading", key, err)
	}
	return stored{body: body, etag: aws.ToString(out.ETag), modified: aws.ToTime(out.LastModified), now: serverTime(out.ResultMetadata)}, nil
}

// put writes a small object: only if there is none (errThere), or over the one with an
// ETag (errOther), or in any case.
func (s *store) put(ctx context.Context, key string, body []byte, fresh bool, over string) (etag string, now time.Time, err error) {
	in := &s3.PutObjectInput{
		Bucket: &s.place.Bucket, Key: &key, Body: bytes.NewReader(body), ExpectedBucketOwner: s.owner(), ContentType: aws.String("application/json"),
	}
	if fresh {
		in.IfNoneMatch = aws.String("*")
	}
	if over != "" {
		in.IfMatch = &over
	}
	out, err := s.client.PutObject(ctx, in)
	switch code := answered(err); {
	case fresh && (code == http.StatusPreconditionFailed || code == http.StatusConflict): // of two at the same time
		return "", time.Time{}, errThere
	case over != "" && (code == http.StatusPreconditionFailed || code == http.StatusConflict || code == http.StatusNotFound):
		return "", time.Time{}, errOther
	case err != nil:
		return "", time.Time{}, s.failed("writing", key, err)
	}
	return aws.ToString(out.ETag), serverTime(out.ResultMetadata), nil
}

// has tells whether there is an object.
func (s *store) has(ctx context.Context, key string) (bool, error) {
	_, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.place.Bucket, Key: &key, ExpectedBucketOwner: s.owner()})
	if answered(err) == http.StatusNotFound {
		return false, nil
	}
	if err != nil {
		return false, s.failed("looking for", key, err)
	}
	return true, nil
}

// copyOf copies the object with an ETag; errOther if it is another one.
func (s *store) copyOf(ctx context.Context, key, etag, to string) error {
	source := url.URL{Path: s.place.Bucket + "/" + key}
	_, err := s.client.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket: &s.place.Bucket, Key: &to, CopySource: aws.String(source.EscapedPath()), CopySourceIfMatch: &etag,
		ExpectedBucketOwner: s.owner(), ExpectedSourceBucketOwner: s.owner(),
	})
	switch answered(err) {
	case http.StatusPreconditionFailed, http.StatusNotFound:
		return errOther
	}
	if err != nil {
		return s.failed("moving", key, err)
	}
	return nil
}

// remove deletes the object with an ETag, or any; errOther if it is another one. That
// there is none is well.
func (s *store) remove(ctx context.Context, key, etag string) error {
	in := &s3.DeleteObjectInput{Bucket: &s.place.Bucket, Key: &key, ExpectedBucketOwner: s.owner()}
	if etag != "" {
		in.IfMatch = &etag
	}
	_, err := s.client.DeleteObject(ctx, in)
	switch code := answered(err); {
	case code == http.StatusNotFound:
		return nil
	case etag != "" && code == http.StatusPreconditionFailed:
		// Also of an attempt whose first answer was lost, as a delete marker has no ETag.
		if there, err := s.has(ctx, key); err != nil || !there {
			return err
		}
		return errOther
	case etag != "" && code == http.StatusConflict: // it is being written just now
		return errOther
	case err != nil:
		return s.failed("deleting", key, err)
	}
	return nil
}

func (s *store) failed(doing, key string, err error) error {
	return fmt.Errorf("%s s3://%s/%s: %w", doing, s.place.Bucket, key, err)
}

// answered is the status of an answer that is an error; 0: it is none, or none came.
func answered(err error) int {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}
