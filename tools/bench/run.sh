#!/bin/sh
# Measures the function's process, and the recipe's design beside it where there are python3 and boto3.
set -eu
cd "$(dirname "$0")/../.."

if [ "$(uname)" != Linux ]; then
	echo "the function's process is measured on Linux only, where it runs"
	exit 0
fi

venv=$PWD/build/bench
requirements=tools/bench/recipe/requirements.txt
if ! cmp -s $requirements "$venv/installed"; then
	rm -rf "$venv"
	if python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check -r $requirements; then
		cp $requirements "$venv/installed"
	fi
fi
if [ -f "$venv/installed" ]; then
	exec ${GO:-go} run ./tools/bench -python "$venv/bin/python"
fi
echo "the recipe's function is left out: it needs python3 with venv (Debian: apt install python3-venv) and boto3, which pip takes from PyPI"
exec ${GO:-go} run ./tools/bench
