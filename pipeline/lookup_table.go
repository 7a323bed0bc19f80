package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"enrich/config"
	"enrich/engine"
)

// LookupTable holds the items that events are enriched with.
type LookupTable struct {
	Key                 string            `json:"key"`
	KeyType             string            `json:"key_type"` // S, N or B; "": a composite key, which no lookup can use
	Mode                string            `json:"mode"`
	Read                int               `json:"read,omitempty"`  // capacity units; 0 on demand
	Write               int               `json:"write,omitempty"` // capacity units; 0 on demand
	Encryption          string            `json:"encryption"`
	PointInTimeRecovery bool              `json:"point_in_time_recovery"`
	DeletionProtection  bool              `json:"deletion_protection"`
	Tags                map[string]string `json:"tags"`
}

// Keys of a table. Without any setting DynamoDB encrypts by a key of AWS's own
// that leaves no trace. The AWS managed key costs no rent, its use is in
// CloudTrail, DynamoDB asks for it once in five minutes, and nobody needs a
// permission for it.
const (
	tableKMSKey = "alias/aws/dynamodb"
	awsOwnedKey = "aws-owned"
)

const tableTimeout = 10 * time.Minute

type lookupTable struct {
	identified
	desired LookupTable
	samples []sample // stored once, when the table is created
	force   bool
	client  *dynamodb.Client
}

func (p *Pipeline) lookupTable(lookup config.Lookup) engine.Resource {
	table := p.namedTable(tableKey(lookup.Name), p.names.Tables[lookup.Name])
	capacity := p.cfg.TableOf(lookup)
	table.desired = LookupTable{
		Key:                 lookup.TableKey,
		KeyType:             string(keyTypes()[lookup.KeyType]),
		Mode:                capacity.Mode,
		Encryption:          tableKMSKey,
		PointInTimeRecovery: p.production(),
		DeletionProtection:  p.production(),
		Tags:                p.tags,
	}
	if capacity.Mode == provisioned {
		table.desired.Read, table.desired.Write = capacity.Read, capacity.Write
	}
	if p.development() && p.cfg.DefaultLookup() {
		table.samples = sampleUsers
	}
	return table
}

func (p *Pipeline) namedTable(key, name string) *lookupTable {
	return &lookupTable{
		identified: identified{key: key, kind: kindTable, name: name, arn: p.id.tableARN(name)},
		force:      p.Force,
		client:     dynamodb.NewFromConfig(p.sdk),
	}
}

// Desired is the data that the table shall have.
func (t *lookupTable) Desired() any { return t.desired }

func (t *lookupTable) Read(ctx context.Context) (_ *engine.Observed, err error) {
	defer t.explain("reading", &err)
	table, err := t.describe(ctx)
	if err != nil {
		return nil, err
	}
	tags, err := t.readTags(ctx, aws.ToString(table.TableArn))
	if err != nil {
		return nil, err
	}
	recovery, err := t.readRecovery(ctx)
	if err != nil {
		return nil, err
	}
	key, keyType := keyOf(table)
	spec := LookupTable{
		Key:                 key,
		KeyType:             keyType,
		Mode:                provisioned, // what a table without a summary has
		Encryption:          observedTableKey(table.SSEDescription),
		PointInTimeRecovery: recovery,
		DeletionProtection:  aws.ToBool(table.DeletionProtectionEnabled),
		Tags:                userTags(tags),
	}
	detail := "on demand"
	if table.BillingModeSummary != nil && table.BillingModeSummary.BillingMode == types.BillingModePayPerRequest {
		spec.Mode = onDemand
	} else if throughput := table.ProvisionedThroughput; throughput != nil {
		spec.Read, spec.Write = int(aws.ToInt64(throughput.ReadCapacityUnits)), int(aws.ToInt64(throughput.WriteCapacityUnits))
		detail = fmt.Sprintf("%d read, %d write units", spec.Read, spec.Write)
	}
	observed := &engine.Observed{
		ID:     t.name,
		ARN:    aws.ToString(table.TableArn),
		Status: string(table.TableStatus),
		// AWS counts items every six hours or so.
		Detail:    fmt.Sprintf("%s, about %d items", detail, aws.ToInt64(table.ItemCount)),
		Transient: table.TableStatus == types.TableStatusCreating || table.TableStatus == types.TableStatusUpdating || table.TableStatus == types.TableStatusDeleting,
		Deleting:  table.TableStatus == types.TableStatusDeleting,
		Tags:      tags,
		Spec:      spec,
	}
	if !observed.Transient && table.TableStatus != types.TableStatusActive {
		observed.Unhealthy = "it is " + observed.Status // ARCHIVED, INACCESSIBLE_ENCRYPTION_CREDENTIALS
	}
	return observed, nil
}

func (t *lookupTable) describe(ctx context.Context) (*types.TableDescription, error) {
	answer, err := t.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &t.name})
	if err != nil {
		return nil, notFound(err, "ResourceNotFoundException")
	}
	return answer.Table, nil
}

func (t *lookupTable) readTags(ctx context.Context, arn string) (map[string]string, error) {
	var list []types.Tag
	input := &dynamodb.ListTagsOfResourceInput{ResourceArn: &arn}
	for {
		page, err := t.client.ListTagsOfResource(ctx, input)
		if err != nil {
			return nil, notFound(fmt.Errorf("tags: %w", err), "ResourceNotFoundException")
		}
		list = append(list, page.Tags...)
		if input.NextToken = page.NextToken; input.NextToken == nil {
			return tagMap(list, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value }), nil
		}
	}
}

// observedTableKey takes the ARN of a key for the one we asked for: whether it
// is that of the AWS managed key only KMS could tell.
func observedTableKey(sse *types.SSEDescription) string {
	if sse == nil || sse.SSEType != types.SSETypeKms ||
		sse.Status == types.SSEStatusDisabled || sse.Status == types.SSEStatusDisabling {
		return awsOwnedKey
	}
	return tableKMSKey
}

func (t *lookupTable) Diff(observed *engine.Observed) []engine.Change {
	return compare(t.desired, observed.Spec, "key", "key_type")
}

func (t *lookupTable) Create(ctx context.Context, progress engine.Progress) (err error) {
	defer t.explain("creating", &err)
	input := &dynamodb.CreateTableInput{
		TableName:                 &t.name,
		AttributeDefinitions:      []types.AttributeDefinition{{AttributeName: &t.desired.Key, AttributeType: types.ScalarAttributeType(t.desired.KeyType)}},
		KeySchema:                 []types.KeySchemaElement{{AttributeName: &t.desired.Key, KeyType: types.KeyTypeHash}},
		BillingMode:               types.BillingModePayPerRequest,
		SSESpecification:          kms(),
		DeletionProtectionEnabled: &t.desired.DeletionProtection,
		Tags:                      tableTags(t.desired.Tags),
	}
	if t.desired.Mode == provisioned {
		input.BillingMode = types.BillingModeProvisioned
		input.ProvisionedThroughput = t.throughput()
	}
	err = create(ctx, "ResourceInUseException", func(ctx context.Context) error {
		_, err := t.client.CreateTable(ctx, input)
		return err
	}, t.deleting, func(ctx context.Context) error { return t.vanish(ctx, progress) })
	if err != nil {
		return err
	}
	progress.Identified(t.name, t.arn)
	if err := t.settle(ctx, progress); err != nil {
		return err
	}
	if t.desired.PointInTimeRecovery {
		if err := t.setRecovery(ctx, progress); err != nil {
			return err
		}
	}
	return t.storeSamples(ctx, progress)
}

// kms asks for the AWS managed key, which DynamoDB wants to be asked for by
// naming none.
func kms() *types.SSESpecification {
	return &types.SSESpecification{Enabled: aws.Bool(true), SSEType: types.SSETypeKms}
}

func (t *lookupTable) throughput() *types.ProvisionedThroughput {
	return &types.ProvisionedThroughput{
		ReadCapacityUnits:  aws.Int64(int64(t.desired.Read)),
		WriteCapacityUnits: aws.Int64(int64(t.desired.Write)),
	}
}

func tableTags(tags map[string]string) []types.Tag {
	return tagList(tags, func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} })
}

func (t *lookupTable) settle(ctx context.Context, progress engine.Progress) error {
	return waiter{
		pending:  []string{string(types.TableStatusCreating), string(types.TableStatusUpdating), gone},
		target:   []string{string(types.TableStatusActive)},
		timeout:  tableTimeout,
		progress: progress,
		doing:    "waiting for ACTIVE",
	}.wait(ctx, t.status)
}

func (t *lookupTable) status(ctx context.Context) (state, reason string, err error) {
	table, err := t.describe(ctx)
	if err != nil {
		return "", "", err
	}
	return string(table.TableStatus), "", nil
}

func (t *lookupTable) Update(ctx context.Context, observed *engine.Observed, changes []engine.Change, progress engine.Progress) (err error) {
	defer t.explain("updating", &err)
	if err := t.settle(ctx, progress); err != nil {
		return err
	}
	if tagged(changes) {
		if err := t.setTags(ctx, observed); err != nil {
			return err
		}
	}
	// UpdateTable takes one kind of change a call.
	var updates []*dynamodb.UpdateTableInput
	if changed(changes, "mode", "read", "write") {
		updates = append(updates, t.capacityUpdate())
	}
	if changed(changes, "encryption") {
		updates = append(updates, &dynamodb.UpdateTableInput{SSESpecification: kms()})
	}
	if changed(changes, "deletion_protection") {
		updates = append(updates, &dynamodb.UpdateTableInput{DeletionProtectionEnabled: &t.desired.DeletionProtection})
	}
	for _, update := range updates {
		if err := t.update(ctx, update, progress); err != nil {
			return err
		}
	}
	if changed(changes, "point_in_time_recovery") {
		if err := t.setRecovery(ctx, progress); err != nil {
			return err
		}
	}
	return nil
}

func (t *lookupTable) update(ctx context.Context, input *dynamodb.UpdateTableInput, progress engine.Progress) error {
	input.TableName = &t.name
	err := unoccupied(progress).do(ctx, func(ctx context.Context) error {
		_, err := t.client.UpdateTable(ctx, input)
		return err
	})
	if err != nil {
		return err
	}
	return t.settle(ctx, progress)
}

func (t *lookupTable) capacityUpdate() *dynamodb.UpdateTableInput {
	if t.desired.Mode == provisioned {
		return &dynamodb.UpdateTableInput{BillingMode: types.BillingModeProvisioned, ProvisionedThroughput: t.throughput()}
	}
	return &dynamodb.UpdateTableInput{BillingMode: types.BillingModePayPerRequest}
}

func (t *lookupTable) setTags(ctx context.Context, observed *engine.Observed) error {
	set, remove := tagChanges(observed.Tags, t.desired.Tags)
	if len(remove) > 0 {
		if _, err := t.client.UntagResource(ctx, &dynamodb.UntagResourceInput{ResourceArn: &observed.ARN, TagKeys: remove}); err != nil {
			return fmt.Errorf("tags: %w", err)
		}
	}
	if len(set) > 0 {
		if _, err := t.client.TagResource(ctx, &dynamodb.TagResourceInput{ResourceArn: &observed.ARN, Tags: tableTags(set)}); err != nil {
			return fmt.Errorf("tags: %w", err)
		}
	}
	return nil
}

// Delete refuses a table that is protected against deletion unless it is forced.
func (t *lookupTable) Delete(ctx context.Context, progress engine.Progress) (err error) {
	defer t.explain("deleting", &err)
	table, err := t.describe(ctx)
	if errors.Is(err, engine.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if table.TableStatus != types.TableStatusDeleting {
		if err := t.release(ctx, table, progress); err != nil {
			return err
		}
		err = unoccupied(progress).do(ctx, func(ctx context.Context) error {
			_, err := t.client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &t.name})
			return err
		})
		if err := ignore(err, "ResourceNotFoundException"); err != nil {
			return err
		}
	}
	return t.vanish(ctx, progress)
}

// vanish waits until a table that is being deleted is gone.
func (t *lookupTable) vanish(ctx context.Context, progress engine.Progress) error {
	return waiter{
		// What is read may lag behind the deletion.
		pending: []string{
			string(types.TableStatusDeleting), string(types.TableStatusActive), string(types.TableStatusUpdating),
		},
		target:   []string{gone},
		timeout:  tableTimeout,
		progress: progress,
		doing:    "waiting until it is gone",
	}.wait(ctx, t.status)
}

func (t *lookupTable) deleting(ctx context.Context) (bool, error) {
	state, _, err := t.status(ctx)
	if errors.Is(err, engine.ErrNotFound) {
		return true, nil
	}
	return state == string(types.TableStatusDeleting), err
}

// release makes the table ready to be deleted.
func (t *lookupTable) release(ctx context.Context, table *types.TableDescription, progress engine.Progress) error {
	protected := aws.ToBool(table.DeletionProtectionEnabled)
	if protected && !t.force {
		return fmt.Errorf("it is protected against deletion and has about %d items: only enrich destroy --force deletes it with them; to replace it, switch its deletion protection off first", aws.ToInt64(table.ItemCount))
	}
	if err := t.settle(ctx, progress); errors.Is(err, engine.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	if protected {
		return t.update(ctx, &dynamodb.UpdateTableInput{DeletionProtectionEnabled: aws.Bool(false)}, progress)
	}
	return nil
}

func (t *lookupTable) needs() []need {
	n := need{
		sid: "LookupTables", on: words{t.arn},
		read:   words{"dynamodb:DescribeTable", "dynamodb:ListTagsOfResource", "dynamodb:DescribeContinuousBackups"},
		create: words{"dynamodb:CreateTable", "dynamodb:TagResource", "dynamodb:UpdateContinuousBackups"},
		update: words{"dynamodb:UpdateTable", "dynamodb:UpdateContinuousBackups", "dynamodb:TagResource", "dynamodb:UntagResource"},
		remove: words{"dynamodb:Scan", "dynamodb:UpdateTable", "dynamodb:DeleteTable"},
	}
	if len(t.samples) > 0 {
		n.create = append(n.create, "dynamodb:PutItem")
	}
	return []need{n}
}

func (t *lookupTable) spares(now any) words {
	if now == nil && !t.desired.PointInTimeRecovery {
		return words{"dynamodb:UpdateContinuousBackups"}
	}
	return nil
}
