package emulator

import (
	"bytes"
	"encoding/json"
)

// firstFailure reads a partial batch response and gives the index of the first
// record that failed, len(records) when none did. It gives false for an answer
// that is none: then the whole batch has failed.
//
// Which shapes count as what is recorded from AWS: "", [], null, {} and an empty
// or absent list are a success; an item that is not one of the batch's sequence
// numbers, or has none, fails all of it.
// https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
func firstFailure(payload []byte, records []*record) (int, bool) {
	payload = bytes.TrimSpace(payload)
	switch string(payload) {
	case "", `""`, "[]", "null":
		return len(records), true
	}
	var response map[string]json.RawMessage
	if err := json.Unmarshal(payload, &response); err != nil {
		return 0, false
	}
	list, ok := response["batchItemFailures"]
	if !ok {
		return len(records), true
	}
	var items []map[string]json.RawMessage
	if err := json.Unmarshal(list, &items); err != nil {
		return 0, false
	}
	if len(items) == 0 {
		return len(records), true
	}
	places := make(map[string]int, len(records))
	for i, r := range records {
		places[r.sequence] = i
	}
	first := len(records)
	for _, item := range items {
		// A number decodes into no string: json.Unmarshal refuses it.
		var identifier string
		if err := json.Unmarshal(item["itemIdentifier"], &identifier); err != nil {
			return 0, false
		}
		place, known := places[identifier]
		if !known {
			return 0, false
		}
		first = min(first, place)
	}
	return first, true
}
