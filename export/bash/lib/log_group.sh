# shellcheck shell=bash
# The function's log group.

log_group_arn() { # NAME
  printf 'arn:%s:logs:%s:%s:log-group:%s' "$partition" "$region" "$account" "$1"
}

# log_group_read finds it among those whose names begin alike: there is no other way.
log_group_read() { # NAME
  ask '' logs describe-log-groups --log-group-name-prefix "$1" --query "logGroups[?logGroupName=='$1'].[retentionInDays || \`0\`]"
  if [[ -z $answer ]]; then
    return 1
  fi
  shown_retention_days=$answer
  ask ResourceNotFoundException logs list-tags-for-resource --resource-arn "$(log_group_arn "$1")" --query "$(verdict map tags)" || return 1
  judge "$answer"
}

# CloudWatch Logs works on a group for some seconds after one of its name was deleted.
log_group_create() { # NAME
  create log_group "$1" 'OperationAbortedException|ResourceAlreadyExistsException' logs create-log-group --log-group-name "$1" --tags "$(tag_map)"
  log_group_set_retention "$1"
}

log_group_set_retention() { # NAME
  if ((log_group_retention_days)); then
    insist 'OperationAbortedException|ResourceNotFoundException' logs put-retention-policy --log-group-name "$1" --retention-in-days "$log_group_retention_days"
  else
    insist 'OperationAbortedException|ResourceNotFoundException' logs delete-retention-policy --log-group-name "$1"
  fi
}

log_group_update() { # NAME
  retag map logs tag-resource untag-resource --resource-arn "$(log_group_arn "$1")"
  if ((shown_retention_days != log_group_retention_days)); then
    log_group_set_retention "$1"
    changed retention
  fi
}

log_group_delete() { # NAME
  drop ResourceNotFoundException OperationAbortedException logs delete-log-group --log-group-name "$1"
}
