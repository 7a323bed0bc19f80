# shellcheck shell=bash
# Tags: whose a resource is, and what is said of it. The pipeline's are in the array
# tags, names and values by turns; they have no characters that JSON or a query would
# have to escape.

owned=     # true: the tags are those of this pipeline
unclaimed= # true: they say nothing of whose it is
tagged=    # true: every tag is there
surplus=() # names of those that should not be

tag_list() {
  local i comma=
  printf '['
  for ((i = 0; i < ${#tags[@]}; i += 2)); do
    printf '%s{"Key": "%s", "Value": "%s"}' "$comma" "${tags[i]}" "${tags[i + 1]}"
    comma=', '
  done
  printf ']'
}

tag_map() {
  local i comma=
  printf '{'
  for ((i = 0; i < ${#tags[@]}; i += 2)); do
    printf '%s"%s": "%s"' "$comma" "${tags[i]}" "${tags[i + 1]}"
    comma=', '
  done
  printf '}'
}

# verdict is a query over tags, which AWS has as a list or as a map.
verdict() { # list|map PATH
  local form=$1 path=$2 i name all='@ == @' whose='@ == @' claimed names='' keys
  for ((i = 0; i < ${#tags[@]}; i += 2)); do
    name=${tags[i]}
    all="$all && $(tag "$form" "$path" "$name") == '${tags[i + 1]}'"
    case $name in
      managed-by | enrich:*) whose="$whose && $(tag "$form" "$path" "$name") == '${tags[i + 1]}'" ;;
    esac
    names="$names${names:+, }\"$name\""
  done
  claimed="$(tag "$form" "$path" managed-by) || $(tag "$form" "$path" enrich:pipeline)"
  keys="${path}[].Key"
  if [[ $form == map ]]; then
    keys="keys($path || \`{}\`)"
  fi
  # Names that begin with aws: are AWS's own.
  printf '%s' "[$whose, !($claimed), $all,
    join(\`\"\\t\"\`, ($keys || \`[]\`)[?!starts_with(@, 'aws:') && !contains(\`[$names]\`, @)])]"
}

tag() { # list|map PATH NAME
  if [[ $1 == map ]]; then
    printf '%s."%s"' "$2" "$3"
  else
    printf "(%s[?Key=='%s'].Value | [0])" "$2" "$3"
  fi
}

# judge takes the line that a verdict comes to.
judge() { # LINE
  local names
  IFS=$'\t' read -r owned unclaimed tagged names <<<"${1//True/true}"
  surplus=()
  if [[ -n $names ]]; then
    IFS=$'\t' read -r -a surplus <<<"$names"
  fi
}

# retag makes the tags what they shall be, by the calls that a kind has for it.
retag() { # FORM SERVICE TAG UNTAG OPTION...
  local form=$1 service=$2 add=$3 remove=$4
  shift 4
  if [[ $tagged == true && ${#surplus[@]} == 0 ]]; then
    return 0
  fi
  if ((${#surplus[@]})); then
    ask '' "$service" "$remove" "$@" --tag-keys "${surplus[@]}"
  fi
  ask '' "$service" "$add" "$@" --tags "$("tag_$form")"
  changed tags
}
