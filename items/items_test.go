package items

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

// table is a DynamoDB table with the key id that refuses what a real one would.
type table struct {
	t    *testing.T
	kind types.ScalarAttributeType
	sort string
	// refuse decides about one item of one call: unprocessed.
	refuse func() bool
	fail   func() error
	before func(ctx context.Context)

	mu    sync.Mutex
	calls int
	busy  int
	wide  int // calls at the same time, at most
	items map[string]map[string]types.AttributeValue
}

func newTable(t *testing.T, kind types.ScalarAttributeType) *table {
	return &table{t: t, kind: kind, items: make(map[string]map[string]types.AttributeValue)}
}

func (b *table) DescribeTable(_ context.Context, in *dynamodb.DescribeTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	description := &types.TableDescription{
		TableName:            in.TableName,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: b.kind}},
	}
	if b.sort != "" {
		description.KeySchema = append(description.KeySchema, types.KeySchemaElement{AttributeName: &b.sort, KeyType: types.KeyTypeRange})
	}
	return &dynamodb.DescribeTableOutput{Table: description}, nil
}

func (b *table) BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	b.mu.Lock()
	b.calls++
	b.busy++
	b.wide = max(b.wide, b.busy)
	b.mu.Unlock()
	if b.before != nil {
		b.before(ctx)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy--
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if b.fail != nil {
		if err := b.fail(); err != nil {
			return nil, err
		}
	}
	requests := in.RequestItems["t"]
	if len(requests) < 1 || len(requests) > 25 || len(in.RequestItems) != 1 {
		b.t.Errorf("a call with %d items", len(requests))
	}
	seen := make(map[string]bool)
	for _, r := range requests {
		identity := identityOf(r.PutRequest.Item["id"])
		if identity == "" || seen[identity] {
			b.t.Errorf("a call with the key %q empty or twice", identity)
		}
		seen[identity] = true
		if _, bad := r.PutRequest.Item["bad"]; bad {
			return nil, &smithy.GenericAPIError{Code: "ValidationException", Message: "it is bad"}
		}
	}
	var left []types.WriteRequest
	for _, r := range requests {
		if b.refuse != nil && b.refuse() {
			left = append(left, r)
			continue
		}
		b.items[identityOf(r.PutRequest.Item["id"])] = r.PutRequest.Item
	}
	out := &dynamodb.BatchWriteItemOutput{}
	if left != nil {
		out.UnprocessedItems = map[string][]types.WriteRequest{"t": left}
	}
	return out, nil
}

// plain shows an item with its types: "S:text", "N:1.0".
func plain(value types.AttributeValue) any {
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		return "S:" + value.Value
	case *types.AttributeValueMemberN:
		return "N:" + value.Value
	case *types.AttributeValueMemberB:
		return "B:" + string(value.Value)
	case *types.AttributeValueMemberBOOL:
		return value.Value
	case *types.AttributeValueMemberNULL:
		return nil
	case *types.AttributeValueMemberL:
		list := []any{}
		for _, element := range value.Value {
			list = append(list, plain(element))
		}
		return fmt.Sprintf("L%v", list) // cmp would take ages for deep ones
	case *types.AttributeValueMemberM:
		return object(value.Value)
	}
	return fmt.Sprintf("%T", value)
}

type fields = map[string]any

func object(item map[string]types.AttributeValue) fields {
	all := fields{}
	for name, value := range item {
		all[name] = plain(value)
	}
	return all
}

func (b *table) plain() map[string]fields {
	all := make(map[string]fields)
	for identity, item := range b.items {
		all[identity] = object(item)
	}
	return all
}

func TestLoadFormats(t *testing.T) {
	kinds := map[string]string{"n": "N", "b": "BOOL", "x": "NULL", "j": "JSON", "s": "S"}
	tests := []struct {
		name     string
		o        Options
		kind     types.ScalarAttributeType
		in       string
		want     map[string]fields
		rejected []Rejection
	}{
		{name: "CSV", o: Options{Format: CSV}, in: "\xef\xbb\xbfid,name\r\n1,\"Doe, John\"\r\n\r\n2,\r\n",
			want: map[string]fields{"1": {"id": "S:1", "name": "S:Doe, John"}, "2": {"id": "S:2", "name": "S:"}}},
		{name: "CSV with lines in quotes", o: Options{Format: CSV}, in: "name,id\n\"a\n\"\"b\"\"\",1\nx\nc,2",
			want:     map[string]fields{"1": {"id": "S:1", "name": "S:a\n\"b\""}, "2": {"id": "S:2", "name": "S:c"}},
			rejected: []Rejection{{4, "1 fields, the header has 2"}}},
		{name: "CSV with types", o: Options{Format: CSV, Types: kinds}, in: "id,n,b,x,j,s\n" +
			"1, 007.50 ,TRUE,,\"{\"\"a\"\":[1,\"\"x\"\"]}\", x \n2,,,null,,\n3,x,,,,\n4,1,yes,,,\n5,1,,some,,\n6,1,,,{,\n",
			want: map[string]fields{
				"1": {"id": "S:1", "n": "N:7.50", "b": true, "x": nil, "j": fields{"a": "L[N:1 S:x]"}, "s": "S: x "},
				"2": {"id": "S:2", "x": nil, "s": "S:"},
			},
			rejected: []Rejection{
				{4, "n: not a number"}, {5, "b: neither true nor false"}, {6, "x: neither empty nor null"},
				{7, "j: not valid JSON: unexpected end of JSON input"},
			}},
		{name: "CSV with bad quotes", o: Options{Format: CSV}, in: "id,name\n1,a\"b\n2,\"a\"b\n3,c\n4,\"d\n5,e\n",
			want: map[string]fields{"3": {"id": "S:3", "name": "S:c"}},
			rejected: []Rejection{
				{2, `column 4: bare " in non-quoted-field`}, {3, `column 5: extraneous or missing " in quoted-field`},
				{5, `lines 5 to 6: extraneous or missing " in quoted-field`},
			}},
		{name: "CSV not UTF-8", o: Options{Format: CSV}, in: "id,name\n1,\xff\n2,ü\n",
			want:     map[string]fields{"2": {"id": "S:2", "name": "S:ü"}},
			rejected: []Rejection{{2, "name: not valid UTF-8"}}},
		{name: "NDJSON", o: Options{Format: NDJSON}, in: "{\"id\":\"1\",\"n\":12345678901234567890.123456789,\"b\":false,\"x\":null,\"l\":[],\"m\":{\"\\u00fc\":\"\"}}\r\n\n [] \n{\"id\":\"2\"\n{\"id\":\"\\ud83d\\ude00\"}",
			want: map[string]fields{
				"1": {"id": "S:1", "n": "N:12345678901234567890.123456789", "b": false, "x": nil, "l": "L[]", "m": fields{"ü": "S:"}},
				"😀": {"id": "S:😀"},
			},
			rejected: []Rejection{{3, "not a JSON object"}, {4, "not valid JSON: unexpected end of JSON input"}}},
		{name: "values that DynamoDB has not", o: Options{Format: NDJSON}, in: strings.Join([]string{
			`{"id":"1","n":1e126}`, `{"id":"2","n":[123456789012345678901234567890123456789]}`, `{"id":"3","s":{"t":"\ud800"}}`,
			`{"id":"4","s":"\ude00\ud83d"}`, `{"id":"5","":1}`, `{"id":"6","l":` + strings.Repeat("[", 33) + strings.Repeat("]", 33) + `}`,
			`{"id":"7","s":"` + strings.Repeat("x", 400<<10) + `"}`, "{\"id\":\"\xff\"}", `{"id":"` + strings.Repeat("x", 2049) + `"}`,
			`{"id":"9","s":"\\ud800","l":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`,
		}, "\n"),
			want: map[string]fields{"9": {"id": "S:9", "s": `S:\ud800`, "l": strings.Repeat("L[", 32) + strings.Repeat("]", 32)}},
			rejected: []Rejection{
				{1, "n: outside the range of numbers (1E-130 to 9.99E+125)"}, {2, "n[0]: a number of 39 digits, of which 38 are allowed"},
				{3, `has half a surrogate pair (\ud800 to \udfff), which DynamoDB cannot store`},
				{4, `has half a surrogate pair (\ud800 to \udfff), which DynamoDB cannot store`},
				{5, "a field without a name"}, {6, "l" + strings.Repeat("[0]", 32) + ": lists and objects more than 32 deep"},
				{7, "an item of 409604 bytes, of which 409600 are allowed"}, {8, "not valid UTF-8"},
				{9, "id, the table's key, is 2049 bytes long, of which 2048 are allowed"},
			}},
		{name: "array", o: Options{Format: JSON}, in: "\xef\xbb\xbf [\n{\"id\":\"1\",\n\"n\":1.0}, {\"id\":\"2\"},\n\n 5\n,{\"id\":\n3}\n]\n",
			want:     map[string]fields{"1": {"id": "S:1", "n": "N:1.0"}, "2": {"id": "S:2"}, "3": {"id": "S:3"}},
			rejected: []Rejection{{5, "not a JSON object"}}},
		{name: "empty array", o: Options{Format: JSON}, in: "[]", want: map[string]fields{}},
		{name: "keys are text", o: Options{Format: NDJSON, Key: "id"}, in: `{"id":1.50}` + "\n" + `{"id":true}` + "\n" + `{"id":""}` + "\n" + `{"id":null}` + "\n" + `{}`,
			want: map[string]fields{"1.50": {"id": "S:1.50"}},
			rejected: []Rejection{{2, "id, the table's key, is neither text nor number"}, {3, "id, the table's key, is empty"},
				{4, "id, the table's key, is neither text nor number"}, {5, "no id, the table's key"}}},
		{name: "keys are numbers", o: Options{Format: CSV, Types: map[string]string{"id": "N"}}, kind: types.ScalarAttributeTypeN, in: "id,v\n1,a\n2,b\nx,c\n1.0,d\n",
			want:     map[string]fields{"1e0": {"id": "N:1.0", "v": "S:d"}, "2e0": {"id": "N:2", "v": "S:b"}},
			rejected: []Rejection{{4, "id, the table's key, is not a number"}}},
		{name: "keys are bytes", o: Options{Format: CSV}, kind: types.ScalarAttributeTypeB, in: "id\nYQ==\n!\n",
			want:     map[string]fields{"a": {"id": "B:a"}},
			rejected: []Rejection{{3, "id, the table's key, is not base64, as the table's binary key needs"}}},
		{name: "the last one wins", o: Options{Format: CSV}, in: "id,v\n1,a\n2,b\n1,c\n1,d\n",
			want: map[string]fields{"1": {"id": "S:1", "v": "S:d"}, "2": {"id": "S:2", "v": "S:b"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for name, in := range map[string]io.Reader{"whole": strings.NewReader(test.in), "single byte": iotest.OneByteReader(strings.NewReader(test.in))} {
				if test.kind == "" {
					test.kind = types.ScalarAttributeTypeS
				}
				b := newTable(t, test.kind)
				test.o.Table = "t"
				report, err := load(t.Context(), b, in, test.o)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, b.plain()); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
				if test.rejected == nil {
					test.rejected = []Rejection{}
				}
				if diff := cmp.Diff(test.rejected, report.Rejected); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	tests := []struct {
		name   string
		o      Options
		sort   string
		in     string
		err    string
		loaded int
	}{
		{"no key column", Options{Format: CSV}, "", "user,name\n1,a\n", `the CSV has no column "id", the table's key; its columns are "user", "name"`, 0},
		{"other separator", Options{Format: CSV}, "", "id;name\n1;a\n", `the CSV has no column "id", the table's key; its columns are "id;name"`, 0},
		{"column twice", Options{Format: CSV}, "", "id,a,a\n", `the CSV has the column "a" twice`, 0},
		{"column without name", Options{Format: CSV}, "", "id,\n", `column 2 of the CSV has no name: "id", ""`, 0},
		{"type without column", Options{Format: CSV, Types: map[string]string{"x": "N"}}, "", "id\n", `the CSV has no column "x" to give a type; its columns are "id"`, 0},
		{"key of another type", Options{Format: CSV, Types: map[string]string{"id": "N"}}, "", "id\n", "id is the table's key and has the type S, not N", 0},
		{"empty CSV", Options{Format: CSV}, "", "", "the CSV is empty: its first line must name the columns", 0},
		{"empty JSON", Options{Format: JSON}, "", " ", "the JSON is empty: it must be an array of objects", 0},
		{"no array", Options{Format: JSON}, "", "{}", "the JSON is not an array; one object a line is the format ndjson", 0},
		{"array with a mistake", Options{Format: JSON}, "", "[{\"id\":1},\n{\"id\":2},\n {\"id\" 3}]", "line 3: not valid JSON: invalid character '3' after object key", 2},
		{"array without a comma", Options{Format: JSON}, "", "[{\"id\":1}\n{\"id\":2}]", "line 2: not valid JSON: expected comma after array element", 1},
		{"array without an end", Options{Format: JSON}, "", "[{\"id\":1},\n{\"id\":2}\n", "line 3: the JSON ends within the array", 2},
		{"more after the array", Options{Format: JSON}, "", "[{\"id\":1}]\n[]", "line 2: there is more after the array's end", 1},
		{"unknown format", Options{Format: "xml"}, "", "", `unknown format "xml": it is csv, ndjson or json`, 0},
		{"another key", Options{Format: CSV, Key: "user_id"}, "", "", `lookup table (t) has the key "id", not "user_id"`, 0},
		{"sort key", Options{Format: CSV}, "at", "", `lookup table (t) has the sort key "at": a lookup needs a table with a partition key alone`, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newTable(t, types.ScalarAttributeTypeS)
			b.sort = test.sort
			test.o.Table = "t"
			report, err := load(t.Context(), b, strings.NewReader(test.in), test.o)
			if err == nil || err.Error() != test.err {
				t.Errorf("got %v", err)
			}
			if report.Loaded != test.loaded || len(b.items) != test.loaded || report.Rejected == nil {
				t.Errorf("got %+v, %d items", report, len(b.items))
			}
		})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(into []byte) (int, error) { return f(into) }

func TestNumber(t *testing.T) {
	tests := []struct{ text, value, identity string }{
		{"0", "0", "0"}, {"-0.000e5", "0", "0"}, {"1", "1", "1e0"}, {"+1", "1", "1e0"}, {"1.0", "1.0", "1e0"}, {"10e-1", "10e-1", "1e0"},
		{"-007.50", "-7.50", "-7.5e0"}, {"0.00120", "0.00120", "1.2e-3"}, {"1E+5", "1E+5", "1e5"}, {"100", "100", "1e2"},
		{"9.9999999999999999999999999999999999999E+125", "9.9999999999999999999999999999999999999E+125", "9.9999999999999999999999999999999999999e125"},
		{"1e-130", "1e-130", "1e-130"}, {"0.1e-129", "0.1e-129", "1e-130"},
		{"1" + strings.Repeat("0", 100), "1" + strings.Repeat("0", 100), "1e100"},
		{"1e126", "", ""}, {"1e-131", "", ""}, {"1e99999999999999999999", "", ""}, {strings.Repeat("9", 39), "", ""},
		{"", "", ""}, {"-", "", ""}, {".5", "", ""}, {"5.", "", ""}, {"1e", "", ""}, {"1e+", "", ""}, {"1e++1", "", ""}, {"+-1", "", ""},
		{"0x10", "", ""}, {"NaN", "", ""}, {"1_000", "", ""}, {"1,5", "", ""}, {"e5", "", ""}, {"１", "", ""},
	}
	for _, test := range tests {
		value, identity, reason := number(test.text)
		if value != test.value || identity != test.identity || (reason == "") != (test.value != "") {
			t.Errorf("number(%q) = %q, %q, %q", test.text, value, identity, reason)
		}
	}
}

func TestParseTypes(t *testing.T) {
	tests := []struct {
		text string
		want map[string]string
		err  string
	}{
		{"", map[string]string{}, ""},
		{"a=N, b = bool,c=d=json", map[string]string{"a": "N", "b": "BOOL", "c=d": "JSON"}, ""},
		{"a=N,a=N", map[string]string{"a": "N"}, ""},
		{"a", nil, `"a" is not NAME=TYPE`},
		{"a=N,", nil, `"" is not NAME=TYPE`},
		{"=N", nil, `"=N" is not NAME=TYPE`},
		{"a=X", nil, `a: unknown type "X": it is S, N, BOOL, NULL or JSON`},
		{"a=N,a=S", nil, "a has two types, N and S"},
	}
	for _, test := range tests {
		got, err := ParseTypes(test.text)
		if diff := cmp.Diff(test.want, got); diff != "" || test.err == "" != (err == nil) || err != nil && err.Error() != test.err {
			t.Errorf("%q: %v %s", test.text, err, diff)
		}
	}
}

func TestFormatOf(t *testing.T) {
	for file, want := range map[string]string{"a/b.csv": CSV, "A.CSV": CSV, "x.ndjson": NDJSON, "x.jsonl": NDJSON, "x.json": JSON, "x.csv.GZ": CSV, "x.jsonl.zst": NDJSON, "x.csv.zst.gz": "", "x.gz": "", "-": "", "csv": "", "x.txt": ""} {
		if got, err := FormatOf(file); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", file, got, err)
		}
	}
}

// Whatever comes in, nothing panics, and every row is loaded or rejected.
func FuzzLoad(f *testing.F) {
	f.Add("id,name\n1,\"a\"\n2,\"\n", byte(0))
	f.Add("{\"id\":1,\"x\":[{\"y\":1e5}]}\n[]\n\n{", byte(1))
	f.Add("[{\"id\":\"\\ud800\"},\n{\"id\":{}}]", byte(2))
	f.Fuzz(func(t *testing.T, in string, format byte) {
		o := Options{Table: "t", Format: []string{CSV, NDJSON, JSON}[int(format)%3]}
		b := newTable(t, types.ScalarAttributeTypeS)
		report, err := load(t.Context(), b, strings.NewReader(in), o)
		if len(b.items) > report.Loaded {
			t.Errorf("%d items of %d rows", len(b.items), report.Loaded)
		}
		if o.Format == NDJSON {
			rows := 0
			for l := range strings.SplitSeq(strings.TrimPrefix(in, "\xef\xbb\xbf"), "\n") {
				if strings.Trim(l, " \t\r") != "" {
					rows++
				}
			}
			if err != nil || report.Loaded+len(report.Rejected) != rows {
				t.Errorf("%d loaded, %d rejected of %d rows, %v", report.Loaded, len(report.Rejected), rows, err)
			}
		}
		var list []json.RawMessage
		if o.Format == JSON && json.Unmarshal([]byte(in), &list) == nil && list != nil {
			if err != nil || report.Loaded+len(report.Rejected) != len(list) {
				t.Errorf("%d loaded, %d rejected of %d rows, %v", report.Loaded, len(report.Rejected), len(list), err)
			}
		}
	})
}
