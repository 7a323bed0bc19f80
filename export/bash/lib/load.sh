# shellcheck shell=bash
# Everything that deploy.sh and destroy.sh have in common.
# shellcheck source-path=SCRIPTDIR

source "$here/lib/calls.sh"
source "$here/lib/tags.sh"
source "$here/lib/state.sh"
source "$here/lib/start.sh"
source "$here/lib/removal.sh"
source "$here/lib/role.sh"
source "$here/lib/stream.sh"
source "$here/lib/bucket.sh"
source "$here/lib/log_group.sh"
source "$here/lib/table.sh"
source "$here/lib/function.sh"
source "$here/lib/mapping.sh"
source "$here/lib/topic.sh"
source "$here/lib/alarm.sh"
source "$here/lib/dashboard.sh"
source "$here/pipeline.sh"
