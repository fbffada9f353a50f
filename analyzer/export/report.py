"""One capture as a self-contained page of HTML: its problems, its associations, its records with their trees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import TYPE_CHECKING

from analyzer.detail import detail
from analyzer.export.glyphs import GLYPHS
from analyzer.export.summary import summary
from analyzer.export.times import clock_text
from analyzer.record import Record
from analyzer.tracking.values import Value, no_values
from dissectors.tree import Node, shown

if TYPE_CHECKING:
    from analyzer.diagnosis.story import Story
    from analyzer.tracking.history import Association

MOST_TREES = 2000
"""Records whose trees are in the page; a browser bears no more."""
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --error: #c0392b; --warning: #b9770e; --note: #2471a3 }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem }
h1 { font-size: 1.5rem }
h2 { font-size: 1.15rem; margin-top: 2rem; border-bottom: 1px solid var(--line) }
table { border-collapse: collapse; width: 100% }
th { text-align: left; font-weight: 600 }
td, th { padding: .15rem .6rem .15rem 0; vertical-align: top; border-bottom: 1px solid var(--soft) }
td:nth-child(-n+3), th { white-space: nowrap }
td.n { text-align: right; font-variant-numeric: tabular-nums }
code, pre, .mono { font: 13px/1.4 ui-monospace, monospace }
pre { margin: .3rem 0 .6rem 1.2rem; white-space: pre-wrap }
summary { cursor: pointer }
.error { color: var(--error) }
.warning { color: var(--warning) }
.note { color: var(--note) }
section { border-left: 3px solid; padding-left: .9rem; margin: 1rem 0 }
section > div, section > dl { color: CanvasText }
section b { text-transform: capitalize }
dl { display: grid; grid-template-columns: 5rem 1fr; margin: .3rem 0 }
dt { opacity: .7 }
dd { margin: 0 }
""".strip()


class Report:
    """Writes the page, piece by piece. *digits* are the decimals of times, which are local unless *utc*.

    Where there are several inputs, *named* tells that of a record.
    """

    def __init__(
        self, name: str, digits: Callable[[], int], *, utc: bool = False,
        values: Callable[[Record], list[Value]] = no_values, named: Callable[[Record], str] | None = None,
    ) -> None:  # fmt: skip
        self._name, self._digits, self._utc, self._values, self._named = name, digits, utc, values, named

    def pages(
        self, records: Iterable[Record], findings: Callable[[], tuple[list[Story], list[Association]]]
    ) -> Iterator[str]:
        """Write the page; *findings* are asked for once all records were taken."""
        rows = [self._row(record, has_tree=number <= MOST_TREES) for number, record in enumerate(records, 1)]
        stories, associations = findings()
        yield f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{escape(self._name)}</title>'
        yield f"<style>{_STYLE}</style>\n<h1>{escape(self._name)}</h1>\n"
        counted = ((len(rows), "record"), (len(associations), "association"), (len(stories), "problem"))
        counts = ", ".join(f"{number} {name}{'s' * (number != 1)}" for number, name in counted)
        yield f"<p>{counts}. Made by dlmshark.</p>\n"
        yield "<h2>Problems</h2>\n" + ("".join(map(self._story, stories)) or "<p>No problem was found.</p>\n")
        yield "<h2>Associations</h2>\n<table><tr><th>From<th>To<th>Client ↔ server<th>Verdict</tr>\n"
        for one in associations:
            ends = f"{_said(one.client)} ↔ {_said(one.server)}"
            yield (
                f'<tr><td class="n">{_link(one.first.record)}<td class="n">{_link(one.last.record)}<td>{escape(ends)}'
                f"<td>{escape(one.verdict)}</tr>\n"
            )
        yield "</table>\n<h2>Records</h2>\n"
        if len(rows) > MOST_TREES:
            yield f"<p>The first {MOST_TREES} have their trees here; <code>dlmshark export</code> to xml has all.</p>\n"
        named = "<th>Input" if self._named is not None else ""
        yield f"<table><tr><th>No.<th>Time<th>Client ↔ server<th>What it is{named}</tr>\n"
        yield from rows
        yield "</table></html>\n"

    def _story(self, story: Story) -> str:
        severity = story.worst.name.lower()
        places = ", ".join(map(_link, story.records[:8])) + (", …" if len(story.records) > 8 else "")
        members = [("where", places)] if places else []
        cause = f"{story.code} · {story.cause} ({story.confidence})" if story.cause else story.code
        times = f"{story.count} times" if story.count > 1 else "once"
        members.append(("code", f"<code>{escape(cause)}</code>, {times} on {escape(story.lane)}"))
        members += [("seen", escape(one.text)) for one in story.evidence]
        members += [("or", escape(f"{one.cause} ({one.confidence}): {one.text}")) for one in story.alternatives]
        members += [("try", escape(one)) for one in story.advice]
        told = "".join(f"<dt>{name}<dd>{text}" for name, text in members)
        title = f'<b class="{severity}">{severity}</b> {escape(story.title)}'
        return f'<section class="{severity}"><div>{title}</div><dl>{told}</dl></section>\n'

    def _row(self, record: Record, *, has_tree: bool) -> str:
        time = clock_text(record.time_ns, self._digits(), utc=self._utc) if record.time_ns is not None else ""
        ends = f"{_said(record.client)} {GLYPHS.get(record.direction, '?')} {_said(record.server)}"
        text = escape(summary(record, self._values(record)))
        notes = "".join(
            f'<div class="{note.severity.name.lower()}">{escape(note.code)}: {escape(note.text)}</div>'
            for note in record.notes
        )
        if has_tree:
            tree = escape("\n".join(line for node in detail(record) for line in _lines(node)))
            text = f"<details><summary>{text}</summary><pre>{tree}</pre></details>"
        named = f"<td>{escape(self._named(record))}" if self._named is not None else ""
        return (
            f'<tr id="r{record.number}"><td class="n">{record.number}<td class="mono">{time}<td>{escape(ends)}'
            f"<td>{text}{notes}{named}</tr>\n"
        )


def _lines(root: Node) -> Iterator[str]:
    stack = [(root, 0)]
    while stack:
        node, depth = stack.pop()
        text = shown(node)
        yield f"{'  ' * depth}{node.name}{f': {text}' if text else ''}"
        stack.extend((child, depth + 1) for child in reversed(node.children))


def _link(number: int) -> str:
    return f'<a href="#r{number}">{number}</a>'


def _said(address: object) -> str:
    return "-" if address is None else str(address)
