"""The walk that every generated engine shares: writes the source of a function that reads a layer of fields.

Fixed fields and groups of bits that stand together fold into one struct, over the borders of SEQUENCEs, for these add
no octets. What has no fixed size calls the field's own reader. A generated function raises on the first problem; the
tree engine, run over the same octets, then says what it was.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from struct import error as struct_error
from typing import Any

from dissectors import axdr
from dissectors.composites import Choice, IfLeft, Optional, Sequence, SequenceOf, When
from dissectors.data_field import DataField
from dissectors.fields import Constant, Octets, OctetString
from dissectors.regions import AUTHENTICATED, TAG_SIZE, Ciphered, Length
from dissectors.tree import Problem


class Short(Problem):
    """Too few octets; raised as a class, for one instance raised again and again would keep every frame it passed."""

    def __init__(self) -> None:
        super().__init__(0, "too few octets", is_short=True)


class Wrong(Problem):
    """Not this layer, or octets left over in a region."""

    def __init__(self) -> None:
        super().__init__(0, "not this layer")


FAILURES = (Problem, IndexError, struct_error)
"""What a generated function may raise."""

Found = list[Any]
"""What became of the items walked: values of the scan, parts of a text."""
Position = tuple[str, int]
"""An octet offset: a variable of the generated function, and the octets after it."""

Keep = Callable[[str, Any, Found, Position], None]


class Walk:
    """Writes the source that walks a layer's octets; what becomes of a value is up to the hooks of the subclass.

    The function written has the octets in ``o``, its place in ``a`` and the end of the present region in ``e``.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {
            "skip": axdr.skip_data, "length": axdr.scan_length, "NONE": {},
            "SHORT": Short, "WRONG": Wrong, "LEFT": Wrong,
        }  # fmt: skip
        self.depth = 1
        self.counter = 0
        self.run: list[tuple[Any, str]] = []

    # -- hooks --------------------------------------------------------------------------------------------------

    def leaf(self, item: Any, variable: str, start: Position, stop: Position) -> Found:
        """Take the value of an item of one value."""
        raise NotImplementedError

    def sequence(self, item: Sequence, found: Found, start: Position, stop: Position) -> Found:
        """Take what was found in a SEQUENCE."""
        raise NotImplementedError

    def keep(self, variable: str, item: Any, found: Found, start: Position) -> None:
        """Write the lines that put what was found of *item*, in one branch, into *variable*."""
        raise NotImplementedError

    def keep_one(self, variable: str, item: Any, found: Found, start: Position) -> None:
        """Write the lines that put what was found of an item of a list into *variable*."""
        self.keep(variable, item, found, start)

    def keep_alternative(self, variable: str, tag: str, layer: Any, found: Found, start: Position) -> None:
        """Write the lines that put what was found of an alternative into *variable*."""
        raise NotImplementedError

    def absent(self, variable: str) -> None:
        """Write the line that says that nothing was found."""
        self.line(f"{variable} = None")

    def perhaps(self, item: Any, variable: str, start: Position) -> Found:
        """Take what the branches of *item* put into *variable*."""
        raise NotImplementedError

    def listed(self, item: SequenceOf, variable: str, count: str, start: Position, first: Position) -> Found:
        """Take the list of what :meth:`keep` made of each item."""
        raise NotImplementedError

    def here(self) -> Position:
        """Tell the present place; the scan has no use for it."""
        return "", 0

    def moved(self) -> None:
        """Learn that a number of octets known only when the function runs was passed."""

    def passed(self, size: int) -> None:
        """Learn that *size* octets were passed."""

    # -- writing ------------------------------------------------------------------------------------------------

    def line(self, text: str) -> None:
        """Write one line at the present indent, after what is pending."""
        if self.run:
            self.flush()
        self.lines.append("    " * self.depth + text)

    def name(self, stem: str = "v") -> str:
        """Invent a variable."""
        self.counter += 1
        return f"{stem}{self.counter}"

    def constant(self, value: Any) -> str:
        """Give *value* a name in the function's globals."""
        name = self.name("K")
        self.constants[name] = value
        return name

    def flush(self) -> None:
        """Write the reading of the pending fixed items with one struct; constants are compared."""
        run, self.run = self.run, []
        if not run:
            return
        packed = Struct(">" + "".join(item.code for item, _ in run))
        checks = [f"{one} != {item.default}" for item, one in run if isinstance(item, Constant)]
        self.line(f"n = a + {packed.size}")
        self.line("if n > e: raise SHORT")
        if packed.format == ">B":
            self.line(f"{run[0][1]} = o[a]")
        elif len(run) == 1 and isinstance(run[0][0], Octets) and not checks:
            self.line(f"{run[0][1]} = o[a:n]")
        else:
            self.line(f"{', '.join(one for _, one in run)}, = {self.constant(packed.unpack_from)}(o, a)")
        if checks:
            self.line(f"if {' or '.join(checks)}: raise WRONG")
        self.line("a = n")

    # -- walking ------------------------------------------------------------------------------------------------

    def layer(self, layer: Any, seen: dict[str, str]) -> Found:
        """Walk all items of *layer*; *seen* takes the variables of its values."""
        found: Found = []
        outer = ""
        for item in layer.items():
            if item.is_beyond and outer:
                self.leave(outer)
                outer = ""
            found += self.item(item, seen)
            if item.narrows:
                outer = self.name("e")
                self.line(f"{outer} = e")
                self.narrow(item, seen[item.name])
        if outer:
            self.leave(outer)
        return found

    def leave(self, outer: str) -> None:
        """Leave a region, of which nothing may be left over."""
        self.line("if a != e: raise LEFT")
        self.line(f"e = {outer}")

    def narrow(self, item: Any, variable: str) -> None:
        """Bound what follows by the length in *variable*."""
        call = f"n = {self.constant(item.limit)}({variable}, o, a, e)"
        if isinstance(item, Length):
            self.line(f"n = a + {variable}")
            if item.quirk:
                self.line(f"if n != e: {call}")
        else:
            self.line(call)
        self.line("if n > e: raise SHORT")
        self.line("e = n")

    def item(self, item: Any, seen: dict[str, str]) -> Found:
        """Walk one item."""
        start = self.here()
        if isinstance(item, Sequence):
            found = self.layer(item.layer, {})
            return self.sequence(item, found, start, self.here())
        if isinstance(item, Optional):
            return self.optional(item, seen, start)
        if isinstance(item, When):
            return self.when(item, seen, start)
        if isinstance(item, Choice):
            return self.choice(item, start)
        if isinstance(item, SequenceOf):
            return self.sequence_of(item, start)
        return self.value(item, seen, start)

    def value(self, item: Any, seen: dict[str, str], start: Position) -> Found:
        """Walk an item of one value."""
        variable = self.name()
        if getattr(item, "code", ""):
            self.run.append((item, variable))
            self.passed(Struct(">" + item.code).size)
        else:
            if isinstance(item, DataField):
                self.data(item, variable)
            elif isinstance(item, OctetString) and type(item).read is OctetString.read:
                self.octet_string(variable)
            elif isinstance(item, Length):
                self.line("if a >= e: raise SHORT")
                self.line(f"{variable} = o[a]; a += 1")
                self.line(f"if {variable} > 127: {variable}, a = length(o, a - 1, e)")
            elif isinstance(item, Ciphered):
                control = seen[_looked_up(item)]
                self.line(f"n = e - {TAG_SIZE} if {control} & {AUTHENTICATED} else e")
                self.line("if n < a: raise SHORT")
                self.line(f"{variable} = o[a:n]; a = n")
            else:
                wanted = self.mapping(seen) if item.looks_back else "NONE"
                call = f"{variable}, a = {self.constant(item.scan_value)}(o, a, e, {wanted})"
                if item.absent_unless is None:
                    self.line(call)
                else:
                    self.line(f"if a < e and o[a] == {item.absent_unless}: {call}")
                    self.line(f"else: {variable} = None")
            self.moved()
        seen[item.name] = variable
        return self.leaf(item, variable, start, self.here())

    def mapping(self, seen: dict[str, str]) -> str:
        """Write the dictionary of the values read before."""
        return "{" + ", ".join(f"{name!r}: {one}" for name, one in seen.items()) + "}"

    def data(self, item: DataField, variable: str) -> None:
        """Pass over one Data; its span is the value."""
        if item.untagged:
            self.constants.setdefault("spans", _span_of_data)
            self.line(f"{variable}, a = spans({self.constant(item)}, o, a, e)")
        else:
            self.line(f"n = skip(o, a, e); {variable} = (a, n); a = n")

    def octet_string(self, variable: str) -> None:
        """Read a length and its octets, the short form inline."""
        self.line("if a >= e: raise SHORT")
        self.line("n = o[a]; a += 1")
        self.line("if n > 127: n, a = length(o, a - 1, e)")
        self.line("n += a")
        self.line("if n > e: raise SHORT")
        self.line(f"{variable} = o[a:n]; a = n")

    def branch(self, head: str, variable: str, item: Any, seen: dict[str, str], keep: Keep) -> None:
        """Write a branch that reads *item* into *variable*."""
        self.line(head)
        self.depth += 1
        start = self.here()
        found = self.item(item, dict(seen))
        self.flush()
        keep(variable, item, found, start)
        self.depth -= 1
        self.moved()

    def optional(self, item: Optional, seen: dict[str, str], start: Position) -> Found:
        """Read the presence octet and, under it, the field."""
        variable = self.name()
        self.line("if a >= e: raise SHORT")
        self.line("n = o[a]; a += 1")
        self.passed(1)
        self.line("if n == 0:")
        self.depth += 1
        self.absent(variable)
        self.depth -= 1
        self.branch("elif n == 1:", variable, item.field, seen, self.keep)
        self.line("else: raise WRONG")
        return self.perhaps(item, variable, start)

    def when(self, item: When, seen: dict[str, str], start: Position) -> Found:
        """Read a field under its condition."""
        variable = self.name()
        mask = "" if item.mask == -1 else f" & {item.mask}"
        condition = "a < e" if isinstance(item, IfLeft) else f"{seen[item.on]}{mask} == {item.equals}"
        self.branch(f"if {condition}:", variable, item.field, seen, self.keep)
        self.line("else:")
        self.depth += 1
        self.absent(variable)
        self.depth -= 1
        return self.perhaps(item, variable, start)

    def choice(self, item: Choice, start: Position) -> Found:
        """Branch over the tag octet."""
        variable, tag = self.name(), self.name("t")
        self.line("if a >= e: raise SHORT")
        self.line(f"{tag} = o[a]")
        word = "if"
        for value, layer in item.alternatives.items():
            self.line(f"{word} {tag} == {value}:")
            word = "elif"
            self.depth += 1
            begin = self.branched(start)
            found = self.layer(layer, {})
            self.flush()
            self.keep_alternative(variable, tag, layer, found, begin)
            self.depth -= 1
        self.line("else: raise WRONG")
        self.moved()
        return self.perhaps(item, variable, start)

    def branched(self, start: Position) -> Position:
        """Go back to *start*, where the next branch begins."""
        return start

    def sequence_of(self, item: SequenceOf, start: Position) -> Found:
        """Loop over the items; the count allocates nothing."""
        variable, count, one = self.name(), self.name("c"), self.name()
        self.line(f"{count}, a = length(o, a, e)")
        self.moved()
        first = self.here()
        self.line(f"{variable} = []")
        self.moved()
        self.branch(f"for _ in range({count}):", one, item.item, {}, self.keep_one)
        self.depth += 1
        self.line(f"{variable}.append({one})")
        self.depth -= 1
        return self.listed(item, variable, count, start, first)

    def function(self, name: str, body_result: str, more: str = "") -> tuple[Callable[..., Any], str]:
        """Compile what was written into a function *name*, with *more* parameters."""
        self.flush()
        source = f"def {name}(o, a, e{more}):\n" + "\n".join(self.lines) + f"\n    return {body_result}\n"
        scope = dict(self.constants)
        exec(compile(source, f"<generated {name}>", "exec"), scope)
        function: Callable[..., Any] = scope[name]
        return function, source


class _Recorder(dict[str, int]):
    """Stands for values read before and remembers whose was asked for."""

    last = ""

    def __missing__(self, key: str) -> int:
        self.last = key
        return 0


def _looked_up(item: Any) -> str:
    """Find the name of the value read before that *item* looks at."""
    seen = _Recorder()
    item.read(b"", 0, 0, seen)
    return seen.last


def _span_of_data(item: DataField, octets: bytes, at: int, end: int) -> tuple[tuple[int, int], int]:
    after = item.scan(octets, at, end)[1]
    return (at, after), after
