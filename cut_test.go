package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
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
// loses one.
type cutter struct {
	front    *httptest.Server // at the endpoint
	next     http.Handler
	server   *emulator.Server // behind it
	endpoint string

	mu    sync.Mutex
	calls []string       // since the last set
	seen  map[string]int // by call
	call  string         // to lose; "" loses none
	cut   cut
	dead  bool          // the program counts as dead: nothing of it arrives any more
	lost  chan struct{} // closed when the call is lost, and no other is under way
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

// set chooses the call to lose and begins to count anew. Nothing may be under way.
func (c *cutter) set(call string, how cut) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls, c.seen, c.call, c.cut, c.dead, c.lost = nil, map[string]int{}, call, how, false, make(chan struct{})
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
	hit, dead := c.arrive(callOf(r, body))
	switch {
	case dead:
		<-r.Context().Done() // until the program is
	case !hit:
		c.next.ServeHTTP(w, r)
		c.busy.Done()
	case c.cut == cutReset:
		c.next.ServeHTTP(httptest.NewRecorder(), r)
		c.busy.Done()
		close(c.lost)
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

// arrive writes a call down and tells whether it is the one to lose, and whether
// it comes from a program that counts as dead.
func (c *cutter) arrive(call string) (hit, dead bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return false, true
	}
	c.seen[call]++
	if n := c.seen[call]; n > 1 {
		call = fmt.Sprintf("%s, time %d", call, n)
	}
	c.calls = append(c.calls, call)
	hit = call == c.call
	c.dead = hit && c.cut != cutReset
	c.busy.Add(1)
	return hit, false
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
