"""What every simulated client does: it asks, the meter answers, and each APDU joins the dialogue with its time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from analyzer.cosem.logical_name import obis_from_text
from analyzer.simulate.forms import octets_of
from analyzer.simulate.meter import Meter
from analyzer.simulate.secured import Side
from analyzer.simulate.security import Security
from analyzer.simulate.sent import MILLISECOND, TO_CLIENT, TO_METER, Form, Reading, Sent, Truth
from dissectors import registry
from dissectors.pdu import Layer


class Target(NamedTuple):
    """An attribute or method: class, OBIS code as text, number; of an attribute also selector and parameters."""

    class_id: int
    obis: str
    number: int = 2
    selection: tuple[int, Form] | None = None

    @property
    def attribute(self) -> dict[str, Any]:
        """Give the cosem-attribute-descriptor."""
        return {"class_id": self.class_id, "instance_id": obis_from_text(self.obis), "attribute_id": self.number}

    @property
    def method(self) -> dict[str, Any]:
        """Give the cosem-method-descriptor."""
        return {"class_id": self.class_id, "instance_id": obis_from_text(self.obis), "method_id": self.number}

    @property
    def access_selection(self) -> dict[str, Any] | None:
        """Give the access-selection."""
        if self.selection is None:
            return None
        return {"access_selector": self.selection[0], "access_parameters": self.selection[1]}

    def reading(self, value: Form) -> Reading:
        """Give the value with what it is the value of."""
        return Reading(self.class_id, obis_from_text(self.obis), self.number, value)


_PAUSE_MS = (8, 25)
"""How long a client waits before a request, at least and at most."""


class Speaker:
    """What every client does: it asks, the meter answers, and time goes by in between. All chance is seeded.

    Units: the meter thinks for milliseconds drawn from a range, as pauses before a request are from theirs;
    *carrying_ms* is what the carrier will add to an exchange and to each octet, so that clocks tell the capture's time.
    With *security* both sides protect what they say; the meter must have one too.
    """

    def __init__(
        self,
        meter: Meter,
        client: int,
        *,
        start_ns: int,
        seed: int,
        thinking_ms: tuple[int, int] = (25, 110),
        carrying_ms: tuple[float, float] = (0, 0),
        security: Security | None = None,
    ) -> None:
        self.meter, self.client = meter, client
        self.side = Side(security, TO_METER, seed=seed) if security else None
        self.dialogue: list[Sent] = []
        self.now_ns = start_ns
        self._chance = random.Random(seed)
        self._thinking_ms = thinking_ms
        self._carrying_ms = carrying_ms
        self._carried_ns = 0
        self._invoke_id = 0

    def say(
        self,
        direction: int,
        octets: bytes,
        values: Sequence[Reading] = (),
        service: bytes = b"",
        *,
        is_protected: bool = False,
    ) -> None:
        """Add an APDU to the dialogue, protected as this side does it unless it is already."""
        spoken = octets if is_protected else self.protect(direction, octets)
        found = registry.pick(spoken, 0, len(spoken))
        kind = found[0] if found else ""
        truth = Truth(kind, self.client, self.meter.server, (spoken,), service, tuple(values), (octets,))
        self.dialogue.append(Sent(self.now_ns, direction, spoken, truth))

    def protect(self, direction: int, octets: bytes) -> bytes:
        """Protect an APDU as the side that speaks does."""
        side = self.side if direction == TO_METER else self.meter.side
        return side.protect(octets) if side else octets

    def wait(self, milliseconds: float) -> None:
        """Let time go by."""
        self.now_ns += int(milliseconds * MILLISECOND)

    @property
    def clock_ns(self) -> int:
        """What a clock shows: the dialogue's time and what the carrier has added to it."""
        return self.now_ns + self._carried_ns

    def carried(self, octets: int, exchanges: int = 0) -> None:
        """Note that a carrier has had so many octets to carry."""
        exchange_ms, octet_ms = self._carrying_ms
        self._carried_ns += int((exchanges * exchange_ms + octets * octet_ms) * MILLISECOND)

    def think(self) -> None:
        """Let the meter think."""
        self.wait(self._chance.uniform(*self._thinking_ms))

    def pause(self) -> None:
        """Let the client pause."""
        self.wait(self._chance.uniform(*_PAUSE_MS))

    def ask(self, request: Layer) -> bytes:
        """Send a request and take the answer; no octets where there is none."""
        octets = octets_of(request)
        self.say(TO_METER, octets)
        self.think()
        self.carried(len(octets), 1)
        answer = self.meter.answer(octets, self.client, self.clock_ns)
        if answer is not None:
            self.say(TO_CLIENT, answer)
            self.carried(len(answer))
        self.pause()
        return answer or b""

    def hear(self, notification: Layer, values: Sequence[Reading] = ()) -> None:
        """Take what the meter says without being asked."""
        self.say(TO_CLIENT, octets_of(notification), values)
        self.pause()

    def learn(self, values: Sequence[Reading]) -> None:
        """Note the values that the last answer completes."""
        last = self.dialogue[-1]
        self.dialogue[-1] = last._replace(truth=last.truth._replace(values=tuple(values)))

    def next_invoke_id(self) -> int:
        """Count the invoke-id from 1 to 15."""
        self._invoke_id = self._invoke_id % 15 + 1
        return self._invoke_id
