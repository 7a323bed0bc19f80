from dataclasses import dataclass

from aws_cdk import (
    aws_kinesis as kinesis,
    aws_logs as logs,
)


@dataclass(frozen=True)
class Settings:
    """Settings that are not the same in all environments."""

    tag_team: str
    stream_mode: kinesis.StreamMode
    point_in_time_recovery_enabled: bool
    deletion_protection: bool
    retention: logs.RetentionDays


SETTINGS = {
    "dev": Settings(
        tag_team="data and insight",
        stream_mode=kinesis.StreamMode.PROVISIONED,
        point_in_time_recovery_enabled=False,
        deletion_protection=False,
        retention=logs.RetentionDays.ONE_WEEK,
    ),
    "staging": Settings(
        tag_team="data and insight",
        stream_mode=kinesis.StreamMode.PROVISIONED,
        point_in_time_recovery_enabled=False,
        deletion_protection=False,
        retention=logs.RetentionDays.THREE_MONTHS,
    ),
    "prod": Settings(
        tag_team="retail",
        stream_mode=kinesis.StreamMode.ON_DEMAND,
        point_in_time_recovery_enabled=True,
        deletion_protection=True,
        retention=logs.RetentionDays.THREE_MONTHS,
    ),
}
