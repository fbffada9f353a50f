"""General block transfer between a simulated meter and its client: windows, streaming, lost and repeated blocks.

Source: IEC 62056-5-3 (GBT).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from analyzer.simulate.forms import octets_of
from analyzer.simulate.sent import TO_CLIENT, TO_METER, Reading
from analyzer.simulate.speaker import Speaker
from dissectors.pdu import Layer
from dissectors.xdlms.general_block_transfer import GeneralBlockTransfer


def blocks(octets: bytes, room: int) -> list[bytes]:
    """Cut an APDU into blocks of at most *room* octets."""
    return [octets[at : at + room] for at in range(0, len(octets), room)]


def ask_in_blocks(
    speaker: Speaker,
    request: Layer,
    *,
    room: int,
    window: int = 3,
    lost: Collection[int] = (),
    is_cut_first: bool = False,
) -> bytes:
    """Ask in one block that offers a window, and take the answer in streamed blocks of at most *room* octets.

    In a secured association the APDU is protected and then cut into blocks, unless it *is_cut_first*: then each block
    is protected. Gives the answer in plain octets.

    Blocks whose numbers are in *lost* do not arrive, and are not captured, the first time: the client acknowledges the
    block before, and the meter resumes there, so that later blocks of the window come twice.
    """
    asked = octets_of(request)
    inside = asked if is_cut_first else speaker.protect(TO_METER, asked)
    first = GeneralBlockTransfer(last_block=1, window=window, block_number=1, block_data=inside)
    speaker.say(TO_METER, octets_of(first), service=asked, is_protected=not is_cut_first)
    speaker.think()
    answer = speaker.meter.answer(asked, speaker.client, speaker.now_ns) or b""
    waiting, sent, got = set(lost), 1, 0
    parts = blocks(answer if is_cut_first else speaker.protect(TO_CLIENT, answer), room)
    while got < len(parts):
        got = _stream(speaker, parts, got, sent, window, waiting, answer, not is_cut_first)
        if got < len(parts):
            speaker.pause()
            sent += 1
            acknowledgement = GeneralBlockTransfer(last_block=1, window=window, block_number=sent, block_number_ack=got)
            speaker.say(TO_METER, octets_of(acknowledgement), is_protected=not is_cut_first)
            speaker.think()
    speaker.pause()
    return answer


def _stream(
    speaker: Speaker,
    parts: Sequence[bytes],
    got: int,
    heard: int,
    window: int,
    waiting: set[int],
    whole: bytes,
    is_protected: bool,
) -> int:
    """Send one window from the block after *got*; gives the last block that arrived in order."""
    last_of_window = min(got + window, len(parts))
    for number in range(got + 1, last_of_window + 1):
        if number in waiting:
            waiting.discard(number)
            continue
        is_complete = number == got + 1 == len(parts)
        speaker.say(
            TO_CLIENT,
            _block(parts, number, heard, number < last_of_window),
            service=whole if is_complete else b"",
            is_protected=is_protected,
        )
        got = number if number == got + 1 else got
        if number < last_of_window:
            speaker.wait(4)
    return got


def _block(parts: Sequence[bytes], number: int, heard: int, streaming: bool, window: int = 1) -> bytes:
    return octets_of(
        GeneralBlockTransfer(
            last_block=int(number == len(parts)),
            streaming=int(streaming),
            window=window,
            block_number=number,
            block_number_ack=heard,
            block_data=parts[number - 1],
        )
    )


def push_in_blocks(
    speaker: Speaker,
    notification: Layer,
    *,
    room: int,
    values: Sequence[Reading] = (),
    is_cut_first: bool = False,
) -> None:
    """Let the meter push in blocks that are streamed without any acknowledgement; protected as in `ask_in_blocks`."""
    whole = octets_of(notification)
    parts = blocks(whole if is_cut_first else speaker.protect(TO_CLIENT, whole), room)
    for number in range(1, len(parts) + 1):
        is_last = number == len(parts)
        octets = _block(parts, number, 0, not is_last, 0)
        told, completed = (values, whole) if is_last else ((), b"")
        speaker.say(TO_CLIENT, octets, told, service=completed, is_protected=not is_cut_first)
        speaker.wait(6)
    speaker.pause()
