"""Parses a PowerShell script from stdin and names the lines that are not understood."""

import sys

import tree_sitter
import tree_sitter_powershell

parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
problems, nodes = [], [parser.parse(sys.stdin.buffer.read()).root_node]
while nodes:
    node = nodes.pop()
    if node.is_error or node.is_missing:
        problems.append(node.start_point.row + 1)
    nodes += node.children
if problems:
    sys.exit(f"not PowerShell, in the lines {sorted(problems)}")
