"""How a command ends, and what it says on stderr: exit statuses, exceptions, one line."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from os.path import lexists

OUTPUT_ERROR = CHECK_FAILED = 1
USAGE_ERROR, INPUT_ERROR, KEYRING_ERROR, PERMISSION_ERROR, INTERRUPTED = 2, 3, 4, 5, 130

_KEY = re.compile(
    r"(?<![\w./\\-])(?:0x)?(?:[0-9A-Fa-f]{32}(?:[0-9A-Fa-f]{32})?|[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{43}=)(?![\w./\\-])"
)
"""A word that looks like a key, as when one stands where a file belongs: what is said ends in logs."""


class UsageError(Exception):
    """The command line is wrong; the text is one line that names the option and says what was expected."""


class KeysError(Exception):
    """A keyring or ``--key`` is wrong; the text is one line that names the place and shows no secret."""


class FilterTextError(Exception):
    """A filter is wrong; the text is one line that names the place and says what was expected.

    *compared* are the words of the filter that look like keys and are none: a field of records is compared with them.
    """

    def __init__(self, text: str, compared: Collection[str] = ()) -> None:
        super().__init__(text)
        self.compared = compared


def fail(text: str, status: int, is_shown: Callable[[str], bool] = lexists) -> int:
    """Print one line about what is wrong, as `say` does. Returns *status*."""
    say(text, is_shown)
    return status


def printable(text: str) -> str:
    """Write what is no character of a line, such as a file name may bring, by its number."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def say(text: str, is_shown: Callable[[str], bool] = lexists) -> None:
    """Print one line on stderr, whatever characters a file name brings, and no word that may be a key.

    Of words that look like keys *is_shown* tells those that are none: by default the names of files that are there.
    """
    line = _KEY.sub(lambda word: word[0] if is_shown(word[0]) else "…", printable(text))
    if sys.stderr is not None:
        with suppress(OSError):  # nobody can be told
            print(f"dlmshark: {line}", file=sys.stderr, flush=True)
