package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"enrich/engine"
)

// DataStream takes the events.
type DataStream struct {
	Mode           string            `json:"mode"`             // provisioned or on-demand
	Shards         int               `json:"shards,omitempty"` // 0 on demand: AWS's own business
	RetentionHours int               `json:"retention_hours"`
	Encryption     string            `json:"encryption"` // KMS key; "" is none
	ShardMetrics   []string          `json:"shard_metrics"`
	Tags           map[string]string `json:"tags"`
}

// Modes of a stream and of a table.
const (
	provisioned = "provisioned"
	onDemand    = "on-demand"
)

// streamKey is the AWS managed key: encryption at rest without a key to pay for
// or to grant to anybody.
const streamKey = "alias/aws/kinesis"

// streamTimeout is generous: AWS takes 10 to 30 seconds, and about as long for
// each step of a resharding with few shards.
const streamTimeout = 10 * time.Minute

type dataStream struct {
	identified
	desired DataStream
	client  *kinesis.Client
}

func (p *Pipeline) dataStream() engine.Resource {
	stream := p.namedStream(keyStream, p.names.Stream)
	stream.desired = DataStream{
		Mode:           p.cfg.Stream.Mode,
		Shards:         p.cfg.Stream.Shards,
		RetentionHours: p.cfg.Stream.RetentionHours,
		Encryption:     streamKey,
		ShardMetrics:   shardMetrics(p.cfg.Stream.ShardMetrics),
		Tags:           p.tags,
	}
	if stream.desired.Mode == onDemand {
		stream.desired.Shards = 0
	}
	return stream
}

func (p *Pipeline) namedStream(key, name string) *dataStream {
	return &dataStream{
		identified: identified{key: key, kind: kindStream, name: name, arn: p.id.streamARN(name)},
		client:     kinesis.NewFromConfig(p.sdk),
	}
}

// Desired is the data that the stream shall have.
func (s *dataStream) Desired() any { return s.desired }

func (s *dataStream) Read(ctx context.Context) (_ *engine.Observed, err error) {
	defer s.explain("reading", &err)
	summary, err := s.describe(ctx)
	if err != nil {
		return nil, err
	}
	tags, err := s.readTags(ctx)
	if err != nil {
		return nil, err
	}
	spec := DataStream{
		Mode:           provisioned,
		Shards:         int(aws.ToInt32(summary.OpenShardCount)),
		RetentionHours: int(aws.ToInt32(summary.RetentionPeriodHours)),
		Encryption:     observedKey(summary),
		ShardMetrics:   []string{},
		Tags:           userTags(tags),
	}
	detail := fmt.Sprintf("%d shards, %d h", spec.Shards, spec.RetentionHours)
	if summary.StreamModeDetails != nil && summary.StreamModeDetails.StreamMode == types.StreamModeOnDemand {
		spec.Mode, spec.Shards = onDemand, 0
		detail = "on demand, " + detail
	}
	for _, monitoring := range summary.EnhancedMonitoring {
		for _, metric := range monitoring.ShardLevelMetrics {
			spec.ShardMetrics = append(spec.ShardMetrics, string(metric))
		}
	}
	spec.ShardMetrics = shardMetrics(spec.ShardMetrics)
	return &engine.Observed{
		ID:        s.name,
		ARN:       aws.ToString(summary.StreamARN),
		Status:    string(summary.StreamStatus),
		Detail:    detail,
		Transient: summary.StreamStatus != types.StreamStatusActive,
		Deleting:  summary.StreamStatus == types.StreamStatusDeleting,
		Tags:      tags,
		Spec:      spec,
	}, nil
}

// observedKey takes the ARN of a key for the one we asked for: whether it is
// that of the AWS managed key only KMS could tell.
func observedKey(summary *types.StreamDescriptionSummary) string {
	key := aws.ToString(summary.KeyId)
	switch {
	case summary.EncryptionType != types.EncryptionTypeKms:
		return ""
	case strings.HasSuffix(key, streamKey) || strings.Contains(key, ":key/"):
		return streamKey
	}
	return key
}

func (s *dataStream) describe(ctx context.Context) (*types.StreamDescriptionSummary, error) {
	// Not DescribeStream: it is allowed half as often and lists every shard.
	answer, err := s.client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &s.name})
	if err != nil {
		return nil, notFound(err, "ResourceNotFoundException")
	}
	return answer.StreamDescriptionSummary, nil
}

// readTags uses the older operation: endpoints that lack ListTagsForResource
// have it.
func (s *dataStream) readTags(ctx context.Context) (map[string]string, error) {
	tags := make(map[string]string)
	input := &kinesis.ListTagsForStreamInput{StreamName: &s.name}
	for {
		page, err := s.client.ListTagsForStream(ctx, input)
		if err != nil {
			return nil, notFound(fmt.Errorf("tags: %w", err), "ResourceNotFoundException")
		}
		for _, tag := range page.Tags {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
			input.ExclusiveStartTagKey = tag.Key
		}
		if !aws.ToBool(page.HasMoreTags) || len(page.Tags) == 0 {
			return tags, nil
		}
	}
}

func (s *dataStream) Diff(observed *engine.Observed) []engine.Change {
	return compare(s.desired, observed.Spec)
}

// Create also sets what CreateStream cannot: retention, encryption and metrics
// are calls of their own, each on an ACTIVE stream. So are tags where
// CreateStream drops them.
func (s *dataStream) Create(ctx context.Context, progress engine.Progress) (err error) {
	defer s.explain("creating", &err)
	input := &kinesis.CreateStreamInput{
		StreamName:        &s.name,
		StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand},
		Tags:              s.desired.Tags,
	}
	if s.desired.Mode == provisioned {
		input.StreamModeDetails.StreamMode = types.StreamModeProvisioned
		input.ShardCount = aws.Int32(int32(s.desired.Shards))
	}
	err = create(ctx, "ResourceInUseException", func(ctx context.Context) error {
		_, err := s.client.CreateStream(ctx, input)
		return err
	}, s.deleting, func(ctx context.Context) error { return s.vanish(ctx, progress) })
	if err != nil {
		return err
	}
	progress.Identified(s.name, s.arn)
	if err := s.settle(ctx, progress); err != nil {
		return err
	}
	observed, err := s.Read(ctx)
	if err != nil {
		return err
	}
	return s.apply(ctx, observed, s.Diff(observed), progress)
}

// settle waits until the stream takes changes.
func (s *dataStream) settle(ctx context.Context, progress engine.Progress) error {
	return waiter{
		// gone: a stream may be unknown for a moment after its creation.
		pending:  []string{string(types.StreamStatusCreating), string(types.StreamStatusUpdating), gone},
		target:   []string{string(types.StreamStatusActive)},
		timeout:  streamTimeout,
		progress: progress,
		doing:    "waiting for ACTIVE",
	}.wait(ctx, s.status)
}

func (s *dataStream) status(ctx context.Context) (state, reason string, err error) {
	summary, err := s.describe(ctx)
	if err != nil {
		return "", "", err
	}
	return string(summary.StreamStatus), "", nil
}

func (s *dataStream) Update(ctx context.Context, observed *engine.Observed, changes []engine.Change, progress engine.Progress) (err error) {
	defer s.explain("updating", &err)
	if observed.Transient {
		if err := s.settle(ctx, progress); err != nil {
			return err
		}
	}
	return s.apply(ctx, observed, changes, progress)
}

// apply makes the changes one by one: each but the tags makes the stream
// UPDATING, and an UPDATING stream takes no other.
func (s *dataStream) apply(ctx context.Context, observed *engine.Observed, changes []engine.Change, progress engine.Progress) error {
	if tagged(changes) {
		if err := s.setTags(ctx, observed.Tags); err != nil {
			return fmt.Errorf("tags: %w", err)
		}
	}
	now := observed.Spec.(DataStream)
	steps := []struct {
		field string
		apply func(context.Context, DataStream, engine.Progress) error
	}{
		{"mode", s.setMode},
		{"shards", s.setShards}, // after the mode: on demand there is no count to set
		{"retention_hours", s.setRetention},
		{"encryption", s.setEncryption},
		{"shard_metrics", s.setMetrics},
	}
	for _, step := range steps {
		if !changed(changes, step.field) {
			continue
		}
		err := unoccupied(progress).do(ctx, func(ctx context.Context) error {
			if err := step.apply(ctx, now, progress); err != nil {
				return err
			}
			return s.settle(ctx, progress)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", step.field, err)
		}
	}
	return nil
}

func (s *dataStream) setMode(ctx context.Context, _ DataStream, _ engine.Progress) error {
	mode := types.StreamModeProvisioned
	if s.desired.Mode == onDemand {
		mode = types.StreamModeOnDemand
	}
	_, err := s.client.UpdateStreamMode(ctx, &kinesis.UpdateStreamModeInput{
		StreamARN: &s.arn, StreamModeDetails: &types.StreamModeDetails{StreamMode: mode},
	})
	return err
}

func (s *dataStream) setRetention(ctx context.Context, now DataStream, _ engine.Progress) error {
	hours := aws.Int32(int32(s.desired.RetentionHours))
	var err error
	if s.desired.RetentionHours > now.RetentionHours {
		_, err = s.client.IncreaseStreamRetentionPeriod(ctx, &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: &s.name, RetentionPeriodHours: hours})
	} else {
		_, err = s.client.DecreaseStreamRetentionPeriod(ctx, &kinesis.DecreaseStreamRetentionPeriodInput{StreamName: &s.name, RetentionPeriodHours: hours})
	}
	return err
}

func (s *dataStream) setEncryption(ctx context.Context, _ DataStream, _ engine.Progress) error {
	_, err := s.client.StartStreamEncryption(ctx, &kinesis.StartStreamEncryptionInput{
		StreamName: &s.name, EncryptionType: types.EncryptionTypeKms, KeyId: &s.desired.Encryption,
	})
	return err
}

func (s *dataStream) setTags(ctx context.Context, observed map[string]string) error {
	set, remove := tagChanges(observed, s.desired.Tags)
	if len(remove) > 0 {
		if _, err := s.client.RemoveTagsFromStream(ctx, &kinesis.RemoveTagsFromStreamInput{StreamName: &s.name, TagKeys: remove}); err != nil {
			return err
		}
	}
	if len(set) > 0 {
		if _, err := s.client.AddTagsToStream(ctx, &kinesis.AddTagsToStreamInput{StreamName: &s.name, Tags: set}); err != nil {
			return err
		}
	}
	return nil
}

// Delete takes registered consumers along; they would block it.
func (s *dataStream) Delete(ctx context.Context, progress engine.Progress) (err error) {
	defer s.explain("deleting", &err)
	err = retry{
		// A stream that is CREATING or UPDATING cannot be deleted yet; one that is
		// DELETING need not be.
		match: func(err error) bool {
			if !hasCode(err, "ResourceInUseException") {
				return false
			}
			leaving, unknown := s.deleting(ctx)
			return unknown == nil && !leaving
		},
		timeout:  streamTimeout,
		progress: progress,
		doing:    "waiting until the stream may be deleted",
	}.do(ctx, func(ctx context.Context) error {
		_, err := s.client.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: &s.name, EnforceConsumerDeletion: aws.Bool(true)})
		return err
	})
	if err := ignore(err, "ResourceNotFoundException", "ResourceInUseException"); err != nil {
		return err
	}
	return s.vanish(ctx, progress)
}

// vanish waits until a stream that is being deleted is gone.
func (s *dataStream) vanish(ctx context.Context, progress engine.Progress) error {
	return waiter{
		// What is read may lag behind the deletion.
		pending: []string{
			string(types.StreamStatusDeleting), string(types.StreamStatusActive),
			string(types.StreamStatusCreating), string(types.StreamStatusUpdating),
		},
		target:   []string{gone},
		timeout:  streamTimeout,
		progress: progress,
		doing:    "waiting until it is gone",
	}.wait(ctx, s.status)
}

func (s *dataStream) deleting(ctx context.Context) (bool, error) {
	state, _, err := s.status(ctx)
	if errors.Is(err, engine.ErrNotFound) {
		return true, nil
	}
	return state == string(types.StreamStatusDeleting), err
}

func (s *dataStream) needs() []need {
	return []need{{
		sid: "DataStream", on: words{s.arn},
		read:   words{"kinesis:DescribeStreamSummary", "kinesis:ListTagsForStream"},
		create: words{"kinesis:CreateStream", "kinesis:AddTagsToStream", "kinesis:IncreaseStreamRetentionPeriod", "kinesis:StartStreamEncryption"},
		update: words{
			"kinesis:AddTagsToStream", "kinesis:RemoveTagsFromStream", "kinesis:StartStreamEncryption",
			"kinesis:IncreaseStreamRetentionPeriod", "kinesis:DecreaseStreamRetentionPeriod",
		},
		remove: words{"kinesis:DeleteStream"},
	}, {
		sid: sidUnscoped, on: words{everything},
		create: words{"kinesis:EnableEnhancedMonitoring"},
		update: words{
			"kinesis:EnableEnhancedMonitoring", "kinesis:DisableEnhancedMonitoring", "kinesis:UpdateShardCount", "kinesis:UpdateStreamMode",
		},
	}}
}

func (s *dataStream) spares(now any) words {
	have, exists := now.(DataStream)
	if !exists {
		have.RetentionHours = 24 // of a new stream
	}
	var spared words
	if s.desired.RetentionHours <= have.RetentionHours {
		spared = append(spared, "kinesis:IncreaseStreamRetentionPeriod")
	} else {
		spared = append(spared, "kinesis:DecreaseStreamRetentionPeriod")
	}
	if len(without(s.desired.ShardMetrics, have.ShardMetrics)) == 0 {
		spared = append(spared, "kinesis:EnableEnhancedMonitoring")
	}
	if len(without(have.ShardMetrics, s.desired.ShardMetrics)) == 0 {
		spared = append(spared, "kinesis:DisableEnhancedMonitoring")
	}
	return spared
}
