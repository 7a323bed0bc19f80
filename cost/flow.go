package cost

import "math"

// Measured: docs/performance.md, "The process" and "Beside the recipe". The events
// had 400 bytes, DynamoDB answered after 4 ms and S3 after 25 ms. Milliseconds are
// those of 256 MB's share of a CPU, and of a whole one, below which more memory does
// not bring them.
const (
	measuredMemory = 256
	measuredBytes  = 400

	storeMillis = 25.0
	readMillis  = 4.0

	// Of a record whose key is cached, and more for one whose key is read.
	recordMillis = (1000/15.701 - storeMillis) / 1000
	recordFloor  = 7.3e-3
	missMillis   = (1000/7.186 - 1000/15.701 - readMillis) / 1000
	missFloor    = (1000/19.707-storeMillis-readMillis)/1000 - recordFloor

	// Of a record in the recipe's function with a whole CPU, and more at the share.
	recipeMillis = 1000.0 / 29
	recipeShare  = 1000.0/26 - recipeMillis
)

// What is stored and logged, in bytes.
const (
	gzipShare  = 68.1 / measuredBytes // of an event's
	zstdShare  = 65.4 / measuredBytes
	addedBytes = 300.0 // to an event, by a lookup of four fields

	// lineOverhead is what CloudWatch Logs counts for a line besides its bytes.
	// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
	lineOverhead = 26
	platformLog  = 141 + 265 + 2*lineOverhead // start and report of an invocation
	batchLog     = platformLog + 1076 + lineOverhead
	// recipeLog is assumed: three short lines a record.
	recipeLog = 3 * (80 + lineOverhead)
)

// What Lambda does unless it is told otherwise, and what it can.
const (
	recipeBatch = 100
	envelope    = 504.0 // JSON around a record
	payload     = 6e6   // handed over at most
)

// Design is what of a pipeline decides how much traffic makes it do.
type Design struct {
	Shards                             int
	BatchSize, WindowSeconds, Parallel int
	Memory                             int // MB
	Lookups                            int
	Compression                        string // gzip, zstd or none
	Metrics                            int    // of the function's own
}

// Flow is what traffic makes a pipeline do in a month.
type Flow struct {
	Traffic
	Records      float64 // of a batch, in the mean
	Batches      float64
	Milliseconds float64 // of a batch, as Lambda charges them
	Reads        float64 // items, of each lookup table
	Objects      float64
	StoredBytes  float64
	LogBytes     float64
	Metrics      int // that the function gives
	Shards       int // of the stream
	// Busy is how long the batches take, as a share of the time that there is for them;
	// above 1 the function cannot keep up.
	Busy float64
}

// Flow of this design: batches, keys read once, an object a batch.
func (d Design) Flow(t Traffic) Flow {
	f := Flow{Traffic: t, Records: d.records(t, d.BatchSize, d.WindowSeconds), Metrics: d.Metrics, Shards: d.Shards}
	f.Batches = t.Events() / f.Records
	missed := f.Records * (1 - t.HitRate)
	scale := measuredMemory / float64(max(d.Memory, 1))
	size := math.Max(1, float64(t.EventBytes)/measuredBytes)
	millis := storeMillis + f.Records*math.Max(recordMillis*scale, recordFloor)*size
	if d.Lookups > 0 {
		millis += readMillis*math.Min(1, missed) + missed*float64(d.Lookups)*math.Max(missMillis*scale, missFloor)
	}
	f.Milliseconds = math.Ceil(millis)
	f.Reads = t.Events() * (1 - t.HitRate)
	f.Objects = f.Batches
	f.StoredBytes = t.Events() * d.stored(t.EventBytes)
	f.LogBytes = f.Batches * batchLog
	f.Busy = d.busy(f)
	return f
}

// PerRecord is the flow of the recipe's design: for each record a GetItem for each
// lookup, an object and some lines in the log.
func (d Design) PerRecord(t Traffic) Flow {
	f := Flow{Traffic: t, Records: d.records(t, recipeBatch, 0), Shards: d.Shards}
	f.Batches = t.Events() / f.Records
	each := recipeMillis + recipeShare*measuredMemory/float64(max(d.Memory, 1))
	f.Milliseconds = math.Ceil(f.Records * each)
	f.Reads = t.Events()
	f.Objects = t.Events()
	f.StoredBytes = t.Events() * (float64(t.EventBytes) + addedBytes*float64(d.Lookups))
	f.LogBytes = t.Events()*recipeLog + f.Batches*platformLog
	f.Busy = d.busy(f)
	return f
}

// records is how many a batch has in the mean. A window opens with a record and takes
// in what comes in its time; without one Lambda asks a shard once a second.
func (d Design) records(t Traffic, most, window int) float64 {
	each := t.EventsPerSecond / d.lanes()
	n := 1 + each*float64(window)
	if window == 0 {
		n = math.Max(1, each)
	}
	fits := math.Max(1, math.Floor(payload/(float64(t.EventBytes)*4/3+envelope)))
	return math.Min(n, math.Min(float64(max(most, 1)), fits))
}

func (d Design) busy(f Flow) float64 { return f.Batches * f.Milliseconds / 1000 / Seconds / d.lanes() }

// lanes are how many batches Lambda gives at the same time.
func (d Design) lanes() float64 { return float64(max(d.Shards, 1) * max(d.Parallel, 1)) }

// stored is how many bytes of an object an event takes.
func (d Design) stored(event int) float64 {
	switch d.Compression {
	case "gzip":
		return float64(event) * gzipShare
	case "zstd":
		return float64(event) * zstdShare
	}
	return float64(event) + addedBytes*float64(d.Lookups)
}

// GBSeconds are those that Lambda charges for functions of so much memory.
func (f Flow) GBSeconds(megabytes int) float64 {
	return f.Batches * f.Milliseconds / 1000 * float64(megabytes) / 1024
}

// Active is the share of hours in which there is a batch, for what is charged by the
// hour in which there is any.
func (f Flow) Active() float64 { return math.Min(1, f.Batches/Hours) }
