package pipeline

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"enrich/engine"
)

// parallelDeletes is how many calls of up to 1,000 versions are under way at
// once. S3 takes 3,500 deletions a second of a prefix before it slows down.
const parallelDeletes = 8

// countedPages bounds how long Contents counts, at 1,000 versions or 1 MB of items
// a page.
const countedPages = 10

// Contents counts object versions and their bytes, up to some thousand.
func (b *deliveryBucket) Contents(ctx context.Context) (_ string, err error) {
	defer b.explain("listing", &err)
	versions, bytes := 0, int64(0)
	pages := s3.NewListObjectVersionsPaginator(b.client, &s3.ListObjectVersionsInput{Bucket: &b.name, ExpectedBucketOwner: &b.account})
	for range countedPages {
		if !pages.HasMorePages() {
			break
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		versions += len(page.Versions)
		for _, version := range page.Versions {
			bytes += aws.ToInt64(version.Size)
		}
	}
	switch {
	case pages.HasMorePages():
		return fmt.Sprintf("more than %d object versions, %d bytes", versions, bytes), nil
	case versions == 0:
		return "empty", nil
	case versions == 1:
		return fmt.Sprintf("1 object, %d bytes", bytes), nil
	}
	return fmt.Sprintf("%d object versions, %d bytes", versions, bytes), nil
}

// empty removes every version, delete marker and unfinished upload. What is
// written meanwhile may stay: the caller looks again.
func (b *deliveryBucket) empty(ctx context.Context, progress engine.Progress) error {
	if err := b.abortUploads(ctx, progress); err != nil {
		return fmt.Errorf("unfinished uploads: %w", err)
	}
	if err := b.deleteVersions(ctx, progress); err != nil {
		return fmt.Errorf("objects: %w", err)
	}
	return nil
}

// deleteVersions works in rounds: some pages are listed, then deleted at the same
// time. A listing that goes on from a version which a deletion has taken away
// ends early at some endpoints, so each round begins at the beginning.
func (b *deliveryBucket) deleteVersions(ctx context.Context, progress engine.Progress) error {
	deleted := 0
	for {
		pages, err := b.listVersions(ctx)
		if err != nil || len(pages) == 0 {
			return err
		}
		group, groupContext := errgroup.WithContext(ctx)
		for _, objects := range pages {
			deleted += len(objects)
			group.Go(func() error { return b.deleteObjects(groupContext, objects) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		progress.Status(fmt.Sprintf("deleted %d object versions", deleted))
	}
}

// listVersions lists as many pages as are deleted at the same time.
func (b *deliveryBucket) listVersions(ctx context.Context) ([][]types.ObjectIdentifier, error) {
	var list [][]types.ObjectIdentifier
	pages := s3.NewListObjectVersionsPaginator(b.client, &s3.ListObjectVersionsInput{Bucket: &b.name, ExpectedBucketOwner: &b.account})
	for pages.HasMorePages() && len(list) < parallelDeletes {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		if objects := versionsOf(page); len(objects) > 0 {
			list = append(list, objects)
		}
	}
	return list, nil
}

func versionsOf(page *s3.ListObjectVersionsOutput) []types.ObjectIdentifier {
	objects := make([]types.ObjectIdentifier, 0, len(page.Versions)+len(page.DeleteMarkers))
	for _, version := range page.Versions {
		objects = append(objects, types.ObjectIdentifier{Key: version.Key, VersionId: version.VersionId})
	}
	for _, marker := range page.DeleteMarkers {
		objects = append(objects, types.ObjectIdentifier{Key: marker.Key, VersionId: marker.VersionId})
	}
	return objects
}

// deleteObjects fails when one of the objects could not be deleted: S3 answers
// with success and lists what went wrong.
func (b *deliveryBucket) deleteObjects(ctx context.Context, objects []types.ObjectIdentifier) error {
	var inXML []types.ObjectIdentifier
	for _, o := range objects {
		if !strings.ContainsFunc(aws.ToString(o.Key), notXML) {
			inXML = append(inXML, o)
		} else if err := b.deleteObject(ctx, o); err != nil {
			return fmt.Errorf("%q: %w", aws.ToString(o.Key), err)
		}
	}
	if len(inXML) == 0 {
		return nil
	}
	answer, err := b.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
		Bucket: &b.name, ExpectedBucketOwner: &b.account,
		Delete: &types.Delete{Objects: inXML, Quiet: aws.Bool(true)},
	})
	if err != nil {
		return err
	}
	if len(answer.Errors) == 0 {
		return nil
	}
	first := answer.Errors[0]
	return fmt.Errorf("%d of %d were not deleted, the first of them %s: %w", len(answer.Errors), len(inXML),
		aws.ToString(first.Key), &smithy.GenericAPIError{Code: aws.ToString(first.Code), Message: aws.ToString(first.Message)})
}

// notXML tells whether XML 1.0 has no way to write a character. The SDK writes U+FFFD in
// its place, of which S3 says that it is deleted.
func notXML(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
}

// deleteObject names it in the URL.
func (b *deliveryBucket) deleteObject(ctx context.Context, o types.ObjectIdentifier) error {
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{
		Bucket: &b.name, ExpectedBucketOwner: &b.account, Key: o.Key, VersionId: o.VersionId,
	})
	return err
}

func (b *deliveryBucket) abortUploads(ctx context.Context, progress engine.Progress) error {
	aborted := 0
	for {
		page, err := b.client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &b.name, ExpectedBucketOwner: &b.account})
		if err != nil || len(page.Uploads) == 0 {
			return err
		}
		group, groupContext := errgroup.WithContext(ctx)
		group.SetLimit(parallelDeletes)
		for _, upload := range page.Uploads {
			group.Go(func() error {
				_, err := b.client.AbortMultipartUpload(groupContext, &s3.AbortMultipartUploadInput{
					Bucket: &b.name, ExpectedBucketOwner: &b.account, Key: upload.Key, UploadId: upload.UploadId,
				})
				if err := ignore(err, "NoSuchUpload"); err != nil {
					return fmt.Errorf("%s: %w", aws.ToString(upload.Key), err)
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		aborted += len(page.Uploads)
		progress.Status(fmt.Sprintf("aborted %d unfinished uploads", aborted))
	}
}
