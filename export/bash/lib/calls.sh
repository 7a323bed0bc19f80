# shellcheck shell=bash
# Calls of the AWS CLI, and waiting for what they have begun.

export AWS_PAGER='' AWS_CLI_AUTO_PROMPT=off AWS_DEFAULT_OUTPUT=text

patience=600 # seconds that anything is waited for
answer=      # of AWS to the last call
error=       # that it had instead
state=       # of what is waited for

say() { printf '%s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# ask is false when AWS gives one of the errors; any other one ends the script. It has no
# input: a credential_process would read what a loop goes over.
ask() { # ERRORS CALL...
  local errors=$1
  shift
  if answer=$(aws "$@" </dev/null 2>"$scratch"); then
    return 0
  fi
  error=$(<"$scratch")
  if [[ -n $errors && $error =~ $errors ]]; then
    return 1
  fi
  fail "aws $1 $2: ${error:-interrupted}"
}

# insist repeats a call that AWS refuses until something else has ended or spread.
insist() { # ERRORS CALL...
  local deadline=$((SECONDS + patience))
  until ask "$@"; do
    if ((SECONDS > deadline)); then
      fail "aws $2 $3, for $patience seconds: $error"
    fi
    sleep 1
  done
}

# drop repeats a deletion until AWS has accepted it or there is nothing to delete.
drop() { # ERRORS-WHEN-GONE ERRORS-WHEN-BUSY CALL...
  local gone=$1 busy=$2 deadline=$((SECONDS + patience))
  shift 2
  until ask "$gone|$busy" "$@"; do
    if [[ $error =~ $gone ]]; then
      return 0
    fi
    if ((SECONDS > deadline)); then
      fail "aws $1 $2, for $patience seconds: $error"
    fi
    sleep 1
  done
}

# settle waits for a state, which a function puts into $state.
settle() { # STATES STATES-ON-THE-WAY FUNCTION ARGUMENT
  local deadline=$((SECONDS + patience))
  "$3" "$4"
  until [[ $state =~ ^($1)$ ]]; do
    if [[ ! $state =~ ^($2)$ ]]; then
      fail "$4 is $state; what was waited for is $1"
    fi
    if ((SECONDS > deadline)); then
      fail "$4 is still $state after $patience seconds; what was waited for is $1"
    fi
    sleep 1
    "$3" "$4"
  done
}

# equal is a query that compares two values, both seen through the same view: what a
# view leaves out, and what is null in it, does not count.
equal() { # SHOWN WANTED VIEW
  printf '%s' "([$1, \`$2\`] | map(&$3, @) | [0] == [1])"
}
