# shellcheck shell=bash
# The event source mapping, which AWS names by a UUID. Lambda allows one of a stream to a
# function, by which it is named here.

# What Lambda says until the role's policy has spread.
readonly mapping_role_unknown='Cannot access stream|ensure the role can perform|execution role does not have permissions|cannot be assumed by Lambda'

mapping_uuid=

mapping_read() { # NAME
  # Some endpoints look for the function first.
  ask ResourceNotFoundException lambda list-event-source-mappings --event-source-arn "$mapping_source" --function-name "$mapping_target" \
    --query "EventSourceMappings[?State!='Deleting'].[UUID, State, $(equal @ "$(mapping_settings)" '{a: BatchSize,
      b: MaximumBatchingWindowInSeconds, c: ParallelizationFactor, d: MaximumRetryAttempts, e: MaximumRecordAgeInSeconds,
      f: BisectBatchOnFunctionError, g: FunctionResponseTypes, h: DestinationConfig.OnFailure.Destination, i: MetricsConfig.Metrics}')]" || return 1
  if [[ -z $answer ]]; then
    return 1
  fi
  IFS=$'\t' read -r mapping_uuid state shown_same <<<"$answer"
  shown_arn=arn:$partition:lambda:$region:$account:event-source-mapping:$mapping_uuid
  ask ResourceNotFoundException lambda list-tags --resource "$shown_arn" --query "$(verdict map Tags)" || return 1
  judge "$answer"
}

mapping_state() { # UUID
  state=gone
  if ask ResourceNotFoundException lambda get-event-source-mapping --uuid "$1" --query State; then
    state=$answer
  fi
}

# A mapping that is being deleted is in the way of a new one.
mapping_create() { # NAME
  create mapping "$1" "ResourceConflictException|$mapping_role_unknown" lambda create-event-source-mapping --event-source-arn "$mapping_source" \
    --function-name "$mapping_target" --starting-position "$mapping_starting_position" --cli-input-json "$(mapping_settings)" \
    --tags "$(tag_map)" --query UUID
  mapping_uuid=${answer:-$mapping_uuid}
  remember mapping "$1" "$mapping_uuid"
  mapping_settle
}

mapping_settle() {
  settle Enabled 'Creating|Enabling|Updating|Disabling|gone' mapping_state "$mapping_uuid"
}

mapping_update() { # NAME
  remember mapping "$1" "$mapping_uuid"
  retag map lambda tag-resource untag-resource --resource "$shown_arn"
  case $state in
    Creating | Enabling | Updating | Disabling) settle 'Enabled|Disabled' 'Creating|Enabling|Updating|Disabling' mapping_state "$mapping_uuid" ;;
  esac
  if [[ $shown_same != True || $state != Enabled ]]; then
    insist "ResourceInUseException|ResourceConflictException|$mapping_role_unknown" lambda update-event-source-mapping \
      --uuid "$mapping_uuid" --cli-input-json "$(mapping_settings)"
    mapping_settle
    changed settings
  fi
}

mapping_delete() { # NAME
  drop ResourceNotFoundException 'ResourceInUseException|ResourceConflictException' lambda delete-event-source-mapping --uuid "$mapping_uuid"
  settle gone '[A-Z].*' mapping_state "$mapping_uuid"
}
