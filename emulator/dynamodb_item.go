package emulator

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func (d *dynamoService) getItem(ctx context.Context, in *dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) {
	if err := onlyMembers(in, "TableName", "Key", "ConsistentRead", "ExpressionAttributeNames", "ProjectionExpression", "ReturnConsumedCapacity"); err != nil {
		return nil, err
	}
	s, err := d.newSubstitutions(in.ExpressionAttributeNames, nil, in.ProjectionExpression)
	if err != nil {
		return nil, err
	}
	paths, err := s.projection(in.ProjectionExpression)
	if err != nil {
		return nil, err
	}
	if err := s.unused(); err != nil {
		return nil, err
	}
	t, err := d.find(ctx, in.TableName)
	if err != nil {
		return nil, err
	}
	key, err := t.keyOf(in.Key)
	if err != nil {
		return nil, err
	}
	item, found := t.stored(key)
	out := &dynamodb.GetItemOutput{ConsumedCapacity: d.consumed(in.ReturnConsumedCapacity, t, readCapacity, readUnits(item.size, in.ConsistentRead))}
	if found {
		out.Item = project(item.attributes, paths)
	}
	return out, nil
}

func (t *table) stored(key primaryKey) (storedItem, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.items.get(key)
}

// change is one write to one item.
type change struct {
	key       primaryKey
	condition predicate // nil: none
	onFailure types.ReturnValuesOnConditionCheckFailure
	// make gives the new item of the old one, which is nil if there is none; nil
	// to delete it.
	make func(old attributes) (attributes, error)
}

// apply makes a change if its condition holds, and gives both items and the
// capacity that it took.
func (t *table) apply(ctx context.Context, c change) (old, made attributes, units float64, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	stored, found := t.items.get(c.key)
	if c.condition != nil && !c.condition.holds(stored.attributes) {
		return nil, nil, 0, conditionFailed(ctx, stored.attributes, c.onFailure)
	}
	if made, err = c.make(stored.attributes); err != nil {
		return nil, nil, 0, err
	}
	if made == nil {
		if found {
			t.items.delete(c.key)
			t.room.free(int64(stored.size))
		}
		return stored.attributes, nil, writeUnits(stored.size), nil
	}
	size, err := itemSize(made)
	if err != nil {
		return nil, nil, 0, err
	}
	if size > itemLimit {
		if found {
			return nil, nil, 0, dynamoInvalid("Item size to update has exceeded the maximum allowed size")
		}
		return nil, nil, 0, dynamoInvalid("Item size has exceeded the maximum allowed size")
	}
	if !t.room.take(int64(size - stored.size)) {
		return nil, nil, 0, t.room.exceeded("items")
	}
	t.items.put(storedItem{key: c.key, attributes: made, size: size})
	return stored.attributes, made, writeUnits(max(size, stored.size)), nil
}

// conditionFailed is the answer to a condition that does not hold, with the item
// if that was asked for.
func conditionFailed(ctx context.Context, item attributes, wanted types.ReturnValuesOnConditionCheckFailure) error {
	failure := failf(http.StatusBadRequest, "ConditionalCheckFailedException", "The conditional request failed")
	if wanted != types.ReturnValuesOnConditionCheckFailureAllOld || item == nil {
		return failure
	}
	encoded, err := encodeJSON(ctx, &dynamodb.GetItemOutput{Item: item})
	if err != nil {
		return err
	}
	var members map[string]any
	if err := json.Unmarshal(encoded, &members); err != nil {
		return err
	}
	failure.Extra = members
	return failure
}

// conditionOf parses the condition of a write, the only expression beside that
// of an update.
func (d *dynamoService) conditionOf(names map[string]string, values map[string]types.AttributeValue, condition *string) (predicate, error) {
	s, err := d.newSubstitutions(names, values, condition)
	if err != nil {
		return nil, err
	}
	parsed, err := s.condition("ConditionExpression", condition)
	if err != nil {
		return nil, err
	}
	return parsed, s.unused()
}

func (d *dynamoService) putItem(ctx context.Context, in *dynamodb.PutItemInput) (*dynamodb.PutItemOutput, error) {
	if err := onlyMembers(in, "TableName", "Item", "ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues",
		"ReturnConsumedCapacity", "ReturnItemCollectionMetrics", "ReturnValues", "ReturnValuesOnConditionCheckFailure"); err != nil {
		return nil, err
	}
	if in.ReturnValues != "" && in.ReturnValues != types.ReturnValueNone && in.ReturnValues != types.ReturnValueAllOld {
		return nil, dynamoInvalid("ReturnValues can only be ALL_OLD or NONE")
	}
	condition, err := d.conditionOf(in.ExpressionAttributeNames, in.ExpressionAttributeValues, in.ConditionExpression)
	if err != nil {
		return nil, err
	}
	if err := checkItem(in.Item); err != nil {
		return nil, err
	}
	t, err := d.find(ctx, in.TableName)
	if err != nil {
		return nil, err
	}
	key, err := t.keyIn(in.Item)
	if err != nil {
		return nil, err
	}
	old, _, units, err := t.apply(ctx, change{key, condition, in.ReturnValuesOnConditionCheckFailure, func(attributes) (attributes, error) {
		return in.Item, nil
	}})
	if err != nil {
		return nil, err
	}
	out := &dynamodb.PutItemOutput{ConsumedCapacity: d.consumed(in.ReturnConsumedCapacity, t, writeCapacity, units)}
	if in.ReturnValues == types.ReturnValueAllOld {
		out.Attributes = old
	}
	return out, nil
}

func (d *dynamoService) deleteItem(ctx context.Context, in *dynamodb.DeleteItemInput) (*dynamodb.DeleteItemOutput, error) {
	if err := onlyMembers(in, "TableName", "Key", "ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues",
		"ReturnConsumedCapacity", "ReturnItemCollectionMetrics", "ReturnValues", "ReturnValuesOnConditionCheckFailure"); err != nil {
		return nil, err
	}
	if in.ReturnValues != "" && in.ReturnValues != types.ReturnValueNone && in.ReturnValues != types.ReturnValueAllOld {
		return nil, dynamoInvalid("ReturnValues can only be ALL_OLD or NONE")
	}
	condition, err := d.conditionOf(in.ExpressionAttributeNames, in.ExpressionAttributeValues, in.ConditionExpression)
	if err != nil {
		return nil, err
	}
	t, err := d.find(ctx, in.TableName)
	if err != nil {
		return nil, err
	}
	key, err := t.keyOf(in.Key)
	if err != nil {
		return nil, err
	}
	old, _, units, err := t.apply(ctx, change{key, condition, in.ReturnValuesOnConditionCheckFailure, func(attributes) (attributes, error) {
		return nil, nil
	}})
	if err != nil {
		return nil, err
	}
	out := &dynamodb.DeleteItemOutput{ConsumedCapacity: d.consumed(in.ReturnConsumedCapacity, t, writeCapacity, units)}
	if in.ReturnValues == types.ReturnValueAllOld {
		out.Attributes = old
	}
	return out, nil
}
