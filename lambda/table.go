package lambda

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"enrich/enrichment"
)

// tables is the enrichment.Finder over DynamoDB. Reads are eventually consistent:
// they cost half.
type tables struct {
	client  *dynamodb.Client
	backoff backoff
}

var _ enrichment.Finder = (*tables)(nil)

func newTables(cfg aws.Config, logger *slog.Logger) *tables {
	return &tables{
		client:  dynamodb.NewFromConfig(cfg),
		backoff: backoff{base: 25 * time.Millisecond, most: 2 * time.Second, attempt: 3 * time.Second, logger: logger},
	}
}

var throttles = retry.ThrottleErrorCode{Codes: retry.DefaultThrottleErrorCodes}

var errUnprocessed = errors.New("DynamoDB left keys unprocessed")

// Find looks up at most 100 keys. It goes on until each is answered or the context
// leaves no time for another call.
func (t *tables) Find(ctx context.Context, lookup *enrichment.Lookup, keys []string, patient bool) (enrichment.Found, error) {
	found := enrichment.Found{Items: make(map[string]enrichment.Item, len(keys))}
	pending := requestOf(lookup, keys)
	for n := 0; ; n++ {
		var out *dynamodb.BatchGetItemOutput
		again, err := t.backoff.call(ctx, func(ctx context.Context) (err error) {
			out, err = t.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
				RequestItems: map[string]types.KeysAndAttributes{lookup.Table: pending},
			})
			return err
		})
		found.Calls++
		found.Short = throttles.IsErrorThrottle(err) == aws.TrueTernary
		if err == nil {
			left, collectErr := collect(found.Items, lookup, out)
			if collectErr != nil || len(left) == 0 {
				return found, collectErr // an error leaves all keys unknown
			}
			if len(left) < len(pending.Keys) {
				n = 0 // there is throughput, only not enough for all
			}
			pending.Keys, again, found.Short, err = left, true, true, errUnprocessed
		}
		if !again || found.Short && !patient || !t.backoff.wait(ctx, n, err) {
			found.Left = keysOf(lookup, pending)
			return found, explain(lookup, err)
		}
		found.Retries++
	}
}

// requestOf asks for the attributes that are added and for the key, to tell the
// items apart. Names stand for attributes throughout, because many a usual one
// (name, location) is a word that DynamoDB reserves.
func requestOf(lookup *enrichment.Lookup, keys []string) types.KeysAndAttributes {
	r := types.KeysAndAttributes{ExpressionAttributeNames: map[string]string{"#k": lookup.TableKey}}
	projection := "#k"
	asked := []string{lookup.TableKey} // an attribute that is named twice is refused
	for _, f := range lookup.Fields {
		if slices.Contains(asked, f.From) {
			continue
		}
		name := "#a" + strconv.Itoa(len(asked))
		asked = append(asked, f.From)
		r.ExpressionAttributeNames[name] = f.From
		projection += "," + name
	}
	r.ProjectionExpression = aws.String(projection)
	for _, key := range keys {
		r.Keys = append(r.Keys, map[string]types.AttributeValue{lookup.TableKey: &types.AttributeValueMemberS{Value: key}})
	}
	return r
}

// keysOf is the reverse of requestOf.
func keysOf(lookup *enrichment.Lookup, request types.KeysAndAttributes) []string {
	var keys []string
	for _, key := range request.Keys {
		if s, ok := key[lookup.TableKey].(*types.AttributeValueMemberS); ok {
			keys = append(keys, s.Value)
		}
	}
	return keys
}

// collect takes the items over and answers the keys that were left unprocessed.
func collect(items map[string]enrichment.Item, lookup *enrichment.Lookup, out *dynamodb.BatchGetItemOutput) ([]map[string]types.AttributeValue, error) {
	for _, response := range out.Responses { // of the one table
		for _, attributes := range response {
			key, ok := attributes[lookup.TableKey].(*types.AttributeValueMemberS)
			if !ok {
				return nil, fmt.Errorf("reading table %s: an item came without its key %s", lookup.Table, lookup.TableKey)
			}
			item, err := itemOf(attributes)
			if err != nil {
				return nil, fmt.Errorf("reading table %s: %w", lookup.Table, err)
			}
			items[key.Value] = item
		}
	}
	for _, left := range out.UnprocessedKeys {
		return left.Keys, nil
	}
	return nil, nil
}

// explain says what was done, and for the refusal that a wrong key name or type
// gives, where to look.
func explain(lookup *enrichment.Lookup, err error) error {
	var refused smithy.APIError
	if errors.As(err, &refused) && refused.ErrorCode() == "ValidationException" {
		return fmt.Errorf("reading table %s, whose partition key must be the string %s and its only key (table_key in ENRICH_LOOKUPS): %w",
			lookup.Table, lookup.TableKey, err)
	}
	return fmt.Errorf("reading table %s: %w", lookup.Table, err)
}
