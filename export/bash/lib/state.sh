# shellcheck shell=bash
# What has been made: a file with a line for each resource, of its kind, its name and,
# where AWS has chosen one, its ID. A line is written before its resource is made, so
# that an interrupted run leaves nothing that nobody knows of.

state_file=
absent=   # resources that have been looked for and are not there
changes=  # that have been made to the present resource
foreign=() # resources that are not this pipeline's
made=0 altered=0

remember() { # KIND NAME [ID]
  { others "$1" "$2" && printf '%s\t%s\t%s\n' "$1" "$2" "${3-}"; } >"$state_file.new"
  mv "$state_file.new" "$state_file"
}

forget() { # KIND NAME
  others "$1" "$2" >"$state_file.new"
  mv "$state_file.new" "$state_file"
}

# others are all lines but one.
others() { # KIND NAME
  local kind name id
  while IFS=$'\t' read -r kind name id; do
    if [[ $kind != "$1" || $name != "$2" ]]; then
      printf '%s\t%s\t%s\n' "$kind" "$name" "$id"
    fi
  done <"$state_file"
}

recorded() { # KIND NAME
  grep -qF "$1"$'\t'"$2"$'\t' "$state_file"
}

# there reads a resource; it is false when there is none.
there() { # KIND NAME [SETTINGS]
  [[ $absent != *"|$1 $2|"* ]] && "$1_read" "$2" "${3-}"
}

# theirs tells whether a resource that has just been read is not this pipeline's. One
# that is recorded and has no tags is what an interrupted run has made.
theirs() { # KIND NAME
  [[ $owned != true ]] && { [[ $unclaimed != true ]] || ! recorded "$1" "$2"; }
}

# survey looks for what is there though this project has not made it.
survey() { # KIND NAME [SETTINGS]
  if recorded "$1" "$2"; then
    return 0
  fi
  if ! "$1_read" "$2" "${3-}"; then
    absent="$absent|$1 $2|"
  elif theirs "$1" "$2"; then
    foreign+=("$2 (${1//_/ })")
  fi
}

# ensure makes a resource what it shall be.
ensure() { # KIND NAME [SETTINGS]
  changes=
  if there "$@"; then
    if theirs "$1" "$2"; then
      fail "$2 (${1//_/ }) is not this pipeline's any more: its tags are other ones"
    fi
    if ! recorded "$1" "$2"; then
      remember "$1" "$2"
    fi
    "$1_update" "$2" "${3-}"
    if [[ -z $changes ]]; then
      say "  $2: nothing to change"
    else
      altered=$((altered + 1))
      say "  $2: changed $changes"
    fi
    return 0
  fi
  remember "$1" "$2"
  "$1_create" "$2" "${3-}"
  made=$((made + 1))
  say "  $2: created"
}

# create repeats a creation that AWS refuses for now. One whose answer was lost has had its
# effect when the CLI asks again.
create() { # KIND NAME ERRORS CALL...
  local kind=$1 name=$2 errors=$3 refusal deadline=$((SECONDS + patience))
  shift 3
  until ask "$errors" "$@"; do
    refusal=$error
    if "${kind}_read" "$name" '' && [[ $state != DELETING ]]; then
      if [[ $owned != true ]]; then
        fail "$name (${kind//_/ }) is there by now, and is not tagged as this pipeline's"
      fi
      answer=
      return 0
    fi
    if ((SECONDS > deadline)); then
      fail "aws $1 $2, for $patience seconds: $refusal"
    fi
    sleep 1
  done
}

changed() { # WHAT
  changes="$changes${changes:+, }$1"
}
