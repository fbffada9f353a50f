"""Errors in place of an answer: confirmedServiceError and exception-response. Source: IEC 62056-5-3."""

from __future__ import annotations

from typing import Any

from dissectors.composites import When
from dissectors.enumerations import (
    CONFIRMED_SERVICE,
    EXCEPTION_SERVICE_ERROR,
    EXCEPTION_STATE_ERROR,
    SERVICE_ERROR,
    SERVICE_ERROR_CLASS,
)
from dissectors.fields import Constant, Number
from dissectors.pdu import Layer
from dissectors.registry import apdu
from dissectors.tree import Kind, Node


class ServiceErrorValue(Number):
    """The error number, named by the class before it."""

    __slots__: list[str] = []

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the number with its name."""
        value, after = self.read(octets, at, end, seen)
        name = named_error(seen["error_class"], value)
        parent.add(Node(self.asn1, Kind.LEAF, at * 8, after * 8, name, f"{name} ({value})"))
        return after

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept the identifier where the packet tells the class."""
        if isinstance(x, str) and pkt is not None:
            table = SERVICE_ERROR.get(SERVICE_ERROR_CLASS.get(pkt.error_class, ""), {})
            for number, name in table.items():
                if name == x:
                    return number
            raise ValueError(f"{x!r} is none of {', '.join(table.values())}")
        return x


def named_error(error_class: int, value: int) -> str | int:
    """Give the identifier of a service error; its number where none is assigned."""
    return SERVICE_ERROR.get(SERVICE_ERROR_CLASS.get(error_class, ""), {}).get(value, value)


@apdu(0x0E, "confirmedServiceError")
class ConfirmedServiceError(Layer):
    """A short-name or initiate service failed: which service, which class of error, which error."""

    fields_desc = [
        Constant("apdu_tag", 0x0E),
        Number("service", "B", 1, table=CONFIRMED_SERVICE),
        Number("error_class", "B", 6, table=SERVICE_ERROR_CLASS),
        ServiceErrorValue("error", "B", 1),
    ]

    @staticmethod
    def json_shape(members: dict[str, Any]) -> Any:
        """Nest service, class and error as the ASN.1 has them."""
        if len(members) < 3 or any(isinstance(value, dict) for value in members.values()):
            return members
        return {str(members["service"]): {str(members["error-class"]): members["error"]}}

    @staticmethod
    def json_members(form: dict[str, Any]) -> dict[str, Any]:
        """Give the members that `json_shape` nested; numbers without a name are keys in digits."""
        inner = next(iter(form.values())) if len(form) == 1 else None
        if not isinstance(inner, dict) or len(inner) != 1:
            return form
        names = (int(one) if one.isdecimal() else one for one in (*form, *inner))
        return dict(zip(("service", "error-class", "error"), (*names, *inner.values()), strict=True))

    @classmethod
    def from_value(cls, value: Any) -> Any:
        """Make the layer from its fields, or from its JSON form."""
        return super().from_value(cls.json_members(value) if isinstance(value, dict) else value)


@apdu(0xD8, "exception-response")
class ExceptionResponse(Layer):
    """The server cannot process the request; error 6 carries the counter that it expects at least."""

    fields_desc = [
        Constant("apdu_tag", 0xD8),
        Number("state_error", "B", 1, table=EXCEPTION_STATE_ERROR),
        Number("service_error", "B", 1, table=EXCEPTION_SERVICE_ERROR),
        When(Number("invocation_counter", "I"), on="service_error", equals=6),
    ]
