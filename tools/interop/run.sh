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

# The shells whose completion is tested, and what reads the manual page. Whoever may not
# install them is told what is not tested.
absent() {
	missing=
	for program in bash zsh fish mandoc groff; do
		command -v "$program" >/dev/null || missing="$missing $program"
	done
	[ -n "$missing" ]
}
if absent; then
	sudo=
	[ "$(id -u)" = 0 ] || sudo="sudo -n"
	# shellcheck disable=SC2086 # these are several words
	{ $sudo apt-get update -q && $sudo apt-get install -q -y --no-install-recommends $missing; } || true
fi

ENRICH_INTEROP_BIN="$venv/bin" ${GO:-go} test -tags interop -run '^(TestInterop|TestCompletionInShells|TestManualIsClean)' -count=1 -v -timeout 10m .
if absent; then echo "NOT TESTED, as they could not be installed:$missing" >&2; fi
tools/interop/cdk.sh
