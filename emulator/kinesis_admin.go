package emulator

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const (
	minRetentionHours = 24
	maxRetentionHours = 8760
)

// change runs a change of an ACTIVE stream that leaves it UPDATING for a while.
func (s *kinesisService) change(ctx context.Context, name, arn, id *string, apply func(*stream) error) error {
	st, err := s.findActive(ctx, name, arn, id)
	if err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := apply(st); err != nil {
		return err
	}
	s.enter(st, types.StreamStatusUpdating)
	return nil
}

func checkRetention(hours *int32) error {
	if hours == nil {
		return nullMember("retentionPeriodHours")
	}
	if *hours < minRetentionHours {
		return failf(http.StatusBadRequest, "InvalidArgumentException",
			"Minimum allowed retention period is %d hours. Requested retention period (%d hours) is too short.", minRetentionHours, *hours)
	}
	if *hours > maxRetentionHours {
		return failf(http.StatusBadRequest, "InvalidArgumentException",
			"Maximum allowed retention period is %d hours. Requested retention period (%d hours) is too long.", maxRetentionHours, *hours)
	}
	return nil
}

func (s *kinesisService) increaseRetention(ctx context.Context, in *kinesis.IncreaseStreamRetentionPeriodInput) (*kinesis.IncreaseStreamRetentionPeriodOutput, error) {
	if err := checkRetention(in.RetentionPeriodHours); err != nil {
		return nil, err
	}
	err := s.change(ctx, in.StreamName, in.StreamARN, in.StreamId, func(st *stream) error {
		wanted := time.Duration(*in.RetentionPeriodHours) * time.Hour
		if wanted < st.retention {
			return failf(http.StatusBadRequest, "InvalidArgumentException",
				"Requested retention period (%d hours) for stream %s can not be shorter than existing retention period (%d hours). Use DecreaseRetentionPeriod API.",
				*in.RetentionPeriodHours, st.name, int(st.retention/time.Hour))
		}
		st.retention = wanted
		return nil
	})
	return &kinesis.IncreaseStreamRetentionPeriodOutput{}, err
}

func (s *kinesisService) decreaseRetention(ctx context.Context, in *kinesis.DecreaseStreamRetentionPeriodInput) (*kinesis.DecreaseStreamRetentionPeriodOutput, error) {
	if err := checkRetention(in.RetentionPeriodHours); err != nil {
		return nil, err
	}
	err := s.change(ctx, in.StreamName, in.StreamARN, in.StreamId, func(st *stream) error {
		wanted := time.Duration(*in.RetentionPeriodHours) * time.Hour
		if wanted > st.retention {
			return failf(http.StatusBadRequest, "InvalidArgumentException",
				"Requested retention period (%d hours) for stream %s can not be longer than existing retention period (%d hours). Use IncreaseRetentionPeriod API.",
				*in.RetentionPeriodHours, st.name, int(st.retention/time.Hour))
		}
		st.retention = wanted
		return nil
	})
	return &kinesis.DecreaseStreamRetentionPeriodOutput{}, err
}

func checkEncryption(kind types.EncryptionType, keyID *string) error {
	var c constraints
	switch kind {
	case "":
		c.null("encryptionType")
	case types.EncryptionTypeNone:
		c.add(kind, "encryptionType", "Member must satisfy enum value set: [KMS]")
	}
	if keyID == nil {
		c.null("keyId")
	}
	c.text(keyID, "keyId", 1, 2048, nil)
	return c.err()
}

func (s *kinesisService) startEncryption(ctx context.Context, in *kinesis.StartStreamEncryptionInput) (*kinesis.StartStreamEncryptionOutput, error) {
	if err := checkEncryption(in.EncryptionType, in.KeyId); err != nil {
		return nil, err
	}
	err := s.change(ctx, in.StreamName, in.StreamARN, in.StreamId, func(st *stream) error {
		st.encryption, st.keyID = types.EncryptionTypeKms, *in.KeyId
		return nil
	})
	return &kinesis.StartStreamEncryptionOutput{}, err
}

func (s *kinesisService) stopEncryption(ctx context.Context, in *kinesis.StopStreamEncryptionInput) (*kinesis.StopStreamEncryptionOutput, error) {
	if err := checkEncryption(in.EncryptionType, in.KeyId); err != nil {
		return nil, err
	}
	err := s.change(ctx, in.StreamName, in.StreamARN, in.StreamId, func(st *stream) error {
		st.encryption, st.keyID = types.EncryptionTypeNone, ""
		return nil
	})
	return &kinesis.StopStreamEncryptionOutput{}, err
}

func (s *kinesisService) updateStreamMode(ctx context.Context, in *kinesis.UpdateStreamModeInput) (*kinesis.UpdateStreamModeOutput, error) {
	var c constraints
	if in.StreamARN == nil {
		c.null("streamARN")
	}
	if in.StreamModeDetails == nil {
		c.null("streamModeDetails")
	} else if in.StreamModeDetails.StreamMode == "" {
		c.null("streamModeDetails.streamMode")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	if in.WarmThroughputMiBps != nil {
		return nil, unsupportedMember("InvalidArgumentException", "WarmThroughputMiBps")
	}
	err := s.change(ctx, nil, in.StreamARN, in.StreamId, func(st *stream) error {
		st.mode = in.StreamModeDetails.StreamMode
		return nil
	})
	return &kinesis.UpdateStreamModeOutput{}, err
}

func (s *kinesisService) updateMaxRecordSize(ctx context.Context, in *kinesis.UpdateMaxRecordSizeInput) (*kinesis.UpdateMaxRecordSizeOutput, error) {
	var c constraints
	if in.MaxRecordSizeInKiB == nil {
		c.null("maxRecordSizeInKiB")
	}
	c.between(in.MaxRecordSizeInKiB, "maxRecordSizeInKiB", defaultMaxRecord/kib, maxRecordLimit/kib)
	if err := c.err(); err != nil {
		return nil, err
	}
	err := s.change(ctx, nil, in.StreamARN, in.StreamId, func(st *stream) error {
		st.maxRecord = int(*in.MaxRecordSizeInKiB) * kib
		return nil
	})
	return &kinesis.UpdateMaxRecordSizeOutput{}, err
}

// shardMetrics are what ALL stands for, in the order in which AWS lists them.
func shardMetrics() []types.MetricsName {
	return slices.DeleteFunc(types.MetricsName("").Values(), func(m types.MetricsName) bool { return m == types.MetricsNameAll })
}

func (s *kinesisService) enableMonitoring(ctx context.Context, in *kinesis.EnableEnhancedMonitoringInput) (*kinesis.EnableEnhancedMonitoringOutput, error) {
	out := &kinesis.EnableEnhancedMonitoringOutput{}
	err := s.setMonitoring(ctx, in.StreamName, in.StreamARN, in.StreamId, in.ShardLevelMetrics, func(st *stream, named []types.MetricsName) {
		out.StreamName, out.StreamARN, out.CurrentShardLevelMetrics = &st.name, &st.arn, st.monitoring
		st.monitoring = metricSet(func(m types.MetricsName) bool { return slices.Contains(st.monitoring, m) || slices.Contains(named, m) })
		out.DesiredShardLevelMetrics = st.monitoring
	})
	return out, err
}

func (s *kinesisService) disableMonitoring(ctx context.Context, in *kinesis.DisableEnhancedMonitoringInput) (*kinesis.DisableEnhancedMonitoringOutput, error) {
	out := &kinesis.DisableEnhancedMonitoringOutput{}
	err := s.setMonitoring(ctx, in.StreamName, in.StreamARN, in.StreamId, in.ShardLevelMetrics, func(st *stream, named []types.MetricsName) {
		out.StreamName, out.StreamARN, out.CurrentShardLevelMetrics = &st.name, &st.arn, st.monitoring
		st.monitoring = metricSet(func(m types.MetricsName) bool { return slices.Contains(st.monitoring, m) && !slices.Contains(named, m) })
		out.DesiredShardLevelMetrics = st.monitoring
	})
	return out, err
}

func (s *kinesisService) setMonitoring(ctx context.Context, name, arn, id *string, metrics []types.MetricsName, apply func(*stream, []types.MetricsName)) error {
	if len(metrics) == 0 {
		return nullMember("shardLevelMetrics")
	}
	if slices.Contains(metrics, types.MetricsNameAll) {
		metrics = shardMetrics()
	}
	return s.change(ctx, name, arn, id, func(st *stream) error {
		apply(st, metrics)
		return nil
	})
}

func metricSet(keep func(types.MetricsName) bool) []types.MetricsName {
	set := []types.MetricsName{}
	for _, m := range shardMetrics() {
		if keep(m) {
			set = append(set, m)
		}
	}
	return set
}
