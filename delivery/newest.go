package delivery

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// newestOf is how many objects of an hour in one layout are looked at. Those of a shard
// come in the order of time, so ten calls have seen the end of at least one shard.
const newestOf = 10_000

// Newest is the enriched object that was stored last.
type Newest struct {
	Object
	Partly bool // there are more than were looked at: the last one may be newer
}

// FindNewest looks for the object that was stored last, in the hours that records may
// arrive in now, or else in the latest hour that there is. It is false when there is
// none. The number of calls has a bound, however much is stored.
func FindNewest(ctx context.Context, client *s3.Client, p Place) (Newest, bool, error) {
	now := time.Now()
	var begins []string
	for hour := range hours(now.Add(-time.Hour), now.Add(skew)) {
		begins = append(begins, hourPrefixes(p.Prefix, hour)...)
	}
	newest, err := newestUnder(ctx, client, p, begins, newestOf)
	if err != nil || newest.Key != "" {
		return newest, newest.Key != "", err
	}
	latest, err := latestHours(ctx, client, p)
	if err != nil {
		return Newest{}, false, err
	}
	newest, err = newestUnder(ctx, client, p, latest, newestOf)
	return newest, newest.Key != "", err
}

// newestUnder is the newest of the objects whose keys begin so, at most so many of each.
func newestUnder(ctx context.Context, client *s3.Client, p Place, begins []string, most int) (Newest, error) {
	found, failed := make([]Newest, len(begins)), make([]error, len(begins))
	var group sync.WaitGroup
	for i, begin := range begins {
		group.Go(func() {
			n := 0
			list(ctx, client, p, p.Prefix, begin, func(o Object, err error) bool {
				if failed[i] = err; err != nil {
					return false
				}
				if o.StoredAt.After(found[i].StoredAt) {
					found[i].Object = o
				}
				n++
				found[i].Partly = n == most
				return !found[i].Partly
			})
		})
	}
	group.Wait()
	if err := join(failed...); err != nil {
		return Newest{}, err
	}
	var newest Newest
	partly := false
	for _, f := range found {
		partly = partly || f.Partly
		if f.StoredAt.After(newest.StoredAt) {
			newest = f
		}
	}
	newest.Partly = partly
	return newest, nil
}

// latestHours is where the latest hour's objects lie, in each layout.
func latestHours(ctx context.Context, client *s3.Client, p Place) ([]string, error) {
	layouts := hourFolders()
	found, failed := make([]string, len(layouts)), make([]error, len(layouts))
	var group sync.WaitGroup
	for i, layout := range layouts {
		group.Go(func() { found[i], failed[i] = latestFolder(ctx, client, p, layout) })
	}
	group.Wait()
	var latest []string
	for _, begin := range found {
		if begin != "" {
			latest = append(latest, begin)
		}
	}
	return latest, join(failed...)
}

// latestFolder goes down to the latest year's latest month's latest day's latest hour.
// Folders of no time are left out. What is in the future counts too: somebody has set
// a clock wrong, and that is where the objects are.
func latestFolder(ctx context.Context, client *s3.Client, p Place, layout string) (string, error) {
	begin, path := p.Prefix, ""
	for level := range strings.SplitAfterSeq(strings.TrimSuffix(layout, "/"), "/") {
		path += strings.TrimSuffix(level, "/") + "/"
		latest := ""
		pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{
			Bucket: &p.Bucket, Prefix: &begin, Delimiter: aws.String("/"), ExpectedBucketOwner: p.owner(),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return "", fmt.Errorf("listing s3://%s/%s: %w", p.Bucket, begin, err)
			}
			for _, folder := range page.CommonPrefixes {
				name := aws.ToString(folder.Prefix)
				if _, err := time.Parse(path, strings.TrimPrefix(name, p.Prefix)); err == nil {
					latest = max(latest, name)
				}
			}
		}
		if latest == "" {
			return "", nil
		}
		begin = latest
	}
	return begin, nil
}
