"""Records as XML in the shape of Wireshark's PDML: a packet a record, a proto a layer, a field a node.

Source: Wireshark's README.xml-output (PDML); positions are octets in the buffer that the layer names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.sax.saxutils import quoteattr

from analyzer.cosem.plain_text import printable
from analyzer.detail import detail
from analyzer.export.summary import summary
from analyzer.export.times import seconds_text
from analyzer.record import Record
from analyzer.tracking.values import Value, no_values
from dissectors.tree import Kind, Node, shown

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<pdml version="0" creator="dlmshark">\n'
TAIL = "</pdml>\n"


class Pdml:
    """Writes records, of which *named* tells the input; *digits* are the decimals of their times."""

    def __init__(
        self, named: Callable[[Record], str], digits: Callable[[], int],
        values: Callable[[Record], list[Value]] = no_values,
    ) -> None:  # fmt: skip
        self._named, self._digits, self._values = named, digits, values

    def packet(self, record: Record) -> str:
        """Write *record* with its whole tree."""
        time = seconds_text(record.time_ns, self._digits()) if record.time_ns is not None else ""
        members = {
            "input": self._named(record), "number": record.number, "time": time, "lane": record.lane.text,
            "link": record.link, "kind": record.kind, "direction": record.direction, "client": record.client,
            "server": record.server, "summary": summary(record, self._values(record)),
        }  # fmt: skip
        told = "".join(
            f"    {_field(name, str(value), str(value))}/>\n"
            for name, value in members.items()
            if value not in ("", None)
        )
        notes = "".join(f"    {_field(note.code, note.text, note.severity.name.lower())}/>\n" for note in record.notes)
        general = (
            f'  <proto name="geninfo" showname="General information" size="{len(record.octets)}">\n{told}  </proto>\n'
        )
        found = f'  <proto name="notes" showname="Notes">\n{notes}  </proto>\n' if notes else ""
        layers = "".join(line for node in detail(record) for line in _proto(node))
        return f"<packet>\n{general}{found}{layers}</packet>\n"


def _proto(root: Node) -> Iterator[str]:
    yield f"  <proto name={quoteattr(root.name)}{_place(root)}>\n"
    stack: list[tuple[Node | None, int]] = [(child, 2) for child in reversed(root.children)]
    while stack:
        node, depth = stack.pop()
        blanks = "  " * depth
        if node is None:
            yield f"{blanks}</field>\n"
            continue
        value = "" if node.value is None or isinstance(node.value, list) else str(node.value)
        opened = f"{blanks}{_field(node.name, shown(node), value)}{_place(node)}"
        hidden = ' hide="yes"' if node.kind is Kind.HIDDEN else ""
        if not node.children:
            yield f"{opened}{hidden}/>\n"
            continue
        yield f"{opened}{hidden}>\n"
        stack.append((None, depth))
        stack.extend((child, depth + 1) for child in reversed(node.children))
    yield "  </proto>\n"


def _field(name: str, text: str, value: str) -> str:
    said = f"{name}: {text}" if text else name
    shows = f" show={quoteattr(printable(value))}" if value else ""
    return f"<field name={quoteattr(name)} showname={quoteattr(printable(said))}{shows}"


def _place(node: Node) -> str:
    start, end = node.start // 8, (node.end + 7) // 8
    buffer = f' buffer="{node.buffer}"' if node.buffer else ""
    return f' pos="{start}" size="{end - start}"{buffer}'
