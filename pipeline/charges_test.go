package pipeline

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"enrich/config"
	"enrich/cost"
)

// Whoever adds a kind says what it costs, if only that it costs nothing.
func TestEveryKindTellsItsCharges(t *testing.T) {
	p := offline(t, "prod", "aws", "us-east-1", addLookup, notified)
	kinds := map[string]bool{}
	for _, r := range p.Resources() {
		kinds[r.Kind()] = true
		if _, ok := r.(priced); !ok {
			t.Errorf("%s does not tell what it costs", r.Kind())
		}
	}
	for _, kind := range []string{kindRole, kindStream, kindTable, kindBucket, kindLogGroup, kindFunction, kindMapping, kindAlarm, kindComposite, kindTopic, kindSubscription, kindDashboard} {
		if !kinds[kind] {
			t.Errorf("no %s was asked", kind)
		}
	}
}

// units are what an estimate has of an item, idle and more with the traffic.
func units(e *cost.Estimate, item cost.Item, what string) (idle, more float64) {
	for _, entry := range e.Bill.Entries {
		if entry.Item == item && (what == "" || entry.What == what) {
			idle, more = idle+entry.Idle, more+entry.Traffic
		}
	}
	return idle, more
}

// A thousand events a second, which are 2,628 million a month, of 1,500 bytes.
var heavy = cost.Traffic{EventsPerSecond: 1000, EventBytes: 1500, HitRate: 0.5}

const heavyEvents = 2_628e6

func TestCharges(t *testing.T) {
	onDemandStream := func(c *config.Config) { c.Stream.Mode, c.Stream.RetentionHours = "on-demand", 268 }
	long := func(c *config.Config) { c.Stream.Shards, c.Stream.RetentionHours = 4, 268 }
	for name, c := range map[string]struct {
		environment string
		change      func(*config.Config)
		item        cost.Item
		what        string
		idle, more  float64
	}{
		"shards":                    {"dev", long, cost.ShardHour, "", 4 * 730, 0},
		"PUT units":                 {"dev", long, cost.PutUnit, "", 0, heavyEvents},
		"retention of days":         {"dev", long, cost.ExtendedHour, "", 4 * 730, 0},
		"retention of weeks":        {"dev", long, cost.LongTerm, "", 0, 1_500_000 * 3600 * 100 / float64(1<<30)},
		"no retention":              {"dev", nil, cost.ExtendedHour, "", 0, 0},
		"a stream on demand":        {"dev", onDemandStream, cost.StreamHour, "", 730, 0},
		"its shards":                {"dev", onDemandStream, cost.ShardHour, "", 0, 0},
		"its input, by whole KBs":   {"dev", onDemandStream, cost.DataIn, "", 0, heavyEvents * 2048 / (1 << 30)},
		"its output":                {"dev", onDemandStream, cost.DataOut, "", 0, heavyEvents * 1500 / (1 << 30)},
		"its retention of days":     {"dev", onDemandStream, cost.OnDemandExtended, "", 0, 1_500_000 * 3600 * 144 / float64(1<<30)},
		"its retention of weeks":    {"dev", onDemandStream, cost.OnDemandLongTerm, "", 0, 1_500_000 * 3600 * 100 / float64(1<<30)},
		"shard-level metrics":       {"dev", func(c *config.Config) { c.Stream.ShardMetrics = []string{"IncomingBytes", "OutgoingBytes"} }, cost.CustomMetric, "shard-level metrics", 4, 0},
		"the function's metrics":    {"dev", nil, cost.CustomMetric, "the function's own metrics", 0, 10},
		"the bucket's metrics":      {"dev", nil, cost.CustomMetric, "the bucket's request metrics", 0, 16},
		"alarms, one on two":        {"dev", nil, cost.AlarmMetric, "", 10, 0},
		"alarms for another lookup": {"dev", addLookup, cost.AlarmMetric, "", 11, 0},
		"a dashboard":               {"dev", nil, cost.Dashboard, "", 1, 0},
		"reads":                     {"dev", nil, cost.ReadUnit, "", 0, heavyEvents / 2 / 2},
		"reads of two lookups":      {"dev", addLookup, cost.ReadUnit, "", 0, heavyEvents / 2},
		"provisioned reads":         {"dev", func(c *config.Config) { c.Table = config.Table{Mode: "provisioned", Read: 7, Write: 3} }, cost.ReadCapacityHour, "", 7 * 730, 0},
		"provisioned writes":        {"dev", func(c *config.Config) { c.Table = config.Table{Mode: "provisioned", Read: 7, Write: 3} }, cost.WriteCapacityHour, "", 3 * 730, 0},
		"keys of stream and table":  {"dev", nil, cost.KeyRequest, "", 2 * 2 * 8760, 0},
		// A second's 500 of each shard and the one that opens the window.
		"batches":         {"dev", nil, cost.Request, "", 0, heavyEvents / 501},
		"larger batches":  {"prod", nil, cost.Request, "", 0, heavyEvents / 1000},
		"objects":         {"prod", nil, cost.Put, "", 0, heavyEvents / 1000},
		"log lines":       {"prod", nil, cost.LogsIn, "", 0, heavyEvents / 1000 * 1560 / (1 << 30)},
		"logs of 30 days": {"prod", nil, cost.LogsStorage, "", 0, heavyEvents / 1000 * 1560 / (1 << 30) * 30 * 24 / 730},
	} {
		changes := []func(*config.Config){}
		if c.change != nil {
			changes = append(changes, c.change)
		}
		e, err := offline(t, c.environment, "aws", "us-east-1", changes...).Cost(heavy)
		if err != nil {
			t.Fatal(err)
		}
		idle, more := units(e, c.item, c.what)
		if math.Abs(idle-c.idle) > 1e-9*c.idle || math.Abs(more-c.more) > 1e-9*c.more {
			t.Errorf("%s: %g units and %g more, want %g and %g", name, idle, more, c.idle, c.more)
		}
	}
}

// A stream on demand has four shards, and more where the traffic needs them, each of
// which has metrics of its own.
func TestShardMetricsGrowWithTheStream(t *testing.T) {
	p := offline(t, "dev", "aws", "us-east-1", func(c *config.Config) {
		c.Stream.Mode, c.Stream.ShardMetrics = "on-demand", []string{"IncomingBytes", "OutgoingBytes"}
	})
	e, err := p.Cost(cost.Traffic{EventsPerSecond: 5000, EventBytes: 400, HitRate: 1})
	if err != nil {
		t.Fatal(err)
	}
	if idle, more := units(e, cost.CustomMetric, "shard-level metrics"); idle != 8 || more != 12 {
		t.Errorf("%g metrics idle and %g more, want 8 and 12", idle, more)
	}
}

func TestFunctionsTimeIsOfItsArchitecture(t *testing.T) {
	for architecture, item := range map[string]cost.Item{"arm64": cost.GBSecondARM, "x86_64": cost.GBSecondX86} {
		p := offline(t, "dev", "aws", "us-east-1", func(c *config.Config) { c.Function.Architecture, c.Function.Memory = architecture, 512 })
		e, err := p.Cost(heavy)
		if err != nil {
			t.Fatal(err)
		}
		_, more := units(e, item, "")
		if want := e.Flow.Batches * e.Flow.Milliseconds / 1000 / 2; math.Abs(more-want) > 1e-9*want || want == 0 {
			t.Errorf("%s: %g GB-seconds, want %g", architecture, more, want)
		}
	}
}

// The recipe's design has the same resources, and does everything event by event.
func TestRecipe(t *testing.T) {
	e, err := offline(t, "dev", "aws", "us-east-1").Cost(cost.Ordinary())
	if err != nil {
		t.Fatal(err)
	}
	if e.Recipe.Total.Idle != e.Bill.Total.Idle || e.Bill.Total.Idle == 0 {
		t.Errorf("idle $%g and $%g", e.Bill.Total.Idle, e.Recipe.Total.Idle)
	}
	million := map[string]float64{}
	for _, l := range e.Recipe.Lines {
		million[l.Service] = l.PerMillion
	}
	// 0.5 read units and a PUT each.
	if math.Abs(million["DynamoDB"]-0.0625) > 1e-9 || million["S3"] < 5 || million["S3"] > 5.1 {
		t.Errorf("a million costs %v", million)
	}
}

func TestCostNotes(t *testing.T) {
	little := func(c *config.Config) { c.Table = config.Table{Mode: "provisioned", Read: 5, Write: 5} }
	sorted := func(c *config.Config) { c.Output.PartitionBy = "type" }
	for name, c := range map[string]struct {
		change func(*config.Config)
		t      cost.Traffic
		want   string
	}{
		"records a second": {nil, cost.Traffic{EventsPerSecond: 2001, EventBytes: 10, HitRate: 1}, "stream.shards: 2 do not take this traffic, which needs 3"},
		"bytes a second":   {nil, cost.Traffic{EventsPerSecond: 300, EventBytes: 10_000, HitRate: 1}, "stream.shards: 2 do not take this traffic, which needs 3"},
		"reads":            {little, cost.Traffic{EventsPerSecond: 100, EventBytes: 400}, "lookup table users: 5 read units do not suffice for this traffic, which needs 50"},
		"partitions":       {sorted, cost.Ordinary(), "output.partition_by: counted as one value a batch; each further one costs another PUT"},
		"the recipe":       {nil, cost.Ordinary(), "the recipe's function could not keep up: it would have to work 1.92 times as fast"},
		"the function": {
			func(c *config.Config) { c.Mapping.BatchSize = 1 }, cost.Traffic{EventsPerSecond: 200, EventBytes: 400, HitRate: 1},
			"the function could not keep up: it would have to work 2.6 times as fast",
		},
	} {
		changes := []func(*config.Config){}
		if c.change != nil {
			changes = append(changes, c.change)
		}
		e, err := offline(t, "dev", "aws", "us-east-1", changes...).Cost(c.t)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(e.Notes, c.want) {
			t.Errorf("%s: %q is not among\n%s", name, c.want, strings.Join(e.Notes, "\n"))
		}
	}
	e, err := offline(t, "dev", "aws", "us-east-1").Cost(cost.Traffic{EventsPerSecond: 10, EventBytes: 400, HitRate: 1})
	if err != nil || len(e.Notes) != 1 {
		t.Errorf("a little traffic has the notes %v, %v", e.Notes, err)
	}
}

func TestCostOfAnUnknownRegion(t *testing.T) {
	_, err := offline(t, "dev", "aws-cn", "cn-north-1").Cost(cost.Ordinary())
	if _, ok := errors.AsType[*cost.UnknownRegionError](err); !ok {
		t.Errorf("got %v", err)
	}
}
