package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// filterLimit is AWS's default quota of filters of one mapping; on request it is
// raised to 10.
const filterLimit = 5

// filterCriteria are the filters of a mapping; a record passes that one of them
// matches.
// https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis-filtering.html
type filterCriteria []*recordFilter

// recordFilter is one of the filters.
type recordFilter struct {
	pattern *filterPattern
	ofData  bool // it looks into the data, so only JSON can match
}

func checkFilterCriteria(c *types.FilterCriteria) error {
	if c == nil {
		return nil
	}
	if n := len(c.Filters); n > filterLimit {
		return invalidParameter("An event source mapping can have at most %d filters, but FilterCriteria has %d.", filterLimit, n)
	}
	var limits constraints
	for i, f := range c.Filters {
		limits.text(f.Pattern, fmt.Sprintf("filterCriteria.filters.%d.member.pattern", i+1), 0, 4096, nil)
	}
	if err := limits.err(); err != nil {
		return err
	}
	_, err := parseFilterCriteria(c)
	return err
}

// parseFilterCriteria gives nil when there is nothing to filter.
func parseFilterCriteria(c *types.FilterCriteria) (filterCriteria, error) {
	if c == nil {
		return nil, nil
	}
	var all filterCriteria
	for _, f := range c.Filters {
		pattern, err := parseFilterPattern([]byte(deref(f.Pattern)))
		if err == nil {
			err = checkDataPattern(pattern)
		}
		if err != nil {
			return nil, invalidParameter("Invalid filter pattern definition.")
		}
		all = append(all, &recordFilter{pattern: pattern, ofData: mentionsData(pattern)})
	}
	return all, nil
}

// checkDataPattern refuses a pattern that takes the data for a plain string:
// streams are filtered by JSON alone.
func checkDataPattern(p *filterPattern) error {
	for _, f := range p.fields {
		if f.name == "data" && f.nested == nil {
			return fmt.Errorf("data is not a JSON object")
		}
	}
	for _, either := range p.either {
		for _, branch := range either {
			if err := checkDataPattern(branch); err != nil {
				return err
			}
		}
	}
	return nil
}

func mentionsData(p *filterPattern) bool {
	return slices.ContainsFunc(p.fields, func(f filterField) bool { return f.name == "data" }) ||
		slices.ContainsFunc(p.either, func(branches []*filterPattern) bool { return slices.ContainsFunc(branches, mentionsData) })
}

// pass tells whether a record is for the function. Beside the data a filter may
// name the members of the record that the event has beside the data too.
func (c filterCriteria) pass(r *record) bool {
	if len(c) == 0 {
		return true
	}
	members := map[string]any{
		"kinesisSchemaVersion": "1.0", "partitionKey": r.partitionKey, "sequenceNumber": r.sequence,
		"approximateArrivalTimestamp": json.Number(appendSeconds(nil, r.arrived)),
	}
	var isJSON bool
	if slices.ContainsFunc(c, func(f *recordFilter) bool { return f.ofData }) {
		var data any
		if data, isJSON = jsonValue(r.data); isJSON {
			members["data"] = data
		}
	}
	return slices.ContainsFunc(c, func(f *recordFilter) bool {
		return (isJSON || !f.ofData) && f.pattern.matches(members)
	})
}

// jsonValue keeps numbers as they are written: patterns compare them so.
func jsonValue(text []byte) (any, bool) {
	if !json.Valid(text) { // a decoder would stop after the first value
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err == nil
}
