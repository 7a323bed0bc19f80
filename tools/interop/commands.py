"""Runs every command of docs/aws-cli.md in one shell and checks what it prints.

usage: commands.py DOCUMENT

A block of ```sh is a script; what stands behind #=> at its end is a regular
expression that its standard output has to match, line by line.
"""

import re
import subprocess
import sys

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXPECTED = re.compile(r"[ \t]#=>[ \t]*(.+)\n\Z")
END = "\x1eend of block "


def blocks(text):
    """Gives the script and the expectation (or None) of each block."""
    for match in BLOCK.finditer(text):
        script, expected = match.group(1), EXPECTED.search(match.group(1))
        if expected:
            yield script[: expected.start()] + "\n", expected.group(1)
        else:
            yield script, None


def run(shell, script):
    """Runs a script in the shell and gives its output and exit status."""
    shell.stdin.write(script + f"printf '\\n{END}%s\\n' $?\n")
    shell.stdin.flush()
    output = []
    for line in shell.stdout:
        if line.startswith(END):
            return "".join(output), int(line[len(END):])
        output.append(line)
    raise SystemExit(f"the shell ended within:\n{script}")


def main():
    with open(sys.argv[1], encoding="utf-8") as document:
        found = list(blocks(document.read()))
    if not found:
        raise SystemExit(f"no command in {sys.argv[1]}")
    shell = subprocess.Popen(
        ["bash", "-o", "pipefail"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    failed = 0
    for script, expected in found:
        output, status = run(shell, script)
        if status != 0 or (expected and not re.search(expected, output, re.MULTILINE)):
            failed += 1
            print(f"FAILED (exit {status}, expected {expected!r}):\n{script}{output}")
    shell.stdin.close()
    shell.wait()
    print(f"{len(found)} blocks, {failed} failed")
    sys.exit(1 if failed else 0)


main()
