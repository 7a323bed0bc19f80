package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"enrich/engine"
)

func (t *lookupTable) readRecovery(ctx context.Context) (bool, error) {
	answer, err := t.client.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &t.name})
	if err != nil {
		return false, notFound(fmt.Errorf("point-in-time recovery: %w", err), "TableNotFoundException", "ResourceNotFoundException")
	}
	backups := answer.ContinuousBackupsDescription
	return backups != nil && backups.PointInTimeRecoveryDescription != nil &&
		backups.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled, nil
}

// setRecovery is refused for a while after a table's creation.
func (t *lookupTable) setRecovery(ctx context.Context, progress engine.Progress) error {
	err := retry{
		match:    func(err error) bool { return hasCode(err, "ContinuousBackupsUnavailableException") },
		timeout:  2 * time.Minute,
		progress: progress,
		doing:    "waiting for point-in-time recovery to become available",
	}.do(ctx, func(ctx context.Context) error {
		_, err := t.client.UpdateContinuousBackups(ctx, &dynamodb.UpdateContinuousBackupsInput{
			TableName: &t.name,
			PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{
				PointInTimeRecoveryEnabled: &t.desired.PointInTimeRecovery,
			},
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("point-in-time recovery: %w", err)
	}
	return nil
}
