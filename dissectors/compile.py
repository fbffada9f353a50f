"""Generates one function a layer out of its ``fields_desc``: the walk that every generated engine shares, and the scan.

Fixed fields and groups of bits that stand together fold into one struct; a SEQUENCE inside is inlined, for it adds no
octets. What has no fixed size calls the field's own reader. A generated function raises on the first problem; the tree
engine, run over the same octets, then says what it was.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from struct import error as struct_error
from typing import Any, NamedTuple

from dissectors import axdr
from dissectors.composites import Choice, IfLeft, Optional, Sequence, SequenceOf, When
from dissectors.data import DataField
from dissectors.fields import Constant, OctetString
from dissectors.regions import Ciphered, Length
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


class Scan(NamedTuple):
    """The generated scan of a layer: ``function(octets, at, end) -> (values, next octet)``, and the values' names.

    A Data stands as its ``(start, end)`` span; a CHOICE as ``(tag, values)``; a SEQUENCE's values inline, dotted.
    """

    function: Callable[[bytes, int, int], tuple[tuple[Any, ...], int]]
    names: tuple[str, ...]
    source: str


class Walk:
    """Writes the source that walks a layer's octets; what to do with a value is up to the subclass."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {
            "skip": axdr.skip_data, "length": axdr.scan_length, "SHORT": Short, "WRONG": Wrong, "LEFT": Wrong, "NONE": {},
        }  # fmt: skip
        self.depth = 1
        self.counter = 0

    # -- writing ------------------------------------------------------------------------------------------------

    def line(self, text: str) -> None:
        """Write one line at the present indent."""
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

    # -- walking ------------------------------------------------------------------------------------------------

    def layer(self, layer: Any, prefix: str, seen: dict[str, str]) -> list[tuple[str, str]]:
        """Walk all items of *layer*. Returns the names and variables of its values in order."""
        values: list[tuple[str, str]] = []
        run: list[Any] = []
        outer = ""
        for item in layer.items():
            if getattr(item, "code", "") and not item.is_beyond:
                run.append(item)
                if not item.narrows:
                    continue
            values += self.fixed(run, prefix, seen)
            run = []
            if item.narrows:
                outer = self.name("e")
                self.line(f"{outer} = e")
                self.narrow(item, values, prefix)
                continue
            if item.is_beyond and outer:
                self.line(f"if a != e: raise LEFT\n{'    ' * self.depth}e = {outer}")
                outer = ""
            found = self.item(item, prefix, seen)
            values += found
            if len(found) == 1:
                seen[item.name] = found[0][1]
        values += self.fixed(run, prefix, seen)
        if outer:
            self.line(f"if a != e: raise LEFT\n{'    ' * self.depth}e = {outer}")
        return values

    def fixed(self, run: list[Any], prefix: str, seen: dict[str, str]) -> list[tuple[str, str]]:
        """Read a run of fixed items with one struct; constants are compared."""
        if not run:
            return []
        values = []
        variables: list[str] = []
        checks: list[str] = []
        code = ">"
        for item in run:
            variable = self.name()
            code += item.code
            variables.append(variable)
            seen[item.name] = variable
            values.append((prefix + item.name, variable))
            if isinstance(item, Constant):
                checks.append(f"{variable} != {item.default}")
        packed = Struct(code)
        self.line(f"n = a + {packed.size}")
        self.line("if n > e: raise SHORT")
        self.line(f"{', '.join(variables)}, = {self.constant(packed.unpack_from)}(o, a)")
        if checks:
            self.line(f"if {' or '.join(checks)}: raise WRONG")
        self.line("a = n")
        return values

    def narrow(self, item: Any, values: list[tuple[str, str]], prefix: str) -> None:
        """Bound what follows by a length, read here or in the run of fixed items before."""
        if item.code:
            variable = values[-1][1]
        else:
            variable = self.name()
            self.line(f"{variable}, a = length(o, a, e)")
            values.append((prefix + item.name, variable))
        is_plain = isinstance(item, Length) and not item.quirk
        self.line(f"n = a + {variable}" if is_plain else f"n = {self.constant(item.limit)}({variable}, o, a, e)")
        self.line("if n > e: raise SHORT")
        self.line("e = n")

    def item(self, item: Any, prefix: str, seen: dict[str, str]) -> list[tuple[str, str]]:
        """Walk one item of no fixed size."""
        if isinstance(item, Sequence):
            return self.layer(item.layer, f"{prefix}{item.name}.", {})
        variable = self.name()
        if isinstance(item, DataField):
            self.data(item, variable)
        elif isinstance(item, OctetString) and type(item).read is OctetString.read:
            self.octet_string(variable)
        elif isinstance(item, Optional):
            self.optional(item, variable, seen)
        elif isinstance(item, When):
            self.when(item, variable, seen)
        elif isinstance(item, Choice):
            self.choice(item, variable)
        elif isinstance(item, SequenceOf):
            self.sequence_of(item, variable)
        elif isinstance(item, Ciphered):
            self.line(f"n = e - 12 if {seen['security_control']} & 16 else e")
            self.line("if n < a: raise SHORT")
            self.line(f"{variable} = o[a:n]; a = n")
        else:
            wanted = "NONE"
            if item.looks_back:
                wanted = "{" + ", ".join(f"{name!r}: {one}" for name, one in seen.items()) + "}"
            self.line(f"{variable}, a = {self.constant(item.read)}(o, a, e, {wanted})")
        return [(prefix + item.name, variable)]

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

    def inner(self, item: Any, seen: dict[str, str]) -> str:
        """Walk the one item of a composite. Returns the expression of its value."""
        is_fixed = bool(getattr(item, "code", ""))
        found = self.fixed([item], "", dict(seen)) if is_fixed else self.item(item, "", dict(seen))
        if isinstance(item, Sequence):
            return "(" + ", ".join(one for _, one in found) + ",)"
        return found[0][1]

    def optional(self, item: Optional, variable: str, seen: dict[str, str]) -> None:
        """Read the presence octet and, under it, the field."""
        self.line("if a >= e: raise SHORT")
        self.line("n = o[a]; a += 1")
        self.line("if n == 0:")
        self.line(f"    {variable} = None")
        self.line("elif n == 1:")
        self.depth += 1
        self.line(f"{variable} = {self.inner(item.field, seen)}")
        self.depth -= 1
        self.line("else: raise WRONG")

    def when(self, item: When, variable: str, seen: dict[str, str]) -> None:
        """Read a field under its condition."""
        if isinstance(item, IfLeft):
            condition = "a < e"
        else:
            mask = "" if item.mask == -1 else f" & {item.mask}"
            condition = f"{seen[item.on]}{mask} == {item.equals}"
        self.line(f"if {condition}:")
        self.depth += 1
        self.line(f"{variable} = {self.inner(item.field, seen)}")
        self.depth -= 1
        self.line(f"else: {variable} = None")

    def choice(self, item: Choice, variable: str) -> None:
        """Branch over the tag octet."""
        self.line("if a >= e: raise SHORT")
        tag = self.name("t")
        self.line(f"{tag} = o[a]")
        word = "if"
        for value, layer in item.alternatives.items():
            self.line(f"{word} {tag} == {value}:")
            word = "elif"
            self.depth += 1
            found = self.layer(layer, "", {})
            self.line(f"{variable} = ({tag}, ({', '.join(one for _, one in found)},))")
            self.depth -= 1
        self.line("else: raise WRONG")

    def sequence_of(self, item: SequenceOf, variable: str) -> None:
        """Loop over the items; the count allocates nothing."""
        count = self.name("c")
        self.line(f"{count}, a = length(o, a, e)")
        self.line(f"{variable} = []")
        self.line(f"for _ in range({count}):")
        self.depth += 1
        self.line(f"{variable}.append({self.inner(item.item, {})})")
        self.depth -= 1

    def function(self, name: str, body_result: str) -> tuple[Callable[..., Any], str]:
        """Compile what was written into a function *name*."""
        source = f"def {name}(o, a, e):\n" + "\n".join(self.lines) + f"\n    return {body_result}\n"
        scope = dict(self.constants)
        exec(compile(source, f"<scan {name}>", "exec"), scope)
        function: Callable[..., Any] = scope[name]
        return function, source


def compile_scan(layer: Any) -> Scan:
    """Generate the scan of *layer*."""
    walk = Walk()
    values = walk.layer(layer, "", {})
    result = "(" + "".join(f"{variable}, " for _, variable in values) + "), a"
    function, source = walk.function(layer.__name__, result)
    return Scan(function, tuple(name for name, _ in values), source)


def _span_of_data(item: DataField, octets: bytes, at: int, end: int) -> tuple[tuple[int, int], int]:
    after = item.scan(octets, at, end)[1]
    return (at, after), after


_SCANS: dict[Any, Scan] = {}


def scan(layer: Any) -> Scan:
    """Give the generated scan of *layer*, made at first use."""
    known = _SCANS.get(layer)
    if known is None:
        known = _SCANS[layer] = compile_scan(layer)
    return known
