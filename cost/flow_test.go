package cost

import (
	"math"
	"testing"
)

func near(got, want float64) bool { return math.Abs(got-want) <= 1e-6*math.Max(1, math.Abs(want)) }

func TestCheck(t *testing.T) {
	if err := Ordinary().Check(); err != nil {
		t.Error(err)
	}
	for _, well := range []Traffic{{0.001, 1, 0}, {1e7, 1 << 20, 1}} {
		if err := well.Check(); err != nil {
			t.Error(err)
		}
	}
	err := Traffic{EventsPerSecond: math.NaN(), EventBytes: 0, HitRate: 1.5}.Check()
	want := "--events-per-second NaN: more than 0 and at most 10000000; --event-bytes 0: 1 to 1048576; --hit-rate 1.5: 0 to 1"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	for _, ill := range []Traffic{{0, 400, 0.9}, {-1, 400, 0.9}, {math.Inf(1), 400, 0.9}, {1, 1<<20 + 1, 0.9}, {1, 400, -0.1}, {1, 400, math.NaN()}} {
		if ill.Check() == nil {
			t.Errorf("%+v was taken", ill)
		}
	}
}

func TestRecordsOfABatch(t *testing.T) {
	for name, c := range map[string]struct {
		d    Design
		t    Traffic
		want float64
	}{
		// The record that opens the window, and the 50 of a shard in its second.
		"a window":               {Design{Shards: 2, BatchSize: 1000, WindowSeconds: 1}, Traffic{EventsPerSecond: 100, EventBytes: 400}, 51},
		"no window":              {Design{Shards: 2, BatchSize: 1000}, Traffic{EventsPerSecond: 100, EventBytes: 400}, 50},
		"less than one a second": {Design{Shards: 2, BatchSize: 1000}, Traffic{EventsPerSecond: 0.1, EventBytes: 400}, 1},
		"a little in a window":   {Design{Shards: 1, BatchSize: 1000, WindowSeconds: 5}, Traffic{EventsPerSecond: 0.1, EventBytes: 400}, 1.5},
		"full":                   {Design{Shards: 4, BatchSize: 1000, WindowSeconds: 5}, Traffic{EventsPerSecond: 4000, EventBytes: 400}, 1000},
		"parallel":               {Design{Shards: 2, Parallel: 5, BatchSize: 1000, WindowSeconds: 1}, Traffic{EventsPerSecond: 100, EventBytes: 400}, 11},
		// 6 MB / (600 * 4/3 + 504 bytes).
		"as Lambda hands over": {Design{Shards: 1, BatchSize: 10000, WindowSeconds: 60}, Traffic{EventsPerSecond: 1000, EventBytes: 600}, 4601},
		"too large for two":    {Design{Shards: 1, BatchSize: 10000, WindowSeconds: 60}, Traffic{EventsPerSecond: 1, EventBytes: 1 << 20}, 4},
		"larger than it takes": {Design{Shards: 1, BatchSize: 10000, WindowSeconds: 60}, Traffic{EventsPerSecond: 1, EventBytes: 6e6}, 1},
	} {
		if got := c.d.Flow(c.t).Records; !near(got, c.want) {
			t.Errorf("%s: %g records, want %g", name, got, c.want)
		}
	}
}

// The times are those that docs/performance.md has for batches of 1,000.
func TestMilliseconds(t *testing.T) {
	full := Design{Shards: 1, BatchSize: 1000, WindowSeconds: 5, Memory: 256, Lookups: 1}
	with := func(change func(*Design)) Design { d := full; change(&d); return d }
	busy := Traffic{EventsPerSecond: 1000, EventBytes: 400}
	for name, c := range map[string]struct {
		d    Design
		t    Traffic
		want float64
	}{
		"all remembered, 15.701 batches a second": {full, Traffic{1000, 400, 1}, 64},
		"none remembered, 7.186 batches a second": {full, busy, 140},
		"no lookup":                    {with(func(d *Design) { d.Lookups = 0 }), busy, 64},
		"a whole CPU, all remembered":  {with(func(d *Design) { d.Memory = 1769 }), Traffic{1000, 400, 1}, 33},             // 25 + 7.3
		"a whole CPU, none remembered": {with(func(d *Design) { d.Memory = 1769 }), busy, 51},                              // 19.707 batches a second
		"half the memory":              {with(func(d *Design) { d.Memory = 128 }), Traffic{1000, 400, 1}, 103},             // 25 + 2 * 38.69
		"events of twice the size":     {full, Traffic{1000, 800, 1}, 103},                                                 // the same
		"small events":                 {full, Traffic{1000, 100, 1}, 64},                                                  // not less
		"one event":                    {Design{Shards: 1, BatchSize: 1, Memory: 256, Lookups: 1}, Traffic{1, 400, 1}, 26}, // 25 + 0.04
	} {
		if got := c.d.Flow(c.t).Milliseconds; got != c.want {
			t.Errorf("%s: %g ms, want %g", name, got, c.want)
		}
	}
	// 26 and 29 records a second.
	if f := full.PerRecord(busy); f.Records != 100 || f.Milliseconds != 3847 {
		t.Errorf("the recipe takes %g ms for %g records", f.Milliseconds, f.Records)
	}
}

func TestFlow(t *testing.T) {
	d := Design{Shards: 1, BatchSize: 1000, WindowSeconds: 1, Memory: 512, Lookups: 2, Compression: "gzip", Metrics: 9}
	// A million events in a month would be 0.38 a second; 99 and one fill a batch of 100.
	traffic := Traffic{EventsPerSecond: 99, EventBytes: 400, HitRate: 0.75}
	f := d.Flow(traffic)
	events := 99 * 2_628_000.0
	for name, pair := range map[string][2]float64{
		"events":       {f.Events(), events},
		"batches":      {f.Batches, events / 100},
		"objects":      {f.Objects, events / 100},
		"reads":        {f.Reads, events / 4},
		"stored bytes": {f.StoredBytes, events * 68.1},
		"log bytes":    {f.LogBytes, events / 100 * (1076 + 141 + 265 + 3*26)},
		"milliseconds": {f.Milliseconds, 33}, // 25 + 100 * 0.01934 + 4 + 25 * 2 * 0.03574 = 32.7
		"GB-seconds":   {f.GBSeconds(512), events / 100 * f.Milliseconds / 1000 / 2},
		"active":       {f.Active(), 1},
	} {
		if !near(pair[0], pair[1]) {
			t.Errorf("%s: %g, want %g", name, pair[0], pair[1])
		}
	}
	for compression, bytes := range map[string]float64{"zstd": 65.4, "none": 400 + 2*300} {
		d.Compression = compression
		if got := d.Flow(traffic).StoredBytes / events; !near(got, bytes) {
			t.Errorf("%s: an event takes %g bytes, want %g", compression, got, bytes)
		}
	}
	// A batch in two hours.
	if got := d.Flow(Traffic{EventsPerSecond: 1.0 / 7200, EventBytes: 400}).Active(); math.Abs(got-0.5) > 0.001 {
		t.Errorf("active %g of the hours", got)
	}
	recipe := d.PerRecord(traffic)
	for name, pair := range map[string][2]float64{
		"reads": {recipe.Reads, events}, "objects": {recipe.Objects, events}, "stored bytes": {recipe.StoredBytes, events * 1000},
		"batches":   {recipe.Batches, events / 99},
		"log bytes": {recipe.LogBytes, events*3*(80+26) + events/99*(141+265+2*26)},
		"metrics":   {float64(recipe.Metrics), 0},
	} {
		if !near(pair[0], pair[1]) {
			t.Errorf("the recipe's %s: %g, want %g", name, pair[0], pair[1])
		}
	}
	// 99 records a second of 36.5 ms each.
	if recipe.Busy < 3.5 || recipe.Busy > 3.7 || f.Busy > 0.04 {
		t.Errorf("busy %g and %g of the time", recipe.Busy, f.Busy)
	}
}
