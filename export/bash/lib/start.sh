# shellcheck shell=bash
# The beginning and the end of a run: what was asked for, where, and what there is of it.

account= partition=
underway=false # something may have been changed
scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT

# check tells all that is wrong with the settings at once.
check() {
  local problems=()
  case $ENVIRONMENT in
    dev | staging | prod) ;;
    *) problems+=("ENVIRONMENT is '$ENVIRONMENT'; use dev, staging or prod") ;;
  esac
  between STREAM_SHARD_COUNT 1 10000
  between LAMBDA_MEMORY_SIZE 128 10240
  between LAMBDA_TIMEOUT 1 900
  if ! command -v aws >/dev/null; then
    problems+=("there is no aws: install the AWS CLI, version 2")
  fi
  if ((${#problems[@]})); then
    printf 'error: %s\n' "${problems[@]}" >&2
    exit 1
  fi
}

between() { # NAME LEAST MOST
  local value
  if [[ -z ${!1+set} ]]; then # as it is for an unknown environment
    return 0
  fi
  value=${!1}
  if [[ ! $value =~ ^[1-9][0-9]{0,8}$ ]] || ((value < $2 || value > $3)); then
    problems+=("$1 is '$value'; use a number from $2 to $3")
  fi
}

# locate asks where the pipeline goes. Version 1 of the CLI reads AWS_DEFAULT_REGION,
# version 2 AWS_REGION first.
locate() {
  local arn
  region=${AWS_REGION:-${AWS_DEFAULT_REGION:-${region:-$(aws configure get region </dev/null || true)}}}
  if [[ -z $region ]]; then
    fail "there is no region: set AWS_REGION"
  fi
  export AWS_REGION=$region AWS_DEFAULT_REGION=$region
  ask '' sts get-caller-identity --query '[Account, Arn]'
  IFS=$'\t' read -r account arn <<<"$answer"
  IFS=: read -r _ partition _ <<<"$arn"
}

# begin makes everything known that the rest of a run needs.
begin() {
  settings
  check
  locate
  define
  state_file=$here/$pipeline-$ENVIRONMENT.$account.$region.state
  touch "$state_file"
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# finish tells what there is after a run that did not get to its end.
finish() {
  local status=$?
  rm -f "$scratch" "$scratch.versions" "$state_file.new"
  if [[ ! -s $state_file ]]; then
    rm -f "$state_file"
  elif [[ $status != 0 && $underway == true ]]; then
    {
      say "not finished. What has been made is recorded in $state_file:"
      cut -f 1,2 "$state_file" | sed 's/^/  /'
      say "deploy.sh goes on from there, and destroy.sh removes it."
    } >&2
  fi
  exit "$status"
}
