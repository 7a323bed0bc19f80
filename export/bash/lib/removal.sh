# shellcheck shell=bash
# What goes, and in which order: whatever another resource needs goes after it.

readonly removal_order='dashboard composite alarm subscription topic mapping function log_group table bucket stream role'

going=()     # names and kinds of what is there
protected=() # tables that are protected against deletion

# each_recorded calls a function for each resource that is recorded, in that order.
each_recorded() { # FUNCTION
  local lines kind of name id
  lines=$(<"$state_file")
  for of in $removal_order; do
    while IFS=$'\t' read -r kind name id; do
      if [[ $kind == "$of" ]]; then
        "$1" "$kind" "$name" "$id"
      fi
    done <<<"$lines"
  done
}

# inventory looks for what is recorded.
inventory() { each_recorded inspect; }

inspect() { # KIND NAME ID
  if ! "$1_read" "$2" "$3"; then
    forget "$1" "$2"
    return 0
  fi
  if theirs "$1" "$2"; then
    say "$2 (${1//_/ }) is not this pipeline's any more and stays: its tags are other ones"
    forget "$1" "$2"
    return 0
  fi
  going+=("$2 (${1//_/ })")
  if [[ $1 == table && $shown_protection == True ]]; then
    protected+=("$2")
  fi
}

remove_all() { each_recorded remove; }

remove() { # KIND NAME ID
  "$1_delete" "$2" ${3:+"$3"}
  forget "$1" "$2"
  say "  $2: removed"
}

contains() { # WORD LIST...
  local word=$1 other
  shift
  for other in "$@"; do
    if [[ $other == "$word" ]]; then
      return 0
    fi
  done
  return 1
}

# retire removes alarms, and who is told of them, that the pipeline does not have any more.
# Whatever else it does not have may hold data, and stays until destroy.sh removes all.
retire() {
  wanted=
  pipeline want
  each_recorded retire_one
}

want() { # KIND NAME
  wanted="$wanted|$1 $2|"
}

retire_one() { # KIND NAME ID
  if [[ $wanted == *"|$1 $2|"* ]]; then
    return 0
  fi
  case $1 in
    alarm | composite | topic | subscription)
      if ! "$1_read" "$2" "$3" || theirs "$1" "$2"; then
        forget "$1" "$2"
        return 0
      fi
      remove "$1" "$2" "$3"
      altered=$((altered + 1))
      ;;
    *) say "  $2: not in the pipeline any more; it stays until destroy.sh removes all" ;;
  esac
}
