package items

import (
	"context"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Table is a lookup's table, of which single items are read and deleted. Items are
// JSON objects as Load reads them.
type Table struct {
	client *dynamodb.Client
	name   string
	key    key
}

// Open finds out the table's key, which must be this one.
func Open(ctx context.Context, client *dynamodb.Client, name, key string) (*Table, error) {
	described, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	if err != nil {
		return nil, fmt.Errorf("describing lookup table (%s): %w", name, err)
	}
	t := &Table{client: client, name: name}
	t.key, err = keyOf(described.Table, key)
	return t, err
}

func (t *Table) keyOf(text string) (map[string]types.AttributeValue, error) {
	item := map[string]types.AttributeValue{t.key.name: &types.AttributeValueMemberS{Value: text}}
	if _, reason := t.key.settle(item); reason != "" {
		return nil, fmt.Errorf("the key %q: %s", text, reason)
	}
	return item, nil
}

// Get reads the item with a key: the text, the number, or the bytes in base64. It
// is nil when there is none.
func (t *Table) Get(ctx context.Context, key string) ([]byte, error) {
	wanted, err := t.keyOf(key)
	if err != nil {
		return nil, err
	}
	out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &t.name, Key: wanted, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, fmt.Errorf("reading an item of lookup table (%s): %w", t.name, err)
	}
	if out.Item == nil {
		return nil, nil
	}
	return t.key.encode(out.Item)
}

// Delete deletes the item with a key and tells whether there was one.
func (t *Table) Delete(ctx context.Context, key string) (bool, error) {
	wanted, err := t.keyOf(key)
	if err != nil {
		return false, err
	}
	out, err := t.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &t.name, Key: wanted, ReturnValues: types.ReturnValueAllOld,
	})
	if err != nil {
		return false, fmt.Errorf("deleting an item of lookup table (%s): %w", t.name, err)
	}
	return out.Attributes != nil, nil
}

// All gives every item, in DynamoDB's order, holding a page of at most 1 MB. An
// error is the last thing that it gives.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
func (t *Table) All(ctx context.Context) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		pages := dynamodb.NewScanPaginator(t.client, &dynamodb.ScanInput{TableName: &t.name, ConsistentRead: aws.Bool(true)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(nil, fmt.Errorf("reading lookup table (%s): %w", t.name, err))
				return
			}
			for _, item := range page.Items {
				encoded, err := t.key.encode(item)
				if !yield(encoded, err) || err != nil {
					return
				}
			}
		}
	}
}
