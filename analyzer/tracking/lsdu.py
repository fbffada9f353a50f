"""LSDUs of HDLC to APDUs: the LLC header is taken off, also one that stands twice or between several in one frame.

Source: IEC 62056-46, LLC sublayer.
"""

from __future__ import annotations

from analyzer.record import LINK, REQUEST, RESPONSE, Record
from analyzer.tracking.dialogue import Dialogue
from analyzer.tracking.findings import finding
from analyzer.tracking.peer import Peer
from dissectors.compile import FAILURES
from dissectors.gateway import prefix_size
from dissectors.llc import REQUEST as LLC_REQUEST
from dissectors.llc import RESPONSE as LLC_RESPONSE
from dissectors.llc import has_quality
from dissectors.scanning import entry


def take_lsdu(dialogue: Dialogue, record: Record, peer: Peer, lsdu: bytes, at: int) -> None:
    """Take LLC off and hand the APDU on."""
    llc = lsdu[:3]
    if llc == LLC_REQUEST:
        role, skipped = REQUEST, 3
    elif llc == LLC_RESPONSE:
        role, skipped = RESPONSE, 3
    elif has_quality(lsdu):
        role, skipped = (REQUEST if llc[1] == LLC_REQUEST[1] else RESPONSE), 3
        text = f"the LLC header is {llc.hex(' ').upper()}: its last octet, the LLC quality, is 00 in all frames"
        record.add_note(finding("llc-unexpected", text, max(at, 0), max(at, 0) + 3, "llc-quality-wrong"))
    else:
        _bare(dialogue, record, peer, lsdu, at)
        return
    if peer.role is not role:
        peer.learn(role)
    if lsdu[3:6] == llc:
        skipped = _doubled(record, lsdu, at)
    apdu = lsdu[skipped:]
    others: list[bytes] = []
    if apdu.find(llc) > 0:
        # field: L+G E450 puts three notifications into one UI frame
        apdu, *others = _split(apdu)
    dialogue.take(record, peer, apdu, at + skipped if at >= 0 else -1)
    if others:
        _more(dialogue, record, peer, others)
    if record.client is None:
        peer.settle(record)


def _bare(dialogue: Dialogue, record: Record, peer: Peer, lsdu: bytes, at: int) -> None:
    """An information field without LLC: an APDU all the same, or nothing that is known."""
    if entry(lsdu, 0, len(lsdu)) is None and not prefix_size(lsdu):
        record.kind = LINK
        text = "the information field has no LLC header and begins with no APDU's tag"
        record.add_note(finding("information-undecoded", text, max(at, 0), max(at, 0) + len(lsdu)))
    else:
        dialogue.take(record, peer, lsdu, at)
    if record.client is None:
        peer.settle(record)


def _doubled(record: Record, lsdu: bytes, at: int) -> int:
    """Pass over LLC headers that stand more than once. Returns their size."""
    # field: an Indian meter sends E6 E7 00 twice (corpus broken, doubled LLC)
    skipped = 3
    while lsdu[skipped : skipped + 3] == lsdu[:3]:
        skipped += 3
    text = "the LLC header stands more than once"
    record.add_note(finding("llc-unexpected", text, max(at, 0), max(at, 0) + skipped, "llc-doubled"))
    return skipped


def _more(dialogue: Dialogue, record: Record, peer: Peer, others: list[bytes]) -> None:
    """Take the further APDUs of one frame."""
    found = []
    for octets in others:
        beside = Record()
        beside.number, beside.time_ns, beside.octets = record.number, record.time_ns, record.octets
        beside.packets, beside.lane, beside.link = record.packets, record.lane, record.link
        dialogue.take(beside, peer, octets, -1)
        dialogue.transfers.adopt(beside, record)
        if beside.apdu is not None:
            found.append(beside)
        record.notes += beside.notes
    record.beside = tuple(found)
    record.more = tuple(one.apdu for one in found if one.apdu is not None)
    text = f"{len(others) + 1} LSDUs in one frame"
    record.add_note(finding("several-lsdus-in-frame", text, 0, 0, "meter-quirk"))


def _split(octets: bytes) -> list[bytes]:
    """Part octets that hold several LSDUs, each but the first behind its own LLC header; normally there is one."""
    found: list[bytes] = []
    while True:
        made = entry(octets, 0, len(octets))
        if made is None or (octets.find(LLC_RESPONSE) < 0 and octets.find(LLC_REQUEST) < 0):
            return [*found, octets]
        try:
            _, after = made.function(octets, 0, len(octets))
        except FAILURES:
            return [*found, octets]
        if after >= len(octets) or octets[after : after + 3] not in (LLC_REQUEST, LLC_RESPONSE):
            return [*found, octets]
        found.append(octets[:after])
        octets = octets[after + 3 :]
