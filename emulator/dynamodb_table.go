package emulator

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// table is one table. mu guards everything that can change after its creation.
type table struct {
	name, arn, id string
	created       time.Time
	visible       time.Time // when calls find it
	hash          keyAttribute
	sort          *keyAttribute // nil: the hash key alone is the primary key

	mu         sync.RWMutex
	passing    types.TableStatus // CREATING, UPDATING or DELETING until then
	until      time.Time
	onDemand   bool
	modeSince  time.Time // when the billing mode became on-demand
	read       int64     // provisioned units
	write      int64
	increased  time.Time
	decreased  time.Time
	decreases  int64
	protection bool
	class      types.TableClass
	sse        *types.SSEDescription
	tags       map[string]string
	recovery   recovery
	ttl        string // attribute; "" when off
	items      itemStore
	room       *capacity // of all tables' items
}

type keyAttribute struct {
	name string
	kind types.ScalarAttributeType
}

var tableNamePattern = compiled(`^[a-zA-Z0-9_.-]+$`)

// checkTableName gives the problems of a table's name. Where an operation takes
// an ARN too, tableNameOf has made a name of it before.
func checkTableName(name *string) error {
	switch {
	case name == nil:
		return dynamoInvalid("1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null")
	case len(*name) < 3 || len(*name) > 255:
		return dynamoInvalid("TableName must be at least 3 characters long and at most 255 characters long")
	case !tableNamePattern().MatchString(*name):
		return dynamoInvalid("1 validation error detected: Value '%s' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+", *name)
	}
	return nil
}

// tableNameOf takes a name, or the name out of an ARN.
func tableNameOf(nameOrARN *string) *string {
	if nameOrARN == nil || !strings.HasPrefix(*nameOrARN, "arn:") {
		return nameOrARN
	}
	_, name, _ := strings.Cut(*nameOrARN, ":table/")
	return &name
}

// lookup gives a table of the caller's region; missing makes the error when there
// is none.
func (d *dynamoService) lookup(ctx context.Context, nameOrARN *string, missing func(name string) error) (*table, error) {
	name := tableNameOf(nameOrARN)
	if err := checkTableName(name); err != nil {
		return nil, err
	}
	d.sweep()
	d.mu.RLock()
	defer d.mu.RUnlock()
	if t, ok := d.tables[tableKey{callerOf(ctx).Region, *name}]; ok && !d.readiness.before(t.visible) {
		return t, nil
	}
	return nil, missing(*name)
}

// find gives a table whose items can be read and written.
func (d *dynamoService) find(ctx context.Context, nameOrARN *string) (*table, error) {
	missing := func(string) error {
		return failf(http.StatusBadRequest, "ResourceNotFoundException", "Requested resource not found")
	}
	t, err := d.lookup(ctx, nameOrARN, missing)
	if err != nil {
		return nil, err
	}
	if status := t.statusNow(d.clock.Now()); status == types.TableStatusCreating || status == types.TableStatusDeleting {
		return nil, missing(t.name)
	}
	return t, nil
}

// findNamed gives a table in any state.
func (d *dynamoService) findNamed(ctx context.Context, nameOrARN *string) (*table, error) {
	return d.lookup(ctx, nameOrARN, func(name string) error {
		return failf(http.StatusBadRequest, "ResourceNotFoundException", "Requested resource not found: Table: %s not found", name)
	})
}

func (d *dynamoService) createTable(ctx context.Context, in *dynamodb.CreateTableInput) (*dynamodb.CreateTableOutput, error) {
	if err := checkTableName(in.TableName); err != nil {
		return nil, err
	}
	if err := onlyMembers(in, "TableName", "AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled",
		"KeySchema", "ProvisionedThroughput", "SSESpecification", "TableClass", "Tags"); err != nil {
		return nil, err
	}
	hash, sort, err := keySchema(in.KeySchema, in.AttributeDefinitions)
	if err != nil {
		return nil, err
	}
	t := &table{
		name: *in.TableName, arn: callerOf(ctx).arn("dynamodb", "table/"+*in.TableName), id: newRequestID(),
		created: d.clock.Now().UTC(), visible: d.readiness.visible(), hash: hash, sort: sort,
		protection: deref(in.DeletionProtectionEnabled), class: in.TableClass,
		tags: map[string]string{}, room: d.room,
	}
	if err := t.setBilling(in.BillingMode, in.ProvisionedThroughput, t.created); err != nil {
		return nil, err
	}
	if t.sse, err = d.encryption(ctx, in.SSESpecification); err != nil {
		return nil, err
	}
	if err := mergeTags(t.tags, in.Tags); err != nil {
		return nil, err
	}
	d.sweep()
	d.mu.Lock()
	defer d.mu.Unlock()
	key := tableKey{callerOf(ctx).Region, t.name}
	if _, ok := d.tables[key]; ok {
		return nil, failf(http.StatusBadRequest, "ResourceInUseException", "Table already exists: %s", t.name)
	}
	d.enter(t, types.TableStatusCreating)
	d.tables[key] = t
	return &dynamodb.CreateTableOutput{TableDescription: t.describe(types.TableStatusCreating)}, nil
}

// keySchema checks the primary key as DynamoDB does.
func keySchema(schema []types.KeySchemaElement, definitions []types.AttributeDefinition) (hash keyAttribute, sort *keyAttribute, err error) {
	kinds := map[string]types.ScalarAttributeType{}
	for _, definition := range definitions {
		if _, twice := kinds[deref(definition.AttributeName)]; twice {
			return hash, nil, dynamoInvalid("One or more parameter values were invalid: Duplicate AttributeName in AttributeDefinitions: %s", deref(definition.AttributeName))
		}
		kinds[deref(definition.AttributeName)] = definition.AttributeType
	}
	switch {
	case len(schema) == 0 || len(schema) > 2:
		return hash, nil, dynamoInvalid("1 validation error detected: Value '[]' at 'keySchema' failed to satisfy constraint: Member must have length between 1 and 2")
	case schema[0].KeyType != types.KeyTypeHash:
		return hash, nil, dynamoInvalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
	case len(schema) == 2 && schema[1].KeyType != types.KeyTypeRange:
		return hash, nil, dynamoInvalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
	case len(schema) == 2 && deref(schema[0].AttributeName) == deref(schema[1].AttributeName):
		return hash, nil, dynamoInvalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
	}
	var keys []keyAttribute
	for _, element := range schema {
		name := deref(element.AttributeName)
		kind, ok := kinds[name]
		if !ok {
			return hash, nil, dynamoInvalid("One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [%s], AttributeDefinitions: [%s]", name, strings.Join(sortedKeys(kinds), ", "))
		}
		if name == "" || len(name) > 255 {
			return hash, nil, dynamoInvalid("1 validation error detected: Value '%s' at 'keySchema.1.member.attributeName' failed to satisfy constraint: Member must have length between 1 and 255", name)
		}
		keys = append(keys, keyAttribute{name, kind})
	}
	if len(kinds) != len(keys) {
		return hash, nil, dynamoInvalid("One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
	}
	if len(keys) == 2 {
		sort = &keys[1]
	}
	return keys[0], sort, nil
}

// setBilling sets billing mode and capacity; t is new or locked.
func (t *table) setBilling(mode types.BillingMode, throughput *types.ProvisionedThroughput, now time.Time) error {
	if mode == types.BillingModePayPerRequest {
		if throughput != nil {
			return dynamoInvalid("One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
		}
		t.onDemand, t.modeSince, t.read, t.write = true, now, 0, 0
		return nil
	}
	if throughput == nil {
		return dynamoInvalid("One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
	}
	for _, units := range []*int64{throughput.ReadCapacityUnits, throughput.WriteCapacityUnits} {
		if units == nil || *units < 1 {
			return dynamoInvalid("1 validation error detected: Value '%d' at 'provisionedThroughput' failed to satisfy constraint: Member must have value greater than or equal to 1", deref(units))
		}
		if *units > 1_000_000_000_000 {
			return dynamoInvalid("Given value %d for provisioned capacity is out of bounds", *units)
		}
	}
	t.onDemand, t.read, t.write = false, *throughput.ReadCapacityUnits, *throughput.WriteCapacityUnits
	return nil
}

// encryption describes server-side encryption; without a specification tables
// are encrypted with a key of AWS's own, which the API does not show.
func (d *dynamoService) encryption(ctx context.Context, spec *types.SSESpecification) (*types.SSEDescription, error) {
	if spec == nil || !deref(spec.Enabled) {
		if spec != nil && (spec.KMSMasterKeyId != nil || spec.SSEType != "") {
			return nil, dynamoInvalid("One or more parameter values were invalid: KMSMasterKeyId and SSEType cannot be specified when Enabled is false")
		}
		return nil, nil
	}
	if spec.SSEType == types.SSETypeAes256 {
		return nil, dynamoInvalid("One or more parameter values were invalid: SSEType AES256 is not supported")
	}
	key := deref(spec.KMSMasterKeyId)
	if key == "" {
		key = "alias/aws/dynamodb"
	}
	if !strings.HasPrefix(key, "arn:") {
		if !strings.HasPrefix(key, "alias/") {
			key = "key/" + key
		}
		key = callerOf(ctx).arn("kms", key)
	}
	return &types.SSEDescription{Status: types.SSEStatusEnabled, SSEType: types.SSETypeKms, KMSMasterKeyArn: &key}, nil
}

// describe gives the table's description in a state; t is locked or new.
func (t *table) describe(status types.TableStatus) *types.TableDescription {
	d := &types.TableDescription{
		TableName: &t.name, TableArn: &t.arn, TableId: &t.id, CreationDateTime: &t.created,
		TableStatus:               status,
		DeletionProtectionEnabled: new(t.protection),
		ItemCount:                 new(int64(t.items.count)),
		TableSizeBytes:            new(t.items.bytes),
		KeySchema:                 []types.KeySchemaElement{{AttributeName: &t.hash.name, KeyType: types.KeyTypeHash}},
		AttributeDefinitions:      []types.AttributeDefinition{{AttributeName: &t.hash.name, AttributeType: t.hash.kind}},
		ProvisionedThroughput: &types.ProvisionedThroughputDescription{
			ReadCapacityUnits: new(t.read), WriteCapacityUnits: new(t.write), NumberOfDecreasesToday: new(t.decreases),
		},
		SSEDescription:    t.sse,
		WarmThroughput:    t.warmThroughput(),
		TableClassSummary: nil,
	}
	if t.sort != nil {
		d.KeySchema = append(d.KeySchema, types.KeySchemaElement{AttributeName: &t.sort.name, KeyType: types.KeyTypeRange})
		d.AttributeDefinitions = append(d.AttributeDefinitions, types.AttributeDefinition{AttributeName: &t.sort.name, AttributeType: t.sort.kind})
		slices.SortFunc(d.AttributeDefinitions, func(a, b types.AttributeDefinition) int {
			return strings.Compare(*a.AttributeName, *b.AttributeName)
		})
	}
	if t.onDemand {
		d.BillingModeSummary = &types.BillingModeSummary{BillingMode: types.BillingModePayPerRequest, LastUpdateToPayPerRequestDateTime: new(t.modeSince)}
	}
	if !t.increased.IsZero() {
		d.ProvisionedThroughput.LastIncreaseDateTime = new(t.increased)
	}
	if !t.decreased.IsZero() {
		d.ProvisionedThroughput.LastDecreaseDateTime = new(t.decreased)
	}
	if t.class != "" {
		d.TableClassSummary = &types.TableClassSummary{TableClass: t.class}
	}
	return d
}

// warmThroughput is what a fresh table can serve at once.
func (t *table) warmThroughput() *types.TableWarmThroughputDescription {
	w := &types.TableWarmThroughputDescription{ReadUnitsPerSecond: new(t.read), WriteUnitsPerSecond: new(t.write), Status: types.TableStatusActive}
	if t.onDemand {
		w.ReadUnitsPerSecond, w.WriteUnitsPerSecond = new(int64(12000)), new(int64(4000))
	}
	return w
}

func (d *dynamoService) describeTable(ctx context.Context, in *dynamodb.DescribeTableInput) (*dynamodb.DescribeTableOutput, error) {
	t, err := d.findNamed(ctx, in.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return &dynamodb.DescribeTableOutput{Table: t.describe(t.status(d.clock.Now()))}, nil
}

func (d *dynamoService) deleteTable(ctx context.Context, in *dynamodb.DeleteTableInput) (*dynamodb.DeleteTableOutput, error) {
	t, err := d.findNamed(ctx, in.TableName)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	switch err := d.changeable(t); {
	case t.passing == types.TableStatusDeleting: // is a success once more
		return &dynamodb.DeleteTableOutput{TableDescription: t.describe(t.passing)}, nil
	case err != nil:
		return nil, err
	case t.protection:
		return nil, dynamoInvalid("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	t.room.free(t.items.bytes)
	t.items = itemStore{}
	if d.enter(t, types.TableStatusDeleting); t.until.IsZero() {
		delete(d.tables, tableKey{callerOf(ctx).Region, t.name})
	} else {
		d.leaving.Add(1)
	}
	return &dynamodb.DeleteTableOutput{TableDescription: t.describe(types.TableStatusDeleting)}, nil
}

func (d *dynamoService) listTables(ctx context.Context, in *dynamodb.ListTablesInput) (*dynamodb.ListTablesOutput, error) {
	limit := 100
	if in.Limit != nil {
		if limit = int(*in.Limit); limit < 1 || limit > 100 {
			return nil, dynamoInvalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and 100", limit)
		}
	}
	d.sweep()
	d.mu.RLock()
	defer d.mu.RUnlock()
	names := []string{}
	for key, t := range d.tables {
		if key.region == callerOf(ctx).Region && !d.readiness.before(t.visible) && key.name > deref(in.ExclusiveStartTableName) {
			names = append(names, key.name)
		}
	}
	slices.Sort(names)
	out := &dynamodb.ListTablesOutput{TableNames: names}
	if len(names) > limit {
		out.TableNames, out.LastEvaluatedTableName = names[:limit], new(names[limit-1])
	}
	return out, nil
}

func (t *table) copyTags() map[string]string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return maps.Clone(t.tags)
}
