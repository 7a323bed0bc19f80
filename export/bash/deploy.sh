#!/usr/bin/env bash
# Creates what is missing of the pipeline and changes what is not as it shall be.
set -euo pipefail

here=$(CDPATH='' cd -- "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/load.sh
source "$here/lib/load.sh"

if (($#)); then
  fail "deploy.sh takes its settings from the environment: see README.md"
fi
begin

# Before anything is changed: nothing of somebody else's is touched.
pipeline survey
if ((${#foreign[@]})); then
  printf 'error: %s is there already, and is not tagged as this pipeline'\''s; nothing was changed\n' "${foreign[@]}" >&2
  exit 1
fi

underway=true
say "$pipeline in $ENVIRONMENT, account $account, $region:"
pipeline ensure
retire

if ((made + altered)); then
  say "deployed: $made created, $altered changed"
else
  say 'nothing to change'
fi
