package redrive

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"enrich/aggregate"
)

const number = "49590338271490256608559692538361571095921575989136588898"

// What is marked is unpacked as it was, and once more marked has but the new mark.
func TestMark(t *testing.T) {
	identity := "shardId-000000000000:" + number
	for name, data := range map[string][]byte{"an event": []byte(`{"a":1}`), "nothing": {}, "magic alone": []byte(magic), "bytes": {0xff, 0}} {
		if got, marked := Mark(data); marked {
			t.Errorf("%s has the mark %s", name, got)
		}
		r := marked(identity, "k", data, true)
		if got, marked := Mark(r.data); !marked || got != identity {
			t.Errorf("%s: %q, %v", name, got, marked)
		}
		second := marked(identity+":0", "k", r.data, true)
		if got, _ := Mark(second.data); got != identity+":0" {
			t.Errorf("%s: %q", name, got)
		}
		if n := size(second.data); n != 1 || len(second.data) != len(r.data)+4 && len(second.data) != len(r.data)+2 {
			t.Errorf("%s: %d records in %d bytes, before %d", name, n, len(second.data), len(r.data))
		}
		if !bytes.Contains(second.data, data) || bytes.Count(second.data, []byte(MarkKey)) != 1 || bytes.Count(second.data[1:], []byte(magic)) != bytes.Count(data, []byte(magic)) {
			t.Errorf("%s: %q", name, second.data)
		}
	}
}

// An aggregate of another's making keeps all that is in it, in its order.
func TestMarkWhatOthersPacked(t *testing.T) {
	text, err := os.ReadFile("../aggregate/testdata/kpl.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Aggregated []byte
		Parts      []struct {
			Key  string
			Data []byte
		}
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	several := 0
	for n, v := range vectors {
		r := marked("s:1", "k", v.Aggregated, true)
		if got, marked := Mark(r.data); !marked || got != "s:1" || size(r.data) != len(v.Parts) {
			t.Errorf("vector %d: %q, %d parts of %d", n, got, size(r.data), len(v.Parts))
		}
		parts, _ := aggregate.Unpack(nil, r.data)
		for i, p := range v.Parts {
			if string(parts[i].PartitionKey) != p.Key || !bytes.Equal(parts[i].Data, p.Data) {
				t.Errorf("vector %d, part %d: %q", n, i, parts[i])
			}
		}
		if len(v.Parts) > 1 {
			several++
		}
		// As one record of an aggregate that was unpacked it stays one record.
		if inner := marked("s:1:4", "k", v.Aggregated, false); size(inner.data) != 1 || !bytes.Contains(inner.data, v.Aggregated) {
			t.Errorf("vector %d: %d records", n, size(inner.data))
		}
	}
	if several == 0 {
		t.Error("no vector has several records")
	}
}

// A key that Kinesis does not take is put by a hash, and kept in the aggregate.
func TestKeys(t *testing.T) {
	long := string(bytes.Repeat([]byte("é"), 257))
	for key, same := range map[string]bool{"k": true, long[2:]: true, "": false, long: false, "\xff": false} {
		r := marked("s:1", key, []byte("x"), true)
		if (r.key == key) != same || len(r.key) == 0 || !bytes.Contains(r.data, []byte(key)) {
			t.Errorf("%.9q is put by %.9q", key, r.key)
		}
	}
}
