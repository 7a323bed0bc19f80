package emulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzEvent checks that an event is JSON which holds what the records hold, and
// that no record takes more bytes than was reckoned with.
func FuzzEvent(f *testing.F) {
	f.Add("key", []byte("data"), int64(1545084650987))
	f.Add(`a"\`+"\n\x00ü€😀<>&", []byte{0, 255}, int64(0))
	f.Add("\xff\xfe", []byte(nil), int64(9999999999999))
	f.Fuzz(func(t *testing.T, key string, data []byte, arrived int64) {
		if arrived < 0 || arrived > 9999999999999 {
			return
		}
		w := newEventWriter(&stream{region: "us-east-1", arn: "arn:aws:kinesis:us-east-1:000000000000:stream/s"}, &shard{id: shardID(1)})
		r := &record{partitionKey: key, data: data, arrived: arrived, sequence: strings.Repeat("4", sequenceDigits)}
		role := "arn:aws:iam::000000000000:role/" + strings.Repeat("r", 64)
		body := w.event([]*record{r, r}, role)
		if limit := eventFrame + 2*w.size(r, role); len(body) > limit {
			t.Fatalf("%d bytes, reckoned with %d", len(body), limit)
		}
		records := delivery{Body: body}.records(t)
		if len(records) != 2 {
			t.Fatalf("%d records in %s", len(records), body)
		}
		for _, got := range records {
			if utf8.ValidString(key) && got.Kinesis.PartitionKey != key || !slices.Equal(got.Kinesis.Data, data) {
				t.Fatalf("%q and %q became %s", key, data, body)
			}
			if ms := int64(got.Kinesis.Arrival*1000 + 0.5); ms != arrived {
				t.Fatalf("arrival %d became %d", arrived, ms)
			}
		}
	})
}

func TestArrivalHasAsManyDecimalsAsItNeeds(t *testing.T) {
	for ms, want := range map[int64]string{1545084650987: "1545084650.987", 1545084650980: "1545084650.98", 1545084650900: "1545084650.9", 1545084650000: "1545084650.0", 1545084650007: "1545084650.007", 0: "0.0"} {
		if got := string(appendSeconds(nil, ms)); got != want {
			t.Errorf("%d ms is %s, want %s", ms, got, want)
		}
	}
}

func FuzzFirstFailure(f *testing.F) {
	for _, s := range []string{
		`""`, `[]`, `null`, `{}`, ``, `{"batchItemFailures":[{"itemIdentifier":"2"}]}`, `{"batchItemFailures":[{"itemIdentifier":"3"},{"itemIdentifier":"1"}]}`,
		`{"batchItemFailures":[{"itemIdentifier":4}]}`, `{"batchItemFailures":[{}]}`, `{"batchItemFailures":{}}`, `{"batchItemFailures":[{"itemIdentifier":"2"}],"batchItemFailures":[]}`,
	} {
		f.Add([]byte(s))
	}
	records := []*record{{sequence: "1"}, {sequence: "2"}, {sequence: "3"}}
	f.Fuzz(func(t *testing.T, payload []byte) {
		first, ok := firstFailure(payload, records)
		if first < 0 || first > len(records) || !ok && first != 0 {
			t.Fatalf("%q gives %d, %v", payload, first, ok)
		}
		if ok && first < len(records) && !strings.Contains(string(payload), "batchItemFailures") && !strings.Contains(string(payload), `\u`) {
			t.Fatalf("%q names a failed record", payload)
		}
		if ok && len(payload) > 0 && strings.TrimSpace(string(payload)) != "" && !json.Valid(payload) {
			t.Fatalf("%q is no JSON and no failure", payload)
		}
	})
}

func FuzzReadHeader(f *testing.F) {
	f.Add(elfHeader(62))
	f.Add(elfHeader(183))
	f.Add([]byte("#!/bin/sh"))
	f.Add([]byte("\x7fELF"))
	f.Fuzz(func(t *testing.T, header []byte) {
		e := readHeader(header)
		if e.architecture != "" && (e.kind != entrypointELF || len(header) < 20) {
			t.Fatalf("%x: %+v", header, e)
		}
	})
}

func TestHostsRunWhatTheyCan(t *testing.T) {
	const x86, arm = "x86_64", "arm64"
	for _, c := range []struct {
		header []byte
		host   platform
		runs   bool
	}{
		{elfHeader(62), platform{"linux", x86}, true},
		{elfHeader(183), platform{"linux", arm}, true},
		{elfHeader(62), platform{"linux", arm}, false},
		{elfHeader(183), platform{"linux", x86}, false},
		{elfHeader(183), platform{"darwin", arm}, false},
		{elfHeader(62), platform{"windows", x86}, false},
		{[]byte("#!/bin/sh\n"), platform{"darwin", arm}, true},
		{[]byte("#!/bin/sh\n"), platform{"windows", x86}, false},
	} {
		e := readHeader(c.header)
		if err := e.runsOn(c.host); (err == nil) != c.runs {
			t.Errorf("%+v on %s: %v", e, c.host, err)
		}
	}
}

func BenchmarkEvent(b *testing.B) {
	w := newEventWriter(&stream{region: "us-east-1", arn: "arn:aws:kinesis:us-east-1:000000000000:stream/s"}, &shard{id: shardID(1)})
	var records []*record
	for i := range 1000 {
		records = append(records, &record{partitionKey: fmt.Sprint("user", i), data: make([]byte, 400), arrived: 1545084650987, sequence: strings.Repeat("4", sequenceDigits)})
	}
	b.ReportAllocs()
	for b.Loop() {
		w.event(records, "arn:aws:iam::000000000000:role/work-role")
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/record")
}
