"""What a capture says of packets beside their octets, comments and line errors, to the records that they make."""

from __future__ import annotations

from analyzer.cosem.plain_text import printable
from analyzer.record import Record
from analyzer.tracking.findings import finding
from captures.carried import IN_PACKET

_MOST_SINGLY = 3
"""Line errors of a record that are said one by one."""


def add_marks(records: list[Record], comments: dict[int, list[str]], line_errors: dict[int, list[str]]) -> None:
    """Let records hold the comments of their packets, and the line errors that the receiver saw in them."""
    for record in records:
        seen: list[str] = []
        for number in record.packets:
            for text in comments.pop(number, ()):
                record.add_note(finding("comment", printable(" · ".join(text.splitlines())), 0, 0))
            seen += line_errors.pop(number, ())
        for text in together(seen) if len(seen) > _MOST_SINGLY else seen:
            record.add_note(finding("line-error", text, 0, 0))


def together(texts: list[str]) -> list[str]:
    """Say what a receiver saw many times in a record once, with the first packet where it names packets."""
    seen: dict[str, list[str]] = {}
    for text in texts:
        head = text[: text.find(IN_PACKET) + len(IN_PACKET)] if IN_PACKET in text else text
        seen.setdefault(head, []).append(text[len(head) :])
    return [f"{head}{at[0]}{_more(head, len(at))}" for head, at in seen.items()]


def _more(head: str, count: int) -> str:
    """Say that *head* was seen *count* times."""
    if count == 1:
        return ""
    return f" and in {count - 1} more" if head.endswith(IN_PACKET) else f"; so {count} times in this record"
