#!/bin/sh
# Runs enrich against an AWS emulator that we did not write, and our emulator against clients that we did not write.
set -eu
cd "$(dirname "$0")/../.."

venv=$PWD/build/interop
if [ ! -f "$venv/installed" ] || ! cmp -s tools/interop/requirements.txt "$venv/installed"; then
	rm -rf "$venv"
	python3 -m venv "$venv"
	"$venv/bin/pip" install --quiet --disable-pip-version-check -r tools/interop/requirements.txt
	cp tools/interop/requirements.txt "$venv/installed"
fi
ENRICH_INTEROP_BIN="$venv/bin" ${GO:-go} test -tags interop -run '^TestInterop' -count=1 -v -timeout 10m .
