# shellcheck shell=bash
# The lookup tables. A table takes one kind of change at a time.

readonly tab=$'\t'
table_read_units= table_write_units= # where its capacity is provisioned

table_read() { # NAME [SETTINGS]
  local key='@ == @'
  if [[ -n ${2-} ]]; then
    "$2"
    key=$(equal @ "$("$table_schema")" "{k: KeySchema, a: AttributeDefinitions}")
  fi
  ask ResourceNotFoundException dynamodb describe-table --table-name "$1" --query "Table.[TableStatus, TableArn,
    BillingModeSummary.BillingMode || 'PROVISIONED', ProvisionedThroughput.ReadCapacityUnits, ProvisionedThroughput.WriteCapacityUnits,
    SSEDescription.SSEType == 'KMS' && contains(['ENABLED', 'ENABLING', 'UPDATING'], SSEDescription.Status),
    DeletionProtectionEnabled == \`true\`, $key]" || return 1
  IFS=$'\t' read -r state shown_arn shown_billing shown_read shown_write shown_kms shown_protection shown_key <<<"$answer"
  # AWS gives tags in pages, and only for JSON is a query asked of all of them together.
  ask ResourceNotFoundException dynamodb list-tags-of-resource --resource-arn "$shown_arn" --output json \
    --query "join(\`\"\\t\"\`, map(&to_string(@), $(verdict list Tags)))" || return 1
  answer=${answer//\"/}
  judge "${answer//\\t/$tab}"
}

table_state() { # NAME
  state=gone
  if ask ResourceNotFoundException dynamodb describe-table --table-name "$1" --query Table.TableStatus; then
    state=$answer
  fi
}

table_settle() { # NAME
  settle ACTIVE 'CREATING|UPDATING|gone' table_state "$1"
}

table_create() { # NAME SETTINGS
  local protection=--no-deletion-protection-enabled
  "$2"
  if [[ $table_deletion_protection == true ]]; then
    protection=--deletion-protection-enabled
  fi
  table_capacity
  create table "$1" ResourceInUseException dynamodb create-table --table-name "$1" --cli-input-json "$("$table_schema")" "${capacity[@]}" \
    --sse-specification Enabled=true,SSEType=KMS "$protection" --tags "$(tag_list)"
  table_settle "$1"
  if [[ $table_point_in_time_recovery == true ]]; then
    table_set_recovery "$1"
  fi
}

table_capacity() {
  capacity=(--billing-mode "$table_billing")
  if [[ $table_billing == PROVISIONED ]]; then
    capacity+=(--provisioned-throughput "ReadCapacityUnits=$table_read_units,WriteCapacityUnits=$table_write_units")
  fi
}

table_update() { # NAME SETTINGS
  if [[ $shown_key != True ]]; then
    fail "$1 has another key, which no table changes: give the lookup another name, or remove the table and all items in it"
  fi
  if [[ $state != ACTIVE ]]; then # what it showed is not yet what it will have
    table_settle "$1"
    table_read "$1" "$2" || fail "$1 has gone while it was changed"
  fi
  retag list dynamodb tag-resource untag-resource --resource-arn "$shown_arn"
  if [[ $shown_billing != "$table_billing" ]] ||
    [[ $table_billing == PROVISIONED && "$shown_read $shown_write" != "$table_read_units $table_write_units" ]]; then
    table_capacity
    table_change "$1" capacity "${capacity[@]}"
  fi
  if [[ $shown_kms != True ]]; then
    table_change "$1" encryption --sse-specification Enabled=true,SSEType=KMS
  fi
  if [[ $table_deletion_protection == true && $shown_protection != True ]]; then
    table_change "$1" 'deletion protection' --deletion-protection-enabled
  elif [[ $table_deletion_protection != true && $shown_protection == True ]]; then
    table_change "$1" 'deletion protection' --no-deletion-protection-enabled
  fi
  ask '' dynamodb describe-continuous-backups --table-name "$1" \
    --query "ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == 'ENABLED'"
  if [[ $(tr '[:upper:]' '[:lower:]' <<<"$answer") != "$table_point_in_time_recovery" ]]; then
    table_set_recovery "$1"
    changed 'point-in-time recovery'
  fi
}

table_change() { # NAME WHAT OPTION...
  local name=$1 what=$2
  shift 2
  insist ResourceInUseException dynamodb update-table --table-name "$name" "$@"
  table_settle "$name"
  changed "$what"
}

# Backups of a new table are not there at once.
table_set_recovery() { # NAME
  insist 'ContinuousBackupsUnavailableException|ResourceInUseException' dynamodb update-continuous-backups --table-name "$1" \
    --point-in-time-recovery-specification "PointInTimeRecoveryEnabled=$table_point_in_time_recovery"
}

table_delete() { # NAME
  if contains "$1" ${protected[@]+"${protected[@]}"}; then # and destroy.sh was told --force
    table_change "$1" 'deletion protection' --no-deletion-protection-enabled
  fi
  drop ResourceNotFoundException ResourceInUseException dynamodb delete-table --table-name "$1"
  settle gone 'DELETING|ACTIVE|UPDATING' table_state "$1"
}
