"""General block transfer of the simulator: windows, streaming, acknowledgements, lost blocks."""

from typing import NamedTuple

from analyzer.simulate import model
from analyzer.simulate.block_transfer import ask_in_blocks, blocks, push_in_blocks
from analyzer.simulate.client import Client
from analyzer.simulate.forms import nanoseconds
from analyzer.simulate.meter import Meter
from analyzer.simulate.notifications import push, pushed
from analyzer.simulate.sent import TO_METER, Sent
from analyzer.simulate.speaker import Target
from dissectors.xdlms.get import GetRequestNormal

NOW = nanoseconds(2026, 3, 4, 2, 15, 30)


class Block(NamedTuple):
    side: str
    last: bool
    streaming: bool
    window: int
    number: int
    acknowledged: int
    size: int


def client_of(rows: int = 12) -> Client:
    client = Client(Meter(model.electricity_meter("1", start_ns=NOW, rows=rows)), 16, start_ns=NOW, seed=1)
    client.associate(max_receive_pdu_size=100, without=["block-transfer-with-get-or-read"])
    return client


def read(events: list[Sent]) -> list[Block]:
    found = []
    for one in events:
        octets = one.octets
        if octets[0] == 0xE0:
            at = 7 if octets[6] < 0x80 else 8
            side = ">" if one.direction == TO_METER else "<"
            control = octets[1]
            numbers = (int.from_bytes(octets[2:4], "big"), int.from_bytes(octets[4:6], "big"))
            found.append(Block(side, control > 127, bool(control & 64), control & 63, *numbers, len(octets) - at))
    return found


def ask(client: Client, **options: object) -> bytes:
    request = GetRequestNormal(cosem_attribute_descriptor=Target(7, model.PROFILE).attribute)
    return ask_in_blocks(client, request, room=70, **options)  # type: ignore[arg-type]


def test_blocks_tile_the_apdu() -> None:
    assert blocks(b"abcdefg", 3) == [b"abc", b"def", b"g"]


def test_window_is_streamed_and_acknowledged() -> None:
    client = client_of()
    answer = ask(client, window=3)
    found = read(client.dialogue)
    assert found[0] == Block(">", True, False, 3, 1, 0, 13)
    assert [(one.side, one.number, one.streaming) for one in found[1:5]] == [
        ("<", 1, True), ("<", 2, True), ("<", 3, False), (">", 2, False),
    ]  # fmt: skip
    assert found[4] == Block(">", True, False, 3, 2, 3, 0)
    sent = [one for one in found if one.side == "<"]
    assert [one.number for one in sent] == list(range(1, len(sent) + 1))
    assert [one.last for one in sent] == [False] * (len(sent) - 1) + [True]
    assert sum(one.size for one in sent) == len(answer)


def test_lost_block_is_asked_for_again_and_later_ones_come_twice() -> None:
    client = client_of()
    answer = ask(client, window=3, lost=[2])
    found = read(client.dialogue)
    assert [(one.side, one.number, one.acknowledged) for one in found[1:7]] == [
        ("<", 1, 1), ("<", 3, 1), (">", 2, 1), ("<", 2, 2), ("<", 3, 2), ("<", 4, 2),
    ]  # fmt: skip
    kept = {
        one.octets[2:4]: one.octets for one in client.dialogue if one.octets[0] == 0xE0 and one.direction != TO_METER
    }
    assert (
        b"".join(kept[number][7:] if kept[number][6] < 0x80 else kept[number][8:] for number in sorted(kept)) == answer
    )


def test_truth_completes_the_service_once() -> None:
    client = client_of()
    answer = ask(client, window=3, lost=[2, 4])
    services = [one.truth.service for one in client.dialogue if one.truth.service]
    assert len(services) == 2
    assert services[0][0] == 0xC0
    assert services[1] == answer


def test_push_in_blocks_is_streamed_without_acknowledgement() -> None:
    client = client_of()
    readings = pushed(client.meter, NOW)
    before = len(client.dialogue)
    push_in_blocks(client, push(client.meter, readings, now_ns=NOW, invoke_id=1), room=20, values=readings)
    found = read(client.dialogue[before:])
    assert {(one.side, one.window, one.acknowledged) for one in found} == {("<", 0, 0)}
    assert [one.streaming for one in found] == [True] * (len(found) - 1) + [False]
    assert client.dialogue[-1].truth.values == tuple(readings)
