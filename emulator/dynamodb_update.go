package emulator

import (
	"context"
	"maps"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func (d *dynamoService) updateItem(ctx context.Context, in *dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
	if err := onlyMembers(in, "TableName", "Key", "ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues",
		"ReturnConsumedCapacity", "ReturnItemCollectionMetrics", "ReturnValues", "ReturnValuesOnConditionCheckFailure", "UpdateExpression"); err != nil {
		return nil, err
	}
	s, err := d.newSubstitutions(in.ExpressionAttributeNames, in.ExpressionAttributeValues, in.UpdateExpression, in.ConditionExpression)
	if err != nil {
		return nil, err
	}
	changes, err := s.update(in.UpdateExpression)
	if err != nil {
		return nil, err
	}
	condition, err := s.condition("ConditionExpression", in.ConditionExpression)
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
	if err := t.keepsKey(changes); err != nil {
		return nil, err
	}
	old, made, units, err := t.apply(ctx, change{key, condition, in.ReturnValuesOnConditionCheckFailure, func(old attributes) (attributes, error) {
		if old == nil {
			old = maps.Clone(in.Key)
		}
		return changes.apply(old)
	}})
	if err != nil {
		return nil, err
	}
	return &dynamodb.UpdateItemOutput{
		Attributes:       changes.returned(in.ReturnValues, old, made),
		ConsumedCapacity: d.consumed(in.ReturnConsumedCapacity, t, writeCapacity, units),
	}, nil
}

// keepsKey refuses an update of the primary key.
func (t *table) keepsKey(u *update) error {
	if u == nil {
		return nil
	}
	for _, action := range u.actions {
		if name := action.path[0].name; t.isKey(name) {
			return dynamoInvalid("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", name)
		}
	}
	return nil
}

// returned gives the attributes that ReturnValues asks for.
func (u *update) returned(wanted types.ReturnValue, old, made attributes) attributes {
	switch wanted {
	case types.ReturnValueAllOld:
		return old
	case types.ReturnValueAllNew:
		return made
	case types.ReturnValueUpdatedOld:
		return u.touched(old)
	case types.ReturnValueUpdatedNew:
		return u.touched(made)
	default:
		return nil
	}
}

// touched gives what the updated paths lead to; nil for nothing.
func (u *update) touched(item attributes) attributes {
	if u == nil || item == nil {
		return nil
	}
	paths := make([]documentPath, len(u.actions))
	for i, action := range u.actions {
		paths[i] = action.path
	}
	if found := project(item, paths); len(found) > 0 {
		return found
	}
	return nil
}
