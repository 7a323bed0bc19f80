package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strconv"
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
