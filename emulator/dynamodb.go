package emulator

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// dynamoService is DynamoDB: tables with a primary key, and their items. It has
// no secondary indexes, streams, transactions, PartiQL and backups.
type dynamoService struct {
	account string
	clock   Clock

	mu      sync.RWMutex
	tables  map[tableKey]*table
	leaving atomic.Int64 // tables that are DELETING

	room      *capacity       // of all items
	reserved  map[string]bool // words that expressions cannot use as names
	metrics   metricRecorder  // may be nil
	faults    *faultInjector
	readiness *readiness
}

type tableKey struct{ region, name string }

func newDynamoDB(o Options, metrics metricRecorder) *dynamoService {
	return &dynamoService{account: o.Account, clock: o.Clock, tables: map[tableKey]*table{}, room: &capacity{limit: itemCapacity}, reserved: reservedSet(), metrics: metrics}
}

func (d *dynamoService) operations() map[string]operation {
	return map[string]operation{
		"CreateTable":               op(d.createTable),
		"DescribeTable":             op(d.describeTable),
		"UpdateTable":               op(d.updateTable),
		"DeleteTable":               op(d.deleteTable),
		"ListTables":                op(d.listTables),
		"DescribeContinuousBackups": op(d.describeContinuousBackups),
		"UpdateContinuousBackups":   op(d.updateContinuousBackups),
		"DescribeTimeToLive":        op(d.describeTimeToLive),
		"UpdateTimeToLive":          op(d.updateTimeToLive),
		"TagResource":               op(d.tagResource),
		"UntagResource":             op(d.untagResource),
		"ListTagsOfResource":        op(d.listTagsOfResource),
		"DescribeLimits":            op(d.describeLimits),
		"GetItem":                   op(d.getItem),
		"PutItem":                   op(d.putItem),
		"DeleteItem":                op(d.deleteItem),
		"UpdateItem":                op(d.updateItem),
		"BatchGetItem":              op(d.batchGetItem),
		"BatchWriteItem":            op(d.batchWriteItem),
		"Query":                     op(d.query),
		"Scan":                      op(d.scan),
	}
}

// dynamoInvalid is DynamoDB's answer to most bad input.
func dynamoInvalid(format string, args ...any) *apiError {
	return failf(http.StatusBadRequest, "ValidationException", format, args...)
}

// tagged lists the tables of a region for the Resource Groups Tagging API.
func (d *dynamoService) tagged(region string) []taggedResource {
	d.sweep()
	d.mu.RLock()
	defer d.mu.RUnlock()
	var found []taggedResource
	for key, t := range d.tables {
		if key.region == region && !d.readiness.before(t.visible) {
			found = append(found, taggedResource{arn: t.arn, tags: t.copyTags()})
		}
	}
	slices.SortFunc(found, func(a, b taggedResource) int { return strings.Compare(a.arn, b.arn) })
	return found
}
