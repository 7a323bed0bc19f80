#!/bin/sh
# The whole way on the built-in emulator: deploy, feed, check, destroy. Needs ./enrich (make build) and nothing else.
# Uses its own state directory, so a pipeline of yours is not touched.
set -eu
cd "$(dirname "$0")/.."

ENRICH_STATE_DIR=$(mktemp -d)
export ENRICH_STATE_DIR
cleanup() {
	./enrich --quiet local stop >/dev/null 2>&1 || true
	rm -rf "$ENRICH_STATE_DIR"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

bold=''
plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m')
	plain=$(printf '\033[0m')
fi

title() { printf '\n%s── %s%s\n' "$bold" "$1" "$plain"; }

# Prints the command as a user would type it, then runs it.
run() {
	printf '\n%s$ enrich --local %s%s\n' "$bold" "$*" "$plain"
	./enrich --local "$@"
}

title "1. The default pipeline: page views joined with three sample users"
run deploy
run test-event
run status
run destroy --yes

title "2. A web shop's purchases joined with its customers (examples/online-retail)"
shop=examples/online-retail
config="-c $shop/enrich.yaml"
# shellcheck disable=SC2086 # two words
{
	run plan $config
	run deploy $config
	run deploy $config
	run lookup load $shop/customers.csv $config
	run test-event $config --data "$(head -n 1 $shop/events.ndjson)"
	run put $shop/events.ndjson $config
}

title "3. What lies in S3 now"
# The last batches may still be on their way: wait until all that was sent has arrived, or until a minute is over.
sent=$(($(wc -l <$shop/events.ndjson) + 1))
tries=0
stored=0
while [ "$stored" -ne "$sent" ]; do
	tries=$((tries + 1))
	if [ "$tries" -gt 60 ]; then
		echo "only $stored of $sent records arrived" >&2
		exit 1
	fi
	[ "$tries" -eq 1 ] || sleep 1
	# shellcheck disable=SC2086
	./enrich --local --quiet $config results >"$ENRICH_STATE_DIR/results.ndjson"
	stored=$(wc -l <"$ENRICH_STATE_DIR/results.ndjson")
done
# shellcheck disable=SC2086
run results --limit 3 $config
count() { grep -c "\"enrichment_status\":\"$1\"" "$ENRICH_STATE_DIR/results.ndjson" || true; }
printf '\n%s events sent, %s enriched records stored: %s success, %s no_customer_id\n' \
	"$sent" "$stored" "$(count success)" "$(count no_customer_id)"

title "4. Clean-up"
# shellcheck disable=SC2086
{
	run status $config
	run destroy --yes $config
	run status $config
}
printf "\n%s$ enrich local stop%s\n" "$bold" "$plain"
./enrich local stop
