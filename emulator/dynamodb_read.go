package emulator

import (
	"context"
	"iter"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// pageLimit is how many bytes of items one Query or Scan looks at.
const pageLimit = 1 << 20

// page is one answer of Query or Scan.
type page struct {
	items   []map[string]types.AttributeValue
	count   int32
	scanned int32
	last    attributes // key of the last item looked at; nil at the end
	bytes   int
}

// pageRequest is what Query and Scan have in common.
type pageRequest struct {
	limit     *int32
	filter    predicate
	paths     []documentPath
	countOnly bool
}

// collect goes through items until the limit or 1 MB is reached. As in DynamoDB,
// a page that ends there has a key to go on from even if nothing follows.
func (t *table) collect(items iter.Seq[storedItem], r pageRequest) page {
	p := page{}
	if !r.countOnly {
		p.items = []map[string]types.AttributeValue{}
	}
	for item := range items {
		p.scanned++
		p.bytes += item.size
		if r.filter == nil || r.filter.holds(item.attributes) {
			p.count++
			if !r.countOnly {
				p.items = append(p.items, project(item.attributes, r.paths))
			}
		}
		if p.bytes >= pageLimit || r.limit != nil && p.scanned >= *r.limit {
			p.last = t.keyAttributes(item.attributes)
			break
		}
	}
	return p
}

// checkSelect checks Select against a projection and an index.
func checkSelect(chosen types.Select, projected bool, index *string) error {
	switch {
	case index != nil:
		return dynamoInvalid("The table does not have the specified index: %s", *index)
	case chosen == types.SelectAllProjectedAttributes:
		return dynamoInvalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
	case chosen == types.SelectSpecificAttributes && !projected:
		return dynamoInvalid("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
	case chosen == types.SelectCount && projected:
		return dynamoInvalid("Cannot specify the ProjectionExpression when choosing to get only the Count")
	case chosen == types.SelectAllAttributes && projected:
		return dynamoInvalid("Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES")
	}
	return nil
}

func checkLimit(limit *int32) error {
	if limit != nil && *limit < 1 {
		return dynamoInvalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1", *limit)
	}
	return nil
}

// startAfter gives the primary key of an ExclusiveStartKey; "" for none.
func (t *table) startAfter(key attributes) (primaryKey, error) {
	if key == nil {
		return "", nil
	}
	start, err := t.keyOf(key)
	if err != nil {
		return "", dynamoInvalid("The provided starting key is invalid: %s", err.(*apiError).Message) //nolint:errorlint // our own, never wrapped
	}
	return start, nil
}

func (d *dynamoService) scan(ctx context.Context, in *dynamodb.ScanInput) (*dynamodb.ScanOutput, error) {
	if err := onlyMembers(in, "TableName", "ConsistentRead", "ExclusiveStartKey", "ExpressionAttributeNames", "ExpressionAttributeValues",
		"FilterExpression", "IndexName", "Limit", "ProjectionExpression", "ReturnConsumedCapacity", "Segment", "Select", "TotalSegments"); err != nil {
		return nil, err
	}
	s, err := d.newSubstitutions(in.ExpressionAttributeNames, in.ExpressionAttributeValues, in.FilterExpression, in.ProjectionExpression)
	if err != nil {
		return nil, err
	}
	request := pageRequest{limit: in.Limit, countOnly: in.Select == types.SelectCount}
	if request.filter, err = s.condition("FilterExpression", in.FilterExpression); err != nil {
		return nil, err
	}
	if request.paths, err = s.projection(in.ProjectionExpression); err != nil {
		return nil, err
	}
	if err := s.unused(); err != nil {
		return nil, err
	}
	if err := checkLimit(in.Limit); err != nil {
		return nil, err
	}
	mine, err := segment(in.Segment, in.TotalSegments)
	if err != nil {
		return nil, err
	}
	t, err := d.find(ctx, in.TableName)
	if err != nil {
		return nil, err
	}
	if err := checkSelect(in.Select, in.ProjectionExpression != nil, in.IndexName); err != nil {
		return nil, err
	}
	start, err := t.startAfter(in.ExclusiveStartKey)
	if err != nil {
		return nil, err
	}
	t.mu.RLock()
	p := t.collect(where(t.items.after(start), mine), request)
	t.mu.RUnlock()
	return &dynamodb.ScanOutput{
		Items: p.items, Count: p.count, ScannedCount: p.scanned, LastEvaluatedKey: p.last,
		ConsumedCapacity: d.consumed(in.ReturnConsumedCapacity, t, readCapacity, readUnits(p.bytes, in.ConsistentRead)),
	}, nil
}

// segment tells which items belong to a part of a parallel scan: an equal share
// of the hashes that keys begin with.
func segment(number, total *int32) (func(primaryKey) bool, error) {
	switch {
	case number == nil && total == nil:
		return func(primaryKey) bool { return true }, nil
	case total == nil:
		return nil, dynamoInvalid("The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
	case number == nil:
		return nil, dynamoInvalid("The Segment parameter is required but was not present in the request when parameter TotalSegments is present")
	case *total < 1 || *total > 1_000_000:
		return nil, dynamoInvalid("1 validation error detected: Value '%d' at 'totalSegments' failed to satisfy constraint: Member must have value between 1 and 1000000", *total)
	case *number < 0 || *number >= *total:
		return nil, dynamoInvalid("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than TotalSegments: %d", *number, *total)
	}
	return func(key primaryKey) bool {
		hash := uint64(key[0])<<24 | uint64(key[1])<<16 | uint64(key[2])<<8 | uint64(key[3])
		return hash*uint64(*total)>>32 == uint64(*number) //nolint:gosec // both are checked above
	}, nil
}

func where(items iter.Seq[storedItem], belongs func(primaryKey) bool) iter.Seq[storedItem] {
	return func(yield func(storedItem) bool) {
		for item := range items {
			if belongs(item.key) && !yield(item) {
				return
			}
		}
	}
}

func (d *dynamoService) query(ctx context.Context, in *dynamodb.QueryInput) (*dynamodb.QueryOutput, error) {
	if err := onlyMembers(in, "TableName", "ConsistentRead", "ExclusiveStartKey", "ExpressionAttributeNames", "ExpressionAttributeValues",
		"FilterExpression", "IndexName", "KeyConditionExpression", "Limit", "ProjectionExpression", "ReturnConsumedCapacity",
		"ScanIndexForward", "Select"); err != nil {
		return nil, err
	}
	if in.KeyConditionExpression == nil {
		return nil, dynamoInvalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	s, err := d.newSubstitutions(in.ExpressionAttributeNames, in.ExpressionAttributeValues, in.KeyConditionExpression)
	if err != nil {
		return nil, err
	}
	keys, err := s.condition("KeyConditionExpression", in.KeyConditionExpression)
	if err != nil {
		return nil, err
	}
	request := pageRequest{limit: in.Limit, countOnly: in.Select == types.SelectCount}
	if request.filter, err = s.condition("FilterExpression", in.FilterExpression); err != nil {
		return nil, err
	}
	if request.paths, err = s.projection(in.ProjectionExpression); err != nil {
		return nil, err
	}
	if err := s.unused(); err != nil {
		return nil, err
	}
	if err := checkLimit(in.Limit); err != nil {
		return nil, err
	}
	t, err := d.find(ctx, in.TableName)
	if err != nil {
		return nil, err
	}
	if err := checkSelect(in.Select, in.ProjectionExpression != nil, in.IndexName); err != nil {
		return nil, err
	}
	items, err := t.queried(keys, request.filter, in.ScanIndexForward == nil || *in.ScanIndexForward, in.ExclusiveStartKey)
	if err != nil {
		return nil, err
	}
	t.mu.RLock()
	p := t.collect(items, request)
	t.mu.RUnlock()
	return &dynamodb.QueryOutput{
		Items: p.items, Count: p.count, ScannedCount: p.scanned, LastEvaluatedKey: p.last,
		ConsumedCapacity: d.consumed(in.ReturnConsumedCapacity, t, readCapacity, readUnits(p.bytes, in.ConsistentRead)),
	}, nil
}
