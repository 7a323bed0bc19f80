// Package clickstream makes the events of a shop's visitors, the same ones of the same
// seed.
package clickstream

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// MinBytes is what every event has room in.
const MinBytes = 500

// Stream makes one event after the other.
type Stream struct {
	random *rand.Rand
	users  int
	bytes  int
}

// New begins a stream of events of so many bytes, of users user1 to user<users> who
// click equally often.
func New(seed uint64, users, bytes int) *Stream {
	return &Stream{random: rand.New(rand.NewPCG(seed, 1)), users: users, bytes: bytes}
}

// Next makes the next event. mark is a member that it gets besides its own ones, as
// `"n":1`, or "".
func (s *Stream) Next(at time.Time, mark string) []byte {
	return Event(s.random, fmt.Sprintf("user%d", 1+s.random.IntN(s.users)), at, s.bytes, mark)
}

// Event makes an event of a user. Its identifiers are random, as real ones are: an event
// that only repeats another costs a compressor nothing.
func Event(random *rand.Rand, user string, at time.Time, size int, mark string) []byte {
	pages := []string{"/products/widgets/blue-widget", "/cart", "/checkout/payment", "/search", "/account/orders"}
	kinds := []string{"page_view", "add_to_cart", "purchase", "search"}
	e := fmt.Appendf(nil, `{"event_id":"%s","user_id":%q,"event_type":%q,"timestamp":"%s","page":"%s-%d",`+
		`"referrer":"https://example.com/search?q=widget+%d","session_id":"%s","user_agent":"Mozilla/5.0 (Linux)",`,
		uuid(random), user, kinds[random.IntN(len(kinds))], at.UTC().Format("2006-01-02T15:04:05.000000Z"), pages[random.IntN(len(pages))], random.IntN(5000),
		random.IntN(5000), uuid(random))
	if mark != "" {
		e = append(append(e, mark...), ',')
	}
	e = fmt.Appendf(e, `"properties":{"price":%d.%02d,"quantity":%d,"in_stock":%t,"note":"`,
		random.IntN(500), random.IntN(100), random.IntN(9)+1, random.IntN(2) == 0)
	const end = `"}}`
	if room := size - len(e) - len(end); room > 0 {
		const words = "some words "
		e = append(e, strings.Repeat(words, room/len(words)+1)[:room]...)
	}
	return append(e, end...)
}

func uuid(random *rand.Rand) string {
	a, b := random.Uint64(), random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
}
