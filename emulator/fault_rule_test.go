package emulator

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// struck makes n calls of sts GetCallerIdentity and tells which went wrong, as x.
func struck(t testing.TB, s *Server, n int) string {
	t.Helper()
	call, pattern := calls(s)["sts GetCallerIdentity"], ""
	for range n {
		if call(t.Context()) != nil {
			pattern += "x"
		} else {
			pattern += "."
		}
	}
	return pattern
}

func TestFaultStrikesByItsSeed(t *testing.T) {
	s := startServer(t, Options{})
	run := func(seed uint64) string {
		must(t, s.SetFaults(seed, Fault{Service: "sts", Kind: FaultError, Rate: 0.3}))
		return struck(t, s, 200)
	}
	first, second, third := run(7), run(7), run(8)
	if first != second || first == third {
		t.Errorf("seed 7 gave\n%s, then\n%s, seed 8\n%s", first, second, third)
	}
	if n := strings.Count(first, "x"); n < 30 || n > 90 {
		t.Errorf("%d of 200 calls went wrong at a rate of 0.3", n)
	}
	if got := s.Faults(); len(got) != 1 || got[0].Calls != 200 || got[0].Struck != int64(strings.Count(third, "x")) {
		t.Errorf("counted %+v", got)
	}
}

func TestFaultStrikesWhichAndWhen(t *testing.T) {
	for name, test := range map[string]struct {
		faults []Fault
		want   string // a minute passes after each fifth call
		struck []int64
	}{
		"none":             {nil, "..........", nil},
		"all services":     {[]Fault{always(FaultThrottle)}, "xxxxxxxxxx", []int64{10}},
		"operation":        {[]Fault{{Operation: "GetCallerIdentity", Kind: FaultError, Rate: 1}}, "xxxxxxxxxx", []int64{10}},
		"other operation":  {[]Fault{{Service: "sts", Operation: "AssumeRole", Kind: FaultError, Rate: 1}}, "..........", []int64{0}},
		"other service":    {[]Fault{{Service: "iam", Kind: FaultError, Rate: 1}}, "..........", []int64{0}},
		"skip":             {[]Fault{{Kind: FaultError, Rate: 1, Skip: 3}}, "...xxxxxxx", []int64{7}},
		"limit":            {[]Fault{{Kind: FaultError, Rate: 1, Skip: 1, Limit: 2}}, ".xx.......", []int64{2}},
		"after":            {[]Fault{{Kind: FaultError, Rate: 1, After: time.Minute}}, ".....xxxxx", []int64{5}},
		"for":              {[]Fault{{Kind: FaultError, Rate: 1, For: time.Minute}}, "xxxxx.....", []int64{5}},
		"skip, then after": {[]Fault{{Kind: FaultError, Rate: 1, Skip: 2, After: time.Minute}}, ".....xxxxx", []int64{5}},
		"skip, then for":   {[]Fault{{Kind: FaultError, Rate: 1, Skip: 6, For: time.Minute}}, "......xxxx", []int64{4}},
		"the first decides": {
			[]Fault{{Kind: FaultError, Rate: 1, Skip: 2, Limit: 3}, {Kind: FaultThrottle, Rate: 1, Limit: 6}}, "xxxxxxxxx.", []int64{3, 6},
		},
		"no function to kill": {[]Fault{always(FaultKill), always(FaultKillAfter)}, "..........", []int64{0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			clock := NewManualClock(epoch)
			s := startServer(t, Options{Clock: clock, Faults: test.faults})
			got := struck(t, s, 5)
			clock.Advance(time.Minute)
			if got += struck(t, s, 5); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			var counts []int64
			for _, c := range s.Faults() {
				counts = append(counts, c.Struck)
			}
			if !slices.Equal(counts, test.struck) {
				t.Errorf("counted %v, want %v", counts, test.struck)
			}
		})
	}
}

func TestFaultsThatCannotBeAreRefused(t *testing.T) {
	s := startServer(t, Options{})
	setFaults(t, s, always(FaultThrottle))
	bad := []Fault{
		{Kind: "flood", Rate: 1},
		{Kind: FaultError, Rate: 0},
		{Kind: FaultError, Rate: 1.5},
		{Service: "ec2", Kind: FaultError, Rate: 1},
		{Service: "s3", Operation: "BatchGetItem", Kind: FaultError, Rate: 1},
		{Service: "dynamodb", Kind: FaultDelay, Rate: 1},
		{Service: "dynamodb", Kind: FaultError, Rate: 1, Delay: time.Second},
		{Service: "kinesis", Kind: FaultUnprocessed, Rate: 1},
		{Kind: FaultError, Rate: 1, Skip: -1},
	}
	err := s.SetFaults(1, bad...)
	for i, want := range []string{
		`fault 1: the emulator does not have the kind "flood"`, "fault 2: the rate 0 is", "fault 3: the rate 1.5 is",
		`fault 4: the emulator does not have the service "ec2"`, `fault 5: the emulator does not have the operation "BatchGetItem" of service "s3"`,
		`fault 6: a delay of 0s for the kind "delay"`, `fault 7: a delay of 1s for the kind "error"`, "fault 8: only dynamodb BatchGetItem", "fault 9: a negative number",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %s", bad[i], err, want)
		}
	}
	if got := s.Faults(); len(got) != 1 || got[0].Kind != FaultThrottle {
		t.Errorf("faults are now %+v", got)
	}
	if s, err := Start(t.Context(), Options{Faults: bad}); err == nil {
		t.Errorf("%s began with them", s.Endpoint())
	}
	setFaults(t, s)
	if got := struck(t, s, 3) + fmt.Sprint(s.Faults()); got != "...[]" {
		t.Errorf("after the last fault was taken away: %s", got)
	}
}

func TestUnprocessedKeysAreLeftForAnotherCall(t *testing.T) {
	clock := NewManualClock(epoch)
	s := startServer(t, Options{Clock: clock})
	client := dynamodb.NewFromConfig(sdkConfig(s))
	tables := []string{"first", "second"}
	asked := map[string]types.KeysAndAttributes{}
	for _, table := range tables {
		createTable(t, client, table, keyAttribute{"id", types.ScalarAttributeTypeS})
		request := types.KeysAndAttributes{ProjectionExpression: aws.String("#i"), ExpressionAttributeNames: map[string]string{"#i": "id"}, ConsistentRead: aws.Bool(true)}
		for i := range 20 {
			key := item{"id": str(fmt.Sprint(i))}
			put(t, client, table, item{"id": key["id"], "rest": str("x")})
			request.Keys = append(request.Keys, key)
		}
		asked[table] = request
	}
	setFaults(t, s, Fault{Service: "dynamodb", Operation: "BatchGetItem", Kind: FaultUnprocessed, Rate: 1})
	found, rounds, left := map[string]int{}, 0, 0
	for ; len(asked) > 0; rounds++ {
		out, err := client.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: asked})
		must(t, err)
		before := len(found)
		for table, items := range out.Responses {
			for _, i := range items {
				if len(i) != 1 {
					t.Errorf("item %v", i)
				}
				found[table+i["id"].(*types.AttributeValueMemberS).Value]++
			}
		}
		if len(found) == before {
			t.Fatal("a call processed no key")
		}
		asked = out.UnprocessedKeys
		for _, request := range asked {
			left += len(request.Keys)
			if *request.ProjectionExpression != "#i" || request.ExpressionAttributeNames["#i"] != "id" || !*request.ConsistentRead {
				t.Errorf("left as %+v", request)
			}
		}
	}
	times := slices.Sorted(maps.Values(found))
	if len(times) != 40 || times[39] != 1 || rounds < 2 {
		t.Errorf("%d items came up to %d times in %d rounds", len(times), times[len(times)-1], rounds)
	}
	if got := s.Faults()[0].Struck; got < 1 || got > int64(rounds) {
		t.Errorf("counted %d in %d rounds", got, rounds)
	}
	metrics, throttled := cloudwatch.NewFromConfig(sdkConfig(s)), 0.0
	for _, table := range tables {
		throttled += sumOf(t, metrics, "AWS/DynamoDB", "ReadThrottleEvents", "TableName", table)
	}
	if throttled != float64(left) {
		t.Errorf("CloudWatch shows %v of %d keys", throttled, left)
	}
}
