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

# The shells whose completion is tested, and what reads the manual page.
missing=
for program in bash zsh fish mandoc groff; do
	command -v $program >/dev/null || missing="$missing $program"
done
if [ -n "$missing" ]; then
	command -v apt-get >/dev/null || { echo "install$missing" >&2; exit 1; }
	sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	$sudo apt-get update -q
	$sudo apt-get install -q -y --no-install-recommends $missing
fi

ENRICH_INTEROP_BIN="$venv/bin" ${GO:-go} test -tags interop -run '^(TestInterop|TestCompletionInShells|TestManualIsClean)' -count=1 -v -timeout 10m .
