"""A-XDR Data to text: the three forms of the writers, out of the flat elements.

Each form says once how a scalar of a type is written, as the source of an f-string; out of that are made the function
that writes one, and for arrays of rows of one layout the function that writes all rows. Names and texts of nodes are
those that the tree engine grows. Source: IEC 62056-6-2 (Data).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from dissectors import axdr
from dissectors.axdr import ARRAY, ROWS, STRUCTURE, Element, scan_data
from dissectors.data import scalar_to_json
from dissectors.data_field import grow_elements
from dissectors.data_types import STRINGS
from dissectors.node_text import Memo, form_text, head_text, json_text, outline_text, plain_text, shown_text
from dissectors.rows import Column, Layout, Rows
from dissectors.source_text import MARK, code, fstring, literal
from dissectors.tree import Kind, Node
from dissectors.walk import Wrong

_CONTAINERS = (ARRAY, STRUCTURE)
_SCALARS = [tag for tag in axdr.NAMES if tag not in (*_CONTAINERS, 7, axdr.COMPACT_ARRAY, axdr.DESCRIPTOR)]
"""Types whose nodes have a value and nothing else; the others are written by way of the node."""


def _grown(element: Element) -> Node:
    parent = Node("", Kind.WRAP, 0, 0)
    grow_elements(parent, [element])
    return parent.children[0]


def _is_number(tag: int) -> bool:
    packed = axdr.STRUCTS.get(tag)
    return packed is not None and type(packed.unpack(bytes(packed.size))[0]) is int and scalar_to_json(tag, 5) == 5


def _is_hex(tag: int) -> bool:
    packed = axdr.STRUCTS.get(tag)
    is_octets = packed is None or type(packed.unpack(bytes(packed.size))[0]) is bytes
    return is_octets and tag not in (axdr.NULL, axdr.DONT_CARE, axdr.BIT_STRING) and scalar_to_json(tag, b"\n") == "0A"


MOST_VALUES, MOST_PROFILES = 4096, 16
"""Of how many values in rows, and at how many places, what stands around them is kept."""
RowWriter = Callable[[Rows, Iterator[tuple[Any, ...]]], str]
"""Writes rows of one layout behind one line prefix: the rows, their values."""
ValueWriter = Callable[[bytes, int, int], Any]
"""Gives what stands for the Data, or for its value alone, from octet to octet."""
Around = tuple[str, ValueWriter, str]
"""The text before, what writes the value, the text after."""


class Form:
    """One form of Data: how a scalar is written as a template, and what stands around and between elements."""

    between = ", "

    def __init__(self) -> None:
        self.constants: dict[str, Any] = {}
        self.values: dict[int, ValueWriter] = {}
        self.scalars: dict[int, Callable[..., str]] = {
            tag: eval(f"lambda v, a, b: {fstring(self.scalar(tag, 'v', code('a'), code('b')))}", self.constants)
            for tag in _SCALARS
        }

    def scalar(self, tag: int, value: str, start: str, end: str) -> str:
        """Give the template of a scalar whose value is in the variable *value*."""
        raise NotImplementedError

    def join(self, elements: list[Any], scalars: Mapping[int, Callable[..., str]], octets: bytes, prefix: str) -> str:
        """Write *elements*; *start* and *end* of each may be templates as well as numbers."""
        raise NotImplementedError

    def read(self, octets: bytes, at: int, end: int, prefix: str = "") -> tuple[str, int]:
        """Write one Data. Returns the text and the next octet."""
        elements, after = scan_data(octets, at, end, is_folded=True)
        if len(elements) == 1:
            tag, start, stop, value = elements[0]
            if tag in self.scalars:
                return prefix + self.scalars[tag](value, start, stop), after
        return self.join(elements, self.scalars, octets, prefix), after

    def around(self, octets: bytes, at: int, end: int, prefix: str) -> Around:
        """Give what writes any Data of the type at *at* that ends at *end* too: the text around the value is kept."""
        tag = octets[at]
        text = self.scalar(tag, "v", str(at), str(end)) if tag in self.scalars else ""
        before, *inside = text.split(MARK)
        if len(inside) != 2 or not (tag in axdr.STRUCTS or (tag in STRINGS and end - at - 2 < 0x80)):
            return "", partial(self.read_whole, prefix=prefix), ""
        write = self.values.get(tag)
        if write is None:
            write = self.values[tag] = self.value_writer(tag, inside[0])
        return prefix + before, write, inside[1]

    def value_writer(self, tag: int, expression: str) -> ValueWriter:
        """Generate the function that writes the value of one scalar."""
        if tag in STRINGS:
            read = "    if o[a + 1] != e - a - 2: raise WRONG\n    v = o[a + 2 : e]"
        else:
            read = "    v, = UNPACK(o, a + 1)"
        scope = {**self.constants, "WRONG": Wrong, "UNPACK": tag in axdr.STRUCTS and axdr.STRUCTS[tag].unpack_from}
        exec(f"def write(o, a, e):\n{read}\n    return {expression}\n", scope)
        made: ValueWriter = scope["write"]
        return made

    def read_whole(self, octets: bytes, at: int, end: int, prefix: str) -> str:
        """Write the Data that takes all octets from *at* to *end*."""
        text, after = self.read(octets, at, end, prefix)
        if after != end:
            raise Wrong
        return text

    def rows(self, rows: Rows, octets: bytes, prefix: str) -> str:
        """Write all elements of an array of rows, by the function made for their layout and the line prefix."""
        made = rows.layout.made
        write = made.get((self, prefix))
        if write is None:
            write = made[self, prefix] = self.row_writer(rows.layout, prefix)
        text: str = write(rows, rows.values(octets))
        return text

    def row_writer(self, layout: Layout, prefix: str) -> RowWriter:
        """Generate the function that writes rows of this layout, each line of which begins with *prefix*."""
        template, names = self.row_template(layout.columns, prefix)
        source = f"lambda rows, values: {self.between!r}.join([{fstring(template)} for {names} in values])"
        write: RowWriter = eval(source, self.constants)
        return write

    def row_template(self, columns: list[Column], prefix: str) -> tuple[str, str]:
        """Give the template of a row, places as ``p`` and the offset in the row, and the variables of its values."""
        elements: list[Any] = []
        scalars: dict[int, Callable[..., str]] = {}
        names = ""
        for number, column in enumerate(columns):
            variable = f"v{number}" if column.has_value else "None"
            if column.has_value:
                names += f"{variable}, "
            start, end = code(f"p{column.start}"), code(f"p{column.end}")
            elements.append((column.tag, start, end, column.members if column.tag == STRUCTURE else variable))
            scalars[column.tag] = self.scalar_of(column.tag)
        return self.join(elements, scalars, b"", prefix), f"({names})"

    def scalar_of(self, tag: int) -> Callable[..., str]:
        """Make what writes the template of one scalar of a row."""
        return lambda value, start, end: self.scalar(tag, value, start, end)

    def call(self, tag: int, write: Callable[[Any], str], value: str) -> str:
        """Give the template that calls *write*."""
        name = f"W{tag}" if tag >= 0 else f"W_{-tag}"
        self.constants[name] = write
        return code(f"{name}({value})")


class JsonForm(Form):
    """What stands in the ``apdu`` member."""

    opened = {tag: f'{{"{axdr.NAMES[tag]}": [' for tag in _CONTAINERS}

    def scalar(self, tag: int, value: str, start: str, end: str) -> str:
        """Write name and value."""
        shown = self.call(tag, lambda value: plain_text(scalar_to_json(tag, value)), value)
        if _is_number(tag):
            shown = code(value)
        elif _is_hex(tag):
            shown = f'"{code(f"{value}.hex().upper()")}"'
        return f'{{"{axdr.NAMES[tag]}": {shown}}}'

    def join(self, elements: list[Any], scalars: Mapping[int, Callable[..., str]], octets: bytes, prefix: str) -> str:
        """Put arrays and structures around what is in them."""
        out: list[str] = []
        left: list[int] = []
        for element in elements:
            tag, start, stop, value = element
            if tag in _CONTAINERS:
                out.append(self.opened[tag])
                if value:
                    left.append(value)
                    continue
                out.append("]}")
            elif tag in scalars:
                out.append(scalars[tag](value, start, stop))
            elif tag == ROWS:
                out += (self.opened[ARRAY], self.rows(value, octets, ""), "]}")
            else:
                out.append(json_text(_grown(element)))
            while left:
                if left[-1] > 1:
                    left[-1] -= 1
                    out.append(", ")
                    break
                left.pop()
                out.append("]}")
        return "".join(out)


class LayerForm(Form):
    """What stands in ``layers``."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = Memo(self.open)
        self.places: dict[tuple[Layout, int], list[tuple[str, ...]]] = {}
        """What stands around the values of rows, by layout and the place of the first."""

    def row_writer(self, layout: Layout, prefix: str) -> RowWriter:
        """Generate the function: what stands around the values, places and all, is text of its own that is kept."""
        template, names = self.row_template(layout.columns, prefix)
        shown, around = [""], [""]
        for number, part in enumerate(template.split(MARK)):
            if number % 2 == 0:
                around[-1] += literal(part)
            elif part[0] == "p":
                around[-1] += f"{{a + {part[1:]}}}"
            else:
                shown.append(f"{{{part}}}")
                around.append("")
        pieces = [f"c{number}" for number in range(len(around))]
        text = "".join([f"{one}{{{piece}}}" for one, piece in zip(shown, pieces, strict=True)])
        loop = f"for {names}, ({', '.join(pieces)},) in zip(values, around)"
        write = eval(f"lambda values, around: ', '.join([f'{text}' {loop}])", self.constants)
        frame = eval("lambda a: (" + "".join([f"f'{one}', " for one in around]) + ")")

        def write_rows(rows: Rows, values: Iterator[tuple[Any, ...]]) -> str:
            made: str = write(values, self.around_rows(rows, frame))
            return made

        return write_rows

    def around_rows(self, rows: Rows, frame: Callable[[int], tuple[str, ...]]) -> Iterable[tuple[str, ...]]:
        """Give what stands around the values of each row; the same profiles come again and again at the same place."""
        size, start, count = rows.layout.size, rows.start, rows.number
        if count * len(rows.layout.columns) > MOST_VALUES:
            return map(frame, range(start, start + count * size, size))
        key = rows.layout, start
        kept = self.places.get(key)
        if kept is None:
            if len(self.places) >= MOST_PROFILES:
                self.places.clear()
            kept = self.places[key] = []
        kept += map(frame, range(start + len(kept) * size, start + count * size, size))
        return kept

    def open(self, key: tuple[int, int]) -> tuple[str, str]:
        """Write what stands before the start of an array or structure of so many elements, and after its end."""
        node = _grown(Element(key[0], 0, 2, key[1]))
        return f'{head_text(node)}, "range": [', f'], "children": [{head_text(node.children[0])}, "range": ['

    def scalar(self, tag: int, value: str, start: str, end: str) -> str:
        """Write name, value and range."""
        place = f', "range": [{start}, {end}]}}'
        name = f'{{"name": "{axdr.NAMES[tag]}"'
        if _is_number(tag):
            return f'{name}, "value": {code(value)}{place}'
        if _is_hex(tag):
            return f'{name}, "value": "{code(f"{value}.hex().upper()")}"{place}'
        return self.call(tag, lambda value: head_text(_grown(Element(tag, 0, 1, value))), value) + place

    def join(self, elements: list[Any], scalars: Mapping[int, Callable[..., str]], octets: bytes, prefix: str) -> str:
        """Put arrays and structures around what is in them; where they end is known afterwards."""
        out: list[str] = []
        left: list[int] = []
        places: list[int] = []
        for element in elements:
            tag, start, stop, value = element
            if tag in _CONTAINERS:
                head, middle = self.opened[tag, value]
                out += (f"{head}{start}, ", str(stop), f"{middle}{start}, {stop}]}}")
                if value:
                    left.append(value)
                    places.append(len(out) - 2)
                    out.append(", ")
                    continue
                out.append("]}")
            elif tag in scalars:
                out.append(scalars[tag](value, start, stop))
            elif tag == ROWS:
                head, middle = self.opened[ARRAY, value.number]
                out.append(f"{head}{start}, {value.end}{middle}{start}, {stop}]}}, {self.rows(value, octets, '')}]}}")
                stop = value.end
            else:
                out.append(form_text(_grown(element)))
            while left:
                if left[-1] > 1:
                    left[-1] -= 1
                    out.append(", ")
                    break
                left.pop()
                out[places.pop()] = str(stop)
                out.append("]}")
        return "".join(out)


class OutlineForm(Form):
    """The lines of the outline; *prefix* is a line end and the indent."""

    between = ""

    def __init__(self) -> None:
        super().__init__()
        self.opened = Memo(self.open)

    def open(self, key: tuple[int, int]) -> tuple[str, str]:
        """Write the line of an array or structure of so many elements, and that of its count."""
        node = _grown(Element(key[0], 0, 2, key[1]))
        inside = node.children[0]
        return f"{node.name}{shown_text(node)}", f"{inside.name}{shown_text(inside)}"

    def scalar(self, tag: int, value: str, start: str, end: str) -> str:
        """Write what follows the indent."""
        name = axdr.NAMES[tag]
        if _is_number(tag):
            return f"{name}: {code(value)}"
        if _is_hex(tag):
            return name + code(f'(": " + {value}.hex().upper() if {value} else "")')
        return name + self.call(tag, lambda value: shown_text(_grown(Element(tag, 0, 1, value))), value)

    def join(self, elements: list[Any], scalars: Mapping[int, Callable[..., str]], octets: bytes, prefix: str) -> str:
        """Write a line each, those inside indented."""
        out: list[str] = []
        left: list[int] = []
        prefixes = [prefix]
        for element in elements:
            tag, start, stop, value = element
            if tag in _CONTAINERS or tag == ROWS:
                number = value.number if tag == ROWS else value
                head, inside = self.opened[ARRAY if tag == ROWS else tag, number]
                out.append(f"{prefix}{head}{prefix}  {inside}")
                if tag == ROWS:
                    out.append(self.rows(value, octets, prefix + "  "))
                elif value:
                    left.append(value)
                    prefix += "  "
                    prefixes.append(prefix)
                    continue
            elif tag in scalars:
                out.append(prefix + scalars[tag](value, start, stop))
            else:
                out.append(outline_text(_grown(element), prefix))
            while left:
                if left[-1] > 1:
                    left[-1] -= 1
                    break
                left.pop()
                prefixes.pop()
                prefix = prefixes[-1]
        return "".join(out)


JSON, LAYERS, OUTLINE = JsonForm(), LayerForm(), OutlineForm()
