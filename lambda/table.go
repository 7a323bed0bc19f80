package lambda

import (
	"cmp"
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

// largeAnswer is the size in bytes from which on an answer may have left keys out for
// its size: BatchGetItem answers 16 MB at most, of which an item has up to 400 KB.
// JSON and the attributes' names do not count there, so half of it is enough.
const largeAnswer = 8 << 20

// Find looks up at most 100 keys. It goes on until each is answered, the effort is
// made or the context leaves no time for another call.
func (t *tables) Find(ctx context.Context, lookup *enrichment.Lookup, keys []string, effort enrichment.Effort) (enrichment.Found, error) {
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
		short, progress := throttles.IsErrorThrottle(err) == aws.TrueTernary, false
		if err == nil {
			left, size, collectErr := collect(found.Items, lookup, out)
			if collectErr != nil || len(left) == 0 {
				return found, collectErr // an error leaves all keys unknown
			}
			if progress = len(left) < len(pending.Keys); progress {
				n = 0 // there is throughput, only not enough for all
			}
			pending.Keys = left
			if size > largeAnswer { // no more fits into an answer; nothing is wrong
				found.Retries++
				continue
			}
			again, short, err = true, true, errUnprocessed
		}
		if short {
			found.Throttles++
		}
		enough := effort == enrichment.Once && (found.Calls > 1 || !progress) || effort == enrichment.Eager && short
		if enough || !again || !t.backoff.wait(ctx, n, err) {
			found.Left, found.Again = keysOf(lookup, pending), enough && again
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
		r.Keys = append(r.Keys, map[string]types.AttributeValue{lookup.TableKey: attributeOf(lookup, key)})
	}
	return r
}

// attributeOf is a key as the table has it.
func attributeOf(lookup *enrichment.Lookup, key string) types.AttributeValue {
	switch lookup.KeyType {
	case enrichment.KeyNumber:
		return &types.AttributeValueMemberN{Value: key}
	case enrichment.KeyBinary:
		return &types.AttributeValueMemberB{Value: []byte(key)}
	default:
		return &types.AttributeValueMemberS{Value: key}
	}
}

// keyOf is the reverse of attributeOf; "" for an attribute that is no key.
func keyOf(value types.AttributeValue) string {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		// DynamoDB spells numbers in its own way.
		number, reason := enrichment.AppendNumber(nil, v.Value)
		if reason != "" {
			return ""
		}
		return string(number)
	case *types.AttributeValueMemberB:
		return string(v.Value)
	default:
		return ""
	}
}

// keysOf is the reverse of requestOf.
func keysOf(lookup *enrichment.Lookup, request types.KeysAndAttributes) []string {
	var keys []string
	for _, key := range request.Keys {
		keys = append(keys, keyOf(key[lookup.TableKey]))
	}
	return keys
}

// collect takes the items over and answers the keys that were left unprocessed, and
// the size of the items in bytes.
func collect(items map[string]enrichment.Item, lookup *enrichment.Lookup, out *dynamodb.BatchGetItemOutput) (unprocessed []map[string]types.AttributeValue, size int, err error) {
	for _, response := range out.Responses { // of the one table
		for _, attributes := range response {
			key := keyOf(attributes[lookup.TableKey])
			if key == "" {
				return nil, 0, fmt.Errorf("reading table %s: an item came without its key %s", lookup.Table, lookup.TableKey)
			}
			item, err := itemOf(attributes)
			if err != nil {
				return nil, 0, fmt.Errorf("reading table %s: %w", lookup.Table, err)
			}
			items[key] = item
			for _, value := range item {
				size += len(value)
			}
		}
	}
	for _, left := range out.UnprocessedKeys {
		return left.Keys, size, nil
	}
	return nil, size, nil
}

// explain says what was done, and for the refusal that a wrong key name or type
// gives, where to look.
func explain(lookup *enrichment.Lookup, err error) error {
	var refused smithy.APIError
	if errors.As(err, &refused) && refused.ErrorCode() == "ValidationException" {
		return fmt.Errorf("reading table %s, whose partition key must be the %s %s and its only key (a lookup's table_key and key_type): %w",
			lookup.Table, cmp.Or(lookup.KeyType, enrichment.KeyString), lookup.TableKey, err)
	}
	return fmt.Errorf("reading table %s: %w", lookup.Table, err)
}
