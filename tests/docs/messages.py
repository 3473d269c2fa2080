"""Error messages: those that troubleshooting.md quotes, and those in the source, with `...` for what varies."""

from __future__ import annotations

import ast
import functools
import re

from tests.source_code import read, sources


def quoted_messages() -> list[str]:
    """The headings of troubleshooting.md that are code."""
    return [message.strip() for _, message in re.findall(r'^### (`+)(.+?)\1$', read('docs/troubleshooting.md'), re.M)]


@functools.cache
def message_templates() -> list[str]:
    """Every text of the source, and every text with values in it."""
    found = set()
    for tree in sources().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else '...' for part in node.values)
                found.add(''.join(parts))
    return [' '.join(text.split()) for text in found]
