package lambda_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"enrich/lambda"
)

const benchmarkUsers = 200

// BenchmarkPipeline brings records of about 400 B from PutRecords over HTTP through
// a mapping and the function's processes into S3, in batches of 1,000. A record in
// each shard goes before, so that the processes of all shards run already.
func BenchmarkPipeline(b *testing.B) {
	for _, shards := range []int{1, 4, 10, 100} {
		b.Run(fmt.Sprintf("shards=%d", shards), func(b *testing.B) {
			s, enriched := benchmarkStage(b, shards, 1000, 1)
			var warm []kinesistypes.PutRecordsRequestEntry
			for shard := range shards {
				warm = append(warm, s.event(shard, shards, "warm"))
			}
			s.putEntries(b, warm)
			enriched(len(warm))
			b.ResetTimer()
			s.putThrough(b, shards)
			enriched(len(warm) + b.N)
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
			s.countStored(b, len(warm)+b.N)
		})
	}
}

// BenchmarkDelivery is the same for records that are all in the stream before the
// mapping is enabled, so that batches are full however many shards there are.
func BenchmarkDelivery(b *testing.B) {
	for _, shards := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("shards=%d", shards), func(b *testing.B) {
			s, enriched := benchmarkStage(b, shards, 1000, 1)
			var warm []kinesistypes.PutRecordsRequestEntry
			for shard := range shards {
				warm = append(warm, s.event(shard, shards, "warm"))
			}
			s.putEntries(b, warm)
			enriched(len(warm))
			s.enable(b, false)
			s.putThrough(b, shards)
			b.ResetTimer()
			s.enable(b, true)
			enriched(len(warm) + b.N)
		})
	}
}

func (s *stage) enable(b *testing.B, on bool) {
	list, err := s.lambda.ListEventSourceMappings(b.Context(), &awslambda.ListEventSourceMappingsInput{})
	must(b, err)
	_, err = s.lambda.UpdateEventSourceMapping(b.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: list.EventSourceMappings[0].UUID, Enabled: &on})
	must(b, err)
}

// BenchmarkPutToObject is the time from a put to the record's being readable in S3,
// one record after the other at a batching window of 0.
func BenchmarkPutToObject(b *testing.B) {
	s, enriched := benchmarkStage(b, 1, 1000, 0)
	s.putEntries(b, []kinesistypes.PutRecordsRequestEntry{s.event(0, 1, "warm")})
	enriched(1)
	took := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for i := range b.N {
		began := time.Now()
		r := s.putEntries(b, []kinesistypes.PutRecordsRequestEntry{s.event(0, 1, fmt.Sprint(i))}).Records[0]
		key := enrichedData + began.UTC().Format("2006/01/02/15/") + *r.ShardId + "-" + *r.SequenceNumber + ".ndjson.gz"
		for {
			_, err := s.s3.HeadObject(b.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucketName), Key: &key})
			if err == nil {
				break
			}
			if _, missing := errors.AsType[*s3types.NotFound](err); !missing || time.Since(began) > time.Minute {
				b.Fatalf("%s: %v", key, err) // or the hour is over
			}
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	for _, percent := range []int{50, 99} {
		at := took[min(len(took)*percent/100, len(took)-1)]
		b.ReportMetric(at.Seconds()*1000, fmt.Sprintf("p%d-ms", percent))
	}
}

// benchmarkStage is a stage with users and a mapping. What it gives waits until so
// many records are enriched.
func benchmarkStage(b *testing.B, shards int, batchSize, window int32) (s *stage, enriched func(int)) {
	s = newStage(b, int32(shards))
	s.clock.by.Store(0)
	items := map[string]map[string]dynamodbtypes.AttributeValue{}
	for user := range benchmarkUsers {
		id := fmt.Sprint("user", user)
		items[id] = map[string]dynamodbtypes.AttributeValue{}
		for _, name := range []string{"user_id", "name", "email", "segment", "location"} {
			items[id][name] = &dynamodbtypes.AttributeValueMemberS{Value: id}
		}
	}
	s.putItems(items)
	_, err := s.lambda.CreateEventSourceMapping(b.Context(), &awslambda.CreateEventSourceMappingInput{
		EventSourceArn: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/events"), FunctionName: aws.String("enrich"),
		StartingPosition: lambdatypes.EventSourcePositionTrimHorizon, BatchSize: &batchSize, MaximumBatchingWindowInSeconds: &window,
		FunctionResponseTypes: []lambdatypes.FunctionResponseType{lambdatypes.FunctionResponseTypeReportBatchItemFailures},
	})
	must(b, err)
	metrics := cloudwatch.New(cloudwatch.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(s.server.Endpoint()), Credentials: s.kinesis.Options().Credentials,
	})
	return s, func(want int) {
		for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
			got := 0
			out, err := metrics.GetMetricStatistics(b.Context(), &cloudwatch.GetMetricStatisticsInput{
				Namespace: aws.String(lambda.Namespace), MetricName: aws.String("RecordsEnriched"), Period: aws.Int32(3600),
				Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String(lambda.Dimension), Value: aws.String("enrich")}},
				StartTime:  aws.Time(time.Now().Add(-2 * time.Hour)), EndTime: aws.Time(time.Now().Add(time.Hour)),
				Statistics: []cloudwatchtypes.Statistic{cloudwatchtypes.StatisticSum},
			})
			must(b, err)
			for _, point := range out.Datapoints {
				got += int(*point.Sum)
			}
			if got >= want {
				return
			}
			if time.Now().After(deadline) {
				b.Fatalf("%d of %d records are enriched", got, want)
			}
		}
	}
}

// event is the i-th one, made for a shard of the stream.
func (s *stage) event(i, shards int, id string) kinesistypes.PutRecordsRequestEntry {
	data := fmt.Sprintf(`{"event_id":"%s-%012d","user_id":"user%d","event_type":"page_view","page":"/products/%d","referrer":"https://www.example.com/search?q=%d","user_agent":"%s"}`,
		id, i, i%benchmarkUsers, i*7919%1000, i, strings.Repeat("Mozilla/5.0 ", 20))
	// The middle of the shard's share of the 128 bits.
	hash := new(big.Int).Lsh(big.NewInt(int64(2*(i%shards)+1)), 128)
	return kinesistypes.PutRecordsRequestEntry{Data: []byte(data), PartitionKey: aws.String("k"), ExplicitHashKey: aws.String(hash.Div(hash, big.NewInt(int64(2*shards))).String())}
}

func (s *stage) putEntries(b *testing.B, entries []kinesistypes.PutRecordsRequestEntry) *kinesis.PutRecordsOutput {
	out, err := s.kinesis.PutRecords(b.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("events"), Records: entries})
	must(b, err)
	if *out.FailedRecordCount > 0 {
		b.Fatalf("%d records were refused", *out.FailedRecordCount)
	}
	return out
}

// putThrough puts b.N records by two clients at once.
func (s *stage) putThrough(b *testing.B, shards int) {
	var group errgroup.Group
	group.SetLimit(2)
	for from := 0; from < b.N; from += 500 {
		group.Go(func() error {
			var entries []kinesistypes.PutRecordsRequestEntry
			for i := from; i < min(from+500, b.N); i++ {
				entries = append(entries, s.event(i, shards, "event"))
			}
			_, err := s.kinesis.PutRecords(b.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("events"), Records: entries})
			return err
		})
	}
	must(b, group.Wait())
}

// countStored fails unless exactly so many lines are stored.
func (s *stage) countStored(b *testing.B, want int) {
	lines := 0
	pages := s3.NewListObjectsV2Paginator(s.s3, &s3.ListObjectsV2Input{Bucket: aws.String(bucketName), Prefix: aws.String(enrichedData)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(b.Context())
		must(b, err)
		for _, object := range page.Contents {
			out, err := s.s3.GetObject(b.Context(), &s3.GetObjectInput{Bucket: aws.String(bucketName), Key: object.Key})
			must(b, err)
			unpacked, err := gzip.NewReader(out.Body)
			must(b, err)
			content, err := io.ReadAll(unpacked)
			must(b, err)
			must(b, out.Body.Close())
			lines += bytes.Count(content, []byte("\n"))
		}
	}
	if lines != want {
		b.Errorf("%d records are stored, want %d", lines, want)
	}
}
