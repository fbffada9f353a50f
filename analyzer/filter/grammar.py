"""A filter's text to its parts: comparisons, bare words, and how they are joined. The operators are Wireshark's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer.filter.elsewhere import instead_of_function, instead_of_operator
from captures.chunk import DlmsharkError

if TYPE_CHECKING:
    from lark import Lark, Token

_GRAMMAR = r"""
start: either
?either: both (_OR both)*
?both: not (_AND not)*
?not: _NOT not -> negated | atom
?atom: "(" either ")" | comparison | bare
bare: value
comparison: field OPERATOR value | field (_IN | NOT_IN) "{" member (COMMA? member)* "}"
field: WORD ("[" WORD "]")?
member: value
value: WORD -> word | QUOTED -> quoted

_OR.2: /\|\||or(?![^\s()!{}"'])/i
_AND.2: /&&|and(?![^\s()!{}"'])/i
_NOT.2: /!(?![=~])|not(?![^\s()!{}"'])/i
NOT_IN.3: /not\s+in(?![^\s({])/i
_IN.2: /in(?![^\s({])/i
OPERATOR.2: /===|==|!=|!==|>=|<=|>|<|~|(?:eq|any_eq|ne|all_ne|gt|ge|lt|le|contains|matches)(?![^\s("'])/i
COMMA: ","
QUOTED: /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[“„][^“”]*[“”]|‘[^‘’]*’/
WORD: /[^\s()\[\]{}=!<>&|,"'~“”„‘]+/
%ignore /\s+/
"""
_OPERATORS = {
    "===": "==", "eq": "==", "any_eq": "==", "ne": "!=", "all_ne": "!=", "!==": "!=", "gt": ">", "ge": ">=", "lt": "<",
    "le": "<=", "~": "matches",
}  # fmt: skip
_EXPECTED = {
    "WORD": "a name or value", "QUOTED": "a text in quotes", "OPERATOR": "an operator such as ==", "_OR": "or",
    "_AND": "and", "_NOT": "not", "_IN": "in", "LPAR": "(", "RPAR": ")", "LSQB": "[", "RSQB": "]", "LBRACE": "{",
    "RBRACE": "}", "$END": "the end", "COMMA": ",",
}  # fmt: skip

_RANGE = "a range is 1..4, without a comma"


class FilterError(DlmsharkError):
    """A filter is wrong: one line that says what was expected; *position* and *length* say where in its text.

    *advice* is the part of that line which says what to write instead; empty where that is not known.
    """

    def __init__(self, message: str, position: int, length: int = 1, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.length = length
        self.advice = advice


class Literal(NamedTuple):
    """A value as it was written, at *position*; quoted ones are never numbers, names or ranges."""

    text: str
    position: int
    is_quoted: bool = False

    @property
    def length(self) -> int:
        """How long it is as it was written, without backslashes."""
        return len(self.text) + 2 * self.is_quoted


class Comparison(NamedTuple):
    """A field, an operator, and one value, or for ``in`` several; *part* is the slice in brackets, if any."""

    field: str
    position: int
    operator: str
    values: tuple[Literal, ...]
    part: Literal | None = None


class Bare(NamedTuple):
    """A word that stands for itself."""

    word: Literal


class Joined(NamedTuple):
    """Parts joined by ``and`` or ``or``."""

    is_and: bool
    parts: tuple[Part, ...]


class Negated(NamedTuple):
    """What is not so."""

    part: Part


Part = Comparison | Bare | Joined | Negated


def parse(text: str) -> Part | None:
    """Read *text*; None where it is empty: all records are meant. Raises: FilterError."""
    if not text.strip():
        return None
    from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken

    try:
        tree = _parser().parse(text)
    except UnexpectedToken as problem:
        raise _unexpected(text, problem.token, problem.accepts or problem.expected) from None
    except UnexpectedCharacters as problem:
        raise _character(text, problem.pos_in_stream or 0) from None
    except UnexpectedEOF:
        raise FilterError("the filter ends too early", len(text)) from None
    return _part(tree.children[0])


@cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr", lexer="contextual", propagate_positions=False)


def _character(text: str, position: int) -> FilterError:
    """Say what is wrong with one character."""
    found = text[position]
    if found == "=":
        return FilterError("= compares nothing: == was expected", position)
    if found in "\"'":
        return FilterError(f"the text that begins with {found} has no end", position, len(text) - position)
    if found in "&|":
        return FilterError(f"{found * 2} was expected, not {found}", position)
    return FilterError(f"nothing was expected that begins with {found}", position)


def _unexpected(text: str, token: Token, expected: set[str]) -> FilterError:
    """Say what was expected in the place of *token*."""
    names = [name for kind, name in _EXPECTED.items() if kind in expected]
    wanted = ", ".join(names[:-1]) + (" or " if len(names) > 1 else "") + names[-1] if names else "something else"
    if token.type == "$END":
        return FilterError(f"{wanted} is missing at the end", len(text))
    position = token.start_pos or 0
    if token == "=":
        return _character(text, position)
    told = instead_of_function(text, position) if token == "(" else instead_of_operator(str(token))
    if told:
        return FilterError(told, position, len(token), told.rpartition("no functions; ")[2])
    is_more = token.type == "WORD" and {"$END", "_OR"} <= expected and "OPERATOR" not in expected
    advice = "a text with blanks stands in quotes" if is_more and text[position - 1 : position].isspace() else ""
    more = f"; {advice}" if advice else ""
    return FilterError(f"{wanted} was expected, not {str(token)!r}{more}", position, len(token), advice)


def _part(tree: Any) -> Part:
    """Give the parts of a tree of the parser."""
    kind, children = tree.data, tree.children
    if kind in ("either", "both"):
        return Joined(kind == "both", tuple(map(_part, children)))
    if kind == "negated":
        return Negated(_part(children[0]))
    if kind == "bare":
        return Bare(_literal(children[0]))
    field = children[0].children
    part = Literal(str(field[1]), field[1].start_pos) if len(field) > 1 else None
    is_negated = getattr(children[1], "type", "") == "NOT_IN"
    if getattr(children[1], "type", "") == "OPERATOR":
        operator = str(children[1]).lower()
        values: Sequence[Any] = (children[2],)
    else:
        operator = "in"
        values = [one if getattr(one, "type", "") == "COMMA" else one.children[0] for one in children[1 + is_negated :]]
    operator = _OPERATORS.get(operator, operator)
    literals = _ranged(values)
    found = Comparison(str(field[0]), field[0].start_pos, operator, tuple(literals), part)
    return Negated(found) if is_negated else found


def _ranged(values: Sequence[Any]) -> list[Literal]:
    """Read values, and join the ends of ranges that stand in quotes, or with blanks around their dots.

    Raises: FilterError where a comma stands beside the dots.
    """
    found: list[Literal] = []
    is_open = is_parted = False
    for value in values:
        if getattr(value, "type", "") == "COMMA":
            is_parted = True
            continue
        one = _literal(value)
        begins = not one.is_quoted and one.text.startswith("..") and bool(found)
        if (begins or is_open) and is_parted:
            raise FilterError(f"no comma was expected beside ..: {_RANGE}", one.position, one.length, _RANGE)
        if begins or is_open:
            found[-1] = Literal(found[-1].text + one.text, found[-1].position)
        else:
            found.append(one)
        is_open, is_parted = not one.is_quoted and one.text.endswith(".."), False
    return found


def _literal(tree: Any) -> Literal:
    token = tree.children[0]
    if tree.data == "word":
        return Literal(str(token), token.start_pos)
    return Literal(_unescaped(str(token)[1:-1]), token.start_pos, True)


def _unescaped(text: str) -> str:
    """Take backslashes away before quotes and themselves; elsewhere they belong to what is matched."""
    for quote in ('"', "'", "\\"):
        text = text.replace(f"\\{quote}", quote)
    return text
