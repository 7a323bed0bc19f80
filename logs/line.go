package logs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Line is what a person reads of an event.
type Line struct {
	Level  string // DEBUG, INFO, WARN, ERROR or FATAL; "" for a line that says nothing of it
	Text   string
	Fields []Field // in their order
	// Routine is what Lambda tells of every start and every invocation that went well.
	Routine bool
}

// Field is one value beside a line's text.
type Field struct {
	Name, Value string
}

// Failed tells whether the line tells of a failure.
func (l Line) Failed() bool { return l.Level == "ERROR" || l.Level == "FATAL" }

// Parse reads a message: the JSON of a structured logger, the JSON of Lambda
// itself, or any text. It never fails: what it does not understand is text.
func Parse(message string) Line {
	names, members, ok := object(message)
	if !ok {
		return Line{Level: levelOf(message), Text: message}
	}
	if kind := text(members["type"]); strings.HasPrefix(kind, "platform.") && members["record"] != nil {
		return platform(strings.TrimPrefix(kind, "platform."), members["record"])
	}
	l := Line{Level: strings.ToUpper(text(members["level"]))}
	left := map[string]bool{"time": true, "timestamp": true, "level": true, "_aws": true}
	for _, name := range metricNames(members["_aws"]) {
		left[name] = true
	}
	for _, name := range []string{"msg", "message"} {
		if l.Text = text(members[name]); l.Text != "" {
			left[name] = true
			break
		}
	}
	if l.Text == "" && l.Level == "" {
		// Of the Runtime API: {"errorType": …, "errorMessage": …}.
		if l.Text = text(members["errorMessage"]); l.Text == "" {
			return Line{Text: message}
		}
		left["errorMessage"], l.Level = true, "ERROR"
	}
	for _, name := range names {
		if !left[name] {
			l.Fields = append(l.Fields, Field{name, text(members[name])})
		}
	}
	return l
}

// object decodes a JSON object with the order of its members.
func object(message string) (names []string, members map[string]json.RawMessage, ok bool) {
	if !strings.HasPrefix(strings.TrimSpace(message), "{") || json.Unmarshal([]byte(message), &members) != nil {
		return nil, nil, false
	}
	decoder := json.NewDecoder(strings.NewReader(message))
	_, _ = decoder.Token() // the brace: it was decoded before
	for decoder.More() {
		name, err := decoder.Token()
		var value json.RawMessage
		if err != nil || decoder.Decode(&value) != nil {
			return nil, nil, false
		}
		if name := name.(string); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, members, true
}

// text is a value as people read it: a string without its quotes.
func text(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return ""
	}
	return b.String()
}

// metricNames are the members that only carry metrics in the embedded metric
// format: they repeat what others say.
func metricNames(directive json.RawMessage) []string {
	var d struct {
		CloudWatchMetrics []struct {
			Dimensions [][]string
			Metrics    []struct{ Name string }
		}
	}
	if directive == nil || json.Unmarshal(directive, &d) != nil {
		return nil
	}
	var names []string
	for _, set := range d.CloudWatchMetrics {
		names = append(names, slices.Concat(set.Dimensions...)...)
		for _, metric := range set.Metrics {
			names = append(names, metric.Name)
		}
	}
	return names
}

// levelOf reads the level of a line of text: Lambda's and Go's words for what
// ended an invocation or a process.
func levelOf(message string) string {
	for _, sign := range []string{"Task timed out after ", "Runtime exited ", "panic: ", "fatal error: ", "Runtime.ExitError", "Runtime.OutOfMemory"} {
		if strings.Contains(message, sign) {
			return "ERROR"
		}
	}
	for _, level := range []string{"DEBUG", "INFO", "WARN", "ERROR", "FATAL"} {
		if strings.HasPrefix(message, level+" ") || strings.HasPrefix(message, "["+level+"]") {
			return level
		}
	}
	return ""
}

// platform reads one of Lambda's own events in the JSON log format.
// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
func platform(kind string, record json.RawMessage) Line {
	var r struct {
		RequestID string `json:"requestId"`
		Status    string `json:"status"`
		ErrorType string `json:"errorType"`
		Metrics   struct {
			Duration float64 `json:"durationMs"`
			Billed   float64 `json:"billedDurationMs"`
			Init     float64 `json:"initDurationMs"`
			Used     int     `json:"maxMemoryUsedMB"`
			Size     int     `json:"memorySizeMB"`
		} `json:"metrics"`
	}
	if json.Unmarshal(record, &r) != nil {
		return Line{Text: "platform." + kind, Fields: []Field{{"record", text(record)}}}
	}
	l := Line{Text: kind, Routine: r.Status == "" || r.Status == "success"}
	add := func(name, value string) {
		if value != "" {
			l.Fields = append(l.Fields, Field{name, value})
		}
	}
	if !l.Routine {
		l.Level = "ERROR"
	}
	add("status", r.Status)
	add("error", r.ErrorType)
	add("request_id", r.RequestID)
	if m := r.Metrics; m.Duration > 0 {
		add("duration", span(m.Duration))
		if m.Billed > 0 {
			add("billed", span(m.Billed))
		}
		if m.Init > 0 {
			add("init", span(m.Init))
		}
		if m.Size > 0 {
			add("memory", fmt.Sprintf("%d of %d MB", m.Used, m.Size))
		}
	}
	return l
}

// span is a number of milliseconds.
func span(milliseconds float64) string {
	return time.Duration(milliseconds * float64(time.Millisecond)).Round(10 * time.Microsecond).String()
}
