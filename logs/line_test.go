package logs

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, message string
		want          Line
	}{
		{"a structured line, without what only makes metrics",
			`{"time":"2026-11-25T05:22:24.7Z","level":"INFO","msg":"batch","records":12,"error":"a \"b\"","cold_start":true,"FunctionName":"f","RecordsIn":1,"_aws":{"CloudWatchMetrics":[{"Dimensions":[["FunctionName"]],"Metrics":[{"Name":"RecordsIn"}]}]}}`,
			Line{Level: "INFO", Text: "batch", Fields: []Field{{"records", "12"}, {"error", `a "b"`}, {"cold_start", "true"}}}},
		{"nested values and a level in small letters", `{"level":"warn","message":"m","at":{"x": [1, 2]},"big":12345678901234567890}`,
			Line{Level: "WARN", Text: "m", Fields: []Field{{"at", `{"x":[1,2]}`}, {"big", "12345678901234567890"}}}},
		{"an error of the Runtime API", `{"errorType":"Runtime.ExitError","errorMessage":"Runtime exited with error: exit status 2"}`,
			Line{Level: "ERROR", Text: "Runtime exited with error: exit status 2", Fields: []Field{{"errorType", "Runtime.ExitError"}}}},
		{"a start", `{"time":"t","type":"platform.start","record":{"requestId":"r","version":"$LATEST"}}`,
			Line{Text: "start", Fields: []Field{{"request_id", "r"}}, Routine: true}},
		{"a report", `{"type":"platform.report","record":{"metrics":{"billedDurationMs":23,"durationMs":5.156605,"initDurationMs":17.016681,"maxMemoryUsedMB":33,"memorySizeMB":256},"requestId":"r","status":"success"}}`,
			Line{Text: "report", Fields: []Field{{"status", "success"}, {"request_id", "r"}, {"duration", "5.16ms"}, {"billed", "23ms"}, {"init", "17.02ms"}, {"memory", "33 of 256 MB"}}, Routine: true}},
		{"a report of a failure", `{"type":"platform.report","record":{"requestId":"r","status":"timeout"}}`,
			Line{Level: "ERROR", Text: "report", Fields: []Field{{"status", "timeout"}, {"request_id", "r"}}}},
		{"a timeout as text", "2026-11-25T05:22:24.767Z r Task timed out after 4.00 seconds",
			Line{Level: "ERROR", Text: "2026-11-25T05:22:24.767Z r Task timed out after 4.00 seconds"}},
		{"a panic", "panic: runtime error", Line{Level: "ERROR", Text: "panic: runtime error"}},
		{"text with a level", "WARN slow", Line{Level: "WARN", Text: "WARN slow"}},
		{"text", "ERRORS may come", Line{Text: "ERRORS may come"}},
		{"an object of nobody", `{"a":1}`, Line{Text: `{"a":1}`}},
		{"half an object", `{"level":"INFO"`, Line{Text: `{"level":"INFO"`}},
		{"nothing", "", Line{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Parse(tt.message)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever is logged, something of it is shown, and no value of a structured line
// is left out but those that are known to repeat others.
func FuzzParse(f *testing.F) {
	f.Add(`{"level":"INFO","msg":"batch","records":1}`)
	f.Add(`{"type":"platform.report","record":{"status":"error"}}`)
	f.Add(`{"_aws":{"CloudWatchMetrics":[{"Metrics":[{"Name":"a"}]}]},"a":1,"level":1,"msg":null}`)
	f.Add("panic: x")
	f.Fuzz(func(t *testing.T, message string) {
		l := Parse(message)
		if message != "" && l.Text == "" && l.Level == "" {
			t.Errorf("%q is shown as nothing", message)
		}
		var members map[string]any
		if json.Unmarshal([]byte(message), &members) != nil && l.Text != message {
			t.Errorf("%q is shown as %q", message, l.Text)
		}
	})
}
