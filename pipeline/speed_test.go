package pipeline

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"enrich/config"
	"enrich/emulator"
	"enrich/engine"
)

// nowhere is a listener that nobody reaches. A bubble's time stands still while
// somebody waits for a network, and passes while somebody waits for this.
type nowhere struct {
	closed chan struct{}
	close  func()
}

func listenNowhere() net.Listener {
	closed := make(chan struct{})
	return &nowhere{closed, sync.OnceFunc(func() { close(closed) })}
}

func (n *nowhere) Accept() (net.Conn, error) { <-n.closed; return nil, net.ErrClosed }
func (n *nowhere) Close() error              { n.close(); return nil }
func (n *nowhere) Addr() net.Addr            { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// direct hands requests to a server without a network, of which each takes a
// while.
type direct struct {
	server  http.Handler
	latency time.Duration
}

func (d *direct) Do(r *http.Request) (*http.Response, error) {
	time.Sleep(d.latency)
	request := r.Clone(r.Context())
	request.RequestURI = r.URL.RequestURI()
	if request.Body == nil {
		request.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	d.server.ServeHTTP(recorder, request)
	response := recorder.Result()
	response.Request = r
	return response, nil
}

// timesOfAWS are what has been seen.
func timesOfAWS() emulator.Readiness {
	return emulator.Readiness{
		Role: 8 * time.Second, Stream: 15 * time.Second, Table: 6 * time.Second,
		Function: 3 * time.Second, Mapping: 10 * time.Second,
	}
}

// Deploy and destroy take at most a tenth longer than the longest chain of what AWS
// takes, and each wait ends with at most one poll too many. The time is that of the
// bubble: calls take none of it.
func TestSpeed(t *testing.T) {
	takes := timesOfAWS()
	synctest.Test(t, func(t *testing.T) {
		p, line := far(t)
		e := &engine.Engine{Resources: p.Resources(), Owns: p.Owns}
		plan, err := e.Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		up, err := e.Apply(t.Context(), plan)
		if err != nil {
			t.Fatal(err)
		}
		// Only what is ACTIVE can be encrypted, which makes it UPDATING.
		stream := 2 * takes.Stream
		punctual(t, up, stream+takes.Mapping, []string{keyStream, keyMapping, alarmKey(alarmFailedBatches)}, map[string]waits{
			keyStream:         {2, stream},
			tableKey("users"): {1, takes.Table},
			keyFunction:       {2, takes.Role - takes.Table + takes.Function}, // it begins when the table is there
			keyMapping:        {1, takes.Mapping},
		})
		// Everything is read at once: a deploy without anything to do takes less than
		// a second, with the call that tells who is calling.
		line.latency = 80 * time.Millisecond
		began := time.Now()
		plan, err = e.Plan(t.Context())
		took := time.Since(began) + line.latency
		t.Logf("nothing to do is found in %s at %s a call", took, line.latency)
		if err != nil || !plan.Empty() || took > time.Second {
			t.Errorf("nothing to do is found in %s: %v", took, err)
		}
		line.latency = 0
		down, err := e.Destroy(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		punctual(t, down, takes.Mapping+takes.Stream, []string{alarmKey(alarmUnhealthy), alarmKey(alarmFailedBatches), keyMapping, keyStream}, map[string]waits{
			keyMapping: {1, takes.Mapping}, keyStream: {1, takes.Stream}, tableKey("users"): {1, takes.Table},
		})
	})
}

// far is a pipeline in an AWS that takes its times. It can be made in a bubble.
func far(t *testing.T) (*Pipeline, *direct) {
	t.Helper()
	server, err := emulator.Start(t.Context(), emulator.Options{Readiness: timesOfAWS(), Listener: listenNowhere()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	endpoint, line := server.Endpoint(), &direct{server: server}
	sdk := aws.Config{
		Region: "us-east-1", HTTPClient: line, BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
	id := Identity{Name: "orders", Environment: "dev", Partition: "aws", Account: "000000000000", Region: "us-east-1"}
	p, err := New(config.Default("dev"), id, sdk, archive(t, "#!/bin/sh\n"))
	if err != nil {
		t.Fatal(err)
	}
	return p, line
}

// waits are what a resource waits for: how often, and how long AWS takes together.
type waits struct {
	times int
	aws   time.Duration
}

func punctual(t *testing.T, report *engine.Report, longest time.Duration, chain []string, waiting map[string]waits) {
	t.Helper()
	t.Logf("took %s, the longest chain %s", report.Elapsed, longest)
	if report.Elapsed < longest || report.Elapsed > longest*11/10 {
		t.Errorf("took %s, want up to a tenth more than %s", report.Elapsed, longest)
	}
	if !slices.Equal(report.Critical, chain) {
		t.Errorf("the chain that decided is %v, want %v", report.Critical, chain)
	}
	for _, r := range report.Results {
		w := waiting[r.Key]
		if r.Waited < w.aws || r.Waited > w.aws+time.Duration(w.times)*lastPoll || r.Waited > r.Elapsed {
			t.Errorf("%s took %s, of which it waited %s, want %s and up to %d polls", r.Key, r.Elapsed, r.Waited, w.aws, w.times)
		}
	}
}
