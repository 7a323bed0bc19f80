package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"enrich/emulator"
)

// cut is one way in which a call can be lost.
type cut string

const (
	cutBefore cut = "before" // the process dies before the call arrives
	cutAfter  cut = "after"  // the process dies when the call has taken effect
	cutReset  cut = "reset"  // the call takes effect, the connection breaks, the process goes on
)

// cutter stands between a program and an emulator. It writes down every call, and
// loses one, or several of which each breaks a connection.
type cutter struct {
	front    *httptest.Server // at the endpoint
	next     http.Handler
	server   *emulator.Server // behind it
	endpoint string

	mu    sync.Mutex
	calls []string        // since the last set
	seen  map[string]int  // by call
	lose  map[string]bool // calls that are to be lost yet
	cut   cut
	dead  bool          // the program counts as dead: nothing of it arrives any more
	lost  chan struct{} // closed when all of them are lost, and after the one of a death no other is under way
	busy  sync.WaitGroup
}

// newCutter starts an emulator of its own behind it.
func newCutter(t testing.TB, change ...func(*emulator.Options)) *cutter {
	t.Helper()
	options := emulator.Options{Account: "123456789012"}
	for _, c := range change {
		c(&options)
	}
	server, err := emulator.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{next: server, server: server}
	front := httptest.NewServer(c)
	c.endpoint, c.front = front.URL, front
	t.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
		if err := server.Close(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	c.set("", "")
	return c
}

// set chooses what to lose, "" for nothing, and begins to count anew. Nothing may be
// under way.
func (c *cutter) set(call string, how cut, more ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls, c.seen, c.lose, c.cut, c.dead, c.lost = nil, map[string]int{}, map[string]bool{}, how, false, make(chan struct{})
	for _, call := range append(more, call) {
		c.lose[call] = true
	}
}

// left are the calls that did not come to be lost.
func (c *cutter) left() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.lose))
}

// heard are the calls since the last set, in the order of their arrival.
func (c *cutter) heard() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}

func (c *cutter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Context().Err() != nil {
		return // the program is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	hit, last, dead := c.arrive(callOf(r, body))
	switch {
	case dead:
		<-r.Context().Done() // until the program is
	case !hit:
		c.next.ServeHTTP(w, r)
		c.busy.Done()
	case c.cut == cutReset:
		c.next.ServeHTTP(httptest.NewRecorder(), r)
		c.busy.Done()
		if last {
			close(c.lost)
		}
		reset(w)
	default:
		if c.cut == cutAfter {
			c.next.ServeHTTP(httptest.NewRecorder(), r)
		}
		c.busy.Done()
		c.busy.Wait() // what has arrived takes effect, whoever dies
		close(c.lost)
		<-r.Context().Done()
	}
}

// arrive writes a call down and tells whether it is one to lose, or the last of them,
// and whether it comes from a program that counts as dead.
func (c *cutter) arrive(call string) (hit, last, dead bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return false, false, true
	}
	c.seen[call]++
	if n := c.seen[call]; n > 1 {
		call = fmt.Sprintf("%s, time %d", call, n)
	}
	c.calls = append(c.calls, call)
	hit = c.lose[call]
	delete(c.lose, call)
	c.dead = hit && c.cut != cutReset
	c.busy.Add(1)
	return hit, len(c.lose) == 0, false
}

// reset breaks the connection in the place of an answer.
func reset(w http.ResponseWriter) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_ = connection.(*net.TCPConn).SetLinger(0) // has the kernel send RST; closing does no worse without
	_ = connection.Close()
}

var (
	uuids    = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	versions = regexp.MustCompile(`<VersionId>[^<]*</VersionId>`)
)

// callOf names a call so that the same call of another run has the same name.
func callOf(r *http.Request, body []byte) string {
	name := r.Method + " " + r.URL.Path
	if query := r.URL.Query(); len(query) > 0 {
		query.Del("uploadId")
		name += "?" + query.Encode()
	}
	var document map[string]any
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		name = target[strings.LastIndex(target, ".")+1:]
	}
	switch form, err := url.ParseQuery(string(body)); {
	case len(body) == 0:
	case json.Unmarshal(body, &document) == nil:
		delete(document, "ShardIterator")
		body, _ = json.Marshal(document) // sorted; it was JSON before
	case err == nil && form.Get("Action") != "":
		name, body = form.Get("Action"), []byte(form.Encode())
	}
	name, body = uuids.ReplaceAllString(name, "UUID"), versions.ReplaceAll(uuids.ReplaceAll(body, []byte("UUID")), nil)
	sum := sha256.Sum256(body)
	return name + " " + hex.EncodeToString(sum[:3])
}

// reads tells a call that changes nothing: to die when it has taken effect is to die
// before it arrives.
func reads(call string) bool {
	return strings.HasPrefix(call, "GET /") || strings.HasPrefix(call, "HEAD /") || readOperation.MatchString(call)
}

var readOperation = regexp.MustCompile(`^(Describe|Get|List|Scan|Query|BatchGet)[A-Za-z]* `)

// apart divides calls so that no part has two of the same name, which may be one call and
// its repetition: the SDK gives a call up that is lost three times.
func apart(calls []string, most int) [][]string {
	var parts [][]string
	names := []map[string]bool{}
	for _, call := range calls {
		name, _, _ := strings.Cut(call, ", time ")
		i := slices.IndexFunc(names, func(taken map[string]bool) bool { return !taken[name] && len(taken) < most })
		if i < 0 {
			i = len(parts)
			parts, names = append(parts, nil), append(names, map[string]bool{})
		}
		parts[i] = append(parts[i], call)
		names[i][name] = true
	}
	return parts
}

// However calls are lost together, each is lost in each way that makes a difference.
func TestLosses(t *testing.T) {
	calls := func(command string) []string {
		return []string{
			"Describe" + command + " a", "PUT /" + command + " b", "GET /" + command + " c", "Describe" + command + " a, time 2", "Delete" + command + " d",
			"Describe" + command + " a, time 3", "HEAD /" + command + " e", "Getaway/" + command + " f",
		}
	}
	deploys, destroys := calls("deploy"), append(calls("destroy"), "DELETE /one more")
	lost := map[cut]map[string]int{cutBefore: {}, cutAfter: {}, cutReset: {}}
	for _, l := range losses(deploys, destroys) {
		for _, list := range [][]string{l.deploy, l.destroy} {
			names := map[string]bool{}
			for _, call := range list {
				lost[l.how][call]++
				name, _, _ := strings.Cut(call, ", time ")
				if names[name] || len(list) > 1 && l.how != cutReset {
					t.Errorf("%s: %q are lost together", l.how, list)
				}
				names[name] = true
			}
		}
	}
	all := map[string]int{}
	for _, call := range append(deploys, destroys...) {
		all[call] = 1
	}
	same(t, "before", all, lost[cutBefore])
	same(t, "reset", all, lost[cutReset])
	for call := range all {
		if reads(call) {
			delete(all, call)
		}
	}
	same(t, "after", all, lost[cutAfter])
	if len(all) != 7 {
		t.Errorf("%v change something", all)
	}
}
