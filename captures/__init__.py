"""Capture sources: files, pipes and text to timed octets (Chunk), and packets to their transport payload."""

from captures.source import open_source, source_from_hex

__all__ = ["open_source", "source_from_hex"]
