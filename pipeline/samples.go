package pipeline

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"enrich/engine"
)

// sample is an item that a new table of the default lookup gets in dev, so that
// the first test event finds its user.
type sample struct{ id, name, email, segment, location string }

var sampleUsers = []sample{
	{"user123", "John Doe", "john@example.com", "premium", "New York"},
	{"user456", "Jane Smith", "jane@example.com", "standard", "California"},
	{"user789", "Bob Wilson", "bob@example.com", "enterprise", "Texas"},
}

// storeSamples never overwrites: an interrupted creation may be repeated when
// somebody has already changed the items.
func (t *lookupTable) storeSamples(ctx context.Context, progress engine.Progress) error {
	for _, s := range t.samples {
		progress.Status("storing sample item " + s.id)
		_, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: &t.name,
			Item: map[string]types.AttributeValue{
				t.desired.Key: &types.AttributeValueMemberS{Value: s.id},
				"name":        &types.AttributeValueMemberS{Value: s.name},
				"email":       &types.AttributeValueMemberS{Value: s.email},
				"segment":     &types.AttributeValueMemberS{Value: s.segment},
				"location":    &types.AttributeValueMemberS{Value: s.location},
			},
			ConditionExpression:      aws.String("attribute_not_exists(#key)"),
			ExpressionAttributeNames: map[string]string{"#key": t.desired.Key},
		})
		if err := ignore(err, "ConditionalCheckFailedException"); err != nil {
			return fmt.Errorf("sample item %s: %w", s.id, err)
		}
	}
	return nil
}
