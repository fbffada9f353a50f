"""Sources of f-strings: the text that generated functions put together.

A *template* is text in which expressions stand between marks; all else in it is literal.
"""

from __future__ import annotations

MARK = "\x01"
"""Stands before and after an expression in a template."""


def code(expression: str) -> str:
    """Give the template that is nothing but *expression*."""
    return f"{MARK}{expression}{MARK}"


def literal(text: str) -> str:
    """Write *text* as it stands in an f-string between single quotes."""
    quoted = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return quoted.replace("{", "{{").replace("}", "}}")


def fstring(template: str) -> str:
    """Write the f-string of *template*; no expression in it may have single quotes."""
    parts = template.split(MARK)
    return "f'" + "".join([f"{{{part}}}" if at % 2 else literal(part) for at, part in enumerate(parts)]) + "'"
