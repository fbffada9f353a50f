"""A client at a meter's optical port: signs on, reads out, programs, or hands over to HDLC, with the times of the line.

Source: IEC 62056-21 (modes A to E, reaction times, speed change).
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from analyzer.simulate import local_messages as messages
from analyzer.simulate.hdlc_line import HdlcLink, place
from analyzer.simulate.local_meter import LocalMeter
from analyzer.simulate.sent import MILLISECOND, TO_CLIENT, TO_METER, Sent, Truth
from analyzer.simulate.serial_tap import SEVEN_EVEN, OnLine, sent_in
from analyzer.simulate.uart import LineFormat

_MODE_D_SPEED = 2400
_SETTLING_MS = (40, 90)
"""What a client takes after the meter's last character; the standard asks for the meter's pauses only."""


class LocalClient:
    """Reads one meter through its optical port; each call adds what both sides say to the *events*.

    Times are of last characters. A meter's answer begins at least its reaction time after the question's last
    character, and at most 1500 ms.
    """

    def __init__(self, meter: LocalMeter, *, start_ns: int, seed: int) -> None:
        self.meter = meter
        self.now_ns = start_ns
        self.format = SEVEN_EVEN
        self.events: list[OnLine] = []
        self._chance = random.Random(seed)

    # -- sign-on ------------------------------------------------------------------------------------------------------

    def sign_on(self, address: str = "") -> bool:
        """Ask for the identification, at the speed of the beginning; tells whether the meter answers."""
        self.format = SEVEN_EVEN
        self.say(TO_METER, "request", messages.request(address), self._client_pause())
        answer = self.meter.identify(address)
        if answer is not None:
            self.answer("identification", answer)
        return answer is not None

    def select(self, mode: str, *, protocol: str = messages.NORMAL, keeps_speed: bool = False) -> None:
        """Choose what comes, and change to the speed that the meter offers unless it *keeps_speed*."""
        speed = "0" if keeps_speed else self.meter.baud_rate_id
        chosen = messages.option_select(protocol, speed, mode)
        self.say(TO_METER, "acknowledgement", chosen, self._client_pause())
        if protocol == messages.HDLC_PROTOCOL:
            self.answer("acknowledgement", chosen)
            self.format = LineFormat(messages.SPEEDS[speed])
        else:
            self.format = self.format._replace(baud=messages.SPEEDS[speed])

    # -- modes A to D -------------------------------------------------------------------------------------------------

    def read_out(self, *, is_checked: bool = True, acknowledges: bool = False) -> None:
        """Take the data message: of mode C after the option select, of modes A and B right after the identification."""
        speed = messages.MODE_B_SPEEDS.get(self.meter.baud_rate_id)
        if speed:
            self.format = self.format._replace(baud=speed)
        self.answer("data", self.meter.read_out(self.now_ns, is_checked=is_checked))
        if acknowledges:
            self.say(TO_METER, "ack", messages.ACK, self._client_pause())

    def hear(self) -> None:
        """Take what a mode D meter says when its button is pressed."""
        self.format = SEVEN_EVEN._replace(baud=_MODE_D_SPEED)
        self.answer("identification", messages.identification(self.meter.manufacturer, "3", self.meter.product))
        self.say(TO_CLIENT, "data", self.meter.read_out(self.now_ns, is_checked=False), self._client_pause())

    # -- programming mode ---------------------------------------------------------------------------------------------

    def unlock(self, password: str, *, by_proof: bool = False) -> bool:
        """Take the meter's operand and give the password, or what a secret algorithm makes of it; is it let in?"""
        self.answer("command", self.meter.enter_programming())
        return self.command("P2" if by_proof else "P1", f"({password})") == messages.ACK

    def command(self, name: str, operand: str | None = None, *, repeats: Sequence[int] = ()) -> bytes:
        """Send a command, and take the answer with all its partial blocks; gives the last.

        Blocks whose numbers from 1 are in *repeats* are asked for once more, as if they had come damaged.
        """
        is_break = name[0] == "B"
        sent = messages.command(name, operand)
        self.say(TO_METER, "break" if is_break else "command", sent, self._client_pause())
        answer = self.meter.execute(name, operand or "", self.now_ns)
        if answer is None:
            return b""
        self.answer(_kind(answer), answer)
        number = 1
        while answer[-2:-1] == messages.EOT:
            if number in repeats:
                self.say(TO_METER, "nak", messages.NAK, self._client_pause())
                self.answer("block", answer)
            self.say(TO_METER, "ack", messages.ACK, self._client_pause())
            answer = self.meter.next_block()
            self.answer(_kind(answer), answer)
            number += 1
        return answer

    def leave(self) -> None:
        """End the session."""
        self.command("B0")

    # -- mode E -------------------------------------------------------------------------------------------------------

    def carry(self, link: HdlcLink, dialogue: Sequence[Sent]) -> None:
        """Hand over to HDLC on the same line, and carry a dialogue by it."""
        self.select(messages.BINARY, protocol=messages.HDLC_PROTOCOL)
        start_ns = self.now_ns + self._reaction_ns()
        placed = place(link.rounds(dialogue), start_ns=start_ns, baud=self.format.baud)
        self.events += sent_in(placed, self.format)
        self.now_ns = placed[-1].time_ns

    # -- the line -----------------------------------------------------------------------------------------------------

    def answer(self, kind: str, octets: bytes) -> None:
        """Let the meter say something, after its reaction time."""
        self.say(TO_CLIENT, kind, octets, self._reaction_ns())

    def say(self, direction: int, kind: str, octets: bytes, gap_ns: int) -> None:
        """Add a message to the line."""
        self.now_ns += gap_ns + self.format.duration_ns(len(octets))
        self.events.append(OnLine(Sent(self.now_ns, direction, octets, Truth(kind)), self.format))

    def wait(self, milliseconds: float) -> None:
        """Let time go by."""
        self.now_ns += int(milliseconds * MILLISECOND)

    def _reaction_ns(self) -> int:
        least = self.meter.reaction_ms
        return int(self._chance.uniform(least * 1.05, min(least * 2, 1400)) * MILLISECOND)

    def _client_pause(self) -> int:
        """Draw the client's pause: it keeps the meter's reaction time too."""
        return int(self._chance.uniform(*_SETTLING_MS) * MILLISECOND) + self.meter.reaction_ms * MILLISECOND


def _kind(answer: bytes) -> str:
    """Name an answer of programming mode."""
    if answer in (messages.ACK, messages.NAK):
        return "ack" if answer == messages.ACK else "nak"
    if answer.startswith(messages.SOH):
        return "break"
    if answer.startswith(messages.STX + b"(ER"):
        return "error"
    return "block" if answer[-2:-1] == messages.EOT else "data"
