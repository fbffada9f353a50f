"""Capture sources: files, pipes and text to timed octets (Chunk), and packets to their transport payload."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from captures.source import open_source, source_from_hex, source_from_memory

__all__ = ["open_source", "source_from_hex", "source_from_memory"]


def __getattr__(name: str) -> object:
    """Load what opens sources once it is asked for: a screen stands before a capture is opened."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from captures import source

    return getattr(source, name)
