# shellcheck shell=bash
# The data stream. It takes one change at a time, and none before it is ACTIVE again.

stream_read() { # NAME
  local key
  ask ResourceNotFoundException kinesis describe-stream-summary --stream-name "$1" --query "StreamDescriptionSummary.[
    StreamStatus, StreamModeDetails.StreamMode, OpenShardCount, RetentionPeriodHours, KeyId,
    join(' ', sort(EnhancedMonitoring[].ShardLevelMetrics[]))]" || return 1
  IFS=$'\t' read -r state shown_mode shown_shards shown_retention key shown_metrics <<<"$answer"
  # Whether a key's ARN is that of the alias only KMS could tell.
  shown_key=$key
  if [[ $key == *":key/"* || $key == *":$stream_key" ]]; then
    shown_key=$stream_key
  fi
  ask ResourceNotFoundException kinesis list-tags-for-stream --stream-name "$1" --limit 50 --query "$(verdict list Tags)" || return 1
  judge "$answer"
}

stream_state() { # NAME
  state=gone
  if ask ResourceNotFoundException kinesis describe-stream-summary --stream-name "$1" --query StreamDescriptionSummary.StreamStatus; then
    state=$answer
  fi
}

stream_settle() { # NAME
  settle ACTIVE 'CREATING|UPDATING|gone' stream_state "$1"
}

# What a new stream cannot be given at once is set on it as it is on any other one.
stream_create() { # NAME
  local mode="StreamMode=$stream_mode"
  if [[ $stream_mode == PROVISIONED ]]; then
    create stream "$1" ResourceInUseException kinesis create-stream --stream-name "$1" --stream-mode-details "$mode" \
      --shard-count "$stream_shards" --tags "$(tag_map)"
  else
    create stream "$1" ResourceInUseException kinesis create-stream --stream-name "$1" --stream-mode-details "$mode" --tags "$(tag_map)"
  fi
  stream_settle "$1"
  stream_read "$1" || fail "$1 has gone while it was made"
  stream_update "$1"
}

stream_update() { # NAME
  if [[ $state != ACTIVE ]]; then # what it showed is not yet what it will have
    stream_settle "$1"
    stream_read "$1" || fail "$1 has gone while it was changed"
  fi
  stream_retag "$1"
  if [[ $shown_mode != "$stream_mode" ]]; then
    stream_change "$1" mode update-stream-mode --stream-arn "$stream_arn" --stream-mode-details "StreamMode=$stream_mode"
  fi
  if [[ $stream_mode == PROVISIONED ]]; then
    stream_reshard "$1"
  fi
  if ((stream_retention_hours > shown_retention)); then
    stream_change "$1" retention increase-stream-retention-period --stream-name "$1" --retention-period-hours "$stream_retention_hours"
  elif ((stream_retention_hours < shown_retention)); then
    stream_change "$1" retention decrease-stream-retention-period --stream-name "$1" --retention-period-hours "$stream_retention_hours"
  fi
  if [[ $shown_key != "$stream_key" ]]; then
    stream_change "$1" encryption start-stream-encryption --stream-name "$1" --encryption-type KMS --key-id "$stream_key"
  fi
  stream_measure "$1"
}

stream_change() { # NAME WHAT CALL...
  local name=$1 what=$2
  shift 2
  insist ResourceInUseException kinesis "$@"
  stream_settle "$name"
  changed "$what"
}

stream_retag() { # NAME
  if [[ $tagged == true && ${#surplus[@]} == 0 ]]; then
    return 0
  fi
  if ((${#surplus[@]})); then
    ask '' kinesis remove-tags-from-stream --stream-name "$1" --tag-keys "${surplus[@]}"
  fi
  ask '' kinesis add-tags-to-stream --stream-name "$1" --tags "$(tag_map)"
  changed tags
}

# A step takes a stream at most to double its shards, and at least to half of them.
# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
stream_reshard() { # NAME
  local next
  if [[ $shown_mode != PROVISIONED ]]; then # it has a count of its own
    ask '' kinesis describe-stream-summary --stream-name "$1" --query StreamDescriptionSummary.OpenShardCount
    shown_shards=$answer
  fi
  while ((shown_shards != stream_shards)); do
    next=$stream_shards
    if ((next > shown_shards * 2)); then
      next=$((shown_shards * 2))
    elif ((next < (shown_shards + 1) / 2)); then
      next=$(((shown_shards + 1) / 2))
    fi
    stream_change "$1" "shards to $next" update-shard-count --stream-name "$1" --target-shard-count "$next" --scaling-type UNIFORM_SCALING
    shown_shards=$next
  done
}

stream_measure() { # NAME
  local metric missing=() surplus=()
  for metric in $stream_shard_metrics; do
    if [[ " $shown_metrics " != *" $metric "* ]]; then
      missing+=("$metric")
    fi
  done
  for metric in $shown_metrics; do
    if [[ " $stream_shard_metrics " != *" $metric "* ]]; then
      surplus+=("$metric")
    fi
  done
  if ((${#surplus[@]})); then
    stream_change "$1" metrics disable-enhanced-monitoring --stream-name "$1" --shard-level-metrics "${surplus[@]}"
  fi
  if ((${#missing[@]})); then
    stream_change "$1" metrics enable-enhanced-monitoring --stream-name "$1" --shard-level-metrics "${missing[@]}"
  fi
}

stream_delete() { # NAME
  drop ResourceNotFoundException ResourceInUseException kinesis delete-stream --stream-name "$1" --enforce-consumer-deletion
  settle gone 'DELETING|ACTIVE|UPDATING' stream_state "$1"
}
