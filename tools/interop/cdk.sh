#!/bin/sh
# Installs the CDK for both languages, as the exported projects ask for it, and compares what it makes of them with the stack.
set -eu
cd "$(dirname "$0")/../.."

if ! command -v npm >/dev/null; then
	echo "NOT TESTED, as there is no npm: what the CDK makes of an export" >&2
	exit 0
fi
ENRICH_INTEROP_TOOLS="$PWD/build/interop-tools" ${GO:-go} test -tags interop -run '^TestCDK' -count=1 -v -timeout 30m ./export
