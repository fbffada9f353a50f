"""Records of usual exchanges to their associations in the shortest way: nine of ten are a request and its success.

Each function takes one kind of record, with the octets of its APDU where it has one, just as
:class:`analyzer.tracking.associations.Associations` takes any, and tells whether it did; what is unusual it leaves
alone.
"""

from __future__ import annotations

from analyzer.record import LINK, PART, REQUEST, RESPONSE, Record
from analyzer.tracking.association_ends import READY
from analyzer.tracking.history import Association, Exchange, Service, Usual

SLOW_NS = 2_000_000_000
"""A response time from which an answer may be told to be slow."""
SILENCE_NS = 10_000_000_000
"""A pause from which it is kept as a silence."""
_SUCCESS = frozenset(bytes((tag, 1, invoke_id, 0)) for tag in (0xC4, 0xC5, 0xC7) for invoke_id in range(256))
"""How the usual answers begin: in choice 1, with success for a result."""
_BY_BLOCK = frozenset({b"\xc4", b"\xc7"})
"""Tags of answers that may come in blocks; a block has no result."""
FIRST_RESULT = {0xC4: 3, 0xC5: 3, 0xC7: 3, 0x0C: 2, 0x0D: 2}
"""Where the first result of an answer stands, by its tag; with logical names in the normal form (choice 1)."""
_SHORT_NAMES = 2
_REFUSAL_TAGS = frozenset({0x0E, 0xD8})
_new = tuple.__new__


def goes_by(one: Association, record: Record) -> bool:
    """Take a segment or RR, which moves no service, as `Associations.take_any` would; leave any other record alone."""
    now, before, direction = record.time_ns, one.last_ns, record.direction
    if now is None or before is None or now - before >= SILENCE_NS or record.start_ns is not None or record.problem:
        return False
    if record.kind is LINK:
        if (record.control or 0) & 0x0F != READY:
            return False
    elif record.kind is not PART or (direction is not REQUEST and direction is not RESPONSE):
        return False
    if direction is REQUEST:
        one.pause_ns = now - before
    one.last_record, one.last_ns = record.number, now
    one.records += 1
    return True


def asks(one: Association, usual: Usual, record: Record, octets: bytes) -> bool:
    """Take a usual request where none waits, as `Associations.take_any` would; leave any other record alone."""
    now, before = record.time_ns, one.last_ns
    if one.asking is not None or one.asked_before or now is None or before is None:
        return False
    pause = now - before
    name = usual.requests.get(octets)
    if name is None or pause >= SILENCE_NS or record.start_ns is not None or record.problem:
        return False
    one.asked = one.asking = record
    one.asking_service = name
    one.pause_ns = one.asking_pause_ns = pause
    one.last_record, one.last_ns = record.number, now
    one.records += 1
    if record.protection:
        count_status(one, record)
    return True


def answers(one: Association, usual: Usual, record: Record, octets: bytes) -> bool:
    """Take the success that answers a usual request soon, as `Associations.take_any` would; leave any other alone.

    So a block of a long answer, and its last part, which are to be looked at.
    """
    asked, latency, number = one.asking, record.latency_ns, record.number
    if asked is None or latency is None or asked.number != record.request:
        return False
    if octets[:4] in _SUCCESS:
        if len(octets) > usual.longest and not record.parts:
            return False
    elif octets[:1] not in _BY_BLOCK or octets[1:2] == b"\1" or not (record.parts or record.kind is PART):
        return False
    if not 0 <= latency < SLOW_NS or record.start_ns is not None or record.problem:
        return False
    name = one.asking_service
    one.asking = None
    service = one.services.get(name) or service_of(one, name)
    service.count += 1
    service.latencies.append(latency)
    made = asked.number, asked.time_ns, name, asked.objects, b"", number, latency, one.asking_pause_ns
    one.exchanges.append(_new(Exchange, made))
    one.last_record, one.last_ns = number, record.time_ns
    one.records += 1
    if record.protection:
        count_status(one, record)
    return True


def count_status(one: Association, record: Record) -> None:
    """Count how a protected APDU opened."""
    status = record.protection[-1].status
    one.statuses[status] = one.statuses.get(status, 0) + 1


def service_of(one: Association, name: str) -> Service:
    """Give what is counted of a service, begun at its first use."""
    found = one.services.get(name)
    if found is None:
        found = one.services[name] = Service()
    return found


def is_error(octets: bytes) -> bool:
    """Tell whether an answer is none of success: its first result, or all of it."""
    at = FIRST_RESULT.get(octets[0], 0)
    if not at:
        return octets[0] in _REFUSAL_TAGS
    result = octets[at] if len(octets) > at else 0
    return result == 1 if at == _SHORT_NAMES else result != 0 and octets[1] == 1
