package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

// stream is a Kinesis stream that refuses what it is told to refuse.
type stream struct {
	t      *testing.T
	refuse func(request, record int) string // an error code; "" stores
	fail   func(request int) error
	before func(ctx context.Context, request int)

	mu       sync.Mutex
	requests int
	sizes    []int
	stored   []types.PutRecordsRequestEntry
}

func (s *stream) PutRecords(ctx context.Context, in *kinesis.PutRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	s.mu.Lock()
	request := s.requests
	s.requests++
	s.mu.Unlock()
	if s.before != nil {
		s.before(ctx, request)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes = append(s.sizes, len(in.Records))
	total := 0
	for _, r := range in.Records {
		size := len(r.Data) + len(*r.PartitionKey)
		if n := len([]rune(*r.PartitionKey)); n < 1 || n > 256 || size > 1<<20 || len(r.Data) == 0 {
			s.t.Errorf("a record with %d bytes of data and a key of %d characters", len(r.Data), n)
		}
		total += size
	}
	if len(in.Records) == 0 || len(in.Records) > 500 || total > 5<<20 {
		s.t.Errorf("a request of %d records and %d bytes", len(in.Records), total)
	}
	if s.fail != nil {
		if err := s.fail(request); err != nil {
			return nil, err
		}
	}
	out := &kinesis.PutRecordsOutput{}
	for i, r := range in.Records {
		code := ""
		if s.refuse != nil {
			code = s.refuse(request, i)
		}
		if code != "" {
			out.Records = append(out.Records, types.PutRecordsResultEntry{ErrorCode: &code, ErrorMessage: aws.String("told to")})
			continue
		}
		s.stored = append(s.stored, types.PutRecordsRequestEntry{Data: bytes.Clone(r.Data), PartitionKey: r.PartitionKey})
		out.Records = append(out.Records, types.PutRecordsResultEntry{
			SequenceNumber: aws.String(fmt.Sprint(len(s.stored))), ShardId: aws.String("shardId-000000000000"),
		})
	}
	return out, nil
}

func (s *stream) data() []string {
	var all []string
	for _, r := range s.stored {
		all = append(all, string(r.Data))
	}
	return all
}

func TestSendKeepsBytes(t *testing.T) {
	lines := []string{
		`{"user_id":"a",  "n": 12345678901234567890.10 }`,
		"  {\"user_id\":\"b\",\"e\":\"\\u00e9\\ud800\"}\t",
		`{"user_id":"c","user_id":"d"}`,
		`{}`,
	}
	s := &stream{t: t}
	report, err := send(t.Context(), s, strings.NewReader("\xef\xbb\xbf"+strings.Join(lines, "\r\n")+"\n\n  \n"), Options{Stream: "s", Key: "user_id"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lines, s.data()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Report{Sent: 4, Rejected: []Rejection{}, Through: 6}, report); diff != "" {
		t.Error(diff)
	}
}

func TestSendRejects(t *testing.T) {
	tests := []struct{ name, line, reason string }{
		{"broken", `{"a":`, "not valid JSON: unexpected end of JSON input"},
		{"two values", `{} {}`, "not valid JSON: invalid character '{' after top-level value"},
		{"list", `[1]`, "not a JSON object"},
		{"null", `null`, "not a JSON object"},
		{"text", `"a"`, "not a JSON object"},
		{"UTF-8", "{\"a\":\"\xff\"}", "not valid UTF-8"},
		{"mark", "\xef\xbb\xbf{}", "not valid JSON: invalid character 'ï' looking for beginning of value"},
		{"long", `{"a":"` + strings.Repeat("x", 1<<20) + `"}`, tooLong},
		{"long by its key", `{"user_id":"` + strings.Repeat("k", 200) + `","a":"` + strings.Repeat("x", 1<<20-300) + `"}` + strings.Repeat(" ", 80), tooLong},
	}
	var in bytes.Buffer
	var want []Rejection
	for i, test := range tests {
		fmt.Fprintf(&in, "{\"user_id\":\"u%d\"}\n%s\n", i, test.line)
		want = append(want, Rejection{Line: 2*i + 2, Reason: test.reason})
	}
	s := &stream{t: t}
	report, err := send(t.Context(), s, &in, Options{Stream: "s", Key: "user_id"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Report{Sent: len(tests), Rejected: want, Through: 2 * len(tests)}, report); diff != "" {
		t.Error(diff)
	}
	if len(s.stored) != len(tests) {
		t.Errorf("%d stored", len(s.stored))
	}
}

func TestPartitionKey(t *testing.T) {
	long := strings.Repeat("ü", 257)
	tests := []struct {
		name, event, path, key string
		hashed                 bool // of the event's bytes
	}{
		{"text", `{"user_id":"u1"}`, "user_id", "u1", false},
		{"escapes", `{"user_id":"\u00fc\n"}`, "user_id", "ü\n", false},
		{"number as written", `{"user_id":1.50e3}`, "user_id", "1.50e3", false},
		{"big number", `{"user_id":-12345678901234567890}`, "user_id", "-12345678901234567890", false},
		{"path", `{"user":{"id":"u1"}}`, "user.id", "u1", false},
		{"name with dots", `{"user.id":"u1"}`, "user.id", "u1", false},
		{"path before name", `{"user.id":"u1","user":{"id":"u2"}}`, "user.id", "u2", false},
		{"path through a list", `{"user":["id"]}`, "user.id", "", true},
		{"names are exact", `{"User_ID":"u1"}`, "user_id", "", true},
		{"the last one counts", `{"user_id":"a","user_id":"b"}`, "user_id", "b", false},
		{"absent", `{}`, "user_id", "", true},
		{"null", `{"user_id":null}`, "user_id", "", true},
		{"empty", `{"user_id":""}`, "user_id", "", true},
		{"bool", `{"user_id":true}`, "user_id", "", true},
		{"object", `{"user_id":{}}`, "user_id", "", true},
		{"no field wanted", `{"":"a"}`, "", "", true},
		{"256 characters", `{"user_id":"` + long[2:] + `"}`, "user_id", long[2:], false},
		{"257 characters", `{"user_id":"` + long + `"}`, "user_id", hash([]byte(long)), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, reason := parse([]byte(test.event), Options{Key: test.path})
			if reason != "" {
				t.Fatal(reason)
			}
			want := test.key
			if test.hashed {
				want = hash([]byte(test.event))
			}
			if e.key != want || e.loose != test.hashed {
				t.Errorf("got %q, loose %v; want %q", e.key, e.loose, want)
			}
		})
	}
}

// Whatever is refused, every event is stored exactly once, events of one key in
// their order.
func TestSendThroughRefusals(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			keys := 1 + random.IntN(1+int(seed)*40)
			count := 1 + random.IntN(3000)
			rate := random.Float64() * 0.9
			var in bytes.Buffer
			var want []string
			for i := range count {
				event := fmt.Sprintf(`{"user_id":"u%d","n":%d}`, random.IntN(keys), i)
				want = append(want, event)
				in.WriteString(event + "\n")
			}
			s := &stream{t: t}
			s.refuse = func(int, int) string {
				if random.Float64() < rate {
					return []string{"ProvisionedThroughputExceededException", "InternalFailure"}[random.IntN(2)]
				}
				return ""
			}
			s.fail = func(int) error {
				if random.Float64() < rate/4 {
					return &smithy.GenericAPIError{Code: "LimitExceededException"}
				}
				return nil
			}
			var last Progress
			report, err := send(t.Context(), s, &in, Options{Stream: "s", Key: "user_id", Observe: func(p Progress) { last = p }})
			if err != nil {
				t.Fatal(err)
			}
			if report.Sent != count || last.Sent != count || report.Through != count || len(report.Ahead) != 0 {
				t.Errorf("seed %d: %d events, report %+v, progress %+v", seed, count, report, last)
			}
			checkOrder(t, s.stored)
			got := s.data()
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("seed %d: %d stored of %d, or not the same", seed, len(got), len(want))
			}
		})
	}
}

// checkOrder proves that the events of each key are stored in their order.
func checkOrder(t *testing.T, stored []types.PutRecordsRequestEntry) {
	t.Helper()
	last := make(map[string]int)
	for _, r := range stored {
		var event struct{ N int }
		if err := json.Unmarshal(r.Data, &event); err != nil {
			t.Fatal(err)
		}
		before, some := last[*r.PartitionKey]
		if some && before >= event.N {
			t.Fatalf("key %s: %d is stored after %d", *r.PartitionKey, event.N, before)
		}
		last[*r.PartitionKey] = event.N
	}
}

func TestSendBatches(t *testing.T) {
	many := func(n int, event func(i int) string) string {
		var text strings.Builder
		for i := range n {
			text.WriteString(event(i) + "\n")
		}
		return text.String()
	}
	big := strings.Repeat("x", 1<<20-100)
	tests := []struct {
		name string
		in   string
		o    Options
		most int // requests
	}{
		{"many keys", many(5000, func(i int) string { return fmt.Sprintf(`{"k":"%d"}`, i) }), Options{Key: "k"}, 11},
		{"no keys", many(5000, func(int) string { return `{}` }), Options{Key: "k"}, 11},
		{"one key", many(50, func(i int) string { return fmt.Sprintf(`{"k":"a","n":%d}`, i) }), Options{Key: "k"}, 50},
		{"one key, unordered", many(5000, func(i int) string { return fmt.Sprintf(`{"k":"a","n":%d}`, i) }), Options{Key: "k", Unordered: true}, 11},
		{"runs of a key", many(10_000, func(i int) string { return fmt.Sprintf(`{"k":"%d","n":%d}`, i/20, i) }), Options{Key: "k"}, 60},
		{"big", many(20, func(i int) string { return fmt.Sprintf(`{"k":"%d","x":"%s"}`, i, big) }), Options{Key: "k"}, 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &stream{t: t}
				// A request takes its time, in which the reading goes on.
				s.before = func(context.Context, int) { time.Sleep(time.Millisecond); synctest.Wait() }
				report, err := send(t.Context(), s, strings.NewReader(test.in), test.o)
				if err != nil {
					t.Fatal(err)
				}
				if want := strings.Count(test.in, "\n"); report.Sent != want || len(s.stored) != want {
					t.Errorf("%d sent, %d stored, want %d", report.Sent, len(s.stored), want)
				}
				if s.requests > test.most {
					t.Errorf("%d requests, want at most %d: %v", s.requests, test.most, s.sizes)
				}
			})
		})
	}
}

// Every line is sent as it is, rejected, or blank.
func FuzzSend(f *testing.F) {
	f.Add([]byte("{\"k\":1}\r\n\n[]\n{\"k\":{\"k\":\"a\"}}"), "k.k")
	f.Add([]byte("\xef\xbb\xbf{}\n{\"\":null}"), "")
	f.Fuzz(func(t *testing.T, in []byte, key string) {
		s := &stream{t: t}
		report, err := send(t.Context(), s, bytes.NewReader(in), Options{Stream: "s", Key: key})
		if err != nil {
			t.Fatal(err)
		}
		rejected := make(map[int]bool)
		for _, r := range report.Rejected {
			rejected[r.Line] = true
		}
		var want []string
		for i, l := range bytes.Split(bytes.TrimPrefix(in, []byte("\xef\xbb\xbf")), []byte("\n")) {
			l = bytes.TrimSuffix(l, []byte("\r"))
			if len(bytes.Trim(l, " \t\r")) > 0 && !rejected[i+1] {
				want = append(want, string(l))
			}
		}
		got := s.data()
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || report.Sent != len(want) {
			t.Fatalf("stored %q, want %q, report %+v", got, want, report)
		}
	})
}
