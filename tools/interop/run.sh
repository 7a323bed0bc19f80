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

# OpenTofu, which the module's replace directive keeps `go install` from building, and in
# the place of hashicorp/aws a provider for tests that has its schema.
tools=$PWD/build/interop-tools
tofu=v1.12.6
if [ "$(cat "$tools/tofu.version" 2>/dev/null)" != "$tofu" ]; then
	rm -rf "$tools/tofu" "$tools/source"
	mkdir -p "$tools"
	downloaded=$(${GO:-go} mod download -json "github.com/opentofu/opentofu@$tofu" | sed -n 's/^.*"Dir": "\(.*\)",*$/\1/p')
	cp -R "$downloaded" "$tools/source"
	chmod -R u+w "$tools/source"
	(cd "$tools/source" && CGO_ENABLED=0 ${GO:-go} build -trimpath -buildvcs=false -ldflags '-s -w' -o "$tools/tofu" ./cmd/tofu)
	rm -rf "$tools/source"
	echo "$tofu" > "$tools/tofu.version"
fi
# Where OpenTofu looks for a provider it tells itself.
address=$("$tools/tofu" -chdir=export/testdata/terraform/default providers 2>/dev/null | sed -n 's/^.*provider\[\([^]]*\)\].*$/\1/p')
mirror=$tools/providers/${address:?}/6.25.0/$(${GO:-go} env GOOS)_$(${GO:-go} env GOARCH)
(cd tools/interop/provider && CGO_ENABLED=0 ${GO:-go} build -trimpath -buildvcs=false -o "$mirror/terraform-provider-aws_v6.25.0" .)
printf 'provider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n' "$tools/providers" > "$tools/tofurc"

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

ENRICH_INTEROP_TOOLS="$tools" ${GO:-go} test -tags interop -run '^TestTerraform' -count=1 -timeout 10m ./export
ENRICH_INTEROP_BIN="$venv/bin" ENRICH_INTEROP_TOOLS="$tools" ${GO:-go} test -tags interop -run '^(TestInterop|TestCompletionInShells|TestManualIsClean)' -count=1 -v -timeout 20m .
if absent; then echo "NOT TESTED, as they could not be installed:$missing" >&2; fi
tools/interop/cdk.sh
