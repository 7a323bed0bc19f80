package audit

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/klauspost/compress/zstd"

	"enrich/delivery"
	"enrich/emulator"
)

// nowhere is a listener that nobody reaches: the time of a bubble stands still while
// somebody waits for a network.
type nowhere struct {
	closed chan struct{}
	close  func()
}

func (n *nowhere) Accept() (net.Conn, error) { <-n.closed; return nil, net.ErrClosed }
func (n *nowhere) Close() error              { n.close(); return nil }
func (n *nowhere) Addr() net.Addr            { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// world is a stream and a bucket in an emulator whose time is that of a bubble.
type world struct {
	*testing.T
	stream  *kinesis.Client
	storage *s3.Client
	server  http.Handler
	before  func(*http.Request) // each call; nil: nothing
}

var place = delivery.Place{Bucket: "records", Prefix: "enriched-data/"}

const first = "shardId-000000000000"

func inBubble(t *testing.T, shards int32, test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		closed := make(chan struct{})
		server, err := emulator.Start(t.Context(), emulator.Options{Listener: &nowhere{closed, sync.OnceFunc(func() { close(closed) })}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := server.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		}()
		w := &world{T: t, server: server}
		sdk := aws.Config{
			Region: "us-east-1", BaseEndpoint: aws.String(server.Endpoint()), HTTPClient: w,
			Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		}
		w.stream = kinesis.NewFromConfig(sdk)
		w.storage = s3.NewFromConfig(sdk, func(o *s3.Options) { o.UsePathStyle = true })
		_, err = w.stream.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: &shards})
		w.must(err)
		_, err = w.storage.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &place.Bucket})
		w.must(err)
		test(w)
	})
}

// Do hands a request to the emulator.
func (w *world) Do(r *http.Request) (*http.Response, error) {
	if w.before != nil {
		w.before(r)
	}
	request := r.Clone(r.Context())
	request.RequestURI = r.URL.RequestURI()
	if request.Body == nil {
		request.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	w.server.ServeHTTP(recorder, request)
	response := recorder.Result()
	response.Request = r
	return response, nil
}

// shardOf reads the shard out of an iterator, which tells it in base64.
func (w *world) shardOf(r *http.Request) string {
	body, err := io.ReadAll(r.Body)
	w.must(err)
	r.Body = io.NopCloser(bytes.NewReader(body))
	var in struct{ ShardIterator string }
	w.must(json.Unmarshal(body, &in))
	text, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(in.ShardIterator, "AAAAAAAAAAE"))
	w.must(err)
	return shardName.FindString(string(text))
}

var shardName = regexp.MustCompile("shardId-[0-9]+")

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// sent is a record of the stream.
type sent struct {
	shard, number string
	hour          time.Time
}

// put puts a record.
func (w *world) put(data string) sent { return w.putAt(data, "0") }

// putAt puts a record by its hash key.
func (w *world) putAt(data, hash string) sent {
	w.Helper()
	out, err := w.stream.PutRecord(w.Context(), &kinesis.PutRecordInput{
		StreamName: aws.String("s"), Data: []byte(data), PartitionKey: aws.String("key of " + strings.Trim(data, "{}")), ExplicitHashKey: &hash,
	})
	w.must(err)
	return sent{*out.ShardId, *out.SequenceNumber, time.Now().UTC().Truncate(time.Hour)}
}

func (w *world) puts(count int) (all []sent) {
	for i := range count {
		all = append(all, w.put(fmt.Sprintf("{%d}", i)))
	}
	return all
}

// store puts an object whose ending tells its compression.
func (w *world) store(key string, lines ...string) string {
	w.Helper()
	var body bytes.Buffer
	text := strings.Join(lines, "\n") + "\n"
	switch {
	case strings.HasSuffix(key, ".gz"):
		z := gzip.NewWriter(&body)
		_, err := z.Write([]byte(text))
		w.must(err)
		w.must(z.Close())
	case strings.HasSuffix(key, ".zst"):
		z, err := zstd.NewWriter(&body)
		w.must(err)
		_, err = z.Write([]byte(text))
		w.must(err)
		w.must(z.Close())
	default:
		body.WriteString(text)
	}
	_, err := w.storage.PutObject(w.Context(), &s3.PutObjectInput{Bucket: &place.Bucket, Key: &key, Body: bytes.NewReader(body.Bytes())})
	w.must(err)
	return key
}

// Folders of an hour.
const (
	plain = "2006/01/02/15/"
	hive  = "year=2006/month=01/day=02/hour=15/"
)

// enriched stores records, as the function does.
func (w *world) enriched(records ...sent) string { return w.enrichedAt(plain, "", ".gz", records...) }

func (w *world) enrichedAt(layout, folder, ending string, records ...sent) string {
	w.Helper()
	var lines []string
	for _, r := range records {
		lines = append(lines, fmt.Sprintf(`{"a":1,"enrichment_id":"%s:%s"}`, r.shard, r.number))
	}
	return w.store(keyOf(place.Prefix, layout, folder, ending, records[0]), lines...)
}

func keyOf(prefix, layout, folder, ending string, r sent) string {
	return prefix + r.hour.Format(layout) + folder + r.shard + "-" + r.number + ".ndjson" + ending
}

// letters stores dead letters; before is "" or that of the redriven ones.
func (w *world) letters(before string, records ...sent) string {
	w.Helper()
	var lines []string
	for _, r := range records {
		lines = append(lines, fmt.Sprintf(`{"reason":"no JSON","shard_id":"%s","sequence_number":"%s","partition_key":"k","data":"e30="}`, r.shard, r.number))
	}
	return w.store(keyOf(before+"dead-letter/", plain, "", ".gz", records[0]), lines...)
}

// failed stores a failed batch, as Lambda does.
func (w *world) failed(before string, records ...sent) string {
	w.Helper()
	return w.failedWith(before, "{}", records...)
}

func (w *world) failedWith(before, data string, records ...sent) string {
	w.Helper()
	last := records[len(records)-1]
	batch := map[string]any{
		"requestContext": map[string]any{"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 1},
		"KinesisBatchInfo": map[string]any{
			"shardId": last.shard, "startSequenceNumber": records[0].number, "endSequenceNumber": last.number, "batchSize": len(records),
		},
	}
	var payload []any
	for _, r := range records {
		payload = append(payload, map[string]any{"eventID": r.shard + ":" + r.number, "kinesis": map[string]any{
			"sequenceNumber": r.number, "data": []byte(data), "partitionKey": "k", "approximateArrivalTimestamp": float64(r.hour.Unix()),
		}})
	}
	batch["payload"] = map[string]any{"Records": payload}
	body, err := json.Marshal(batch)
	w.must(err)
	return w.store(before+"aws/lambda/0000-uuid/"+last.shard+time.Now().UTC().Format("/2006/01/02/2006-01-02T15.04.05-")+records[0].number, string(body))
}

// compare audits the last hour. A batch settles within a minute and has ten records.
func (w *world) compare() *Report {
	w.Helper()
	return w.compareSince(time.Now().Add(-time.Hour))
}

func (w *world) compareSince(since time.Time) *Report {
	w.Helper()
	r, err := Compare(w.Context(), w.stream, w.storage, Query{Stream: "s", Place: place, Since: since, Settle: time.Minute, Together: 10})
	w.must(err)
	for _, s := range r.Shards {
		if sum := s.Stored + s.StoredTwice + s.DeadLettered + s.Failed + s.Redriven + s.InFlight + s.Missing; sum != s.Read {
			w.Errorf("%s: %d of %d records are accounted for: %+v", s.ID, sum, s.Read, s)
		}
	}
	if bad := len(r.Missing) + len(r.Doubles) + len(r.Unexpected); r.Complete != (bad == 0) {
		w.Errorf("complete is %v with %d named", r.Complete, bad)
	}
	return r
}

// expect wants figures of the first shard.
func (w *world) expect(what string, r *Report, want Shard) {
	w.Helper()
	want.ID = first
	if got := r.Shards[0]; got != want {
		w.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

// aggregated packs records as the Kinesis Producer Library does, all with one key.
func aggregated(data ...string) string {
	var message []byte
	field := func(dst []byte, number byte, text string) []byte {
		return append(append(dst, number<<3|2, byte(len(text))), text...)
	}
	message = field(message, 1, "packed")
	for _, d := range data {
		message = field(message, 3, string(field([]byte{1 << 3, 0}, 3, d)))
	}
	sum := md5.Sum(message)
	return "\xf3\x89\x9a\xc2" + string(message) + string(sum[:])
}
