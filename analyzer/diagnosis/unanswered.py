"""Requests without an answer and answers without a request: why, after how long, against what is usual.

Source: IEC 62056-5-3 (invoke-id, service class), IEC 62056-46 (retransmission).
"""

from __future__ import annotations

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import LIKELY, POSSIBLE, Alternative, Evidence, Fact
from analyzer.diagnosis.words import asked, octets, seconds
from analyzer.record import REQUEST, RESPONSE, Record
from analyzer.tracking.history import Association, Exchange
from analyzer.tracking.roles import ANSWERED_BY, ROLES

_PATIENCE_NS = 5_000_000_000
_AGAIN_NS = 3_000_000_000
"""An answer that comes again later than so is more likely one to a request that the capture lacks."""
_TIMES_USUAL = 10
_HELD_NS = 1_000_000_000
"""No tap or adapter holds octets back for longer."""
_SOON = 2
"""Up to so many times the usual an answer may be under way yet."""
_SIGNED = "general-signing"
"""What hides nothing: a push in it is read as one."""
_INVOKED = frozenset({0xC4, 0xC5, 0xC7})
"""Tags of answers that bear an invoke-id in their third octet."""
_INVOKING = frozenset({b"\xc0", b"\xc1", b"\xc3"})
"""First octets of requests that do."""


def unanswered(
    family: Family, record: Record | None, one: Association, exchange: Exchange, *, is_repeated: bool,
    waited_ns: int | None = None, stray: Record | None = None, early: Record | None = None,
) -> None:  # fmt: skip
    """Report a request that was not answered; *record* is what followed, none at the end of the capture.

    *stray* is an answer between two that asked each other for nothing, *early* the newest that nothing asked for.
    """
    if exchange.service == "rlrq":
        return  # it was the last word anyway
    service = one.services.get(exchange.service)
    usual = service.median_ns if service is not None else None
    if record is None and (waited_ns is None or waited_ns < max(_PATIENCE_NS, _TIMES_USUAL * (usual or 0))):
        return  # the capture may have ended before the answer
    if not is_repeated and not one.exchanges and len(one.link_at) < _WITH_ANSWER and record is not None:
        return  # nothing shows that answers of this side are captured at all
    if early is not None and not is_repeated and _stands_behind(family, early, one, exchange):
        return
    if exchange.request in one.misanswered and family.meters.of(one.meter).answers_with_one_invoke_id():
        return  # it was, with the invoke-id that all answers have
    is_later = record is not None and record.number > exchange.request
    if record is not None and is_later and record.time_ns is not None and exchange.asked_ns is not None:
        waited_ns = record.time_ns - exchange.asked_ns
    cause, confidence, shown = cause_of_silence(family, one, exchange)
    taken = None
    if record is not None and cause == "server-silent" and is_later and not is_repeated:
        taken = _late_before(family, record, one, exchange)
    if taken is not None and waited_ns is not None and usual and waited_ns < usual:
        shown = f"; the client may have taken the late answer in record {taken.evidence.record} for its answer"
        story = family.stories.of_fact(taken)
        if story is not None:
            story.follows(exchange.request, taken.meter, (exchange.request,))
    if (
        cause == "server-silent"
        and stray is not None
        and stray.number == exchange.request + 1
        and _may_answer(stray, exchange)
    ):
        cause = "answer-of-another-address"
        shown = f"; record {stray.number} behind it is such an answer, of {stray.server} to {stray.client}"
        shown += f", and {one.server} was asked by {one.client}"
    text = f"{asked(exchange)} was not answered"
    if waited_ns is not None and waited_ns >= 0:
        text += f" within {seconds(waited_ns)}"
    if usual:
        text += f"; this meter usually answers {exchange.service} in {seconds(usual)}"
    if record is not None and is_repeated:
        text += f"; it was asked again in record {record.number}"
    text += shown
    others = []
    if cause == "server-silent" and one.link_at:
        others = [Alternative("request-damaged", POSSIBLE, "the meter may have discarded the request as damaged")]
    if cause == "server-silent" and is_repeated and waited_ns is not None and usual and 0 <= waited_ns < _SOON * usual:
        cause, others = "time-out-too-short", [_CAME_TWICE]  # so short a time shows no silence
    proof = [Evidence(exchange.request, 0, 0, text)]
    family.report_about(
        one, "response-missing", cause, confidence, proof, time_ns=exchange.asked_ns,
        alternatives=others,
    )  # fmt: skip


def _stands_behind(family: Family, early: Record, one: Association, exchange: Exchange) -> bool:
    """Tell whether a request stands right behind its answer, and say so in place of what was told of the answer."""
    is_of_both = (early.client, early.server) == (one.client, one.server)
    if early.apdu is None or not is_of_both or not _may_answer(early, exchange):
        return False
    if not _is_right_before(family, early.number, exchange.request, early, one):
        return False
    if early.time_ns is not None and exchange.asked_ns is not None and exchange.asked_ns - early.time_ns > _HELD_NS:
        return False
    told = _told(family, early.lane.text, "capture-loss")
    fact = next((each for each in told if each.evidence.record == early.number and each.code in _LATE), None)
    if fact is None:
        return False
    family.stories.take_back(fact)
    has_invoke_id = early.apdu.octets[0] in _INVOKED
    text = f"{early.apdu.family} stands before its request: {asked(exchange)} "
    text += "has its invoke-id, and no other answer" if has_invoke_id else "has no answer but this"
    proof = fact.evidence._replace(text=text)
    others = [Alternative("capture-loss", POSSIBLE, "the capture may lack a request, and the answer to the next one")]
    sure = LIKELY if has_invoke_id else POSSIBLE
    if early.link in _FRAMED:
        others, sure = [_UNENDED, *others], POSSIBLE
    fact = fact._replace(cause="captured-out-of-order", confidence=sure, evidence=proof, alternatives=tuple(others))
    family.stories.add(fact)
    return True


def _may_answer(stray: Record, exchange: Exchange) -> bool:
    """Tell whether *stray* is of the service of a request, and has its invoke-id where it bears one."""
    apdu = stray.apdu
    if apdu is None or ANSWERED_BY.get(exchange.service) != apdu.family:
        return False
    return apdu.octets[0] not in _INVOKED or apdu.octets[2:3] == exchange.octets[2:3]


def _is_right_before(family: Family, first: int, second: int, like: Record, one: Association) -> bool:
    """Tell whether record *second* came right behind *first*; of a network other connections may speak in between.

    *like* is any record of that conversation.
    """
    if second == first + 1:
        return True
    if second < first or like.time_ns is None or not like.lane.transport or like.link in _FRAMED:
        return False
    damaged = family.associations.damaged.get(one.conversation)
    numbers = {damaged.number if damaged is not None else 0}
    for each in (*one.exchanges, *one.unanswered, *one.waiting.values()):
        numbers |= {each.request, each.response}
    return not any(first < number < second for number in numbers)


def _late_before(family: Family, record: Record, one: Association, exchange: Exchange) -> Fact | None:
    """Give what was told of an answer to an earlier request that came right before this one was sent."""
    told = _told(family, " > ".join(reversed(one.lane.split(" > "))), "late-response")
    return next(
        (fact for fact in told if _is_right_before(family, fact.evidence.record, exchange.request, record, one)), None
    )


def answered_behind(family: Family, one: Association, request: int) -> None:
    """Take back that a request was not answered: it was, behind the answers to later ones."""
    told = [each for each in family.stories.of_lane(one.lane) if each.code == "response-missing"]
    for fact in [fact for story in told for fact in story.facts if fact.evidence.record == request]:
        family.stories.take_back(fact)


def in_flight(family: Family, record: Record, one: Association, late: Exchange) -> None:
    """Take back that *late* was answered late, now that *record* shows that several requests were in flight."""
    lanes = {record.lane.text, " > ".join(reversed(record.lane.text.split(" > ")))}
    told = [each for lane in lanes for each in family.stories.of_lane(lane) if each.cause == "late-response"]
    for fact in [fact for story in told for fact in story.facts if late.request in fact.explains]:
        if fact.code in _LATE:
            family.stories.take_back(fact)
    answered_behind(family, one, late.request)


_LATE = frozenset({"response-slow", "response-without-request"})


_HELD_UP = (
    ("meter-busy", "; it was put off with RNR, receive not ready, up to record {}"),
    (
        "answer-not-taken",
        "; a part of the answer came again, up to record {}: the client's RR did not ask for the next one",
    ),
)
_WITH_ANSWER = 2
_MANY_ASKED = 3
"""So many different requests are made of no meter that says nothing: its answers were not captured."""


def left_open(family: Family, one: Association) -> None:
    """Note that no request is answered, and the last one of a log without times, if its answer is not there."""
    tries = sum(each.unanswered for each in one.services.values()) + len(one.waiting)
    if tries >= _MANY_ASKED and not one.exchanges and len(one.link_at) < _WITH_ANSWER:
        text = f"the client asks {tries} times, up to record {one.last_record}, and nothing of the meter is captured"
        proof = [Evidence(one.first.record, 0, 0, text)]
        family.report_about(one, "response-missing", "direction-missing", LIKELY, proof, time_ns=one.first.time_ns)
        return
    asked_last = next((each for each in one.waiting.values() if each.request == one.last_record), None)
    if asked_last is None or asked_last.asked_ns is not None or not is_directed_line(one.lane):
        return
    if asked_last.is_confirmed:
        text = f"{asked(asked_last)} is the last request, and the log ends without its answer"
        proof = [Evidence(asked_last.request, 0, 0, text)]
        family.report_about(
            one, "response-missing", "capture-ended", POSSIBLE, proof, time_ns=None, alternatives=[SILENT]
        )


def is_directed_line(lane: str) -> bool:
    """Tell whether *lane* is of a line, and its direction is known."""
    return lane.startswith("serial") and " > " in lane


_FRAMED = frozenset({"hdlc", "llc"})
_UNENDED = Alternative(
    "octets-lost",
    POSSIBLE,
    "the request may lack its closing flag: who reads it has its end where the next frame begins",
)
_CAME_TWICE = Alternative("captured-twice", POSSIBLE, "what passes it on, or the capture, may have doubled the request")
SILENT = Alternative("server-silent", POSSIBLE, "or the meter said nothing")


def cause_of_silence(family: Family, one: Association, exchange: Exchange) -> tuple[str, str, str]:
    """Look for damage since the request, for a size that is too much, for an answer that is not the meter's to give."""
    damaged = family.associations.damaged.get(one.conversation)
    if damaged is not None and damaged.number >= exchange.request:
        is_request = damaged.direction is REQUEST or damaged.number == exchange.request
        cause = "request-damaged" if is_request else "response-damaged"
        return cause, LIKELY, f"; record {damaged.number} is damaged"
    held_at, is_again = one.held_up
    if held_at > exchange.request:
        cause, text = _HELD_UP[is_again]
        return cause, LIKELY, text.format(held_at)
    gap_at = family.associations.gaps.get(one.conversation, 0)
    if one.exchanges and gap_at >= exchange.request:
        return "capture-loss", LIKELY, f"; the tap lost octets behind record {gap_at}"
    limit = one.answer.max_pdu_size if one.answer is not None else None
    if limit and len(exchange.octets) > limit:
        return "pdu-too-long", LIKELY, f"; it has {octets(len(exchange.octets))}, the meter takes {limit}"
    return "server-silent", LIKELY if one.exchanges else POSSIBLE, ""


def unasked(family: Family, record: Record, one: Association, late: Exchange | None = None) -> None:
    """Report an answer that no request waits for: late, of another invoke-id, given twice, or of before the capture.

    *late* is the request that it answers, where that was given up.
    """
    if record.direction is not RESPONSE or record.apdu is None or one.first.record == record.number:
        return
    answer = record.apdu.family
    waits = [each for each in one.waiting.values() if ANSWERED_BY.get(each.service) == answer]
    if late is None and waits and record.apdu.octets[0] in _INVOKED:
        _other_invoke_id(family, record, one, waits[-1])
        return
    others: list[Alternative] = []
    if late is None:
        vain = [each for each in reversed(one.unanswered) if ANSWERED_BY.get(each.service) == answer]
        told = {number for fact in _told(family, record.lane.text, "late-response") for number in fact.explains}
        late = next((each for each in vain if each.request not in told), None)
        if late is None and (wait := _of_another_service(family, record, one)) is not None:
            _other_service(family, record, wait)
            return
        late = late or next(iter(vain), None)
    if late is not None:
        cause, confidence = "late-response", LIKELY
        text = f"{answer} comes when nothing asks for it any more; it answers {asked(late)}"
        if record.time_ns is not None and late.asked_ns is not None:
            text += f", {seconds(record.time_ns - late.asked_ns)} before"
        text += _shifted(record, one, late)
    elif (before := _same_before(family, record)) is not None:
        cause, confidence = "answer-repeated", POSSIBLE
        text = f"{answer} is the answer in record {before.number} once more, octet by octet"
        if record.time_ns is not None and before.time_ns is not None:
            text += f", after {seconds(record.time_ns - before.time_ns)}"
        others = [Alternative("capture-loss", POSSIBLE, "a second request for the same is not in the capture")]
    elif not one.exchanges:
        cause, confidence = "capture-started-late", POSSIBLE
        text = f"{answer} answers a request that is not in the capture"
        if one.asked is None and not one.unanswered and _begins_answered(family, one):
            cause, confidence = "direction-missing", LIKELY
            text += ", nor is any other of the client, and the answers to its first ones are"
        elif one.asked is None and not one.unanswered:
            others = [Alternative("direction-missing", POSSIBLE, "nothing of the client was captured before it")]
    elif answer not in ROLES and answer != _SIGNED:
        return  # what is inside is closed, and may be a push
    else:
        cause, confidence = "capture-loss", POSSIBLE
        text = f"{answer} answers no request that is in the capture"
    chain = _chain_of(family, one, late) if late is not None else 0
    family.report(
        record, "response-without-request", cause, confidence, text, chain=chain, alternatives=others,
        explains=(late.request,) if late is not None else (),
    )  # fmt: skip


def _shifted(record: Record, one: Association, late: Exchange) -> str:
    """Say which answers may be those of the requests before them: *late* and its repetition were both answered."""
    again = next((each for each in one.repeats if each > late.request), 0)
    behind = next(
        (each for each in one.exchanges if again and each.request > again and each.request not in one.repeats), None
    )
    if behind is None:
        return ""
    text = f"; it was asked again in record {again}: if both were answered, each answer from record {behind.response}"
    return f"{text} to {record.number} is that of the request before"


def _same_before(family: Family, record: Record) -> Record | None:
    """Give the record before *record* on its lane if that is the same answer, and no longer ago than one comes again.

    Where it was none that was asked for either, the capture lacks what the client says: the one before was no
    repetition.
    """
    before = family.sound.get(record.lane)
    if before is None or before.apdu is None or record.apdu is None:
        return None
    if before.request is None:
        _is_none_repeated(family, before)
        return None
    if record.time_ns is not None and before.time_ns is not None and record.time_ns - before.time_ns > _AGAIN_NS:
        return None
    return before if before.apdu.octets == record.apdu.octets else None


def _is_none_repeated(family: Family, record: Record) -> None:
    """Tell the answer in *record* as one whose request the capture lacks, if it was told as a repetition."""
    told = [one for one in family.stories.of_lane(record.lane.text) if one.cause == "answer-repeated"]
    for fact in [one.facts[-1] for one in told if one.facts and one.facts[-1].evidence.record == record.number]:
        family.stories.take_back(fact)
        family.stories.add(fact.told_as("capture-loss", POSSIBLE))


def _begins_answered(family: Family, one: Association) -> bool:
    """Tell whether AARE is there, and neither SNRM nor AARQ, sound or damaged: the capture began in time."""
    is_alone = one.answer is not None and one.proposal is None and not one.link_at
    return is_alone and one.conversation not in family.associations.damaged


def _chain_of(family: Family, one: Association, late: Exchange) -> int:
    """Find what the request that was given up belongs to: its late answer follows from that; 0 for nothing."""
    told = [each for each in family.stories.of_lane(one.lane) if each.code == "response-missing"]
    return next((max(each.chains) for each in told if late.request in each.records and each.chains), 0)


def _other_invoke_id(family: Family, record: Record, one: Association, wait: Exchange) -> None:
    assert record.apdu is not None
    got, wanted = record.apdu.octets[2] & 0xF, _invoke_id(wait)
    at = record.apdu.at + 2 if record.apdu.at >= 0 else 0
    text = f"{record.apdu.family} has invoke-id {got}, the request in record {wait.request} has {wanted}"
    meter = family.meters.of_record(record)
    meter.invoke_ids.append((got, wanted))
    others = [Alternative("gateway-mixes-clients", POSSIBLE, "a gateway may hand out another client's answer")]
    if one.proposal is None or any(_invoke_id(each) == got for each in one.unanswered):
        cause, confidence = "late-response", POSSIBLE
        others.append(Alternative("invoke-id-ignored", POSSIBLE, "the meter may not give back what it is asked with"))
    else:
        cause, confidence = "invoke-id-ignored", POSSIBLE
        text += f"; no request with {got} lacks its answer"
    if meter.answers_with_one_invoke_id():
        cause, confidence, others = "invoke-id-ignored", LIKELY, []
        told = [fact for other in _STRAYED for fact in _told(family, record.lane.text, other)]
        doubtful = [fact for fact in told if fact.code == "invoke-id-differs" and fact.confidence == POSSIBLE]
        for fact in doubtful:  # all of them, before one is told: a story is as sure as the least of its facts
            family.stories.take_back(fact)
        for fact in sorted(doubtful, key=lambda one: one.evidence.record):
            family.stories.add(fact.told_as(cause, confidence))
            for silence in _told(family, one.lane, "server-silent"):
                if silence.evidence.record in fact.explains:
                    family.stories.take_back(silence)
    family.report(
        record, "invoke-id-differs", cause, confidence, text, start=at, end=at + 1 if at else 0,
        alternatives=others,
        further=[Evidence(wait.request, 0, 0, f"the request that waits: invoke-id {wanted}")],
        explains=(wait.request,),
    )  # fmt: skip


def _of_another_service(family: Family, record: Record, one: Association) -> Exchange | None:
    """Give the request that *record* answers with another service: it stands right behind it, with its invoke-id.

    Where octets or frames are missing between both, they may be of two exchanges.
    """
    apdu = record.apdu
    if apdu is None or apdu.octets[0] not in _INVOKED or not one.waiting or record.notes:
        return None
    newest = one.waiting[next(reversed(one.waiting))]
    if not newest.is_confirmed or newest.octets[:1] not in _INVOKING or newest.octets[2:3] != apdu.octets[2:3]:
        return None
    lacks = family.associations.gaps.get(one.conversation, 0) >= newest.request
    return newest if not lacks and _is_right_before(family, newest.request, record.number, record, one) else None


def _other_service(family: Family, record: Record, wait: Exchange) -> None:
    assert record.apdu is not None
    text = f"{record.apdu.family} answers {asked(wait)}: it stands right behind it and has its invoke-id, "
    text += f"and {ANSWERED_BY[wait.service]} belongs there"
    others = [Alternative("capture-loss", POSSIBLE, "the capture may lack the answer, and the request behind it")]
    sure = LIKELY if record.link == "hdlc" or record.lane.transport == "tcp" else POSSIBLE  # these show what is lost
    family.report(
        record, "response-without-request", "answer-of-another-service", sure, text, alternatives=others,
        further=[Evidence(wait.request, 0, 0, f"the request: {wait.service}")], explains=(wait.request,),
    )  # fmt: skip


_STRAYED = ("late-response", "invoke-id-ignored")
"""Causes of an answer with another invoke-id."""


def _invoke_id(exchange: Exchange) -> int:
    return exchange.octets[2] & 0xF if len(exchange.octets) > 2 else 0


def _told(family: Family, lane: str, cause: str) -> list[Fact]:
    """Give what was told of a lane with a cause, the newest first."""
    return [fact for story in family.stories.of_lane(lane) if story.cause == cause for fact in reversed(story.facts)]
