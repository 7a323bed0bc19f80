package redrive

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"enrich/delivery"
	"enrich/emulator"
)

const (
	bucketName = "records"
	streamName = "s"
	shardZero  = "shardId-000000000000"
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

// errCut is a connection that breaks.
var errCut = errors.New("the connection broke")

// wire hands the requests of one machine to an emulator.
type wire struct {
	server *emulator.Server
	before func(r *http.Request, call int) (lost bool, failed error) // each call

	mu    sync.Mutex
	calls []string
}

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	call := len(w.calls)
	w.calls = append(w.calls, r.Method+" "+r.URL.Path+" "+r.Header.Get("X-Amz-Target"))
	w.mu.Unlock()
	lost, err := false, error(nil)
	if w.before != nil {
		lost, err = w.before(r, call)
	}
	if err != nil && !lost {
		return nil, err
	}
	request := r.Clone(r.Context())
	request.RequestURI = r.URL.RequestURI()
	if request.Body == nil {
		request.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	if signed, failed := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date")); r.Header.Get("X-Amz-Target") != "" && (failed != nil || time.Since(signed) > signature) {
		// As AWS does, and the emulator, which checks no signatures, does not.
		recorder.Header().Set("X-Amzn-Errortype", "InvalidSignatureException")
		recorder.WriteHeader(http.StatusBadRequest)
	} else {
		w.server.ServeHTTP(recorder, request)
	}
	if err != nil {
		return nil, err
	}
	response := recorder.Result()
	response.Request = r
	return response, nil
}

// heard are the calls that were made.
func (w *wire) heard() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

// machine is one that redrives.
type machine struct {
	*wire
	storage *s3.Client
	streams *kinesis.Client
}

func (m *machine) run(ctx context.Context, change ...func(*Options)) (Report, error) {
	o := options()
	for _, c := range change {
		c(&o)
	}
	return Run(ctx, m.storage, m.streams, o)
}

func options() Options {
	return Options{Stream: streamName, Place: delivery.Place{Bucket: bucketName, Prefix: "enriched-data/"}, DeadLetters: true, FailedBatches: true}
}

// bed is an account with a stream and a bucket.
type bed struct {
	*testing.T
	*machine
	server *emulator.Server
}

// inBubble runs a test whose time is that of a bubble.
func inBubble(t *testing.T, test func(b *bed)) {
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
		b := &bed{T: t, server: server}
		b.machine = b.another()
		if _, err := b.storage.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucketName)}); err != nil {
			t.Fatal(err)
		}
		b.stream(2)
		test(b)
	})
}

func (b *bed) stream(shards int32) {
	b.Helper()
	if _, err := b.streams.CreateStream(b.Context(), &kinesis.CreateStreamInput{StreamName: aws.String(streamName), ShardCount: &shards}); err != nil {
		b.Fatal(err)
	}
	time.Sleep(time.Second)
}

// another is one more machine.
func (b *bed) another() *machine {
	m := &machine{wire: &wire{server: b.server}}
	sdk := aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(b.server.Endpoint()), HTTPClient: m.wire,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	}
	m.storage = s3.NewFromConfig(sdk, func(o *s3.Options) { o.UsePathStyle = true })
	m.streams = kinesis.NewFromConfig(sdk)
	return m
}

func (b *bed) put(key, body string) {
	b.Helper()
	if _, err := b.storage.PutObject(b.Context(), &s3.PutObjectInput{Bucket: aws.String(bucketName), Key: &key, Body: strings.NewReader(body)}); err != nil {
		b.Fatal(err)
	}
}

func (b *bed) delete(key string) {
	b.Helper()
	if _, err := b.storage.DeleteObject(b.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucketName), Key: &key}); err != nil {
		b.Fatal(err)
	}
}

// keys are those of all objects.
func (b *bed) keys() []string {
	b.Helper()
	list, err := b.storage.ListObjectsV2(b.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucketName)})
	if err != nil {
		b.Fatal(err)
	}
	keys := []string{}
	for _, o := range list.Contents {
		keys = append(keys, *o.Key)
	}
	return keys
}

// seen is a marked record in the stream.
type seen struct{ identity, key, shard, data string }

// marks are the marked records in the stream, shard by shard in their order.
func (b *bed) marks() []seen {
	b.Helper()
	var all []seen
	shards, err := b.streams.ListShards(b.Context(), &kinesis.ListShardsInput{StreamName: aws.String(streamName)})
	if err != nil {
		b.Fatal(err)
	}
	for _, one := range shards.Shards {
		begin, err := b.streams.GetShardIterator(b.Context(), &kinesis.GetShardIteratorInput{StreamName: aws.String(streamName), ShardId: one.ShardId, ShardIteratorType: "TRIM_HORIZON"})
		if err != nil {
			b.Fatal(err)
		}
		for iterator := begin.ShardIterator; ; {
			page, err := b.streams.GetRecords(b.Context(), &kinesis.GetRecordsInput{ShardIterator: iterator})
			if err != nil {
				b.Fatal(err)
			}
			for _, r := range page.Records {
				if identity, marked := Mark(r.Data); marked {
					all = append(all, seen{identity, *r.PartitionKey, *one.ShardId, string(r.Data)})
				}
			}
			if iterator = page.NextShardIterator; iterator == nil || *page.MillisBehindLatest == 0 {
				break
			}
		}
	}
	return all
}

// numbered is a sequence number.
func numbered(n int) string { return fmt.Sprintf("%s%05d", number[:len(number)-5], n) }

func deadLetter(n, sub int, key, data string) string {
	if sub < 0 {
		return fmt.Sprintf(`{"reason":"not JSON","shard_id":%q,"sequence_number":%q,"partition_key":%q,"arrival":"x","data":%q}`+"\n",
			shardZero, numbered(n), key, base64.StdEncoding.EncodeToString([]byte(data)))
	}
	return fmt.Sprintf(`{"reason":"users: no item","shard_id":%q,"sequence_number":%q,"sub_sequence_number":%d,"partition_key":%q,"arrival":"x","data":%q}`+"\n",
		shardZero, numbered(n), sub, key, base64.StdEncoding.EncodeToString([]byte(data)))
}

// identity is that of a record of shardZero.
func identity(n int, sub ...int) string {
	id := shardZero + ":" + numbered(n)
	for _, s := range sub {
		id += fmt.Sprintf(":%d", s)
	}
	return id
}

func lettersKey(n int) string {
	return "dead-letter/1999/12/31/23/" + shardZero + "-" + numbered(n) + ".ndjson"
}

func batchKey(n int) string {
	return fmt.Sprintf("aws/lambda/8e0a/%s/2000/01/01/2000-01-01T00.00.00-%d", shardZero, n)
}

// arrived is when the records of failed batches did.
const arrived = "1999-12-31T23:30:00.000Z"

// failedBatch is one with the records that follow each other from a number on.
func failedBatch(first int, payload bool, data ...string) string {
	var events []string
	for i, d := range data {
		events = append(events, fmt.Sprintf(`{"eventID":%q,"kinesis":{"partitionKey":"k%d","sequenceNumber":%q,"data":%q,"approximateArrivalTimestamp":946683000.5}}`,
			identity(first+i), i%2, numbered(first+i), base64.StdEncoding.EncodeToString([]byte(d))))
	}
	body := fmt.Sprintf(`{"requestContext":{"condition":"RetryAttemptsExhausted","approximateInvokeCount":3},"responseContext":{"functionError":"Unhandled"},
		"KinesisBatchInfo":{"shardId":%q,"startSequenceNumber":%q,"endSequenceNumber":%q,"batchSize":%d,"approximateArrivalOfFirstRecord":%q,"approximateArrivalOfLastRecord":%q}`,
		shardZero, numbered(first), numbered(first+len(data)-1), len(data), arrived, arrived)
	if payload {
		body += `,"payload":{"Records":[` + strings.Join(events, ",") + "]}"
	}
	return body + "}"
}

// packed is an aggregate of another's making.
func packed(data ...string) string {
	field := func(number byte, text string) string { return string([]byte{number<<3 | 2, byte(len(text))}) + text }
	message := field(1, "inner")
	for _, d := range data {
		message += field(3, "\x08\x00"+field(3, d))
	}
	sum := md5.Sum([]byte(message))
	return magic + message + string(sum[:])
}

// magic is what aggregates begin with.
const magic = "\xf3\x89\x9a\xc2"

// fill puts what failed into the bucket, and gives the identities.
func (b *bed) fill() (identities []string) {
	b.Helper()
	b.put(lettersKey(1), deadLetter(1, -1, "a", "x")+deadLetter(2, -1, "b", "y")+deadLetter(3, 4, "a", `{"n":3}`))
	b.put(batchKey(10), failedBatch(10, true, `{"n":10}`, packed(`{"n":"11:0"}`, `{"n":"11:1"}`), `{"n":12}`))
	b.put(lettersKey(20), deadLetter(20, -1, "a", string(alone("older:1", "a", []byte("z")))))
	return []string{identity(1), identity(2), identity(3, 4), identity(10), identity(11), identity(12), identity(20)}
}

// once tells that each identity is in the stream once, and nothing else.
func (b *bed) once(identities []string) {
	b.Helper()
	count := map[string]int{}
	for _, m := range b.marks() {
		count[m.identity]++
	}
	want := map[string]int{}
	for _, id := range identities {
		want[id] = 1
	}
	if !maps.Equal(count, want) {
		b.Errorf("in the stream are %v, want %v", count, want)
	}
}

// moved tells that these objects are moved, and that nothing else is left of them.
func (b *bed) moved(keys ...string) {
	b.Helper()
	var want []string
	for _, key := range keys {
		want = append(want, Folder+key)
	}
	slices.Sort(want)
	if got := b.keys(); !slices.Equal(got, want) {
		b.Errorf("the bucket holds %q, want %q", got, want)
	}
}

func has(data string, part string) bool { return bytes.Contains([]byte(data), []byte(part)) }
