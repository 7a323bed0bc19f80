package lambda_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"enrich/delivery"
	"enrich/emulator"
)

// trouble is a fault, and how often it must have struck.
type trouble struct {
	fault emulator.Fault
	least int64
}

// weather is everything that goes wrong in the run, and how often that must have
// been for it to be a test at all. Of S3's faults the outage comes first, so that it
// hides the others; there are enough calls before and after.
func weather() []trouble {
	return []trouble{
		{batchGetItem(emulator.FaultThrottle, 0.10), 20},
		{batchGetItem(emulator.FaultUnprocessed, 0.10), 20},
		{batchGetItem(emulator.FaultError, 0.02), 3},
		{batchGetItem(emulator.FaultReset, 0.02), 3},
		{batchGetItem(emulator.FaultKill, 0.01), 1},
		{emulator.Fault{Service: "s3", Operation: "PutObject", Kind: emulator.FaultError, Rate: 1, Skip: 150, For: 5 * time.Second}, 10},
		{putObject(emulator.FaultError, 0.05), 10},
		{putObject(emulator.FaultThrottle, 0.05), 10},
		{putObject(emulator.FaultReset, 0.02), 3},
		{putObject(emulator.FaultLost, 0.02), 3},
		{putObject(emulator.FaultKill, 0.03), 5},
		{putObject(emulator.FaultKillAfter, 0.03), 5},
		{invoke(emulator.FaultKill, 0.03), 3},
		{invoke(emulator.FaultKillAfter, 0.04), 5},
		{invoke(emulator.FaultLost, 0.04), 5},
		{invoke(emulator.FaultThrottle, 0.03), 3},
	}
}

func batchGetItem(kind emulator.FaultKind, rate float64) emulator.Fault {
	return emulator.Fault{Service: "dynamodb", Operation: "BatchGetItem", Kind: kind, Rate: rate}
}

func putObject(kind emulator.FaultKind, rate float64) emulator.Fault {
	return emulator.Fault{Service: "s3", Operation: "PutObject", Kind: kind, Rate: rate}
}

func invoke(kind emulator.FaultKind, rate float64) emulator.Fault {
	return emulator.Fault{Service: "lambda", Operation: "Invoke", Kind: kind, Rate: rate}
}

const (
	eventCount = 100_000
	shardCount = 4
	userCount  = 8_000
)

// TestNothingIsLostInAnyWeather drives events through the function, in its own
// process and over HTTP, while everything fails that can, and then reads the whole
// bucket. FAULT_SEED plays another run; it fixes the events and what each kind of
// fault strikes by the count of its calls, while the order of calls is up to the
// machine.
func TestNothingIsLostInAnyWeather(t *testing.T) {
	seed := uint64(1)
	if text := os.Getenv("FAULT_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		must(t, err)
	}
	t.Logf("FAULT_SEED=%d", seed)
	r := &run{stage: newStage(t, shardCount), clicks: newClickstream(seed, userCount), positions: map[string]int{}}
	r.audit = &audit{sent: map[string]*sent{}, items: r.clicks.items, stored: map[string]string{}}
	r.putItems(r.clicks.items)
	r.feed(eventCount * 4 / 10)
	r.clock.by.Store(0) // the next ones come an hour later: some batches hold records of both
	r.feed(eventCount * 4 / 10)
	var faults []emulator.Fault
	for _, trouble := range weather() {
		faults = append(faults, trouble.fault)
	}
	must(t, r.server.SetFaults(seed, faults...))
	r.createMapping(250)
	r.feed(eventCount - len(r.audit.sent)) // while others are delivered
	r.finish()
	for i, count := range r.server.Faults() {
		t.Logf("%-9s %-12s %-11s struck %4d of %5d calls", count.Service, count.Operation, count.Kind, count.Struck, count.Calls)
		if count.Struck < weather()[i].least {
			t.Errorf("that is less than %d", weather()[i].least)
		}
	}
	// A batch whose answer was lost may be on its way again; in calm weather it
	// comes to its end, and only then what is behind it is stored.
	must(t, r.server.SetFaults(seed))
	r.finish()
	r.readBucket()
	r.judge()
}

// run is one run of the test.
type run struct {
	*stage
	clicks    *clickstream
	audit     *audit
	positions map[string]int // by shard: how many events it got
}

// feed puts so many events into the stream.
func (r *run) feed(events int) {
	for events > 0 {
		var shipments []shipment
		for len(shipments) < 500 && events > 0 {
			s := r.clicks.next(events)
			shipments = append(shipments, s)
			events -= len(s.parts)
		}
		r.put(shipments, "")
	}
}

// put puts records, all into the shard with an explicit hash key unless that is
// empty, and takes down what became of them.
func (r *run) put(shipments []shipment, hash string) {
	t := r.t
	in := &kinesis.PutRecordsInput{StreamName: aws.String("events")}
	for _, s := range shipments {
		entry := kinesistypes.PutRecordsRequestEntry{Data: []byte(s.data), PartitionKey: &s.parts[0].partitionKey}
		if hash != "" {
			entry.ExplicitHashKey = &hash
		}
		in.Records = append(in.Records, entry)
	}
	from := r.clock.Now()
	out, err := r.kinesis.PutRecords(t.Context(), in)
	must(t, err)
	to := r.clock.Now()
	for i, s := range shipments {
		shard, sequence := *out.Records[i].ShardId, *out.Records[i].SequenceNumber
		for sub, d := range s.parts {
			id := shard + ":" + sequence
			if !s.alone {
				id = fmt.Sprintf("%s:%d", id, sub)
			}
			r.audit.sent[id] = &sent{datum: d, id: id, sequence: sequence, position: r.positions[shard], from: from, to: to}
			r.positions[shard]++
		}
	}
}

// finish puts one more event into each shard and waits until all of them are stored.
func (r *run) finish() {
	t := r.t
	list, err := r.kinesis.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: aws.String("events")})
	must(t, err)
	before := len(r.audit.sent)
	for _, shard := range list.Shards {
		d := datum{partitionKey: "last", before: `{"last":true`, end: "}"}
		d.data = d.before + d.end
		r.put([]shipment{{data: d.data, parts: []datum{d}, alone: true}}, *shard.HashKeyRange.StartingHashKey)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Minute, fmt.Errorf("it takes too long, after %d events", before))
	defer cancel()
	for id, s := range r.audit.sent {
		if s.partitionKey != "last" {
			continue
		}
		_, err := delivery.Await(ctx, r.s3, delivery.Place{Bucket: bucketName, Prefix: enrichedData}, id[:len(id)-len(s.sequence)-1], s.sequence, s.from, 100*time.Millisecond)
		must(t, err)
	}
}

// readBucket audits every version of every object.
func (r *run) readBucket() {
	t := r.t
	var group errgroup.Group
	group.SetLimit(4)
	versions := 0
	pages := s3.NewListObjectVersionsPaginator(r.s3, &s3.ListObjectVersionsInput{Bucket: aws.String(bucketName)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		must(t, err)
		if len(page.DeleteMarkers) > 0 {
			t.Errorf("%s was deleted", *page.DeleteMarkers[0].Key)
		}
		for _, version := range page.Versions {
			versions++
			group.Go(func() error {
				out, err := r.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucketName), Key: version.Key, VersionId: version.VersionId})
				if err != nil {
					return err
				}
				body, err := io.ReadAll(out.Body)
				if err == nil {
					err = out.Body.Close()
				}
				r.audit.object(*version.Key, body, *version.IsLatest)
				return err
			})
		}
	}
	must(t, group.Wait())
	t.Logf("%d versions with %d lines for %d events", versions, r.audit.lines, len(r.audit.sent))
}

// judge tells what is wrong, and what the function went through.
func (r *run) judge() {
	t := r.t
	problems := r.audit.verdict()
	for i, problem := range problems {
		if i == 20 {
			t.Errorf("and %d more", len(problems)-i)
			break
		}
		t.Error(problem)
	}
	poison := 0
	for _, s := range r.audit.sent {
		if s.poison {
			poison++
		}
	}
	invocations, killed, partial := r.logged("REPORT RequestId"), r.logged("signal: killed"), r.logged("retry_from")
	t.Logf("%d events, %d of them poison; %d stored, %d as dead letters", len(r.audit.sent), poison, len(r.audit.stored), r.audit.letters)
	t.Logf("%d invocations, %d processes killed, %d partial responses", invocations, killed, partial)
	if poison < eventCount/100 || partial < shardCount/2 {
		t.Errorf("that is too little of %d poison events and %d partial responses", poison, partial)
	}
}
