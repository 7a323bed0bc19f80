package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"enrich/emulator"
	"enrich/listing"
	"enrich/redrive"
)

// shifted is the host's time, some time later.
type shifted struct{ by atomic.Int64 }

func (s *shifted) Now() time.Time                         { return time.Now().Add(time.Duration(s.by.Load())) }
func (s *shifted) After(d time.Duration) <-chan time.Time { return time.After(d) }

// failed puts dead letters into the bucket, and gives their identities.
func (a *account) failed(t *testing.T) (identities []string) {
	t.Helper()
	client := s3.NewFromConfig(elsewhere(t, a.endpoint), func(o *s3.Options) { o.UsePathStyle = true })
	const shard = "shardId-000000000000"
	for object := range 2 {
		var letters strings.Builder
		for i := range 3 {
			number := fmt.Sprintf("4959033827149025660855969253836157109592157598913%04d", 1000+object*10+i)
			identities = append(identities, shard+":"+number)
			fmt.Fprintf(&letters, `{"reason":"x","shard_id":"%s","sequence_number":"%s","partition_key":"k%d","data":"e30="}`+"\n", shard, number, i)
		}
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String(deployerBucket), Body: strings.NewReader(letters.String()),
			Key: aws.String("dead-letter/2026/11/25/05/" + strings.ReplaceAll(identities[object*3], ":", "-") + ".ndjson"),
		}); err != nil {
			t.Fatal(err)
		}
	}
	return identities
}

// redriven are the marks in the stream, and the objects in the bucket that are not enriched.
func (a *account) redriven(t *testing.T) (marks, keys []string) {
	t.Helper()
	sdk := elsewhere(t, a.endpoint)
	client, stream := kinesis.NewFromConfig(sdk), aws.String("data-enrichment-dev-stream")
	shards, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: stream})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range shards.Shards {
		begin, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{StreamName: stream, ShardId: one.ShardId, ShardIteratorType: "TRIM_HORIZON"})
		if err != nil {
			t.Fatal(err)
		}
		page, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: begin.ShardIterator})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			identity, _ := redrive.Mark(r.Data)
			marks = append(marks, identity)
		}
	}
	list, err := s3.NewFromConfig(sdk, func(o *s3.Options) { o.UsePathStyle, o.APIOptions = true, append(o.APIOptions, listing.AnyKey) }).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(deployerBucket)})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list.Contents {
		keys = append(keys, *o.Key)
	}
	slices.Sort(marks)
	return marks, keys
}

// A redrive that is really killed, before or after its put took effect, is taken up by
// another one when its lease is over: that one sends what is not there, and no more.
func TestRedriveAfterSIGKILL(t *testing.T) {
	withoutAccount(t)
	model := newAccount(t)
	model.well(t, "deploy")
	want := model.failed(t)
	calls := model.well(t, "redrive")
	puts := slices.DeleteFunc(slices.Clone(calls), func(call string) bool { return !strings.HasPrefix(call, "PutRecords") })
	if marks, _ := model.redriven(t); !slices.Equal(marks, want) || len(puts) != 2 {
		t.Fatalf("marks %q, %d puts", marks, len(puts))
	}
	var group errgroup.Group // most of the time is waiting for what is on its way
	for _, how := range []cut{cutBefore, cutAfter} {
		group.Go(func() error {
			t.Run(string(how), func(t *testing.T) {
				clock := new(shifted)
				a := newAccount(t, func(o *emulator.Options) { o.Clock = clock })
				a.well(t, "deploy")
				a.failed(t)
				a.kill(t, puts[0], how, "redrive")
				a.set("", "") // somebody else looks
				if marks, keys := a.redriven(t); len(marks) != map[cut]int{cutBefore: 0, cutAfter: 3}[how] || !slices.ContainsFunc(keys, func(key string) bool { return strings.HasPrefix(key, "redriven/.intents/") }) {
					t.Fatalf("%q, %q", marks, keys)
				}
				clock.by.Store(int64(8 * time.Minute))
				a.well(t, "redrive")
				marks, keys := a.redriven(t)
				if !slices.Equal(marks, want) || len(keys) != 2 || slices.ContainsFunc(keys, func(key string) bool { return !strings.HasPrefix(key, "redriven/dead-letter/") }) {
					t.Errorf("%q, %q", marks, keys)
				}
			})
			return nil
		})
	}
	_ = group.Wait() // no error: the tests report by themselves
}

// Ctrl-C in the middle of a put ends a redrive when the put is answered, and gives the
// lock back: a rerun has nothing to wait for, and sends the rest.
func TestRedriveIsInterrupted(t *testing.T) {
	withoutAccount(t)
	a := newAccount(t)
	a.well(t, "deploy")
	want := a.failed(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	next := a.next
	a.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutRecords") {
			cancel(errInterrupted)
		}
		next.ServeHTTP(w, r)
	})
	code, told := a.enrich(ctx, "redrive")
	if code != exitInterrupted || !strings.Contains(told, "hint: 3 records were sent; a rerun searches the stream for them first and sends the rest: enrich ") {
		t.Errorf("exits with %d: %s", code, told)
	}
	marks, keys := a.redriven(t)
	if !slices.Equal(marks, want[:3]) || len(keys) != 3 || slices.Contains(keys, "redriven/.lock.json") {
		t.Errorf("%q, %q", marks, keys)
	}
	began := time.Now()
	a.well(t, "redrive")
	if took := time.Since(began); took > 2*time.Minute {
		t.Errorf("it took %s", took)
	}
	if marks, keys = a.redriven(t); !slices.Equal(marks, want) || len(keys) != 2 {
		t.Errorf("%q, %q", marks, keys)
	}
}

// What an object tells is not for the terminal to obey.
func TestRedriveShowsReasons(t *testing.T) {
	withoutAccount(t)
	a := newAccount(t)
	a.well(t, "deploy")
	client := s3.NewFromConfig(elsewhere(t, a.endpoint), func(o *s3.Options) { o.UsePathStyle = true })
	for name, letter := range map[string]string{
		"1": `{"reason":"\u001b[2Jboo","shard_id":"s","sequence_number":"1","partition_key":"k","data":"e30="}`,
		"2": `{"reason":"x","shard_id":"s\u001b[2J","sequence_number":"2","partition_key":"k","data":"` + base64.StdEncoding.EncodeToString(make([]byte, 1<<20)) + `"}`,
	} {
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String(deployerBucket), Body: strings.NewReader(letter), Key: aws.String("dead-letter/2026/11/25/05/s-" + name + ".ndjson"),
		}); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	code := run(t.Context(), []string{"redrive", "--endpoint-url", a.endpoint, "--state-dir", a.directory}, streams{in: strings.NewReader(""), out: &out, err: &out}, a.archives)
	told := out.String()
	if code != exitFailed || strings.Contains(told, "\x1b") || !strings.Contains(told, `\u001b[2Jboo`) || !strings.Contains(told, `record s\u001b[2J:2 has`) {
		t.Errorf("exits with %d: %q", code, told)
	}
}

// Nothing is put where nobody takes it.
func TestRedriveNeedsTheMapping(t *testing.T) {
	withoutAccount(t)
	a := newAccount(t)
	a.well(t, "deploy")
	a.failed(t)
	client := awslambda.NewFromConfig(elsewhere(t, a.endpoint))
	mappings := func() types.EventSourceMappingConfiguration {
		all, err := client.ListEventSourceMappings(t.Context(), &awslambda.ListEventSourceMappingsInput{})
		if err != nil || len(all.EventSourceMappings) != 1 {
			t.Fatal(all, err)
		}
		return all.EventSourceMappings[0]
	}
	if _, err := client.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: mappings().UUID, Enabled: aws.Bool(false)}); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); *mappings().State != "Disabled"; time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatal("it stays " + *mappings().State)
		}
	}
	if code, told := a.enrich(t.Context(), "redrive"); code != exitFailed || !strings.Contains(told, "error: the event source mapping is Disabled") || !strings.Contains(told, "nothing was changed") {
		t.Errorf("exits with %d: %s", code, told)
	}
	if code, told := a.enrich(t.Context(), "redrive", "--dry-run"); code != exitDone || !strings.Contains(told, "warning: the event source mapping is Disabled") {
		t.Errorf("exits with %d: %s", code, told)
	}
	if marks, keys := a.redriven(t); len(marks) != 0 || len(keys) != 2 {
		t.Errorf("%q, %q", marks, keys)
	}
}
