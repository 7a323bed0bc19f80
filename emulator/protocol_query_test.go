package emulator

import (
	"encoding/xml"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestQueryDecoding(t *testing.T) {
	form := url.Values{}
	for name, value := range map[string]string{
		"Action": "PutMetricData", "Version": "2010-08-01", "Namespace": "App", "StrictEntityValidation": "true", "Unknown.member.1": "x",
		"MetricData.member.2.MetricName":                  "second",
		"MetricData.member.10.MetricName":                 "tenth",
		"MetricData.member.1.MetricName":                  "first",
		"MetricData.member.1.Value":                       "1.5",
		"MetricData.member.1.Unit":                        "Count",
		"MetricData.member.1.Timestamp":                   "2026-03-01T12:00:00.250Z",
		"MetricData.member.2.Timestamp":                   "1772366400",
		"MetricData.member.1.Dimensions.member.1.Name":    "d",
		"MetricData.member.1.Dimensions.member.1.Value":   "v&ü",
		"MetricData.member.1.Values.member.1":             "1",
		"MetricData.member.1.Values.member.2":             "2e3",
		"MetricData.member.1.StorageResolution":           "60",
		"MetricData.member.1.StatisticValues.SampleCount": "3",
		"MetricData.member.2.Dimensions":                  "",
	} {
		form.Set(name, value)
	}
	var got cloudwatch.PutMetricDataInput
	if failure := decodeQuery(form, &got); failure != nil {
		t.Fatal(failure)
	}
	want := cloudwatch.PutMetricDataInput{
		Namespace: aws.String("App"), StrictEntityValidation: aws.Bool(true),
		MetricData: []types.MetricDatum{
			{
				MetricName: aws.String("first"), Value: aws.Float64(1.5), Unit: types.StandardUnitCount, Timestamp: aws.Time(epoch.Add(250 * time.Millisecond)),
				Dimensions: []types.Dimension{{Name: aws.String("d"), Value: aws.String("v&ü")}}, Values: []float64{1, 2000},
				StorageResolution: aws.Int32(60), StatisticValues: &types.StatisticSet{SampleCount: aws.Float64(3)},
			},
			{MetricName: aws.String("second"), Timestamp: aws.Time(epoch), Dimensions: []types.Dimension{}},
			{MetricName: aws.String("tenth")},
		},
	}
	if diff := cmp.Diff(want, got, unmarked); diff != "" {
		t.Error(diff)
	}
}

// unmarked compares structs of the SDK, which carry an unexported mark.
var unmarked = cmpopts.IgnoreUnexported(cloudwatch.PutMetricDataInput{}, types.MetricDatum{}, types.Dimension{}, types.StatisticSet{})

func TestQueryDecodingRefuses(t *testing.T) {
	tests := map[string]struct{ name, value, want string }{
		"number":    {"MetricData.member.1.Value", "x", `parameter MetricData.member.1.Value: "x" is not a Double`},
		"integer":   {"MetricData.member.1.StorageResolution", "1.5", `is not a Integer`},
		"too large": {"MetricData.member.1.StorageResolution", "99999999999", `is not a Integer`},
		"boolean":   {"StrictEntityValidation", "maybe", `is not a Boolean`},
		"time":      {"MetricData.member.1.Timestamp", "yesterday", `is not a timestamp`},
		"index":     {"MetricData.member.x.MetricName", "x", "the members of a list are numbered from 1"},
		"zero":      {"MetricData.member.0.MetricName", "x", "the members of a list are numbered from 1"},
		"padded":    {"MetricData.member.01.MetricName", "x", "the members of a list are numbered from 1"},
		"structure": {"Namespace.member.1", "x", "parameter Namespace has members but is a string"},
		"deep":      {strings.Repeat("a.", 40) + "b", "x", "nests too deep"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			failure := decodeQuery(url.Values{test.name: {test.value}}, &cloudwatch.PutMetricDataInput{})
			if failure == nil || failure.Code != "MalformedInput" || !strings.Contains(failure.Message, test.want) {
				t.Errorf("got %v, want %s", failure, test.want)
			}
		})
	}
}

func TestQueryEncoding(t *testing.T) {
	body, err := encodeQuery("https://iam.amazonaws.com/doc/2010-05-08/", "GetRole", "id", &iam.GetRoleOutput{Role: &iamtypes.Role{
		RoleName: aws.String("a<b>&\"c\""), Path: aws.String(""), CreateDate: aws.Time(epoch), MaxSessionDuration: aws.Int32(3600),
		Tags: []iamtypes.Tag{{Key: aws.String("k"), Value: aws.String("")}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := `<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role>` +
		`<CreateDate>2026-03-01T12:00:00Z</CreateDate><Path></Path><RoleName>a&lt;b&gt;&amp;&#34;c&#34;</RoleName>` +
		`<MaxSessionDuration>3600</MaxSessionDuration><Tags><member><Key>k</Key><Value></Value></member></Tags>` +
		`</Role></GetRoleResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></GetRoleResponse>`
	if string(body) != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
}

// Topics and queues have maps in their inputs and outputs.
func TestQueryMaps(t *testing.T) {
	type shape struct {
		Attributes map[string]string
		Data       []byte
	}
	var got shape
	form := url.Values{
		"Attributes.entry.1.key": {"b"}, "Attributes.entry.1.value": {"2"},
		"Attributes.entry.2.key": {"a"}, "Attributes.entry.2.value": {"<1>"}, "Data": {"AP8="},
	}
	if failure := decodeQuery(form, &got); failure != nil {
		t.Fatal(failure)
	}
	if diff := cmp.Diff(shape{map[string]string{"a": "<1>", "b": "2"}, []byte{0, 255}}, got); diff != "" {
		t.Error(diff)
	}
	body, err := encodeQuery("x", "Get", "id", &got)
	if err != nil {
		t.Fatal(err)
	}
	want := "<GetResult><Attributes><entry><key>a</key><value>&lt;1&gt;</value></entry><entry><key>b</key><value>2</value></entry></Attributes><Data>AP8=</Data></GetResult>"
	if !strings.Contains(string(body), want) {
		t.Errorf("got %s", body)
	}
	for name, form := range map[string]url.Values{"no value": {"Attributes.entry.1.key": {"b"}}, "not base64": {"Data": {"?"}}} {
		if decodeQuery(form, &got) == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// FuzzQuery proves that no form breaks the decoder, and that what it decodes can
// be written as XML.
func FuzzQuery(f *testing.F) {
	f.Add("Namespace=a&MetricData.member.1.Value=1&MetricData.member.2.Timestamp=2026-01-01")
	f.Add("RoleName=r&Tags.member.1.Key=k&Tags.member.1.Value=%00")
	f.Add("a.b.c=1&a=2&a.b=3&.=4&MetricData.entry.1.key=x")
	f.Fuzz(func(t *testing.T, body string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		for _, input := range []any{&cloudwatch.PutMetricDataInput{}, &iam.CreateRoleInput{}, &cloudwatch.PutMetricAlarmInput{}} {
			if decodeQuery(form, input) != nil {
				continue
			}
			encoded, err := encodeQuery("x", "Any", "id", input)
			if err != nil {
				t.Fatal(err)
			}
			if err := xml.Unmarshal(encoded, new(struct{})); err != nil {
				t.Fatalf("%q gave %s: %v", body, encoded, err)
			}
		}
	})
}
