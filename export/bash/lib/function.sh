# shellcheck shell=bash
# The function that enriches. Lambda refuses a change while another one is in progress.

# What Lambda says until it has learned of a new role.
readonly function_role_unknown='cannot be assumed by Lambda|execution role does not have permissions|KMS key is invalid for CreateGrant'

# function_read takes logging that is not shown for what it shall be: not every endpoint
# shows it.
function_read() { # NAME
  ask ResourceNotFoundException lambda get-function --function-name "$1" --query "[$(verdict map Tags),
    [Configuration.State, Configuration.LastUpdateStatus, Configuration.CodeSha256, Configuration.Architectures[0], Configuration.FunctionArn,
    $(equal Configuration "$(function_settings)" '{a: Runtime, b: Handler, c: MemorySize, d: Timeout, e: Role, f: Environment.Variables}') &&
    (Configuration.LoggingConfig == \`null\` || $(equal Configuration "$(function_settings)" \
    'LoggingConfig.[LogGroup, LogFormat, ApplicationLogLevel, SystemLogLevel]'))], [TagsError.Message]]" || return 1
  local line update untold
  {
    read -r line
    IFS=$'\t' read -r state update shown_sha256 shown_architecture shown_arn shown_same
    read -r untold
  } <<<"$answer"
  if [[ $untold != None ]]; then
    fail "aws lambda get-function: the tags of $1: $untold"
  fi
  judge "$line"
  function_state_of "$state" "$update"
}

function_state() { # NAME
  state=gone
  if ask ResourceNotFoundException lambda get-function-configuration --function-name "$1" --query '[State, LastUpdateStatus]'; then
    IFS=$'\t' read -r state update <<<"$answer"
    function_state_of "$state" "$update"
  fi
}

function_state_of() { # STATE STATE-OF-THE-LAST-UPDATE
  state=$1
  case $1/$2 in
    None/* | Active/Successful | Active/None) state=Active ;;
    Active/*) state=Update$2 ;;
  esac
}

function_settle() { # NAME
  settle 'Active|Inactive' 'Pending|UpdateInProgress|gone' function_state "$1"
}

function_create() { # NAME
  create function "$1" "ResourceConflictException|$function_role_unknown" lambda create-function --function-name "$1" --cli-input-json "$(function_settings)" \
    --architectures "$function_architecture" --zip-file "fileb://$here/function.zip" --tags "$(tag_map)"
  function_settle "$1"
}

function_update() { # NAME
  if [[ $state == Pending || $state == UpdateInProgress ]]; then
    function_settle "$1"
  fi
  retag map lambda tag-resource untag-resource --resource "$shown_arn"
  if [[ $shown_sha256 != "$function_sha256" || $shown_architecture != "$function_architecture" ]]; then
    insist ResourceConflictException lambda update-function-code --function-name "$1" --architectures "$function_architecture" \
      --zip-file "fileb://$here/function.zip" --query CodeSha256
    if [[ $answer != "$function_sha256" ]]; then
      fail "function.zip is not the one that this project was exported with: its digest is $answer"
    fi
    function_settle "$1"
    changed code
  fi
  if [[ $shown_same != True || $state == *Failed ]]; then
    insist "ResourceConflictException|$function_role_unknown" lambda update-function-configuration --function-name "$1" \
      --cli-input-json "$(function_settings)"
    function_settle "$1"
    changed settings
  fi
}

function_delete() { # NAME
  drop ResourceNotFoundException ResourceConflictException lambda delete-function --function-name "$1"
  settle gone '[A-Z].*' function_state "$1"
}
