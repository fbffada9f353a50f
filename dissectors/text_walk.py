"""The walk that generates writers: functions from octets to text, one a layer and form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from dissectors import checks
from dissectors.ber import Element, OtherElements
from dissectors.composites import Choice, Optional, Sequence, SequenceOf
from dissectors.data_field import DataField
from dissectors.data_text import Form
from dissectors.fields import Constant, House, Varying
from dissectors.framed import Carried
from dissectors.hdlc import FLAG, CheckSequence, FlagField
from dissectors.hdlc_parameters import ParameterList
from dissectors.node_text import Memo
from dissectors.parts import Code, Member, Part, assemble, renderer
from dissectors.probe import is_grown
from dissectors.regions import Length
from dissectors.tree import Kind
from dissectors.walk import Found, Keep, Position, Walk
from dissectors.xdlms.initiate import Conformance
from dissectors.xdlms.notification import DateTimeString, EventTime

OF_VALUE = (FlagField, ParameterList, Conformance, DateTimeString, EventTime)
"""Fields whose nodes depend on nothing but the value, unless it is written in an odd way."""
PLACES = 256
"""For how many places the text of a run is kept."""


class Unsupported(Exception):  # noqa: N818 -- says that a layer has no generated writer; never leaves the generator
    """A layer has something that this form's writer cannot write."""


class TextWalk(Walk):
    """What the three forms share.

    The function made has the start of the layer in ``s``, the line prefix of the outline in ``i``, and in ``f`` what
    writes the inside of an information field, if anything does.
    """

    separator: ClassVar[str] = ", "
    data_form: ClassVar[Form]

    def __init__(self) -> None:
        super().__init__()
        self.level = 0
        self.layers: list[Any] = []
        self.known: list[tuple[str, set[str]]] = []

    # -- hooks of the forms -------------------------------------------------------------------------------------

    def write_data(self, level: int) -> str:
        """Give the expression that reads one Data at *level* into ``(text, next octet)``."""
        raise NotImplementedError

    def write_value(self, item: Any, variable: str) -> list[Part]:
        """Write the value of a leaf: a number, hex, or what the field makes of it."""
        raise NotImplementedError

    def write_good(self, variable: str) -> list[Part]:
        """Write value and text of a check sequence that is good."""
        raise NotImplementedError

    def write_leaf(self, item: Any, value: list[Part], start: Position, stop: Position) -> Found:
        """Write a leaf around its *value*."""
        raise NotImplementedError

    def write_hidden(self, item: Any, variable: str, start: Position, stop: Position) -> Found:
        """Write a leaf that carries structure, as the field grows it."""
        raise NotImplementedError

    def write_bits(self, item: Any, variable: str, start: Position, stop: Position) -> Found:
        """Write a field that is a node with parts."""
        raise NotImplementedError

    def write_around(
        self, name: str, kind: Kind, found: Found, start: Position, stop: Position, shown: Part = ""
    ) -> Found:
        """Write a node around what was found in it."""
        raise NotImplementedError

    def write_count(self, item: SequenceOf, count: str, start: Position, stop: Position) -> tuple[Part, Found]:
        """Write what follows the name of a list, and its count."""
        raise NotImplementedError

    def write_presence(self, item: Optional, is_present: bool, start: Position) -> list[Part]:
        """Write the presence octet of *item*."""
        raise NotImplementedError

    def write_of_value(self, item: Any, variable: str) -> str:
        """Give the expression of the text of an item by its value, and of the number of octets that the value takes."""
        raise NotImplementedError

    def write_grown(self, item: Any) -> Callable[..., tuple[str, int, Any]]:
        """Make the function that writes an item by way of its nodes: ``(o, a, e, s, seen, i[, f])``."""
        raise NotImplementedError

    # -- walking ------------------------------------------------------------------------------------------------

    def layer(self, layer: Any, seen: dict[str, str]) -> Found:
        """Walk all items of *layer*, which the forms then know."""
        self.layers.append(layer)
        self.known.append((self.name("d"), set()))
        if any(is_grown(getattr(item, "field", item)) for item in layer.items()):
            self.line(f"{self.known[-1][0]} = {{}}")
        found = super().layer(layer, seen)
        self.known.pop()
        self.layers.pop()
        return found

    def branch(self, head: str, variable: str, item: Any, seen: dict[str, str], keep: Keep) -> None:
        """Write a branch; what it tells of values read is known only there."""
        known, told = self.known[-1]
        self.known[-1] = known, set(told)
        super().branch(head, variable, item, seen, keep)
        self.known[-1] = known, told

    def item(self, item: Any, seen: dict[str, str]) -> Found:
        """Walk one item; what stands inside is a level deeper."""
        inside = 2 if isinstance(item, Choice) else int(isinstance(item, (Sequence, SequenceOf)))
        self.level += inside
        found = super().item(item, seen)
        self.level -= inside
        return found

    def around(self, up: int, name: str, kind: Kind, found: Found, start: Position, shown: Part = "") -> Found:
        """Write the node around what was found, *up* levels above the present one; it ends here."""
        self.level -= up
        whole = self.write_around(name, kind, found, start, self.here(), shown)
        self.level += up
        return whole

    def sequence(self, item: Sequence, found: Found, start: Position, stop: Position) -> Found:
        """Write the layer's node."""
        return self.around(1, item.asn1, Kind.WRAP if item.layer.wraps_one else Kind.SEQUENCE, found, start)

    def value(self, item: Any, seen: dict[str, str], start: Position) -> Found:
        """Walk an item of one value, by way of its nodes where it grows others than a leaf."""
        if not is_grown(item):
            return super().value(item, seen, start)
        if isinstance(item, OF_VALUE):
            return self.grown_of_value(item, seen)
        if isinstance(item, (Element, OtherElements)):
            return self.element(item)
        if isinstance(item, CheckSequence):
            return self.check_sequence(item, seen, start)
        variable, text = self.name(), self.name("x")
        known, told = self.known[-1]
        for name, one in seen.items():
            if name not in told:
                told.add(name)
                self.line(f"{known}[{name!r}] = {one}")
        inside = ", f" if isinstance(item, Carried) else ""
        write = self.constant(self.write_grown(item))
        self.line(f"{text}, a, {variable} = {write}(o, a, e, s, {known}, i{inside})")
        told.add(item.name)
        self.moved()
        seen[item.name] = variable
        return [Member("", [Code(text)])]

    def grown_of_value(self, item: Any, seen: dict[str, str]) -> Found:
        """Write the nodes from a table by value, where building the value gives as many octets as were read."""
        variable, text = self.name(), self.name("x")
        self.line(f"{variable}, n = {self.constant(item.read)}(o, a, e, NONE)")
        seen[item.name] = variable
        self.line(f"{text}, b = {self.write_of_value(item, variable)}")
        self.line("if b != n - a: raise WRONG")
        self.line("a = n")
        self.moved()
        return [Member("", [Code(text)])]

    def check_sequence(self, item: CheckSequence, seen: dict[str, str], start: Position) -> Found:
        """Write a check sequence that is there and good by its octets, any other by way of its node."""
        variable, text = self.name(), self.name("x")
        self.line(f"{variable}, n = {self.constant(item.read)}(o, a, e, NONE)")
        self.line(f"if n == a: {text} = ''")
        self.line(f"elif {self.constant(checks.fcs_is_good)}(o[s + (o[s] == {FLAG}):n]):")
        self.depth += 1
        found = self.write_leaf(item, self.write_good(variable), start, (start[0], start[1] + 2))
        self.line(f"{text} = {self.text(self.joined(found))}")
        self.depth -= 1
        self.line(f"else: {text} = {self.constant(self.write_grown(item))}(o, a, e, s, {{}}, i)[0]")
        self.line("a = n")
        self.moved()
        seen[item.name] = variable
        return [Member("", [Code(text)])]

    def element(self, item: Element | OtherElements) -> Found:
        """Write an element where its tag stands: from a table by place and octets, unless its length may be odd."""
        text = self.name("x")
        write = self.write_grown(item)
        grown = f"{text}, a, b = {self.constant(write)}(o, a, e, s, {{}}, i)"

        def make(key: tuple[int, str, bytes]) -> str:
            at, prefix, octets = key
            made: str = write(bytes(at) + octets, at, at + len(octets), at, {}, prefix)[0]
            return made

        self.line(f"{text} = ''")
        if isinstance(item, OtherElements):
            self.line("if a < e: raise WRONG")  # what is out of order is noted: that is left to the tree
        else:
            self.line(f"if a < e and o[a] == {item.tag}:")
            self.line("    n = a + 2 + o[a + 1]")
            self.line("    if o[a + 1] < 128 and (n == e or n + 2 < e):")
            self.line(f"        {text} = {self.constant(Memo(make, PLACES))}[a, i, o[a:n]]; a = n")
            self.line(f"    else: {grown}")
        self.moved()
        return [Member("", [Code(text)])]

    def leaf(self, item: Any, variable: str, start: Position, stop: Position) -> Found:
        """Write the value by what its field grows."""
        own = type(item).grow
        if isinstance(item, DataField):
            data: Found = [Member(None, [self.separator, Code(variable)])]
            return data if item.inline else self.write_around(item.asn1, Kind.WRAP, data, start, stop)
        if own in (Constant.grow, Length.grow):
            if own is Length.grow and item.quirk:  # a leniency is noted: that is left to the tree
                self.line(f"if {self.constant(item.limit)}({variable}, o, a, e) != a + {variable}: raise WRONG")
            return self.write_hidden(item, variable, start, stop)
        if own is House.grow:
            return self.write_leaf(item, self.write_value(item, variable), start, stop)
        return self.write_bits(item, variable, start, stop)

    def data(self, item: DataField, variable: str) -> None:
        """Write one Data."""
        self.constants["DATA"] = self.data_form.read
        self.line(f"{variable}, a = {self.write_data(self.level + (not item.inline))}")

    def keep(self, variable: str, item: Any, found: Found, start: Position) -> None:
        """Put the text of a branch into *variable*."""
        self.line(f"{variable} = {self.text(self.joined(found))}")

    def joined(self, found: Found) -> list[Part]:
        """Give the parts of all that was found, each with what stands before it."""
        return [part for member in found for part in member.parts]

    def stripped(self, parts: list[Part]) -> list[Part]:
        """Take the first separator away."""
        if not parts:
            return parts
        first = parts[0]
        if isinstance(first, str) and first.startswith(self.separator):
            return [first[len(self.separator) :], *parts[1:]]
        variable = self.name("x")
        self.line(f"{variable} = {self.text(parts)}")
        return [Code(f"{variable}[{len(self.separator)}:]")]

    def absent(self, variable: str) -> None:
        """Write nothing."""
        self.line(f"{variable} = ''")

    def perhaps(self, item: Any, variable: str, start: Position) -> Found:
        """Take the text of the branches, after the presence octet where there is one."""
        text = Code(variable)
        if isinstance(item, Choice):
            return self.around(2, item.asn1, Kind.CHOICE, [Member("", [self.separator, text])], start)
        if not isinstance(item, Optional):
            return [Member("", [text])]
        flag = self.name("x")
        for head, is_present in ((f"if {variable}:", True), ("else:", False)):
            parts = self.write_presence(item, is_present, start)
            if not parts:
                return [Member("", [text])]
            self.line(head)
            self.depth += 1
            self.line(f"{flag} = {self.text(parts)}")
            self.depth -= 1
        return [Member("", [Code(flag), text])]

    def keep_alternative(self, variable: str, tag: str, layer: Any, found: Found, start: Position) -> None:
        """Keep the text of the alternative's node."""
        kind = Kind.WRAP if layer.wraps_one else Kind.SEQUENCE
        whole = self.around(1, layer.asn1, kind, found, start)
        self.line(f"{variable} = {self.text(self.stripped(self.joined(whole)))}")

    def listed(self, item: SequenceOf, variable: str, count: str, start: Position, first: Position) -> Found:
        """Join the texts of the items."""
        text = self.name("x")
        self.line(f"{text} = ''.join({variable})")
        shown, head = self.write_count(item, count, start, first)
        return self.around(1, item.asn1, Kind.SEQUENCE_OF, [*head, Member("", [Code(text)])], start, shown)

    # -- text ---------------------------------------------------------------------------------------------------

    def tabled(self, item: Any, write: Callable[[Any], str], variable: str) -> list[Part]:
        """Give what *write* makes of a value, from a table unless it is a string of any length."""
        is_long = isinstance(item, Varying)
        return [Code(f"{self.constant(write)}({variable})" if is_long else f"{self.constant(Memo(write))}[{variable}]")]

    def text(self, parts: list[Part]) -> str:
        """Give the expression that joins *parts*, after the lines that fetch what is rendered once a place."""
        expression, segments = assemble(parts)
        for base, known in segments.items():
            names = ", ".join(f"q{base}_{number}" for number in range(len(known)))
            self.line(f"{names}, = {self.constant(Memo(renderer(known), PLACES))}[{base}]")
        return expression


class Placeless(TextWalk):
    """A form that shows no octet offsets."""

    def write_presence(self, item: Optional, is_present: bool, start: Position) -> list[Part]:
        """Write nothing."""
        return []
