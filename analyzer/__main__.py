"""The ``dlmshark`` command, also as ``python -m analyzer``: loads the program where an interrupt ends it quietly."""

import sys

_INTERRUPTED = 130
"""As in what an interrupt of the loaded program returns."""


def program() -> int:
    """Load the program and run it; nothing of it is loaded before, so that an interrupt meanwhile is no traceback."""
    try:
        from analyzer.cli.main import program as loaded

        return loaded()
    except KeyboardInterrupt:
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(program())
