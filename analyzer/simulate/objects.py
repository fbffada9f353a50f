"""COSEM objects of a simulated meter: attributes that may follow time, methods, selective access.

Source: IEC 62056-6-2 (interface classes).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from analyzer.cosem.classes import first_method
from analyzer.simulate.forms import octet_string
from analyzer.simulate.sent import Form

SUCCESS = 0
READ_WRITE_DENIED = 3
OBJECT_UNDEFINED = 4
OBJECT_CLASS_INCONSISTENT = 9
TYPE_UNMATCHED = 12
OTHER_REASON = 250

Attribute = Form | Callable[[int], Form]
"""Data, or what gives it for a time in nanoseconds."""
Method = Callable[[Form, int], "tuple[int, Form | None]"]
"""Takes the parameter and the time in nanoseconds; gives an action-result and what it returns."""
Selection = Callable[[int, Form], "Form | int"]
"""Takes the access selector and its parameters; gives the Data selected, or a data-access-result."""


@dataclass(slots=True)
class CosemObject:
    """One object. *base_name* is its short name (0: none); *written* takes what is written instead of its attribute."""

    class_id: int
    logical_name: bytes
    attributes: dict[int, Attribute]
    version: int = 0
    methods: dict[int, Method] = field(default_factory=dict)
    writable: frozenset[int] = frozenset()
    selections: dict[int, Selection] = field(default_factory=dict)
    base_name: int = 0
    written: dict[int, Callable[[Form, int], None]] = field(default_factory=dict)

    def read(self, attribute_id: int, now_ns: int, selection: tuple[int, Form] | None = None) -> Form | int:
        """Give an attribute's Data, or the data-access-result that says why not."""
        if attribute_id == 1:
            return octet_string(self.logical_name)
        if attribute_id not in self.attributes:
            return READ_WRITE_DENIED
        if selection is not None:
            chosen = self.selections.get(attribute_id)
            return chosen(*selection) if chosen else TYPE_UNMATCHED
        value = self.attributes[attribute_id]
        return value(now_ns) if callable(value) else value

    def write(self, attribute_id: int, value: Form, now_ns: int) -> int:
        """Store Data of the type that the attribute has; gives a data-access-result."""
        if attribute_id not in self.writable:
            return READ_WRITE_DENIED
        before = self.read(attribute_id, now_ns)
        if isinstance(before, dict) and before.keys() != value.keys():
            return TYPE_UNMATCHED
        if attribute_id in self.written:
            self.written[attribute_id](value, now_ns)
        else:
            self.attributes[attribute_id] = value
        return SUCCESS

    def invoke(self, method_id: int, parameter: Form, now_ns: int) -> tuple[int, Form | None]:
        """Invoke a method; gives an action-result and what it returns."""
        method = self.methods.get(method_id)
        return method(parameter, now_ns) if method else (READ_WRITE_DENIED, None)

    def short_name(self, attribute_id: int) -> int:
        """Give the short name of an attribute."""
        return self.base_name + 8 * (attribute_id - 1)

    def short_method(self, method_id: int) -> int:
        """Give the short name of a method."""
        return self.base_name + (first_method(self.class_id, self.version) or 0) + 8 * (method_id - 1)


def register(
    logical_name: bytes, value: Attribute, scaler: int, unit: int, *, reset: Method | None = None
) -> CosemObject:
    """Make a Register (class 3)."""
    return CosemObject(
        3,
        logical_name,
        {2: value, 3: {"structure": [{"integer": scaler}, {"enum": unit}]}},
        methods={1: reset} if reset else {},
    )


def data_object(logical_name: bytes, value: Attribute) -> CosemObject:
    """Make a Data object (class 1)."""
    return CosemObject(1, logical_name, {2: value})
