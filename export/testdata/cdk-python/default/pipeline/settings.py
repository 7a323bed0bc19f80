from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Settings that are not the same in all environments."""

    point_in_time_recovery_enabled: bool
    deletion_protection: bool
    max_batching_window: int


SETTINGS = {
    "dev": Settings(
        point_in_time_recovery_enabled=False,
        deletion_protection=False,
        max_batching_window=1,
    ),
    "staging": Settings(
        point_in_time_recovery_enabled=False,
        deletion_protection=False,
        max_batching_window=5,
    ),
    "prod": Settings(
        point_in_time_recovery_enabled=True,
        deletion_protection=True,
        max_batching_window=5,
    ),
}
