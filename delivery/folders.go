package delivery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Folders gives those of the values that enriched records of an hour are sorted by, in
// either layout: "event_type=page_view/". There are none where nothing sorts them.
func Folders(ctx context.Context, client *s3.Client, p Place, hour time.Time) ([]string, error) {
	var folders []string
	for _, begin := range hourPrefixes(p.Prefix, hour) {
		in := &s3.ListObjectsV2Input{Bucket: &p.Bucket, Prefix: &begin, Delimiter: aws.String("/"), ExpectedBucketOwner: p.owner()}
		for more := true; more; {
			page, err := client.ListObjectsV2(ctx, in)
			if err != nil {
				return nil, fmt.Errorf("listing s3://%s/%s: %w", p.Bucket, begin, err)
			}
			last := ""
			for _, common := range page.CommonPrefixes {
				last = max(last, aws.ToString(common.Prefix))
				if name := strings.TrimPrefix(aws.ToString(common.Prefix), begin); strings.ContainsRune(name, '=') {
					folders = append(folders, name)
				}
			}
			for _, o := range page.Contents {
				last = max(last, aws.ToString(o.Key))
			}
			more = aws.ToBool(page.IsTruncated)
			// A shard may have many objects between two folders. They differ in the digits
			// after the dash, and ':' comes after the digits.
			if o, ours := ParseKey(p.Prefix, last); ours {
				last = begin + o.ShardID + "-:"
			}
			in.StartAfter = &last
		}
	}
	slices.Sort(folders)
	return slices.Compact(folders), nil
}
