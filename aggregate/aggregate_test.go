package aggregate

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// lengthed appends a length-delimited field.
func lengthed(dst []byte, number uint64, data string) []byte {
	dst = binary.AppendUvarint(dst, number<<3|2)
	dst = binary.AppendUvarint(dst, uint64(len(data)))
	return append(dst, data...)
}

func varinted(dst []byte, number, value uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, number<<3), value)
}

// sealed is a message with magic and sum.
func sealed(message []byte) string {
	sum := md5.Sum(message)
	return string(magic) + string(message) + string(sum[:])
}

// aggregated packs pairs of partition key and data as the Kinesis Producer Library
// does.
func aggregated(pairs ...string) string {
	var message []byte
	index := map[string]uint64{}
	for i := 0; i < len(pairs); i += 2 {
		if _, ok := index[pairs[i]]; !ok {
			index[pairs[i]] = uint64(len(index))
			message = lengthed(message, 1, pairs[i])
		}
	}
	message = lengthed(message, 2, "340282366920938463463374607431768211455")
	for i := 0; i < len(pairs); i += 2 {
		r := varinted(nil, 1, index[pairs[i]])
		r = varinted(r, 2, 0)
		r = lengthed(r, 3, pairs[i+1])
		r = lengthed(r, 4, "\n\x01t")
		message = lengthed(message, 3, string(r))
	}
	return sealed(message)
}

func TestUnpack(t *testing.T) {
	big := strings.Repeat("x", 300)
	got, ok := Unpack(nil, []byte(aggregated("k1", `{"a":1}`, "k2", "", "k1", big)))
	want := []Part{{[]byte("k1"), []byte(`{"a":1}`)}, {[]byte("k2"), nil}, {[]byte("k1"), []byte(big)}}
	if !ok || len(got) != len(want) {
		t.Fatalf("%d parts, %v", len(got), ok)
	}
	for i := range want {
		if !bytes.Equal(got[i].PartitionKey, want[i].PartitionKey) || !bytes.Equal(got[i].Data, want[i].Data) {
			t.Errorf("part %d: %q, %q", i, got[i].PartitionKey, got[i].Data)
		}
	}
}

// What another implementation of the format packed, the aggregator of
// aws-kinesis-agg 1.2.3 for Python, comes out as it went in.
func TestUnpackWhatOthersPacked(t *testing.T) {
	text, err := os.ReadFile("testdata/kpl.json")
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
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors) != 4 {
		t.Fatalf("%d vectors, %v", len(vectors), err)
	}
	for n, v := range vectors {
		got, ok := Unpack(nil, v.Aggregated)
		if !ok || len(got) != len(v.Parts) {
			t.Fatalf("vector %d: %d parts of %d, %v", n, len(got), len(v.Parts), ok)
		}
		for i, p := range v.Parts {
			if string(got[i].PartitionKey) != p.Key || !bytes.Equal(got[i].Data, p.Data) {
				t.Errorf("vector %d, part %d: %q, %q", n, i, got[i].PartitionKey, got[i].Data)
			}
		}
	}
}

func TestUnpackUnknownFields(t *testing.T) {
	r := append([]byte{9<<3 | 5, 1, 2, 3, 4, 10<<3 | 1, 1, 2, 3, 4, 5, 6, 7, 8}, varinted(nil, 1, 0)...)
	r = lengthed(r, 3, "data")
	// The keys may follow the records.
	message := lengthed(varinted(nil, 7, 1<<40), 3, string(r))
	message = lengthed(message, 1, "key")
	got, ok := Unpack(nil, []byte(sealed(message)))
	if !ok || len(got) != 1 || string(got[0].Data) != "data" || string(got[0].PartitionKey) != "key" {
		t.Errorf("%q, %v", got, ok)
	}
}

func TestUnpackLeavesOthersAlone(t *testing.T) {
	good := aggregated("k", `{"a":1}`)
	record := func(message []byte) string { return sealed(lengthed(lengthed(nil, 1, "k"), 3, string(message))) }
	for name, data := range map[string]string{
		"empty":             "",
		"JSON":              `{"a":1}`,
		"magic alone":       string(magic),
		"magic and a sum":   sealed(nil),
		"another magic":     "\xf3\x89\x9a\xc3" + good[4:],
		"an altered byte":   strings.Replace(good, `{"a":1}`, `{"a":2}`, 1),
		"a byte more":       good + "x",
		"a byte less":       good[:len(good)-1],
		"no records":        sealed(lengthed(nil, 1, "k")),
		"no index":          record(lengthed(nil, 3, "d")),
		"no data":           record(varinted(nil, 1, 0)),
		"index too large":   record(lengthed(varinted(nil, 1, 1), 3, "d")),
		"length too large":  sealed([]byte{3<<3 | 2, 100, 1}),
		"unended length":    sealed([]byte{3<<3 | 2, 0x80}),
		"unended varint":    record([]byte{1 << 3, 0x80}),
		"unended tag":       sealed([]byte{0x80}),
		"field number 0":    sealed([]byte{0, 0}),
		"a group":           sealed([]byte{3<<3 | 3}),
		"text that is none": sealed([]byte("hello")),
	} {
		if got, ok := Unpack(nil, []byte(data)); ok || len(got) != 0 {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte(aggregated("k1", `{"a":1}`, "k2", "x")))
	f.Add([]byte{3<<3 | 2, 100, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, text := range []string{string(data), sealed(data)} {
			before := []Part{{Data: []byte("before")}}
			got, ok := Unpack(before, []byte(text))
			if ok != (len(got) > 1) || string(got[0].Data) != "before" {
				t.Fatalf("%d parts, %v", len(got), ok)
			}
		}
	})
}
