package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// Where S3 tells whole seconds, as at AWS, events' times count until they were seen, and
// are not cut or stretched to seconds.
func TestBenchInWholeSeconds(t *testing.T) {
	d := newDeployer(t)
	fraction := regexp.MustCompile(`\.\d{3}Z</LastModified>`)
	d.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("list-type") == "" {
			d.server.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		d.server.ServeHTTP(answer, r)
		body := fraction.ReplaceAll(answer.Body.Bytes(), []byte(".000Z</LastModified>"))
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(body) // the program tells if it is cut
	})
	here := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	file := d.file("enrich.yaml", "function: {architecture: "+here+"}\n") // nothing stands in for an archive here
	d.well("deploy", "-q", "-c", file)
	var report benchDocument
	if err := json.Unmarshal([]byte(d.well("bench", "--duration", "300ms", "-o", "json", "-c", file)), &report); err != nil {
		t.Fatal(err)
	}
	if report.Stored != 30 || report.Missing != 0 || report.LatencyUntil != "seen" || report.Latency.P50 < report.Processed.P50 {
		t.Errorf("got %+v, latency %+v, processed %+v", report, report.Latency, report.Processed)
	}
}

// A put that fails in the middle, and a bucket that cannot be read any more, end it and
// tell what was sent.
func TestBenchFails(t *testing.T) {
	for _, refused := range []string{"PutRecords", "ListObjectsV2"} {
		d := newDeployer(t)
		var puts atomic.Int32
		d.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "Kinesis_20131202.")
			if r.URL.Query().Get("list-type") != "" {
				operation = "ListObjectsV2"
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return // the program is gone
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			if operation == "PutRecords" {
				puts.Add(1)
			}
			if operation == refused && puts.Load() > 1 {
				http.Error(w, `{"__type":"AccessDeniedException","message":"no"}`, http.StatusForbidden)
				return
			}
			d.server.ServeHTTP(w, r)
		})
		d.well("deploy", "-q")
		code, out, told := d.enrich("bench", "--rate", "20", "--duration", "1h", "-o", "json")
		var report struct {
			Error struct {
				Hint    string
				Details benchDocument
			}
		}
		if err := json.Unmarshal([]byte(out), &report); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if code != exitFailed || report.Error.Details.Sent < 1 || !strings.Contains(report.Error.Hint, "sent before; enrich results --where bench.run="+report.Error.Details.Run) {
			t.Errorf("%s refused: exits with %d, %+v, %s", refused, code, report, told)
		}
	}
}
