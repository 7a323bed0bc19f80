package pipeline

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"enrich/enrichment"
)

// keyTypes are DynamoDB's for those of a lookup.
func keyTypes() map[string]types.ScalarAttributeType {
	return map[string]types.ScalarAttributeType{
		string(enrichment.KeyString): types.ScalarAttributeTypeS,
		string(enrichment.KeyNumber): types.ScalarAttributeTypeN,
		string(enrichment.KeyBinary): types.ScalarAttributeTypeB,
	}
}

// keyOf tells the table's key; a table with a key that no lookup can use gets a
// name that no lookup has.
func keyOf(table *types.TableDescription) (name, kind string) {
	if len(table.KeySchema) != 1 {
		return "(composite key)", ""
	}
	name = aws.ToString(table.KeySchema[0].AttributeName)
	for _, attribute := range table.AttributeDefinitions {
		if aws.ToString(attribute.AttributeName) == name {
			kind = string(attribute.AttributeType)
		}
	}
	return name, kind
}
