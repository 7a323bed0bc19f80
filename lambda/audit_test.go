package lambda_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"enrich/delivery"
)

// sent is a datum that was put into the stream.
type sent struct {
	datum
	id       string // <shardId>:<sequenceNumber>[:<subSequence>]
	sequence string
	position int // in its shard, counting what is packed one by one
	from, to time.Time
}

// audit compares what lies in the bucket with what was sent, knowing nothing of how
// the function works.
type audit struct {
	sent  map[string]*sent // by id
	items map[string]map[string]types.AttributeValue

	mu       sync.Mutex
	stored   map[string]string // by id: the object whose newest version holds it
	letters  int
	lines    int // of all versions
	problems []string
}

func (a *audit) report(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.problems = append(a.problems, fmt.Sprintf(format, args...))
}

const (
	enrichedData = "enriched-data/"
	deadLetter   = "dead-letter/"
)

// object checks one version of an object; older ones need not be complete, but
// nothing in them may be wrong.
func (a *audit) object(key string, body []byte, newest bool) {
	o, ok := delivery.ParseKey(enrichedData, key)
	if !ok {
		o, ok = delivery.ParseKey(deadLetter, key)
	}
	if !ok {
		a.report("%s is not what an object of ours is named", key)
		return
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		a.report("%s: %v", key, err)
		return
	}
	lines := bufio.NewScanner(unpacked)
	lines.Buffer(nil, 1<<20)
	last := -1
	for lines.Scan() {
		s, err := a.line(o, lines.Bytes())
		if err != nil {
			a.report("%s: %v: %q", key, err, lines.Bytes())
			continue
		}
		if last < 0 && s.sequence != o.SequenceNumber {
			a.report("%s begins with %s", key, s.id)
		}
		if s.position <= last {
			a.report("%s: %s is out of order", key, s.id)
		}
		last = s.position
		if newest {
			a.note(s, key)
		}
	}
	if err := lines.Err(); err != nil || last < 0 {
		a.report("%s ends with %v", key, err)
	}
}

// note takes a record down as stored for good.
func (a *audit) note(s *sent, key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if other, ok := a.stored[s.id]; ok {
		a.problems = append(a.problems, fmt.Sprintf("%s is in %s and in %s", s.id, other, key))
	}
	a.stored[s.id] = key
	if s.poison {
		a.letters++
	}
}

// line checks a stored line and gives the record that it came from.
func (a *audit) line(o delivery.Object, line []byte) (*sent, error) {
	a.mu.Lock()
	a.lines++
	a.mu.Unlock()
	id, letter := idIn(line, o.ShardID), (*deadRecord)(nil)
	if o.DeadLetter {
		letter = new(deadRecord)
		if err := json.Unmarshal(line, letter, json.RejectUnknownMembers(true)); err != nil {
			return nil, err
		}
		id = letter.id()
	}
	s := a.sent[id]
	switch {
	case s == nil:
		return nil, fmt.Errorf("%q was never sent", id)
	case o.ShardID != s.id[:len(o.ShardID)]:
		return nil, errors.New("it is of another shard")
	case s.poison != o.DeadLetter:
		return nil, fmt.Errorf("%q does not belong there", s.data)
	case !o.Hour.Equal(s.from.Truncate(time.Hour)) && !o.Hour.Equal(s.to.Truncate(time.Hour)):
		return nil, fmt.Errorf("it arrived at %s", s.from)
	case letter != nil:
		return s, letter.check(s)
	}
	return s, a.event(s, string(line))
}

// idIn finds the enrichment_id, which no event of ours has by chance.
func idIn(line []byte, shard string) string {
	if at := bytes.LastIndex(line, []byte(`"`+shard+`:`)); at >= 0 {
		id, _, _ := bytes.Cut(line[at+1:], []byte(`"`))
		return string(id)
	}
	return ""
}

// deadRecord is a line of a dead-letter object.
type deadRecord struct {
	Reason       string    `json:"reason"`
	Shard        string    `json:"shard_id"`
	Sequence     string    `json:"sequence_number"`
	Sub          *int      `json:"sub_sequence_number"`
	PartitionKey string    `json:"partition_key"`
	Arrival      time.Time `json:"arrival"`
	Data         []byte    `json:"data"`
}

func (d *deadRecord) id() string {
	if d.Sub != nil {
		return fmt.Sprintf("%s:%s:%d", d.Shard, d.Sequence, *d.Sub)
	}
	return d.Shard + ":" + d.Sequence
}

func (d *deadRecord) check(s *sent) error {
	switch {
	case string(d.Data) != s.data:
		return fmt.Errorf("the data differs from %q", s.data)
	case d.PartitionKey != s.partitionKey:
		return fmt.Errorf("the partition key differs from %q", s.partitionKey)
	case d.Arrival.Before(s.from.Truncate(time.Millisecond)) || d.Arrival.After(s.to):
		return fmt.Errorf("it arrived at %s", s.from)
	case d.Reason == "":
		return errors.New("there is no reason")
	}
	return nil
}

// event checks that a line is the event's own bytes with the right fields added.
func (a *audit) event(s *sent, line string) error {
	rest, ok := strings.CutPrefix(line, oneLine(s.before))
	var own jsontext.Value
	if ok && s.own != "" {
		decoder := jsontext.NewDecoder(strings.NewReader(rest))
		value, err := decoder.ReadValue()
		if err != nil {
			return err
		}
		own = value.Clone()
		rest, ok = strings.CutPrefix(rest[decoder.InputOffset():], oneLine(s.after))
	}
	if ok {
		rest, ok = strings.CutSuffix(rest, oneLine(s.end))
	}
	if ok && strings.TrimSpace(s.before) != "{" {
		rest, ok = strings.CutPrefix(rest, ",")
	}
	if !ok {
		return fmt.Errorf("the bytes of %q were altered", s.data)
	}
	var f addedFields // a name that comes twice is an error
	if err := json.Unmarshal([]byte("{"+rest+"}"), &f, json.RejectUnknownMembers(true)); err != nil {
		return err
	}
	if s.own != "" {
		field := f.byName(s.own)
		if *field != nil {
			return fmt.Errorf("%s was added beside the event's own", s.own)
		}
		*field = own
	}
	return a.fields(s, &f)
}

// oneLine is what a text with line breaks is in a file of lines.
func oneLine(text string) string {
	if !strings.ContainsAny(text, "\r\n") {
		return text
	}
	return strings.NewReplacer("\r", " ", "\n", " ").Replace(text)
}

// addedFields are the fields that are added to each event.
type addedFields struct {
	Name     jsontext.Value `json:"user_name"`
	Email    jsontext.Value `json:"user_email"`
	Segment  jsontext.Value `json:"user_segment"`
	Location jsontext.Value `json:"user_location"`
	Status   jsontext.Value `json:"enrichment_status"`
	Enriched jsontext.Value `json:"enriched"`
	Time     jsontext.Value `json:"processing_timestamp"`
	ID       jsontext.Value `json:"enrichment_id"`
}

// byName gives one of the fields that events of ours have by themselves, too.
func (f *addedFields) byName(name string) *jsontext.Value {
	return map[string]*jsontext.Value{"user_name": &f.Name, "user_segment": &f.Segment, "enriched": &f.Enriched, "enrichment_id": &f.ID}[name]
}

// fields checks the values of the fields that were added.
func (a *audit) fields(s *sent, f *addedFields) error {
	item := a.items[s.user]
	status := `"success"`
	switch {
	case s.user == "":
		status = `"no_user_id"`
	case item == nil:
		status = `"user_not_found"`
	}
	for _, field := range []struct {
		name string
		got  jsontext.Value
		want string
	}{
		{"user_name", f.Name, valueOf(item, "name")}, {"user_email", f.Email, valueOf(item, "email")},
		{"user_segment", f.Segment, valueOf(item, "segment")}, {"user_location", f.Location, valueOf(item, "location")},
		{"enrichment_status", f.Status, status}, {"enriched", f.Enriched, "true"}, {"enrichment_id", f.ID, `"` + s.id + `"`},
	} {
		if normal(field.got) != field.want {
			return fmt.Errorf("%s is %s, want %s", field.name, field.got, field.want)
		}
	}
	stamp, err := time.Parse(`"`+time.RFC3339Nano+`"`, string(f.Time))
	if err != nil || stamp.Before(s.from.Truncate(time.Second)) || stamp.After(time.Now()) {
		return fmt.Errorf("it was processed at %s, %w", f.Time, err)
	}
	return nil
}

// valueOf is an attribute of an item as JSON.
func valueOf(item map[string]types.AttributeValue, attribute string) string {
	switch value := item[attribute].(type) {
	case *types.AttributeValueMemberS:
		return quoted(value.Value)
	case *types.AttributeValueMemberN:
		return value.Value
	case *types.AttributeValueMemberBOOL:
		return fmt.Sprint(value.Value)
	default:
		return `"Unknown"`
	}
}

// quoted writes a JSON string with as few escapes as possible.
func quoted(text string) string {
	b, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		return err.Error() // equal to no field
	}
	return string(b)
}

// normal writes a string with as few escapes as possible, anything else as it is.
func normal(value jsontext.Value) string {
	if value.Kind() != '"' || !bytes.Contains(value, []byte(`\`)) {
		return string(value)
	}
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return string(value)
	}
	return quoted(string(text))
}

// verdict tells everything that is wrong.
func (a *audit) verdict() []string {
	var lost []string
	for id, s := range a.sent {
		if _, ok := a.stored[id]; !ok {
			lost = append(lost, fmt.Sprintf("%s is lost: %q", id, s.data))
		}
	}
	slices.Sort(lost)
	return append(a.problems, lost...)
}
