package delivery

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// Whole is the place of a record that is no part of an aggregated one.
const Whole = -1

// Identity tells which record a line of an object is: the sequence number, and for a
// part of an aggregated record its place in that, else Whole. It is false for a line
// that tells none, or that of another shard.
func Identity(text []byte, o Object) (sequence string, part int, ok bool) {
	if o.DeadLetter {
		return letterIdentity(text, o)
	}
	id, ok := lastID(text)
	if !ok {
		var fields map[string]json.RawMessage // whose names must match exactly
		if err := json.Unmarshal(text, &fields); err != nil {
			return "", 0, false
		}
		id = field(fields, "enrichment_id")
	}
	id, ours := strings.CutPrefix(id, o.ShardID+":")
	sequence, place, isPart := strings.Cut(id, ":")
	if part = Whole; isPart {
		if part, ok = partNumber(place); !ok {
			return "", 0, false
		}
	}
	return sequence, part, ours && decimal(sequence)
}

func letterIdentity(text []byte, o Object) (sequence string, part int, ok bool) {
	var fields map[string]json.RawMessage // likewise
	if err := json.Unmarshal(text, &fields); err != nil {
		return "", 0, false
	}
	sequence = field(fields, "sequence_number")
	if part = Whole; fields["sub_sequence_number"] != nil {
		if part, ok = partNumber(string(fields["sub_sequence_number"])); !ok {
			return "", 0, false
		}
	}
	return sequence, part, field(fields, "shard_id") == o.ShardID && decimal(sequence)
}

func partNumber(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err == nil
}

// lastID finds the identity where it nearly always is, at the end of the line, without
// reading all of it. A quote in a string has a backslash before it, so what begins and
// ends like this is a member, and what only "}" follows is one of the outermost object.
func lastID(text []byte) (id string, ok bool) {
	const name = `"enrichment_id":"`
	at := bytes.LastIndex(text, []byte(name))
	if at < 1 || text[at-1] == '\\' {
		return "", false
	}
	value, found := bytes.CutSuffix(bytes.TrimRight(text[at+len(name):], " \t\r"), []byte(`"}`))
	if !found || bytes.ContainsAny(value, `"\`) {
		return "", false
	}
	return string(value), true
}
