package pipeline

import (
	"context"
	"fmt"
	"sync/atomic"

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

func (b *deliveryBucket) deleteVersions(ctx context.Context, progress engine.Progress) error {
	group, groupContext := errgroup.WithContext(ctx)
	group.SetLimit(parallelDeletes)
	var deleted atomic.Int64
	pages := s3.NewListObjectVersionsPaginator(b.client, &s3.ListObjectVersionsInput{Bucket: &b.name, ExpectedBucketOwner: &b.account})
	for pages.HasMorePages() && groupContext.Err() == nil {
		page, err := pages.NextPage(ctx)
		if err != nil {
			// What was started ends first; its errors come from the same cause.
			_ = group.Wait()
			return err
		}
		objects := versionsOf(page)
		if len(objects) == 0 {
			continue
		}
		group.Go(func() error {
			if err := b.deleteObjects(groupContext, objects); err != nil {
				return err
			}
			progress.Status(fmt.Sprintf("deleted %d object versions", deleted.Add(int64(len(objects)))))
			return nil
		})
	}
	return group.Wait()
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
	answer, err := b.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
		Bucket: &b.name, ExpectedBucketOwner: &b.account,
		Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)},
	})
	if err != nil {
		return err
	}
	if len(answer.Errors) == 0 {
		return nil
	}
	first := answer.Errors[0]
	return fmt.Errorf("%d of %d were not deleted, the first of them %s: %w", len(answer.Errors), len(objects),
		aws.ToString(first.Key), &smithy.GenericAPIError{Code: aws.ToString(first.Code), Message: aws.ToString(first.Message)})
}

func (b *deliveryBucket) abortUploads(ctx context.Context, progress engine.Progress) error {
	group, groupContext := errgroup.WithContext(ctx)
	group.SetLimit(parallelDeletes)
	var aborted atomic.Int64
	pages := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{Bucket: &b.name, ExpectedBucketOwner: &b.account})
	for pages.HasMorePages() && groupContext.Err() == nil {
		page, err := pages.NextPage(ctx)
		if err != nil {
			_ = group.Wait()
			return err
		}
		for _, upload := range page.Uploads {
			group.Go(func() error {
				_, err := b.client.AbortMultipartUpload(groupContext, &s3.AbortMultipartUploadInput{
					Bucket: &b.name, ExpectedBucketOwner: &b.account, Key: upload.Key, UploadId: upload.UploadId,
				})
				if err := ignore(err, "NoSuchUpload"); err != nil {
					return fmt.Errorf("%s: %w", aws.ToString(upload.Key), err)
				}
				progress.Status(fmt.Sprintf("aborted %d unfinished uploads", aborted.Add(1)))
				return nil
			})
		}
	}
	return group.Wait()
}
