"""How a command ends, and what it says on stderr: exit statuses, exceptions, one line."""

from __future__ import annotations

import re
import sys
from contextlib import suppress

OUTPUT_ERROR = CHECK_FAILED = 1
_KEY = re.compile(
    r"(?<![\w./\\-])(?:0x)?(?:[0-9A-Fa-f]{32}(?:[0-9A-Fa-f]{32})?|[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{43}=)(?![\w./\\-])"
)
"""A word that looks like a key, as when one stands where a file belongs: what is said ends in logs."""
USAGE_ERROR, INPUT_ERROR, KEYRING_ERROR, PERMISSION_ERROR, INTERRUPTED = 2, 3, 4, 5, 130


class UsageError(Exception):
    """The command line is wrong; the text is one line that names the option and says what was expected."""


class KeysError(Exception):
    """A keyring or ``--key`` is wrong; the text is one line that names the place and shows no secret."""


class FilterTextError(Exception):
    """A filter is wrong; the text is one line that names the place and says what was expected."""


def fail(text: str, status: int) -> int:
    """Print one line about what is wrong. Returns *status*."""
    say(text)
    return status


def printable(text: str) -> str:
    """Write what is no character of a line, such as a file name may bring, by its number."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def say(text: str) -> None:
    """Print one line on stderr, whatever characters a file name brings, and no word that may be a key."""
    line = _KEY.sub("…", printable(text))
    if sys.stderr is not None:
        with suppress(OSError):  # nobody can be told
            print(f"dlmshark: {line}", file=sys.stderr, flush=True)
