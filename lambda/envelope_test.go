package lambda

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// inEvent is a record as encoding/json writes the event of an event source mapping.
type inEvent struct {
	Kinesis struct {
		SchemaVersion string  `json:"kinesisSchemaVersion"`
		PartitionKey  string  `json:"partitionKey"`
		Sequence      string  `json:"sequenceNumber"`
		Data          []byte  `json:"data"`
		Arrival       float64 `json:"approximateArrivalTimestamp"`
	} `json:"kinesis"`
	Source string `json:"eventSource"`
	ID     string `json:"eventID"`
	ARN    string `json:"eventSourceARN"`
}

// given is a record before it is put in an event.
type given struct {
	shard, sequence, key, data string
	arrival                    int64 // milliseconds
}

// eventOf makes the event that Lambda would send.
func eventOf(t testing.TB, records ...given) []byte {
	t.Helper()
	list := make([]inEvent, len(records))
	for i, r := range records {
		e := &list[i]
		e.Kinesis.SchemaVersion, e.Kinesis.PartitionKey, e.Kinesis.Sequence = "1.0", r.key, r.sequence
		e.Kinesis.Data, e.Kinesis.Arrival = []byte(r.data), float64(r.arrival)/1000
		e.Source, e.ID, e.ARN = "aws:kinesis", r.shard+":"+r.sequence, "arn:aws:kinesis:us-east-1:123456789012:stream/s"
	}
	text, err := json.Marshal(map[string]any{"Records": list})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The event of the Lambda guide.
const documented = `{"Records":[{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"1","sequenceNumber":"49590338271490256608559692538361571095921575989136588898","data":"SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==","approximateArrivalTimestamp":1545084650.987},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000006:49590338271490256608559692538361571095921575989136588898","eventName":"aws:kinesis:record","invokeIdentityArn":"arn:aws:iam::123456789012:role/lambda-role","awsRegion":"us-east-2","eventSourceARN":"arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream"}]}`

func TestDecode(t *testing.T) {
	spaced := strings.NewReplacer(`{`, " {\n", `}`, " }\r\n", `:"`, ` : "`, `,"`, "\t, \"", `[`, "[ ").Replace(documented)
	for _, test := range []struct{ name, event, key, data string }{
		{"documented", documented, "1", "Hello, this is a test."},
		{"white space", spaced, "1", "Hello, this is a test."},
		{"escaped key", strings.Replace(documented, `"partitionKey":"1"`, `"partitionKey":"a\"\\\u00e9\ud83d\ude00"`, 1), `a"\é😀`, "Hello, this is a test."},
		{"escaped slashes", strings.Replace(documented, "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==", `\/\/79`, 1), "1", "\xff\xfe\xfd"},
		{"escaped names", strings.Replace(documented, `"data"`, `"d\u0061ta"`, 1), "1", "Hello, this is a test."},
		{"empty data", strings.Replace(documented, "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==", "", 1), "1", ""},
		{"unknown members", strings.Replace(documented, `"kinesis":{`, `"x":{"a":[1,{"b":"}]\""}],"c":null},"y":[],"z":-1.5e3,"kinesis":{"encryptionType":"KMS","w":{},"v":true,`, 1), "1", "Hello, this is a test."},
	} {
		t.Run(test.name, func(t *testing.T) {
			var d decoder
			list, err := d.decode([]byte(test.event))
			if err != nil || len(list) != 1 {
				t.Fatalf("%d records, %v", len(list), err)
			}
			r := list[0]
			if string(r.shard) != "shardId-000000000006" || string(r.sequence) != "49590338271490256608559692538361571095921575989136588898" ||
				string(r.partitionKey) != test.key || string(r.data) != test.data || r.arrival != 1545084650987 {
				t.Errorf("got shard %s, sequence %s, key %q, data %q, arrival %d", r.shard, r.sequence, r.partitionKey, r.data, r.arrival)
			}
		})
	}
}

func TestArrival(t *testing.T) {
	for text, want := range map[string]int64{
		"1545084650.987": 1545084650987, "1545084650": 1545084650000, "1545084650.9": 1545084650900, "1545084650.98": 1545084650980,
		"1545084650.9876": 1545084650987, "1.545084650987E9": 1545084650987, "1.545084650987e+9": 1545084650987, "0": 0, "1545084650.0": 1545084650000,
		"-1": -1, `"x"`: -1, "null": -1, "1e99": -1, "1545084650.9x": -1,
	} {
		var d decoder
		list, err := d.decode([]byte(strings.Replace(documented, "1545084650.987", text, 1)))
		if want < 0 && err == nil || want >= 0 && (err != nil || list[0].arrival != want) {
			t.Errorf("%s: %v, %v, want %d", text, list, err, want)
		}
	}
}

func TestDecodeNothing(t *testing.T) {
	var d decoder
	if list, err := d.decode([]byte(`{"Records":[]}`)); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestDecodeErrors(t *testing.T) {
	for _, test := range []struct{ name, event, want string }{
		{"empty", ``, "the text ends early"},
		{"not JSON", `hello`, `unexpected 'h' at byte 0`},
		{"null", `null`, `unexpected 'n' at byte 0`},
		{"another event", `{"a":1}`, "it has no Records"},
		{"an empty object", `{}`, "it has no Records"},
		{"records no array", `{"Records":{}}`, `unexpected '{' at byte 11`},
		{"a record no object", `{"Records":[1]}`, `record 0: unexpected '1'`},
		{"another source's record", `{"Records":[{"eventID":"1","dynamodb":{"Keys":{}}}]}`, `record 0: "" is no sequence number`},
		{"no kinesis", `{"Records":[{"eventID":"shardId-1:1"}]}`, `record 0: "" is no sequence number`},
		{"no eventID", strings.Replace(documented, "eventID", "eventid", 1), `record 0: its eventID "" names no shard`},
		{"a path as shard", strings.Replace(documented, "shardId-000000000006:", "../x:", 1), `record 0: its eventID "../x:4959033`},
		{"a path as sequence number", strings.Replace(documented, `"sequenceNumber":"`, `"sequenceNumber":"../`, 1), `is no sequence number`},
		{"no data", strings.Replace(documented, `"data"`, `"Data"`, 1), "record 0: it has no data"},
		{"no base64", strings.Replace(documented, "SGVsbG8s", "SGVsbG8*", 1), "record 0: its data: illegal base64"},
		{"no arrival", strings.Replace(documented, "approximateArrivalTimestamp", "arrival", 1), "record 0: it has no approximateArrivalTimestamp"},
		{"unclosed", documented[:len(documented)-1], "the text ends early"},
		{"unclosed string", documented[:40], "the text ends early"},
		{"unclosed escape", `{"Records":[{"a\`, "the text ends early"},
		{"unclosed value", `{"a":[1,[2]`, "the text ends early"},
		{"no value", `{"a":,"Records":[]}`, `unexpected ',' at byte 5`},
		{"no comma", `{"a":1 "Records":[]}`, `unexpected '"' at byte 7`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var d decoder
			if _, err := d.decode([]byte(test.event)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// FuzzDecode: what encoding/json writes is read as it was, and no text panics.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(documented), "user1", []byte(`{"a":1}`), int64(1545084650987))
	f.Add([]byte(`{"Records":[{"kinesis":{"data":"\u0041"`), "\"\\\x00é\u2028", []byte{0xff}, int64(0))
	f.Fuzz(func(t *testing.T, text []byte, key string, data []byte, arrival int64) {
		var d decoder
		if list, err := d.decode(text); err == nil {
			for _, r := range list {
				if len(r.shard) == 0 || len(r.sequence) == 0 || r.arrival < 0 || r.data == nil {
					t.Fatalf("an incomplete record passes: %+v", r)
				}
			}
		}
		if arrival < 0 || arrival > 1e14 {
			return
		}
		event := eventOf(t, given{"shardId-0", "1", key, string(data), arrival}, given{"shardId-0", "2", "", "{}", 1})
		list, err := d.decode(event)
		if err != nil || len(list) != 2 {
			t.Fatalf("%s: %v, %v", event, list, err)
		}
		var again inEvent
		quoted, _ := json.Marshal(key)
		if err := json.Unmarshal(fmt.Appendf(nil, `{"kinesis":{"partitionKey":%s,"data":"%s"}}`, quoted, base64.StdEncoding.EncodeToString(data)), &again); err != nil {
			t.Fatal(err)
		}
		r := list[0]
		if string(r.partitionKey) != again.Kinesis.PartitionKey || string(r.data) != string(data) || r.arrival != arrival {
			t.Fatalf("%q, %q, %d became %q, %q, %d", key, data, arrival, r.partitionKey, r.data, r.arrival)
		}
	})
}
