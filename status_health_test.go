package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"enrich/config"
	"enrich/engine"
	"enrich/pipeline"
)

// status gives the exit code of status, its text and its document.
func (a *account) status(t *testing.T) (code int, text string, d statusDocument) {
	t.Helper()
	show := func(words ...string) (int, string) {
		var out, told bytes.Buffer
		words = append(words, "--endpoint-url", a.endpoint, "--state-dir", a.directory)
		code := run(t.Context(), words, streams{in: strings.NewReader(""), out: &out, err: &told}, a.archives)
		return code, out.String()
	}
	_, text = show("status")
	code, document := show("status", "-o", "json")
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		t.Fatalf("%v: %s", err, document)
	}
	return code, text, d
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// The verdict begins with what matters most, and says what to do.
func TestStatusOfTheIll(t *testing.T) {
	withoutAccount(t)
	a := outside(t)
	code, text, d := a.status(t)
	if code != exitDone || d.Verdict != "not deployed" || d.Health != nil || !strings.Contains(text, "not deployed") {
		t.Errorf("before deploy: %d, %+v", code, d)
	}
	settings := filepath.Join(t.TempDir(), "enrich.yaml")
	if err := os.WriteFile(settings, []byte("alarms: {incoming_records: 1, composite: false}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ENRICH_CONFIG", settings)
	a.well(t, "deploy")
	sdk := elsewhere(t, a.endpoint)
	key := aws.String("enriched-data/" + time.Now().UTC().Format("2006/01/02/15/") + "shardId-000000000000-1.ndjson")
	storage := s3.NewFromConfig(sdk, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := storage.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(deployerBucket), Key: key}); err != nil {
		t.Fatal(err)
	}
	code, text, d = a.status(t)
	h := d.Health
	if code != exitDone || !d.Healthy || h.Mapping == nil || h.Mapping.State != "Enabled" || h.Newest == nil || h.Newest.Key != *key ||
		h.Alarms.Alarm != 0 || h.Alarms.OK+h.Alarms.InsufficientData < 9 || h.CacheHitRate.LastHour != nil {
		t.Errorf("%d, %+v", code, h)
	}
	if last := lastLine(text); last != "healthy: everything is there and as configured, and no record came in the last hour" {
		t.Errorf("the verdict is %q", last)
	}

	alarms := cloudwatch.NewFromConfig(sdk)
	sound := func(name string) {
		t.Helper()
		_, err := alarms.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
			AlarmName: aws.String("data-enrichment-dev-" + name), StateValue: cloudwatchtypes.StateValueAlarm, StateReason: aws.String("by hand"),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	sound("incoming-records") // that nothing comes is no ill health
	if code, _, d = a.status(t); code != exitDone || !d.Healthy || d.Health.Alarms.Alarm != 1 {
		t.Errorf("without traffic: %d, %+v", code, d.Problems)
	}
	sound("dead-letters")
	code, text, d = a.status(t)
	if code != exitDifferent || d.Healthy || len(d.Problems) != 1 || d.Health.Alarms.Alarm != 2 || len(d.Health.Alarms.InAlarm) != 2 {
		t.Errorf("with an alarm: %d, %q, %+v", code, d.Problems, d.Health.Alarms)
	}
	if last := lastLine(text); !strings.HasPrefix(last, "ill: metric alarm data-enrichment-dev-dead-letters: ") || !strings.HasSuffix(last, " results --dead-letter shows them with the reasons") {
		t.Errorf("the verdict is %q", last)
	}

	lambda := awslambda.NewFromConfig(sdk)
	for _, r := range d.Resources {
		if r.Key != "event-source-mapping" {
			continue
		}
		if _, err := lambda.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: aws.String(r.ID), Enabled: aws.Bool(false)}); err != nil {
			t.Fatal(err)
		}
	}
	code, text, d = a.status(t)
	if code != exitDifferent || len(d.Problems) != 2 || !strings.Contains(text, "\nproblem: metric alarm data-enrichment-dev-dead-letters: ") {
		t.Errorf("with the mapping disabled: %d, %q\n%s", code, d.Problems, text)
	}
	if last := lastLine(text); !strings.HasPrefix(last, "ill: event source mapping ") || !strings.HasSuffix(last, " deploy brings it to what the configuration says") || !strings.HasPrefix(d.Verdict, "ill: event source mapping ") {
		t.Errorf("the verdict is %q, %q", last, d.Verdict)
	}
}

// What the last minutes tell is ill health before an alarm says so, and no longer.
func TestSymptoms(t *testing.T) {
	p := offline(t).pipeline
	now := time.Date(2026, 11, 28, 12, 30, 20, 0, time.UTC)
	series := func(name string, values ...float64) pipeline.Series { // the last minutes', the last of them now
		s := pipeline.Series{Figure: pipeline.Figure{Name: name, Unit: map[bool]string{true: "ms"}[name == "iterator-age"], Statistic: "Sum"}}
		for i, value := range values {
			s.Points = append(s.Points, pipeline.Point{At: now.Truncate(time.Minute).Add(time.Duration(i+1-len(values)) * time.Minute), Value: value})
		}
		return s
	}
	for _, test := range []struct {
		series pipeline.Series
		want   string
	}{
		{series("iterator-age", 700_000, 500), ""}, // it has caught up
		{series("iterator-age", 500, 700_000), "the function is 11m40s behind, of 10m at most"},
		{series("iterator-age", 700_000, 0, 0, 0, 0, 0, 0), ""},
		{series("iterator-age"), ""},
		{series("errors", 1, 1, 0, 0), ""},
		{series("errors", 1, 0, 3, 1), "batches failed in 3 of the last 5 minutes"},
		{series("errors", 1, 1, 1, 0, 0, 0, 0, 0), ""}, // some time ago
		{series("throttles", 9, 9, 9, 9, 9), ""},
	} {
		got := ""
		for _, a := range symptoms(p, []pipeline.Series{test.series}, now) {
			got += a.problem
		}
		if got != test.want {
			t.Errorf("%s %v: %q, want %q", test.series.Name, test.series.Points, got, test.want)
		}
	}
}

// What cannot be read of the figures is told, and is no ill health.
func TestReport(t *testing.T) {
	s := offline(t)
	now := time.Date(2026, 11, 28, 12, 30, 20, 0, time.UTC)
	all := found(s, well)
	d := judge(s, nil, all)
	d.report(s.pipeline, all, activity{unknown: errors.New("denied"), newestUnknown: errors.New("denied, too")}, now)
	if d.conclude(words); !d.Healthy || d.ActivityUnknown != "denied" || d.Health.NewestUnknown != "denied, too" {
		t.Errorf("%+v", d)
	}
	point := func(at time.Time, value float64) pipeline.Point { return pipeline.Point{At: at, Value: value} }
	hour, minute := now.Add(-30*time.Minute), now.Truncate(time.Minute)
	did := activity{}
	for _, figure := range s.pipeline.Watched() {
		s := pipeline.Series{Figure: pipeline.Figure{Name: figure.Name, Statistic: "Sum"}}
		switch figure.Name {
		case "lookup-keys":
			s.Points = []pipeline.Point{point(hour, 30), point(minute, 10)}
		case "cache-hits":
			s.Points = []pipeline.Point{point(hour, 1), point(minute, 9)}
		case "errors":
			s.Points = []pipeline.Point{point(minute.Add(-2*time.Minute), 1), point(minute.Add(-time.Minute), 1), point(minute, 1)}
		}
		did.series = append(did.series, s)
	}
	d = judge(s, nil, all)
	d.report(s.pipeline, all, did, now)
	d.conclude(words)
	if rate := d.Health.CacheHitRate; *rate.LastHour != 0.25 || *rate.LastFiveMinutes != 0.9 {
		t.Errorf("hit rates %v, %v", *rate.LastFiveMinutes, *rate.LastHour)
	}
	if d.Healthy || d.Verdict != "ill: batches failed in 3 of the last 5 minutes; enrich logs --errors tells why" {
		t.Errorf("the verdict is %q", d.Verdict)
	}
	// An alarm says it already.
	all = found(s, func(f *engine.Inspection) {
		if well(f); f.Resource.Key() == "alarm/function-errors" {
			f.Observed.Status, f.Observed.Unhealthy = "ALARM", "it fails"
		}
	})
	d = judge(s, nil, all)
	d.report(s.pipeline, all, did, now)
	if d.conclude(words); len(d.Problems) != 1 || !strings.HasPrefix(d.Verdict, "ill: metric alarm data-enrichment-dev-function-errors: it fails; enrich logs --errors ") {
		t.Errorf("the verdict is %q, of %q", d.Verdict, d.Problems)
	}
}

// What is as configured and does not do its work is not helped by another deploy, but
// by commands and keys that there are.
func TestRemedies(t *testing.T) {
	s := offline(t)
	var commands []string
	for _, c := range new(program).app().Commands {
		commands = append(commands, c.Name)
	}
	var keys []string
	for _, k := range config.Keys() {
		keys = append(keys, k.Path)
	}
	alarms := 0
	for _, f := range found(s, well) {
		f.Observed.Unhealthy = "it does not work"
		_, a := assess(f, true)
		if !strings.HasPrefix(f.Resource.Key(), alarmPrefix) {
			if a.rank != doesNotWork {
				t.Errorf("%s has the rank %d", f.Resource.Key(), a.rank)
			}
			continue
		}
		alarms++
		name, _, _ := strings.Cut(a.command, " ")
		if a.rank != isAlarmed || name == "deploy" || a.does == "" || a.command != "" && !slices.Contains(commands, name) {
			t.Errorf("%s: %+v", f.Resource.Key(), a)
		}
		for _, word := range strings.Fields(a.does) {
			if word = strings.Trim(word, ",;"); strings.Contains(word, ".") && !slices.Contains(keys, word) {
				t.Errorf("%s: there is no %s", f.Resource.Key(), word)
			}
		}
		f.Changes = []engine.Change{{Field: "threshold"}}
		if _, a := assess(f, true); a.command != "deploy" {
			t.Errorf("%s that differs: %+v", f.Resource.Key(), a)
		}
	}
	if alarms == 0 {
		t.Error("there are no alarms")
	}
}
