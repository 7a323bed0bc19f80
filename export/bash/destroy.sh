#!/usr/bin/env bash
# Removes what deploy.sh has made, with all data in it.
set -euo pipefail

here=$(CDPATH='' cd -- "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/load.sh
source "$here/lib/load.sh"

yes=false force=false
for option in "$@"; do
  case $option in
    --yes) yes=true ;;
    --force) force=true ;;
    *) fail "destroy.sh takes --yes, which does not ask, and --force, which takes protected tables along; not $option" ;;
  esac
done
begin

inventory
if ((${#going[@]} == 0)); then
  say "nothing to remove of $pipeline in $ENVIRONMENT, account $account, $region: none of it is recorded here and still there"
  say "if $state_file was lost, deploy.sh makes it anew of what is tagged as this pipeline's"
  exit 0
fi
if ((${#protected[@]})) && [[ $force != true ]]; then
  printf 'error: %s is protected against deletion, and its items would go with it; nothing was changed\n' "${protected[@]}" >&2
  say 'destroy.sh --force takes protected tables along' >&2
  exit 1
fi

say "$pipeline in $ENVIRONMENT, account $account, $region:"
printf '  %s\n' "${going[@]}"
if [[ $yes != true ]]; then
  if [[ ! -t 0 ]]; then
    fail 'destroy.sh asks before it removes all of this, and there is nobody to answer: --yes does not ask'
  fi
  read -r -p 'Remove all of this, with the data in it? [y/N] ' reply || reply=no
  if [[ $reply != [yY] && $reply != [yY][eE][sS] ]]; then
    say 'nothing was changed'
    exit 0
  fi
fi
underway=true
remove_all
if [[ -s $state_file ]]; then
  fail "$state_file has more than was removed"
fi
say "destroyed: ${#going[@]} removed, nothing is left"
