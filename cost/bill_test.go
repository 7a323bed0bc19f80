package cost

import (
	"math"
	"slices"
	"testing"
)

func table(t *testing.T) Table {
	t.Helper()
	prices, err := Prices("us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	return prices
}

// What others have published as reckoned by AWS's prices of us-east-1.
func TestPublishedExamples(t *testing.T) {
	for name, c := range map[string]struct {
		item  Item
		units float64
		want  float64
	}{
		"4 shards for 30 days":                             {ShardHour, 4 * 720, 43.20},
		"2,000 small records a second for 30 days":         {PutUnit, 5_184e6, 72.58},
		"4 shards keeping 7 days":                          {ExtendedHour, 4 * 720, 57.60},
		"an on-demand stream for a month":                  {StreamHour, 730, 29.20},
		"200 GB-months of S3 Standard":                     {Storage, 200, 4.60},
		"24 PUTs":                                          {Put, 24, 0.00012},
		"7.5 billion GB-seconds of arm64":                  {GBSecondARM, 7.5e9, 100_000.50},
		"6 billion GB-seconds of x86_64":                   {GBSecondX86, 6e9, 100_000.20},
		"15 billion requests of Lambda":                    {Request, 15e9, 3_000},
		"30 read capacity units for a month":               {ReadCapacityHour, 30 * 730, 2.847},
		"20 write capacity units for a month":              {WriteCapacityHour, 20 * 730, 9.49},
		"a million reads of DynamoDB, eventually the same": {ReadUnit, 0.5e6, 0.0625},
		"1,000 GB of logs":                                 {LogsIn, 1000, 500},
		"500 GB-months of logs":                            {LogsStorage, 500, 15},
		"an alarm on two metrics":                          {AlarmMetric, 2, 0.20},
		"10 metrics":                                       {CustomMetric, 10, 3},
		"10,000 requests of KMS":                           {KeyRequest, 10_000, 0.03},
	} {
		b := table(t).Bill(1, []Charge{{Item: c.item, Idle: c.units}})
		if math.Abs(b.Total.Idle-c.want) > 0.005*math.Min(1, c.want) {
			t.Errorf("%s: $%g, want $%g", name, b.Total.Idle, c.want)
		}
	}
}

func TestBill(t *testing.T) {
	b := table(t).Bill(2e6, []Charge{
		{Item: AlarmMetric, What: "alarms", Idle: 1},
		{Item: Put, What: "objects", Traffic: 2e6},
		{Item: AlarmMetric, What: "alarms", Idle: 2},
		{Item: CustomMetric, What: "metrics", Idle: 1, Traffic: 10},
		{Item: TableRecovery, What: "recovery", Beyond: "nobody knows"},
	})
	if len(b.Entries) != 4 || b.Entries[0].Idle != 3 || !near(b.Entries[0].IdleCost, 0.3) {
		t.Errorf("the alarms are not together: %+v", b.Entries)
	}
	want := []Line{
		{Service: "DynamoDB"},
		{Service: "S3", Added: 10, PerMillion: 5},
		{Service: "CloudWatch", Idle: 0.6, Added: 3, PerMillion: 1.5},
	}
	for i, l := range b.Lines {
		if i >= len(want) || l.Service != want[i].Service || !near(l.Idle, want[i].Idle) || !near(l.Added, want[i].Added) || !near(l.PerMillion, want[i].PerMillion) {
			t.Errorf("%+v", l)
		}
	}
	if total := b.Total; !near(total.Idle, 0.6) || !near(total.Month(), 13.6) || !near(total.PerMillion, 6.5) {
		t.Errorf("in total %+v", total)
	}
	if got := b.Unconfirmed(); !slices.Equal(got, []string{"dynamodb.recovery"}) {
		t.Errorf("not confirmed: %v", got)
	}
	if got := b.Sources(); len(got) != 3 {
		t.Errorf("sources: %v", got)
	}
	if got := b.Pages(); len(got) != 3 {
		t.Errorf("pages: %v", got)
	}
}
