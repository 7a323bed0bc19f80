// Package cost is AWS's prices and the arithmetic on them. What a pipeline uses in a
// month it is told: it knows no configuration and no resource.
package cost

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed prices.json
var priceList []byte

// Item is what AWS has a price for.
type Item string

// The items that a pipeline can use; prices.json has each of them for each region.
const (
	ShardHour         Item = "kinesis.shard-hour"
	PutUnit           Item = "kinesis.put-unit"
	ExtendedHour      Item = "kinesis.extended-hour" // retention of 24 hours to 7 days
	LongTerm          Item = "kinesis.long-term"     // what is older than 7 days
	StreamHour        Item = "kinesis.stream-hour"   // as all that follows of a stream: on demand
	DataIn            Item = "kinesis.data-in"
	DataOut           Item = "kinesis.data-out"
	OnDemandExtended  Item = "kinesis.on-demand-extended"
	OnDemandLongTerm  Item = "kinesis.on-demand-long-term"
	Request           Item = "lambda.request"
	GBSecondARM       Item = "lambda.gb-second-arm64"
	GBSecondX86       Item = "lambda.gb-second-x86_64"
	ReadUnit          Item = "dynamodb.read-unit"
	ReadCapacityHour  Item = "dynamodb.read-hour"
	WriteCapacityHour Item = "dynamodb.write-hour"
	TableStorage      Item = "dynamodb.storage"
	TableRecovery     Item = "dynamodb.recovery"
	Put               Item = "s3.put"
	Storage           Item = "s3.storage"
	AlarmMetric       Item = "cloudwatch.alarm-metric"
	CompositeAlarm    Item = "cloudwatch.composite-alarm"
	CustomMetric      Item = "cloudwatch.metric"
	Dashboard         Item = "cloudwatch.dashboard"
	LogsIn            Item = "cloudwatch.logs-in"
	LogsStorage       Item = "cloudwatch.logs-storage"
	KeyRequest        Item = "kms.request"
)

// Price of one unit of an item in one region, without any free tier.
type Price struct {
	Service string
	Unit    string
	USD     float64
	Page    string // where AWS publishes it
	Source  string // where it was read
	Seen    string // when that was, as 2026-09-28 or 2026-09; "": not confirmed
}

// Table is the prices of one region.
type Table struct {
	Region string
	// Date is when the oldest of the confirmed prices was seen: none is older.
	Date   string
	prices map[Item]Price
}

// UnknownRegionError is the error about a region without prices.
type UnknownRegionError struct {
	Region string
	Known  []string
}

func (u *UnknownRegionError) Error() string {
	return fmt.Sprintf("prices of %s are not in the table, which has %s", u.Region, strings.Join(u.Known, ", "))
}

// Prices are those of a region, or an UnknownRegionError.
func Prices(region string) (Table, error) { return read(priceList, region) }

// read takes the prices of a region out of a file like prices.json.
func read(content []byte, region string) (Table, error) {
	var file struct {
		Items   map[Item]struct{ Service, Unit, Page string }
		Sources map[string]struct{ Seen, Text string }
		Regions map[string]map[Item]struct {
			USD    float64
			Source string
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return Table{}, fmt.Errorf("reading the prices: %w", err)
	}
	listed, ok := file.Regions[region]
	if !ok {
		return Table{}, &UnknownRegionError{Region: region, Known: slices.Sorted(maps.Keys(file.Regions))}
	}
	t := Table{Region: region, prices: map[Item]Price{}}
	for item, about := range file.Items {
		price, ok := listed[item]
		source, known := file.Sources[price.Source]
		if !ok || !known || price.USD <= 0 {
			return Table{}, fmt.Errorf("reading the prices: %s has no price with a source in %s", item, region)
		}
		t.prices[item] = Price{Service: about.Service, Unit: about.Unit, USD: price.USD, Page: about.Page, Source: source.Text, Seen: source.Seen}
		if source.Seen != "" && (t.Date == "" || source.Seen < t.Date) {
			t.Date = source.Seen
		}
	}
	for item := range listed {
		if _, known := file.Items[item]; !known {
			return Table{}, fmt.Errorf("reading the prices: %s of %s is not among the items", item, region)
		}
	}
	return t, nil
}

// Of is the price of an item. That a table has them all is tested, so one that is
// missing is a mistake of the program.
func (t Table) Of(item Item) Price {
	price, ok := t.prices[item]
	if !ok {
		panic(fmt.Sprintf("cost: %s has no price", item))
	}
	return price
}
