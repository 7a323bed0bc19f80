package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"enrich/config"
)

// tabled prints records as a table of so many columns.
func tabled(t *testing.T, columns []column, room, sample int, records ...string) []string {
	t.Helper()
	var out bytes.Buffer
	table := &recordTable{
		out:     newOutput(streams{out: &out, err: &out}, look{}, func(string) string { return "" }),
		columns: columns, room: room, sample: sample,
	}
	for _, record := range records {
		if err := table.add([]byte(record)); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.end(); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

const stored = `{"user_id":"ada","user_name":"Ada 東京","user_email":"ada@example.com","user_segment":"vip","user_location":null,` +
	`"enrichment_status":"success","processing_timestamp":"2026-11-23T10:00:00.123Z"}`

func TestRecordTable(t *testing.T) {
	columns := recordColumns(config.Default("dev"), newPalette(false))
	shows := func(room, sample int, records ...string) string {
		t.Helper()
		lines := tabled(t, columns, room, sample, records...)
		for _, line := range lines {
			if n := breadth(line); n > room {
				t.Errorf("%d columns of %d: %s", n, room, line)
			}
		}
		return strings.Join(lines, "\n")
	}
	wide := shows(120, 100, stored, strings.ReplaceAll(stored, "Ada 東京", "Ada"), `{"user_id":5,"enrichment_status":"no_user_id"}`)
	for _, want := range []string{
		"processed       user_id  enrichment_status  user_name  user_email       user_segment  user_location\n",
		"ada      success            Ada 東京   ada@example.com  vip           null\n",
		"ada      success            Ada        ada@example.com  vip           null\n",
		"\n-               5        no_user_id         -          -                -             -",
	} {
		if !strings.Contains(wide, want) {
			t.Errorf("%q is not in\n%s", want, wide)
		}
	}
	// An optional column is there when one of the first records has a value for it.
	if with := shows(120, 100, stored, `{"event_type":"click"}`); !strings.Contains(with, "  event_type  ") || strings.Contains(wide, "event_type") {
		t.Errorf("event types:\n%s", with)
	}
	// Titles are cut before values, and wide columns before narrow ones; those that have
	// no room at all are left out.
	if narrow := shows(74, 100, stored); !strings.Contains(narrow, "  user_e") || !strings.Contains(narrow, "  user_…  user_…") || !strings.Contains(narrow, "success  Ada 東京  ada@example.com  vip     null") {
		t.Errorf("in 74 columns:\n%s", narrow)
	}
	if narrow := shows(30, 100, stored); !strings.Contains(narrow, "  …\n") || strings.Contains(narrow, "vip") {
		t.Errorf("in 30 columns:\n%s", narrow)
	}
	for room := 10; room < 130; room++ {
		shows(room, 1+room%3, stored, `{"user_id":"`+strings.Repeat("東", 100)+`"}`, "no record: \x1b[2J"+strings.Repeat("x", 200), stored)
	}
	evil := shows(120, 1, `{"user_id":"\u001b[2J\u202e","user_name":"a\nb","enrichment_status":"success"}`)
	if strings.ContainsAny(evil, "\x1b\u202e") || strings.Count(evil, "\n") != 1 || !strings.Contains(evil, `\u001b[2J\u202e`) {
		t.Errorf("%q", evil)
	}
	// Where the line has no bound, the last column has none.
	if long := strings.Repeat("x", 300); !strings.Contains(shows(math.MaxInt, 1, `{"user_location":"`+long+`"}`), long) {
		t.Error("cut without need")
	}
}

// What comes after the sample keeps to its columns.
func TestRecordTableStreams(t *testing.T) {
	var out bytes.Buffer
	table := &recordTable{
		out:     newOutput(streams{out: &out, err: &out}, look{}, func(string) string { return "" }),
		columns: []column{member("a", 4), member("b", 4)}, room: 40, sample: 2,
	}
	for i := range 5 {
		if err := table.add([]byte(fmt.Sprintf(`{"a":"%s","b":%d}`, strings.Repeat("x", 7*i), i))); err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(out.String(), "\n"); i == 0 && lines != 0 || i > 0 && lines != i+2 {
			t.Errorf("%d lines after %d records", lines, i+1)
		}
	}
	if want := "a        b\n         0\nxxxxxxx  1\nxxxxxx…  2\nxxxxxx…  3\nxxxxxx…  4\n"; out.String() != want {
		t.Errorf("got\n%s", &out)
	}
	failed := &recordTable{out: table.out, columns: []column{member("a", 4)}, room: 40, sample: 9}
	out.Reset()
	if err := failed.add([]byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	if err := failed.broken(errors.New("no more")); err == nil || err.Error() != "no more" || out.String() != "a\n1\n" {
		t.Errorf("%v, %q", err, &out)
	}
}

func TestTablesOfFailures(t *testing.T) {
	plain := newPalette(false)
	letters := tabled(t, letterColumns(plain), 100, 100,
		`{"reason":"not JSON: 'b' at byte 0","shard_id":"shardId-000000000001","sequence_number":"1","partition_key":"p","arrival":"2026-11-23T14:59:59.500Z","data":"YmFkG1sySg=="}`,
		`{"reason":"x","shard_id":"shardId-000000000001","data":"`+strings.Repeat("YmFk", 1<<20)+`"}`)
	if !strings.HasSuffix(letters[1], `  shardId-000000000001  not JSON: 'b' at byte 0  bad\u001b[2J`) || !strings.HasSuffix(letters[2], "…") || breadth(letters[2]) != 100 {
		t.Errorf("%q", letters)
	}
	number := "4959033827149025660855969253836157109592157598913658"
	batches := tabled(t, batchColumns(plain), 100, 100,
		`{"reason":"RetryAttemptsExhausted","attempts":3,"shard_id":"shardId-000000000001","first_sequence_number":"`+number+`8898","last_sequence_number":"`+number+`8899","records":7,"stored_at":"2026-11-25T05:00:00Z"}`)
	if !strings.Contains(batches[1], "8898  …") || !strings.HasSuffix(batches[1], "8899") || breadth(batches[1]) > 100 {
		t.Errorf("%q", batches)
	}
}
