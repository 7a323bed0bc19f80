package aggregate

import (
	"bytes"
	"testing"
)

// A record that is packed alone comes out, and what is no aggregate has no tag and takes none.
func TestPack(t *testing.T) {
	for _, data := range []string{"", `{"a":1}`, string(magic), aggregated("k", "x")} {
		packed := Pack("key", []byte(data))
		got, ok := Unpack(nil, packed)
		if !ok || len(got) != 1 || string(got[0].PartitionKey) != "key" || string(got[0].Data) != data {
			t.Errorf("%q: %q, %v", data, got, ok)
		}
		if value, ok := Tag(packed, "t"); ok {
			t.Errorf("%q has the tag %q", data, value)
		}
	}
	for _, data := range []string{"", "x", string(magic), sealed(nil), sealed(lengthed(nil, 1, "k")), aggregated("k", "x") + "y"} {
		if value, ok := Tag([]byte(data), "t"); ok {
			t.Errorf("%q has the tag %q", data, value)
		}
		if tagged, ok := Tagged([]byte(data), "t", "v"); ok {
			t.Errorf("%q became %q", data, tagged)
		}
	}
}

// A tag takes the place of one with its key, beside others that are there.
func TestTagged(t *testing.T) {
	one := []byte(aggregated("k1", `{"a":1}`, "k2", "x")) // whose records have the tag "\x01t"
	for _, value := range []string{"first", "second", ""} {
		tagged, ok := Tagged(one, "key", value)
		if got, found := Tag(tagged, "key"); !ok || !found || got != value {
			t.Errorf("%q, %v, %v", got, found, ok)
		}
		if other, found := Tag(tagged, "t"); !found || other != "" {
			t.Errorf("%q, %v", other, found)
		}
		got, _ := Unpack(nil, tagged)
		if len(got) != 2 || string(got[0].Data) != `{"a":1}` || string(got[1].PartitionKey) != "k2" || bytes.Count(tagged, []byte("key")) != 1 {
			t.Errorf("%q", tagged)
		}
		one = tagged
	}
	// What the format does not allow in a tag is none of ours, and stays.
	odd := lengthed(lengthed(varinted(nil, 1, 0), 3, "d"), 4, "\n\x09key")
	message := lengthed(lengthed(nil, 1, "k"), 3, string(odd))
	if value, found := Tag([]byte(sealed(message)), "key"); found {
		t.Errorf("got %q", value)
	}
	if tagged, ok := Tagged([]byte(sealed(message)), "key", "v"); !ok || bytes.Count(tagged, []byte("key")) != 2 {
		t.Errorf("%q, %v", tagged, ok)
	}
}

func FuzzTagged(f *testing.F) {
	f.Add([]byte(aggregated("k1", `{"a":1}`, "k2", "x")))
	f.Add([]byte{3<<3 | 2, 100, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, text := range []string{string(data), sealed(data)} {
			before, ok := Unpack(nil, []byte(text))
			tagged, did := Tagged([]byte(text), "key", "v")
			if ok != did {
				t.Fatalf("%v, %v", ok, did)
			}
			if !ok {
				continue
			}
			after, _ := Unpack(nil, tagged)
			value, found := Tag(tagged, "key")
			if value != "v" || !found || len(before) != len(after) {
				t.Fatalf("%q, %v, %d and %d parts", value, found, len(before), len(after))
			}
			for i := range before {
				if !bytes.Equal(before[i].Data, after[i].Data) || !bytes.Equal(before[i].PartitionKey, after[i].PartitionKey) {
					t.Fatalf("part %d: %q, %q", i, before[i], after[i])
				}
			}
		}
	})
}
