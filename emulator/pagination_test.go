package emulator

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/smithy-go"
)

// pagedList is one way to page a list: an operation with one of the members of its
// input that say where a page begins.
type pagedList struct {
	input any
	token string // member of the input
	next  string // member of the output; "" finds it by last
	last  func(output any) any
	size  string // member of the input; "" where AWS alone says how long a page is
	page  int    // items of a page without a size
	want  int    // items in all
	// refused is the code of the answer to an invented token; "" where the token is a
	// name or a number, behind which a page begins whether or not it is that of an item.
	refused string
	invent  any // the invented token where a text is none
	// later drops what AWS refuses with a token.
	later func(input any)
	items func(output any) []string // "" all lists of the output
}

// tokenless are members with a token's name that are none.
var tokenless = []string{
	"logs.PutLogEvents SequenceToken", "sns.ConfirmSubscription Token", "sts.AssumeRole MinimumSessionTokenSize", "sts.AssumeRole TokenCode",
}

// asides are lists of outputs that are not what is paged: StreamSummaries are the same
// streams as StreamNames.
var asides = []string{"EnhancedMonitoring", "StreamSummaries"}

// tokenMembers are the members of an input that say where a page begins.
func tokenMembers(o Operation, input reflect.Type) []string {
	var members []string
	for field := range exported(input) {
		if slices.ContainsFunc([]string{"Token", "Marker", "ExclusiveStart"}, func(word string) bool { return strings.Contains(field.Name, word) }) &&
			!slices.Contains(tokenless, o.Service+"."+o.Name+" "+field.Name) {
			members = append(members, field.Name)
		}
	}
	return members
}

// Every list that AWS pages is paged: the pages together are the whole list in its order,
// each item once, and no invented token leads anywhere.
func TestEveryListIsPaged(t *testing.T) {
	w := newWorld(t, Options{}, 3)
	clients := sdkClients(w.server)
	clients["s3"] = s3For(w.server, nil)
	lists := fillLists(w)
	tried := map[string]bool{}
	for _, list := range lists {
		o := operationOf(list.input)
		name := o.Service + "." + o.Name + " " + list.token
		tried[name] = true
		t.Run(strings.ReplaceAll(name, " ", "/"), func(t *testing.T) {
			call := func(input any) (any, error) { return callOperation(t.Context(), clients[o.Service], o.Name, input) }
			list.check(t, call)
		})
	}
	for _, o := range w.server.Operations() {
		input := reflect.ValueOf(clients[o.Service]).MethodByName(o.Name).Type().In(1).Elem()
		for _, member := range tokenMembers(o, input) {
			if name := o.Service + "." + o.Name + " " + member; !tried[name] {
				t.Errorf("%s is not tried", name)
			}
		}
	}
}

func (l pagedList) check(t *testing.T, call func(any) (any, error)) {
	t.Helper()
	var whole []string
	if l.size != "" {
		output, err := call(l.input)
		must(t, err)
		if next := l.nextOf(output); next.IsValid() {
			t.Fatalf("the whole list is cut: %v", next)
		}
		whole = l.itemsOf(output)
	}
	paged := l.walk(t, call)
	if len(paged) != l.want {
		t.Errorf("%d items in pages, want %d: %.300s", len(paged), l.want, paged)
	}
	// An output of two lists keeps no order between them.
	byList := func(a, b string) int {
		return strings.Compare(strings.SplitN(a, " ", 2)[0], strings.SplitN(b, " ", 2)[0])
	}
	slices.SortStableFunc(paged, byList)
	slices.SortStableFunc(whole, byList)
	if l.size != "" && !slices.Equal(paged, whole) {
		t.Errorf("in pages %s\nin one   %s", paged, whole)
	}
	if distinct := slices.Compact(slices.Sorted(slices.Values(paged))); len(distinct) != len(paged) {
		t.Errorf("%d items, of which %d differ", len(paged), len(distinct))
	}
	if l.refused == "" {
		return
	}
	invented := l.invent
	if invented == nil {
		text := "invented"
		invented = &text
	}
	input := l.with(invented)
	_, err := call(input)
	if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != l.refused {
		t.Errorf("an invented token: got %v, want %s", err, l.refused)
	}
}

// walk follows the tokens to the end.
func (l pagedList) walk(t *testing.T, call func(any) (any, error)) []string {
	t.Helper()
	length := l.page
	input := l.with(nil)
	if l.size != "" {
		length = 1
	}
	var all []string
	for pages := 1; ; pages++ {
		output, err := call(input)
		must(t, err)
		items, next := l.itemsOf(output), l.nextOf(output)
		if len(items) > length || next.IsValid() && len(items) < length {
			t.Errorf("page %d has %d items, want %d", pages, len(items), length)
		}
		all = append(all, items...)
		if !next.IsValid() {
			return all
		}
		if pages > l.want {
			t.Fatalf("%d pages, and no end: %.300s", pages, all)
		}
		input = l.with(next.Interface())
		for _, with := range []string{"VersionIdMarker", "UploadIdMarker"} { // a KeyMarker goes with one of these
			if id := reflect.ValueOf(output).Elem().FieldByName("Next" + with); l.token == "KeyMarker" && id.IsValid() {
				reflect.ValueOf(input).Elem().FieldByName(with).Set(id)
			}
		}
	}
}

// with gives the input with a page size and a token.
func (l pagedList) with(token any) any {
	input := reflect.New(reflect.TypeOf(l.input).Elem())
	input.Elem().Set(reflect.ValueOf(l.input).Elem())
	if l.size != "" {
		size := int32(1)
		input.Elem().FieldByName(l.size).Set(reflect.ValueOf(&size))
	}
	if token != nil {
		input.Elem().FieldByName(l.token).Set(reflect.ValueOf(token))
		if l.later != nil {
			l.later(input.Interface())
		}
	}
	return input.Interface()
}

// nextOf gives the token of the next page; an invalid value when this is the last.
func (l pagedList) nextOf(output any) reflect.Value {
	if l.last != nil {
		if next := reflect.ValueOf(l.last(output)); next.IsValid() && !next.IsNil() {
			return next
		}
		return reflect.Value{}
	}
	if truncated := reflect.ValueOf(output).Elem().FieldByName("IsTruncated"); truncated.IsValid() && !reflect.Indirect(truncated).Bool() {
		return reflect.Value{}
	}
	next := reflect.ValueOf(output).Elem().FieldByName(l.next)
	if next.IsZero() || next.Kind() == reflect.Map && next.Len() == 0 {
		return reflect.Value{}
	}
	if text, ok := next.Interface().(*string); ok && *text == "" { // as the tagging API ends its pages
		return reflect.Value{}
	}
	return next
}

// itemsOf writes each item of the output's lists.
func (l pagedList) itemsOf(output any) []string {
	if l.items != nil {
		return l.items(output)
	}
	var items []string
	v := reflect.ValueOf(output).Elem()
	if description := v.FieldByName("StreamDescription"); description.IsValid() {
		v = description.Elem()
	}
	for field := range exported(v.Type()) {
		list := v.FieldByIndex(field.Index)
		if list.Kind() != reflect.Slice || slices.Contains(asides, field.Name) {
			continue
		}
		for i := range list.Len() {
			text, err := json.Marshal(list.Index(i).Interface())
			if err != nil {
				return []string{err.Error()}
			}
			items = append(items, field.Name+" "+string(text))
		}
	}
	return items
}

// dataPoints are the items of GetMetricData.
func dataPoints(output any) []string {
	var points []string
	for _, result := range output.(*cloudwatch.GetMetricDataOutput).MetricDataResults {
		for i := range result.Values {
			text, err := json.Marshal([]any{result.Id, result.Timestamps[i], result.Values[i]})
			if err != nil {
				return []string{err.Error()}
			}
			points = append(points, string(text))
		}
	}
	return points
}

// lastOf makes the token of the last item, when there are more.
func lastOf[O, T any](more func(*O) *bool, list func(*O) []T, name func(T) *string) func(any) any {
	return func(output any) any {
		out := output.(*O)
		items := list(out)
		if !deref(more(out)) || len(items) == 0 {
			return (*string)(nil)
		}
		return name(items[len(items)-1])
	}
}
