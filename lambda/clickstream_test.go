package lambda_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"enrich/lambda"
)

// clickstream makes events and the items to join them with, always the same of one
// seed: with what people, browsers and broken producers put into them.
type clickstream struct {
	random *rand.Rand
	users  []string
	items  map[string]map[string]types.AttributeValue // by user; a third has none
	made   int
}

// datum is one event, or what was meant to be one, and what is known of it without
// parsing it.
type datum struct {
	partitionKey string
	data         string
	poison       bool   // it is no event
	user         string // "": it has no key
	own          string // a field that it has already although it is to be added; "": none
	before       string // all of it before the value of own, or before its closing brace
	after        string // what follows that value, up to the closing brace
	end          string // from the closing brace on
}

// shipment is one Kinesis record: a datum as it is, or several that were packed into one.
type shipment struct {
	data  string
	parts []datum
	alone bool
}

func newClickstream(seed uint64, users int) *clickstream {
	c := &clickstream{random: rand.New(rand.NewPCG(seed, 1)), items: map[string]map[string]types.AttributeValue{}}
	for i := range users {
		user := fmt.Sprintf("user%05d", i)
		if i%10 == 0 {
			user = fmt.Sprint(1_000_000 + i) // events have it as a number
		}
		c.users = append(c.users, user)
		if c.chance(66) {
			c.items[user] = c.item(user)
		}
	}
	return c
}

func (c *clickstream) chance(percent int) bool { return c.random.IntN(100) < percent }

func (c *clickstream) item(user string) map[string]types.AttributeValue {
	item := map[string]types.AttributeValue{
		"user_id": &types.AttributeValueMemberS{Value: user},
		"secret":  &types.AttributeValueMemberS{Value: "not asked for"},
		"name":    &types.AttributeValueMemberS{Value: "Name \"of\"\t<" + user + "> ü"},
		"email":   &types.AttributeValueMemberS{Value: user + "@example.com"},
	}
	if c.chance(80) {
		item["segment"] = &types.AttributeValueMemberN{Value: "9007199254740993" + user[len(user)-4:] + "1234567890"}
	}
	if c.chance(50) {
		item["location"] = &types.AttributeValueMemberBOOL{Value: c.chance(50)}
	}
	return item
}

// next gives the next Kinesis record, with at most so many events.
func (c *clickstream) next(most int) shipment {
	if most < 2 || !c.chance(3) {
		d := c.datum()
		return shipment{data: d.data, parts: []datum{d}, alone: true}
	}
	s := shipment{}
	var pairs []string
	for range min(most, 2+c.random.IntN(15)) {
		d := c.datum()
		s.parts = append(s.parts, d)
		pairs = append(pairs, d.partitionKey, d.data)
	}
	s.data = lambda.Aggregated(pairs...)
	return s
}

func (c *clickstream) datum() datum {
	c.made++
	user := c.users[c.random.IntN(len(c.users))]
	if c.chance(30) {
		user = c.users[c.random.IntN(20)] // some people click all day
	}
	if c.chance(2) {
		return datum{partitionKey: user, data: c.poison(), poison: true}
	}
	d := c.event(user)
	d.partitionKey = user
	return d
}

// poison is what no producer should send, and some do.
func (c *clickstream) poison() string {
	n := c.made
	kinds := []string{
		fmt.Sprintf(`{"n":%d,"user_id":"user00001"`, n), // cut off
		fmt.Sprintf("hello %d", n),
		fmt.Sprintf(`[{"n":%d}]`, n),
		fmt.Sprintf(`"%d"`, n),
		fmt.Sprint(n),
		"null",
		"",
		fmt.Sprintf("{\"n\":%d,\"text\":\"\xff\xfe\"}", n),                 // no UTF-8
		fmt.Sprintf("\xef\xbb\xbf{\"n\":%d}", n),                           // a byte order mark
		fmt.Sprintf(`{"n":%d}{"n":2}`, n),                                  // two
		fmt.Sprintf(`{"n":0%d}`, n),                                        // no number
		fmt.Sprintf("{\"n\":%d,\"text\":\"line\nbreak\"}", n),              // a raw line break
		fmt.Sprintf(`{"n":%d,"text":"\x41"}`, n),                           // no escape of JSON
		fmt.Sprintf(`{"n":%d,}`, n),                                        //
		fmt.Sprintf(`{'n':%d}`, n),                                         //
		lambda.Aggregated("k", fmt.Sprint(n))[:12] + "0123456789012345678", // looks aggregated, its sum is wrong
	}
	return kinds[c.random.IntN(len(kinds))]
}

// space is white space as some encoders leave it.
func (c *clickstream) space() string {
	if !c.chance(6) {
		return ""
	}
	return []string{" ", "  ", "\t", "\n  ", "\r\n"}[c.random.IntN(5)]
}

// event makes a valid event of a user.
func (c *clickstream) event(user string) datum {
	d := datum{}
	var members []string
	if !c.chance(1) {
		members = append(members, fmt.Sprintf(`"n":%d`, c.made))
		for range c.random.IntN(8) {
			members = append(members, c.member())
		}
		var key string
		if key, d.user = c.key(user); key != "" {
			members = append(members, key)
		}
		if c.chance(2) {
			d.own = []string{"user_name", "user_segment", "enriched", "enrichment_id"}[c.random.IntN(4)]
			members = append(members, fmt.Sprintf("%q:%s", d.own, ownValue))
		}
	}
	c.random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	text := "{" + c.space()
	for i, m := range members {
		if i > 0 {
			text += "," + c.space()
		}
		text += m + c.space()
	}
	d.data, d.end = text, "}"+c.space()
	d.before, d.after, _ = strings.Cut(text, ownValue)
	d.data += d.end
	return d
}

// ownValue is the value of a field that the event has already.
const ownValue = `{"mine": [true]}`

// key makes the member by which the event is looked up, and tells which user that is.
func (c *clickstream) key(user string) (member, found string) {
	number := user[0] != 'u'
	switch kind := c.random.IntN(100); {
	case kind < 2:
		return "", ""
	case kind < 4:
		return `"user_id":` + []string{"null", `""`, `{"id":1}`, "true"}[c.random.IntN(4)], ""
	case kind < 5 && c.chance(10):
		return `"user_id":"` + strings.Repeat("x", 2049) + `"`, ""
	case number:
		return `"user_id":` + user, user
	case kind < 10:
		return `"user_id":"\u0075` + user[1:] + `"`, user
	case kind < 15:
		return `"user\u005fid":"` + user + `"`, user
	case kind < 20:
		return `"user_id":"somebody","user_id":"` + user + `"`, user // the last one counts
	default:
		return `"user_id":` + c.space() + `"` + user + `"`, user
	}
}

// member makes a member that is only to be passed on.
func (c *clickstream) member() string {
	members := []string{
		`"event_type":"click"`, `"event_type":"purchase"`, `"event_type":"page_view"`,
		`"order":9007199254740993`, `"amount":1234567890123456789012345678901234567890.10`, `"zero":-0.00`, `"far":1E+400`, `"near":1.5e-400`,
		`"text":"\u00e9\/\"\\\b\f\ud83d\ude00 \ud800 é 漢"`, `"html":"<a href='x'>&amp;</a>"`, `"":""`, `"empty":[ ]`,
		`"page":{"url":"https://example.com/a?b=c&d","user_id":"not this one","path":[1, 2 ,{"x":null}]}`,
		`"twice":1,"twice":2`, `"deep":[[[[[{"a":{}}]]]]]`, `"yes":true,"no":false`, `"user_agent":"Mozilla/5.0 (X11; Linux x86_64)"`,
		fmt.Sprintf(`"session":"%016x"`, c.random.Uint64()), fmt.Sprintf(`"at":%d.%03d`, c.random.Uint32(), c.random.IntN(1000)),
	}
	return members[c.random.IntN(len(members))]
}
