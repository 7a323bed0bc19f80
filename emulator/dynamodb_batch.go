package emulator

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const (
	batchGetLimit   = 100      // keys of all tables together
	batchWriteLimit = 25       // writes of all tables together
	batchSizeLimit  = 16 << 20 // bytes of items in one answer
	batchDuplicates = "Provided list of item keys contains duplicates"
)

// batchRead is what a BatchGetItem asks of one table.
type batchRead struct {
	name  string // as the request has it
	table *table
	keys  []primaryKey
	paths []documentPath
	asked types.KeysAndAttributes
	left  []bool // by key: it is left unprocessed by a fault; nil: none is
}

func (d *dynamoService) batchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput) (*dynamodb.BatchGetItemOutput, error) {
	if len(in.RequestItems) == 0 {
		return nil, dynamoInvalid("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	reads, err := d.batchReads(ctx, in.RequestItems)
	if err != nil {
		return nil, err
	}
	out := &dynamodb.BatchGetItemOutput{
		Responses:       map[string][]map[string]types.AttributeValue{},
		UnprocessedKeys: map[string]types.KeysAndAttributes{},
	}
	d.leave(reads)
	room := batchSizeLimit
	for _, read := range reads {
		units := read.answer(out, &room)
		if c := d.consumed(in.ReturnConsumedCapacity, read.table, readCapacity, units); c != nil {
			out.ConsumedCapacity = append(out.ConsumedCapacity, *c)
		}
	}
	return out, nil
}

// batchReads checks all that is asked before anything is read.
func (d *dynamoService) batchReads(ctx context.Context, items map[string]types.KeysAndAttributes) ([]batchRead, error) {
	var reads []batchRead
	total := 0
	for _, name := range slices.Sorted(maps.Keys(items)) {
		asked := items[name]
		if total += len(asked.Keys); total > batchGetLimit {
			return nil, dynamoInvalid("Too many items requested for the BatchGetItem call")
		}
		read, err := d.batchRead(ctx, name, asked)
		if err != nil {
			return nil, err
		}
		reads = append(reads, read)
	}
	return reads, nil
}

func (d *dynamoService) batchRead(ctx context.Context, name string, asked types.KeysAndAttributes) (batchRead, error) {
	read := batchRead{name: name, asked: asked}
	if err := onlyMembers(&asked, "Keys", "ConsistentRead", "ExpressionAttributeNames", "ProjectionExpression"); err != nil {
		return read, err
	}
	if len(asked.Keys) == 0 {
		return read, dynamoInvalid("1 validation error detected: Value '[]' at 'requestItems.%s.member.keys' failed to satisfy constraint: Member must have length greater than or equal to 1", name)
	}
	s, err := d.newSubstitutions(asked.ExpressionAttributeNames, nil, asked.ProjectionExpression)
	if err != nil {
		return read, err
	}
	if read.paths, err = s.projection(asked.ProjectionExpression); err != nil {
		return read, err
	}
	if err := s.unused(); err != nil {
		return read, err
	}
	if read.table, err = d.find(ctx, &name); err != nil {
		return read, err
	}
	read.keys = make([]primaryKey, len(asked.Keys))
	seen := make(map[primaryKey]bool, len(asked.Keys))
	for i, key := range asked.Keys {
		if read.keys[i], err = read.table.keyOf(key); err != nil {
			return read, err
		}
		if seen[read.keys[i]] {
			return read, dynamoInvalid("%s", batchDuplicates)
		}
		seen[read.keys[i]] = true
	}
	return read, nil
}

// leave marks the keys that a fault leaves unprocessed.
func (d *dynamoService) leave(reads []batchRead) {
	total := 0
	for _, read := range reads {
		total += len(read.keys)
	}
	left := d.faults.unprocessed("dynamodb", "BatchGetItem", total)
	if left == nil {
		return
	}
	for i := range reads {
		n := len(reads[i].keys)
		reads[i].left, left = left[:n], left[n:]
		for _, throttled := range reads[i].left {
			if throttled {
				d.metrics.record("AWS/DynamoDB", readThrottles, map[string]string{"TableName": reads[i].table.name}, 1, "Count")
			}
		}
	}
}

// answer reads the keys as far as there is room and gives the capacity taken.
func (b *batchRead) answer(out *dynamodb.BatchGetItemOutput, room *int) float64 {
	found := make([]map[string]types.AttributeValue, 0, len(b.keys))
	var left []map[string]types.AttributeValue
	units := 0.0
	b.table.mu.RLock()
	defer b.table.mu.RUnlock()
	for i, key := range b.keys {
		item, ok := b.table.items.get(key)
		if ok && item.size > *room {
			*room = 0 // what follows waits too, so that the answer stays in order
		}
		if *room == 0 || b.left != nil && b.left[i] {
			left = append(left, b.asked.Keys[i])
			continue
		}
		units += readUnits(item.size, b.asked.ConsistentRead)
		if ok {
			*room -= item.size
			found = append(found, project(item.attributes, b.paths))
		}
	}
	out.Responses[b.name] = found
	if left != nil {
		unprocessed := b.asked
		unprocessed.Keys = left
		out.UnprocessedKeys[b.name] = unprocessed
	}
	return units
}

// batchChange is one write of a BatchWriteItem.
type batchChange struct {
	asked   string // the table as the request has it
	request types.WriteRequest
	table   *table
	key     primaryKey
	item    attributes // nil to delete
}

func (d *dynamoService) batchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) {
	changes, err := d.batchChanges(ctx, in.RequestItems)
	if err != nil {
		return nil, err
	}
	out := &dynamodb.BatchWriteItemOutput{UnprocessedItems: map[string][]types.WriteRequest{}}
	units := map[*table]float64{}
	left := d.faults.unprocessed("dynamodb", "BatchWriteItem", len(changes))
	for i, c := range changes {
		if left != nil && left[i] {
			out.UnprocessedItems[c.asked] = append(out.UnprocessedItems[c.asked], c.request)
			d.metrics.record("AWS/DynamoDB", writeThrottles, map[string]string{"TableName": c.table.name}, 1, "Count")
			continue
		}
		_, _, used, err := c.table.apply(ctx, change{key: c.key, make: func(attributes) (attributes, error) { return c.item, nil }})
		if err != nil {
			return nil, err
		}
		units[c.table] += used
	}
	for _, t := range slices.SortedFunc(maps.Keys(units), func(a, b *table) int { return strings.Compare(a.name, b.name) }) {
		if c := d.consumed(in.ReturnConsumedCapacity, t, writeCapacity, units[t]); c != nil {
			out.ConsumedCapacity = append(out.ConsumedCapacity, *c)
		}
	}
	return out, nil
}

// batchChanges checks all writes before any is made.
func (d *dynamoService) batchChanges(ctx context.Context, items map[string][]types.WriteRequest) ([]batchChange, error) {
	if len(items) == 0 {
		return nil, dynamoInvalid("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	var changes []batchChange
	for _, name := range slices.Sorted(maps.Keys(items)) {
		requests := items[name]
		if len(requests) == 0 || len(requests) > batchWriteLimit {
			return nil, dynamoInvalid("1 validation error detected: Value '{%s=[…]}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to %d, Member must have length greater than or equal to 1]", name, batchWriteLimit)
		}
		if len(changes)+len(requests) > batchWriteLimit {
			return nil, dynamoInvalid("Too many items requested for the BatchWriteItem call")
		}
		t, err := d.find(ctx, &name)
		if err != nil {
			return nil, err
		}
		seen := map[primaryKey]bool{}
		for _, request := range requests {
			c, err := t.batchChange(request)
			if err != nil {
				return nil, err
			}
			if seen[c.key] {
				return nil, dynamoInvalid("%s", batchDuplicates)
			}
			seen[c.key] = true
			c.asked, c.request = name, request
			changes = append(changes, c)
		}
	}
	return changes, nil
}

func (t *table) batchChange(request types.WriteRequest) (batchChange, error) {
	c := batchChange{table: t}
	var err error
	switch put, remove := request.PutRequest, request.DeleteRequest; {
	case put != nil && remove == nil:
		if err = checkItem(put.Item); err != nil {
			return c, err
		}
		c.item = put.Item
		if c.key, err = t.keyIn(put.Item); err != nil {
			return c, err
		}
		size, err := itemSize(put.Item)
		if err == nil && size > itemLimit {
			err = dynamoInvalid("Item size has exceeded the maximum allowed size")
		}
		return c, err
	case remove != nil && put == nil:
		c.key, err = t.keyOf(remove.Key)
		return c, err
	}
	return c, dynamoInvalid("Supplied WriteRequest must contain exactly one of PutRequest and DeleteRequest")
}
