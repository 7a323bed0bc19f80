package emulator

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// The test binary is the bootstrap of the functions under test as well: with
// this variable it behaves as a function instead of running tests.
const (
	functionMode = "TEST_FUNCTION"
	brainURL     = "TEST_BRAIN" // of the test that decides what a proxy function does
	binaryPath   = "TEST_BINARY"
	holdSize     = "TEST_HOLD" // MB
)

func TestMain(m *testing.M) {
	if mode := os.Getenv(functionMode); mode != "" {
		if err := behave(mode); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// reaction is what a test has its function do with an event.
type reaction struct {
	Print  string `json:"print,omitempty"` // to standard output, before anything else
	Answer string `json:"answer"`
	Error  string `json:"error,omitempty"` // reported to the Runtime API
	Exit   int    `json:"exit,omitempty"`
	Hang   bool   `json:"hang,omitempty"`
	Hold   int    `json:"hold,omitempty"`  // MB of memory, before the answer
	Child  bool   `json:"child,omitempty"` // has a program that it starts hold them
}

// delivery is one event as the function got it.
type delivery struct {
	Header      http.Header       `json:"header"`
	Body        []byte            `json:"body"`
	PID         int               `json:"pid"`
	Environment map[string]string `json:"environment"`
	Directory   string            `json:"directory"`
}

// records gives the sequence numbers of a Kinesis event.
func (d delivery) records(t testing.TB) []kinesisRecord {
	t.Helper()
	var ev struct{ Records []kinesisRecord }
	if err := json.Unmarshal(d.Body, &ev); err != nil {
		t.Fatalf("event %s: %v", d.Body, err)
	}
	return ev.Records
}

type kinesisRecord struct {
	EventID string `json:"eventID"`
	Kinesis struct {
		PartitionKey   string  `json:"partitionKey"`
		SequenceNumber string  `json:"sequenceNumber"`
		Data           []byte  `json:"data"`
		Arrival        float64 `json:"approximateArrivalTimestamp"`
	} `json:"kinesis"`
}

// behave is the function's main.
func behave(mode string) error {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime"
	switch mode {
	case "init-exit":
		os.Exit(3)
	case "init-error":
		_, err := post(api+"/init/error", `{"errorType":"Config.Missing","errorMessage":"no table"}`, "Config.Missing")
		return errors.Join(err, errors.New("init failed"))
	case "hang":
		select {}
	case "hold":
		megabytes, err := strconv.Atoi(os.Getenv(holdSize))
		if err != nil {
			return err
		}
		held := hold(megabytes)
		defer runtime.KeepAlive(held)
		select {}
	}
	fmt.Println("the function begins")
	for {
		next, err := http.Get(api + "/invocation/next")
		if err != nil {
			return err
		}
		body, err := take(next)
		if err != nil {
			return err
		}
		base := api + "/invocation/" + next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		if mode == "store" {
			if err := storeObjects(os.Getenv("AWS_ENDPOINT_URL"), os.Getenv("AWS_ACCESS_KEY_ID")); err != nil {
				return err
			}
		}
		if mode == "null" || mode == "store" {
			if _, err := post(base+"/response", "null", ""); err != nil {
				return err
			}
			continue
		}
		if err := react(base, next.Header, body); err != nil {
			return err
		}
	}
}

// hold takes so many megabytes, every page of them.
func hold(megabytes int) []byte { return bytes.Repeat([]byte{1}, megabytes*mib) }

// react asks the test what to do, and does it.
func react(base string, header http.Header, body []byte) error {
	directory, err := os.Getwd()
	if err != nil {
		return err
	}
	d := delivery{Header: header, Body: body, PID: os.Getpid(), Environment: map[string]string{}, Directory: directory}
	for _, pair := range os.Environ() {
		key, value, _ := strings.Cut(pair, "=")
		d.Environment[key] = value
	}
	told, err := json.Marshal(d)
	if err != nil {
		return err
	}
	answer, err := post(os.Getenv(brainURL), string(told), "")
	if err != nil {
		return err
	}
	var r reaction
	if err := json.Unmarshal(answer, &r); err != nil {
		return err
	}
	fmt.Print(r.Print)
	var held []byte
	if r.Hold > 0 && r.Child {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), functionMode+"=hold", holdSize+"="+strconv.Itoa(r.Hold))
		if err := child.Start(); err != nil {
			return err
		}
		defer func() { _ = child.Process.Kill() }()
	} else if r.Hold > 0 {
		held = hold(r.Hold)
	}
	defer runtime.KeepAlive(held)
	switch {
	case r.Exit != 0:
		os.Exit(r.Exit)
	case r.Hang:
		select {}
	case r.Error != "":
		_, err = post(base+"/error", fmt.Sprintf(`{"errorType":"errorString","errorMessage":%q}`, r.Error), "errorString")
	default:
		_, err = post(base+"/response", r.Answer, "")
	}
	return err
}

func post(url, body, errorType string) ([]byte, error) {
	request, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if errorType != "" {
		request.Header.Set("Lambda-Runtime-Function-Error-Type", errorType)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	return take(response)
}

// take reads a response to its end and closes it.
func take(response *http.Response) ([]byte, error) {
	body, err := io.ReadAll(response.Body)
	return body, errors.Join(err, response.Body.Close())
}

// brain decides what the functions of a test do, and remembers what they got.
type brain struct {
	url string

	mu         sync.Mutex
	decide     func(d delivery) reaction
	deliveries []delivery
	news       chan struct{}
}

// newBrain serves decide to proxy functions; nil answers null to everything.
func newBrain(t testing.TB, decide func(d delivery) reaction) *brain {
	b := &brain{decide: decide, news: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var d delivery
		if err := json.NewDecoder(r.Body).Decode(&d); err != nil {
			t.Errorf("a function told %v", err)
			return
		}
		answer := reaction{Answer: "null"}
		b.mu.Lock()
		b.deliveries = append(b.deliveries, d)
		close(b.news)
		b.news = make(chan struct{})
		decide := b.decide
		b.mu.Unlock()
		if decide != nil {
			answer = decide(d)
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Logf("a function did not wait for its answer: %v", err)
		}
	}))
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

func (b *brain) setDecide(decide func(d delivery) reaction) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.decide = decide
}

func (b *brain) all() []delivery {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]delivery(nil), b.deliveries...)
}

// wait waits until the deliveries satisfy a condition.
func (b *brain) wait(t testing.TB, what string, enough func(all []delivery) bool) []delivery {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		b.mu.Lock()
		all, news := append([]delivery(nil), b.deliveries...), b.news
		b.mu.Unlock()
		if enough(all) {
			return all
		}
		select {
		case <-news:
		case <-deadline:
			t.Fatalf("waiting for %s: there were %d deliveries", what, len(all))
		}
	}
}

// atLeast waits for a number of deliveries.
func (b *brain) atLeast(t testing.TB, n int) []delivery {
	t.Helper()
	return b.wait(t, fmt.Sprintf("%d deliveries", n), func(all []delivery) bool { return len(all) >= n })
}

// scriptBootstrap is an archive that starts this test binary.
func scriptBootstrap(t testing.TB) []byte {
	return zipOf(t, zipEntry{name: "bootstrap", mode: 0o755, content: []byte("#!/bin/sh\nexec \"$" + binaryPath + "\"\n")})
}

type zipEntry struct {
	name    string
	mode    os.FileMode
	content []byte
}

func zipOf(t testing.TB, entries ...zipEntry) []byte {
	t.Helper()
	var buffer bytes.Buffer
	w := zip.NewWriter(&buffer)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		header.SetMode(e.mode)
		out, err := w.CreateHeader(header)
		if err == nil {
			_, err = out.Write(e.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// elfHeader is the beginning of an executable for Linux on a machine, and
// nothing more.
func elfHeader(machine byte) []byte {
	header := make([]byte, 64)
	copy(header, "\x7fELF\x02\x01\x01\x00")
	header[16], header[18] = 2, machine
	return header
}

func testBinary(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// hostArchitecture is what functions that run here have to be.
func hostArchitecture(t testing.TB) types.Architecture {
	t.Helper()
	switch runtime.GOARCH {
	case "amd64":
		return types.ArchitectureX8664
	case "arm64":
		return types.ArchitectureArm64
	}
	t.Skipf("Lambda has no functions for %s", runtime.GOARCH)
	return ""
}

// eventually waits for what other goroutines bring about.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute) // much more than any of it takes with the race detector on a busy machine
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("waiting in vain for %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
