package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// timeless are operations whose outputs have a member for a time that the emulator never
// has anything for, with the reason.
var timeless = map[string]string{
	"iam.ListInstanceProfilesForRole": "there are no instance profiles",
	"s3.CreateMultipartUpload":        "AbortDate is of a lifecycle rule, and those are not carried out",
}

// isTime tells a time: CloudWatch Logs has them as numbers.
func isTime(member string, t reflect.Type) bool {
	return t == reflect.TypeFor[time.Time]() || t.Kind() == reflect.Int64 && strings.HasSuffix(strings.TrimSuffix(member, "stamp"), "Time")
}

// Every time that an operation answers has on the wire the form that its service has on AWS.
// https://smithy.io/2.0/aws/protocols/index.html
func TestTimestampsOfEveryServiceAreAWSs(t *testing.T) {
	w, answers := answersOf(t)
	seen := map[Operation]int{}
	for _, a := range answers {
		times := within(reflect.ValueOf(a.output), "", func(member string, v reflect.Value) bool { return isTime(member, v.Type()) })
		for _, found := range times {
			seen[a.operation]++
			if err := a.writes(found); err != nil {
				t.Errorf("%+v: %v", a.operation, err)
			}
		}
		if a.operation.Service == "lambda" {
			seen[a.operation] += lambdaTimes(t, a)
		}
	}
	clients := recordingClients(w.server, &recording{})
	for _, o := range w.server.Operations() {
		output := reflect.ValueOf(clients[o.Service]).MethodByName(o.Name).Type().Out(0)
		if has := mayHold(output, "", map[reflect.Type]bool{}, isTime); has && seen[o] == 0 && timeless[o.Service+"."+o.Name] == "" {
			t.Errorf("%+v may answer a time, and none was seen", o)
		}
	}
}

// writes tells whether a time is on the wire in the form of its service.
func (a answered) writes(time found) error {
	var want string
	switch a.operation.Service {
	case "monitoring":
		return a.writesCBOR(time)
	case "logs":
		want = fmt.Sprintf(`(?i)"%s":%d[,}]`, time.member, time.value.Int())
		if ms := time.value.Int(); ms < answering.Add(-day).UnixMilli() || ms > answering.Add(day).UnixMilli() {
			return fmt.Errorf("%s is %d, which are no milliseconds of today", time.member, ms)
		}
	case "iam", "sts":
		want = "<" + time.member + ">" + time.at().Format(`2006-01-02T15:04:05Z`) + "</" + time.member + ">"
	case "s3":
		if a.operation.Name == "GetObject" || a.operation.Name == "HeadObject" {
			if got := a.header.Get("Last-Modified"); got != time.at().Format(http.TimeFormat) {
				return fmt.Errorf("the header Last-Modified is %q", got)
			}
			return nil
		}
		want = "<" + time.member + ">" + time.at().Format(`2006-01-02T15:04:05\.000Z`) + "</" + time.member + ">"
	default: // seconds, with a fraction where there is one
		want = `"` + time.member + `":` + regexp.QuoteMeta(strconv.FormatFloat(float64(time.at().UnixMilli())/1000, 'f', -1, 64)) + `[,}]`
	}
	if !regexp.MustCompile(want).Match(a.body) {
		return fmt.Errorf("%s has not the form %s in %.600s", time.member, want, a.body)
	}
	return nil
}

const day = 24 * time.Hour

// at is exact to the millisecond, which a double of seconds is not quite.
func (f found) at() time.Time { return f.value.Interface().(time.Time).UTC().Round(time.Millisecond) }

// writesCBOR tells whether the answer holds the time as CBOR has times: tag 1.
func (a answered) writesCBOR(time found) error {
	var decoded any
	if err := cbor.Unmarshal(a.body, &decoded); err != nil {
		return err
	}
	if !slices.ContainsFunc(cborTimes(decoded, ""), func(f found) bool { return f.member == time.member && f.at().Equal(time.at()) }) {
		return fmt.Errorf("%s is no time in %v", time.member, decoded)
	}
	return nil
}

// cborTimes finds what carries the tag of a time.
func cborTimes(v any, member string) []found {
	switch v := v.(type) {
	case time.Time:
		return []found{{member, reflect.ValueOf(v)}}
	case []any:
		var all []found
		for _, item := range v {
			all = append(all, cborTimes(item, member)...)
		}
		return all
	case map[any]any:
		var all []found
		for key, item := range v {
			all = append(all, cborTimes(item, fmt.Sprint(key))...)
		}
		return all
	}
	return nil
}

// lambdaTimes checks the times that Lambda writes as texts.
func lambdaTimes(t *testing.T, a answered) int {
	t.Helper()
	texts := within(reflect.ValueOf(a.output), "", func(member string, v reflect.Value) bool {
		return member == "LastModified" && v.Kind() == reflect.String
	})
	for _, text := range texts {
		if text.value.String() != "2026-03-01T12:00:00.123+0000" {
			t.Errorf("%+v: LastModified %s", a.operation, text.value)
		}
	}
	return len(texts)
}

// CloudWatch's other protocols write the same times in their ways, and SQS's attributes
// in a third.
func TestTimestampsOfCloudWatchsOtherProtocolsAndOfQueues(t *testing.T) {
	w, answers := answersOf(t)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	_, query := send(t, w.server, "POST", "/", "us-east-1/monitoring", "Action=DescribeAlarms&Version=2010-08-01", form...)
	if want := "<StateUpdatedTimestamp>2026-03-01T12:00:00.123Z</StateUpdatedTimestamp>"; !strings.Contains(query, want) {
		t.Errorf("query: no %s in %.500s", want, query)
	}
	_, body := send(t, w.server, "POST", "/", "us-east-1/monitoring", "{}", "X-Amz-Target", "GraniteServiceVersion20100801.DescribeAlarms")
	var decoded struct {
		MetricAlarms []struct{ StateUpdatedTimestamp json.Number }
	}
	must(t, json.Unmarshal([]byte(body), &decoded))
	if len(decoded.MetricAlarms) == 0 || decoded.MetricAlarms[0].StateUpdatedTimestamp != "1772366400.123" {
		t.Errorf("JSON: %.500s", body)
	}
	for _, a := range answers {
		if a.operation.Name == "GetQueueAttributes" && !bytes.Contains(a.body, []byte(`"CreatedTimestamp":"1772366400"`)) {
			t.Errorf("queue: %s", a.body)
		}
	}
}
