package emulator

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// recovery is a table's point-in-time recovery.
type recovery struct {
	enabled bool
	since   time.Time
	days    int32
}

// defaultRecoveryDays is how long point-in-time recovery reaches back unless told.
const defaultRecoveryDays = 35

func (d *dynamoService) updateTable(ctx context.Context, in *dynamodb.UpdateTableInput) (*dynamodb.UpdateTableOutput, error) {
	if err := onlyMembers(in, "TableName", "BillingMode", "DeletionProtectionEnabled",
		"ProvisionedThroughput", "SSESpecification", "TableClass"); err != nil {
		return nil, err
	}
	if in.BillingMode == "" && in.DeletionProtectionEnabled == nil && in.ProvisionedThroughput == nil && in.SSESpecification == nil && in.TableClass == "" {
		return nil, dynamoInvalid("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required")
	}
	t, err := d.findNamed(ctx, in.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := d.changeable(t); err != nil {
		return nil, err
	}
	if in.BillingMode != "" || in.ProvisionedThroughput != nil {
		if err := t.updateBilling(in.BillingMode, in.ProvisionedThroughput, d.clock.Now().UTC()); err != nil {
			return nil, err
		}
	}
	if in.SSESpecification != nil {
		sse, err := d.encryption(ctx, in.SSESpecification)
		if err != nil {
			return nil, err
		}
		t.sse = sse
	}
	if in.DeletionProtectionEnabled != nil {
		t.protection = *in.DeletionProtectionEnabled
	}
	if in.TableClass != "" {
		t.class = in.TableClass
	}
	d.enter(t, types.TableStatusUpdating)
	return &dynamodb.UpdateTableOutput{TableDescription: t.describe(types.TableStatusUpdating)}, nil
}

// updateBilling changes mode or capacity; t is locked.
func (t *table) updateBilling(mode types.BillingMode, throughput *types.ProvisionedThroughput, now time.Time) error {
	if mode == "" {
		if t.onDemand {
			return dynamoInvalid("One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
		}
		mode = types.BillingModeProvisioned
	}
	if mode == types.BillingModePayPerRequest && t.onDemand && throughput == nil {
		return nil
	}
	if mode == types.BillingModeProvisioned && throughput == nil && !t.onDemand {
		return nil
	}
	read, write, provisioned := t.read, t.write, !t.onDemand
	if provisioned && throughput != nil && mode == types.BillingModeProvisioned &&
		deref(throughput.ReadCapacityUnits) == read && deref(throughput.WriteCapacityUnits) == write {
		return dynamoInvalid("The provisioned throughput for the table will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the table: %d. Requested ReadCapacityUnits: %d. Current WriteCapacityUnits provisioned for the table: %d. Requested WriteCapacityUnits: %d. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
			read, read, write, write)
	}
	if err := t.setBilling(mode, throughput, now); err != nil {
		return err
	}
	if provisioned && !t.onDemand {
		if t.read > read || t.write > write {
			t.increased = now
		}
		if t.read < read || t.write < write {
			t.decreased = now
			t.decreases++
		}
	}
	return nil
}

func (d *dynamoService) describeContinuousBackups(ctx context.Context, in *dynamodb.DescribeContinuousBackupsInput) (*dynamodb.DescribeContinuousBackupsOutput, error) {
	t, err := d.findBackups(ctx, in.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return &dynamodb.DescribeContinuousBackupsOutput{ContinuousBackupsDescription: t.describeRecovery(d.clock.Now().UTC())}, nil
}

func (d *dynamoService) findBackups(ctx context.Context, name *string) (*table, error) {
	return d.lookup(ctx, name, func(name string) error {
		return failf(http.StatusBadRequest, "TableNotFoundException", "Table not found: %s", name)
	})
}

// describeRecovery says what can be restored: from when it was enabled, but no
// longer back than the period, to five minutes ago. t is locked.
func (t *table) describeRecovery(now time.Time) *types.ContinuousBackupsDescription {
	pitr := &types.PointInTimeRecoveryDescription{PointInTimeRecoveryStatus: types.PointInTimeRecoveryStatusDisabled}
	if t.recovery.enabled {
		earliest := now.Add(-time.Duration(t.recovery.days) * 24 * time.Hour)
		if t.recovery.since.After(earliest) {
			earliest = t.recovery.since
		}
		latest := now.Add(-5 * time.Minute)
		if latest.Before(earliest) {
			latest = earliest
		}
		pitr.PointInTimeRecoveryStatus = types.PointInTimeRecoveryStatusEnabled
		pitr.EarliestRestorableDateTime, pitr.LatestRestorableDateTime = &earliest, &latest
		pitr.RecoveryPeriodInDays = new(t.recovery.days)
	}
	return &types.ContinuousBackupsDescription{ContinuousBackupsStatus: types.ContinuousBackupsStatusEnabled, PointInTimeRecoveryDescription: pitr}
}

func (d *dynamoService) updateContinuousBackups(ctx context.Context, in *dynamodb.UpdateContinuousBackupsInput) (*dynamodb.UpdateContinuousBackupsOutput, error) {
	spec := in.PointInTimeRecoverySpecification
	if spec == nil || spec.PointInTimeRecoveryEnabled == nil {
		return nil, dynamoInvalid("1 validation error detected: Value null at 'pointInTimeRecoverySpecification' failed to satisfy constraint: Member must not be null")
	}
	days := spec.RecoveryPeriodInDays
	if days != nil && (*days < 1 || *days > defaultRecoveryDays) {
		return nil, dynamoInvalid("1 validation error detected: Value '%d' at 'pointInTimeRecoverySpecification.recoveryPeriodInDays' failed to satisfy constraint: Member must have value between 1 and %d", *days, defaultRecoveryDays)
	}
	t, err := d.findBackups(ctx, in.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := d.clock.Now().UTC()
	switch {
	case t.status(now) == types.TableStatusCreating:
		return nil, failf(http.StatusBadRequest, "ContinuousBackupsUnavailableException", "Backups are being enabled for the table: %s. Please retry later", t.name)
	case !*spec.PointInTimeRecoveryEnabled:
		t.recovery = recovery{}
	case !t.recovery.enabled:
		t.recovery = recovery{enabled: true, since: now, days: defaultRecoveryDays}
	}
	if t.recovery.enabled && days != nil {
		t.recovery.days = *days
	}
	return &dynamodb.UpdateContinuousBackupsOutput{ContinuousBackupsDescription: t.describeRecovery(now)}, nil
}

func (d *dynamoService) describeTimeToLive(ctx context.Context, in *dynamodb.DescribeTimeToLiveInput) (*dynamodb.DescribeTimeToLiveOutput, error) {
	t, err := d.findNamed(ctx, in.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	described := &types.TimeToLiveDescription{TimeToLiveStatus: types.TimeToLiveStatusDisabled}
	if t.ttl != "" {
		described.TimeToLiveStatus, described.AttributeName = types.TimeToLiveStatusEnabled, new(t.ttl)
	}
	return &dynamodb.DescribeTimeToLiveOutput{TimeToLiveDescription: described}, nil
}

// updateTimeToLive keeps the setting; the emulator never expires an item, which
// is within what DynamoDB promises (expired items go within days).
func (d *dynamoService) updateTimeToLive(ctx context.Context, in *dynamodb.UpdateTimeToLiveInput) (*dynamodb.UpdateTimeToLiveOutput, error) {
	spec := in.TimeToLiveSpecification
	if spec == nil || spec.Enabled == nil || deref(spec.AttributeName) == "" {
		return nil, dynamoInvalid("1 validation error detected: Value null at 'timeToLiveSpecification' failed to satisfy constraint: Member must not be null")
	}
	t, err := d.findNamed(ctx, in.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := d.changeable(t); err != nil {
		return nil, err
	}
	switch {
	case *spec.Enabled && t.ttl != "":
		return nil, dynamoInvalid("TimeToLive is already enabled")
	case !*spec.Enabled && t.ttl == "":
		return nil, dynamoInvalid("TimeToLive is already disabled")
	case !*spec.Enabled && t.ttl != *spec.AttributeName:
		return nil, dynamoInvalid("TimeToLive is active on a different AttributeName: current AttributeName is %s", t.ttl)
	case *spec.Enabled:
		t.ttl = *spec.AttributeName
	default:
		t.ttl = ""
	}
	return &dynamodb.UpdateTimeToLiveOutput{TimeToLiveSpecification: spec}, nil
}

// mergeTags adds tags to a table's.
func mergeTags(tags map[string]string, added []types.Tag) error {
	for _, tag := range added {
		key := deref(tag.Key)
		switch {
		case key == "" || utf8.RuneCountInString(key) > 128:
			return dynamoInvalid("One or more parameter values were invalid: Tag keys have 1 to 128 characters")
		case tag.Value == nil || utf8.RuneCountInString(*tag.Value) > 256:
			return dynamoInvalid("One or more parameter values were invalid: Tag values have 0 to 256 characters")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return dynamoInvalid("One or more parameter values were invalid: Tag keys starting with aws: are reserved")
		}
		tags[key] = *tag.Value
	}
	if len(tags) > 50 {
		return dynamoInvalid("One or more parameter values were invalid: Too many tags: a table has at most 50")
	}
	return nil
}

// byARN finds a table by its ARN, for the tag operations.
func (d *dynamoService) byARN(arn *string) (*table, error) {
	d.sweep()
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, t := range d.tables {
		if t.arn == deref(arn) && !d.readiness.before(t.visible) {
			return t, nil
		}
	}
	if !strings.Contains(deref(arn), ":table/") {
		return nil, dynamoInvalid("Invalid TableArn")
	}
	return nil, failf(http.StatusBadRequest, "ResourceNotFoundException", "Requested resource not found: ResourcArn: %s not found", *arn)
}

func (d *dynamoService) tagResource(_ context.Context, in *dynamodb.TagResourceInput) (*dynamodb.TagResourceOutput, error) {
	t, err := d.byARN(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	tags := t.copyTags()
	if err := mergeTags(tags, in.Tags); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := d.changeable(t); err != nil {
		return nil, err
	}
	t.tags = tags
	return &dynamodb.TagResourceOutput{}, nil
}

func (d *dynamoService) untagResource(_ context.Context, in *dynamodb.UntagResourceInput) (*dynamodb.UntagResourceOutput, error) {
	t, err := d.byARN(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := d.changeable(t); err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(t.tags, key)
	}
	return &dynamodb.UntagResourceOutput{}, nil
}

func (d *dynamoService) listTagsOfResource(_ context.Context, in *dynamodb.ListTagsOfResourceInput) (*dynamodb.ListTagsOfResourceOutput, error) {
	t, err := d.byARN(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	tags := t.copyTags()
	start, err := decodeToken(deref(in.NextToken))
	at, numeric := strconv.Atoi("0" + start)
	keys := sortedKeys(tags)
	if err != nil || numeric != nil || at > len(keys) {
		return nil, dynamoInvalid("Invalid NextToken")
	}
	// A page has ten tags in AWS.
	end := min(at+10, len(keys))
	out := &dynamodb.ListTagsOfResourceOutput{Tags: []types.Tag{}}
	for _, key := range keys[at:end] {
		out.Tags = append(out.Tags, types.Tag{Key: &key, Value: new(tags[key])})
	}
	if end < len(keys) {
		out.NextToken = new(encodeToken(strconv.Itoa(end)))
	}
	return out, nil
}

// describeLimits gives the default quotas of us-east-1.
func (d *dynamoService) describeLimits(context.Context, *dynamodb.DescribeLimitsInput) (*dynamodb.DescribeLimitsOutput, error) {
	return &dynamodb.DescribeLimitsOutput{
		AccountMaxReadCapacityUnits: new(int64(80000)), AccountMaxWriteCapacityUnits: new(int64(80000)),
		TableMaxReadCapacityUnits: new(int64(40000)), TableMaxWriteCapacityUnits: new(int64(40000)),
	}, nil
}
