package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"enrich/aggregate"
	"enrich/enrichment"
)

// model is an event source mapping that delivers one shard's records to a handler
// in a world where anything may fail at any time: reads, writes, answers and the
// function itself. It goes on until all is acknowledged.
type model struct {
	t       *testing.T
	random  *rand.Rand
	h       *Handler
	table   *fakeTable
	bucket  *fakeBucket
	output  Output
	records []given
	faults  int // chance of a fault, in percent; it ends by itself
	crashed bool
	calls   int
}

func (m *model) chance(percent int) bool { return m.random.IntN(100) < percent }

// fault tells whether something fails now. Faults grow rarer, so that all ends.
func (m *model) fault() bool { return m.chance(m.faults * 400 / (400 + m.calls)) }

// newModel makes a stream: good records of some users, poison, aggregated records,
// hours that change and overlap, since arrival times do not follow the order exactly.
func newModel(t *testing.T, seed uint64, faults int) *model {
	table, bucket := newFakes()
	m := &model{t: t, random: rand.New(rand.NewPCG(seed, 7)), table: table, bucket: bucket, faults: faults}
	for user := range 8 {
		table.items[fmt.Sprint("user", user)] = enrichment.Item{"name": json.RawMessage(strconv.Quote(fmt.Sprint("name ", user)))}
	}
	lookup := enrichment.DefaultLookup("users")
	if m.chance(30) {
		lookup.Missing = enrichment.MissingDeadLetter
	}
	m.output = Output{
		Compression: []string{Gzip, Zstd, None}[m.random.IntN(3)], Partition: []string{Hour, Hive}[m.random.IntN(2)],
		MaxPartitions: 1 + m.random.IntN(6),
	}
	if m.chance(70) {
		m.output.PartitionBy = "type"
	}
	var err error
	if m.h, err = New(Options{Lookups: []enrichment.Lookup{lookup}, Finder: table, Sink: bucket, Output: m.output}); err != nil {
		t.Fatal(err)
	}
	arrival := beforeHour - 5000
	for i := range 60 + m.random.IntN(200) {
		arrival += int64(m.random.IntN(100))
		if m.chance(2) {
			arrival += 3600 * 1000
		}
		user := fmt.Sprint("user", m.random.IntN(10))
		r := good(i, user, arrival-int64(m.random.IntN(1500)))
		r.data = m.event(fmt.Sprint(i), user)
		switch {
		case m.chance(8):
			r.data = fmt.Sprintf("bad%d", i)
		case m.chance(8):
			r.data = m.aggregate(i, user)
		}
		m.records = append(m.records, r)
	}
	m.bucket.fail = m.put
	m.table.fail = func(string) bool { return m.crashed || m.chance(1) && m.fault() }
	m.h.now = m.now
	return m
}

// folders are types of events, as JSON has them, and the folder of each. Some are so
// rare that a batch has a new one at any place; some share a folder.
var folders = map[string]string{
	`"page_view"`: "type=page_view/", `"a\/b c"`: "type=a%2Fb%20c/", `"größe"`: "type=größe/", `".."`: "type=../",
	`1`: "type=1/", `"1"`: "type=1/", `true`: "type=true/",
	``: "type=__HIVE_DEFAULT_PARTITION__/", `null`: "type=__HIVE_DEFAULT_PARTITION__/", `""`: "type=__HIVE_DEFAULT_PARTITION__/",
	`{}`: "type=__HIVE_DEFAULT_PARTITION__/", `"__HIVE_DEFAULT_PARTITION__"`: "type=__HIVE_DEFAULT_PARTITION__/",
}

// event is a valid one, whose type is mostly the same.
func (m *model) event(n, user string) string {
	types := slices.Sorted(maps.Keys(folders))
	text := `"page_view"`
	if m.chance(30) {
		text = types[m.random.IntN(len(types))]
	}
	return fmt.Sprintf(`{"n":%s,%s"user_id":%q}`, n, typed(text), user)
}

// typed is the member of an event that has this type.
func typed(text string) string {
	if text == "" {
		return ""
	}
	return `"type":` + text + ","
}

// aggregate packs parts, of which some are poison; their numbers follow a dot.
func (m *model) aggregate(i int, user string) string {
	var pairs []string
	for sub := range 1 + m.random.IntN(4) {
		data := m.event(fmt.Sprintf("%d.%d", i, sub), user)
		if m.chance(20) {
			data = fmt.Sprintf("bad%d.%d", i, sub)
		}
		pairs = append(pairs, "key", data)
	}
	return aggregated(pairs...)
}

// put stores an object or not, tells the truth or not, or ends the function.
func (m *model) put(string) (stored bool, err error) {
	if m.crashed {
		return false, errDown
	}
	if !m.fault() {
		return true, nil
	}
	switch m.random.IntN(4) {
	case 0:
		m.crashed = true
		return m.chance(50), errDown
	case 1:
		return true, errDown // the answer is lost
	default:
		return false, errDown
	}
}

// now lets an invocation's time be over sometimes.
func (m *model) now() time.Time {
	if m.chance(1) && m.fault() {
		return time.Now().Add(time.Hour)
	}
	return time.Now()
}

// invoke answers the position in batch from which it has to be delivered again,
// and whether the function failed.
func (m *model) invoke(batch []given) (from int, failed bool) {
	if m.calls++; m.calls > 50_000 {
		m.t.Fatal("it never ends")
	}
	m.crashed = false
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Minute)
	defer cancel()
	response, err := m.h.Invoke(ctx, eventOf(m.t, batch...))
	if err != nil {
		m.t.Fatal(err)
	}
	if m.crashed || m.chance(20) && m.fault() { // dead, or done and the answer lost
		return 0, true
	}
	c := checkpointOf(m.t, response)
	if c == "" {
		return len(batch), false
	}
	from = slices.IndexFunc(batch, func(r given) bool { return r.sequence == c })
	if from < 0 {
		m.t.Fatalf("the checkpoint %s is not in the batch", c)
	}
	return from, false
}

// deliver delivers a batch until it is done, as a mapping with bisect and partial
// responses does.
func (m *model) deliver(batch []given) {
	for len(batch) > 0 {
		from, failed := m.invoke(batch)
		if failed && len(batch) > 1 && m.chance(60) {
			m.deliver(batch[:len(batch)/2])
			batch = batch[len(batch)/2:]
			continue
		}
		batch = batch[from:]
	}
}

func (m *model) run() {
	for next := 0; next < len(m.records); {
		size := min(1+m.random.IntN(60), len(m.records)-next)
		if m.chance(20) { // a mapping that is restarted reads batches of other sizes
			from, failed := m.invoke(m.records[next : next+size])
			if !failed {
				next += from
			}
			continue
		}
		m.deliver(m.records[next : next+size])
		next += size
	}
}

// check compares what is stored with what was sent.
func (m *model) check() {
	t := m.t
	seen := map[string]string{}
	for _, key := range m.bucket.keys() {
		last := -1
		if codec, _ := codecOf(m.output.Compression); strings.TrimLeft(key[strings.LastIndexByte(key, '-')+1:], "0123456789") != codec.ending {
			t.Errorf("%s has not the ending %s", key, codec.ending)
		}
		for _, line := range m.bucket.lines(t, key) {
			id := idOf(t, line)
			if other, ok := seen[id]; ok {
				t.Errorf("%s is in %s and in %s", id, other, key)
			}
			seen[id] = key
			position := m.position(line)
			if position < last {
				t.Errorf("%s: %s is out of order", key, id)
			}
			last = position
			if folder := m.folder(line, id, m.records[position].arrival); !strings.HasPrefix(key, folder+shard) {
				t.Errorf("%s is in %s, its folder is %s", id, key, folder)
			}
			m.checkLine(key, id, line)
		}
	}
	want := 0
	for _, r := range m.records {
		parts := []aggregate.Part{{Data: []byte(r.data)}}
		if got, ok := aggregate.Unpack(nil, []byte(r.data)); ok {
			parts = got
		}
		want += len(parts)
		for _, p := range parts {
			id := "†" + string(p.Data)
			if p.Data[0] == '{' && seen[id] == "" {
				id = idOf(t, string(p.Data))
			}
			if seen[id] == "" {
				t.Errorf("%s is lost", id)
			}
		}
	}
	if len(seen) != want {
		t.Errorf("%d records are stored, want %d", len(seen), want)
	}
}

// folder is where a stored line must lie.
func (m *model) folder(line, id string, arrival int64) string {
	at := time.UnixMilli(arrival).UTC()
	if strings.HasPrefix(id, "†") {
		return at.Format("dead-letter/2006/01/02/15/")
	}
	folder := at.Format("enriched-data/2006/01/02/15/")
	if m.output.Partition == Hive {
		folder = at.Format("enriched-data/year=2006/month=01/day=02/hour=15/")
	}
	if m.output.PartitionBy == "" {
		return folder
	}
	return folder + folders[typeOf(m.t, line)]
}

// typeOf is a line's type as it stands there; "" when it has none.
func typeOf(t *testing.T, line string) string {
	var event struct {
		Type json.RawMessage `json:"type"`
	}
	if err := json.Unmarshal([]byte(line), &event); err != nil {
		t.Fatal(err)
	}
	return string(event.Type)
}

// position is where in the stream a stored line came from.
func (m *model) position(line string) int {
	var fields struct {
		Sequence string `json:"sequence_number"`
		ID       string `json:"enrichment_id"`
	}
	if err := json.Unmarshal([]byte(line), &fields); err != nil {
		m.t.Fatal(err)
	}
	if fields.ID != "" {
		fields.Sequence = strings.Split(fields.ID, ":")[1]
	}
	n, err := strconv.Atoi(fields.Sequence)
	if err != nil {
		m.t.Fatalf("%s: %v", line, err)
	}
	return n
}

// checkLine tells whether a stored line is what became of its record.
func (m *model) checkLine(key, id, line string) {
	letter := strings.HasPrefix(key, "dead-letter/")
	if letter != strings.HasPrefix(id, "†") {
		m.t.Errorf("%s is in %s", id, key)
	}
	if letter {
		if strict := m.h.lookups[0].Missing == enrichment.MissingDeadLetter; !strict && !strings.HasPrefix(id, "†bad") {
			m.t.Errorf("%s is a dead letter", id)
		}
		return
	}
	var event struct {
		User string `json:"user_id"`
	}
	if err := json.Unmarshal([]byte(line), &event); err != nil {
		m.t.Fatal(err)
	}
	name := "name " + strings.TrimPrefix(event.User, "user")
	if m.table.items[event.User] == nil {
		name = "Unknown"
	}
	want := fmt.Sprintf(`{"n":%s,%s"user_id":%q,"user_name":%q,`, id, typed(typeOf(m.t, line)), event.User, name)
	if !strings.HasPrefix(line, want) {
		m.t.Errorf("%s does not begin with %s", line, want)
	}
}

// TestModel runs many small worlds. MODEL_SEEDS sets how many; a failing one is
// run alone by its name.
func TestModel(t *testing.T) {
	seeds := 100
	if text := os.Getenv("MODEL_SEEDS"); text != "" {
		var err error
		if seeds, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	retried := 0
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m := newModel(t, uint64(seed), []int{0, 10, 30, 60}[seed%4])
			m.run()
			m.check()
			retried += m.bucket.puts - len(m.bucket.objects)
		})
	}
	if retried < seeds {
		t.Errorf("only %d of all puts were repeated: the faults do not bite", retried)
	}
}
