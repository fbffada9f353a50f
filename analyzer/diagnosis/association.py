"""Associations: what was refused, aborted or lost, by whom, and why as far as the octets tell.

Source: IEC 62056-5-3 (COSEM-OPEN, COSEM-ABORT, authentication mechanisms).
"""

from __future__ import annotations

from analyzer.diagnosis.challenges import Challenges
from analyzer.diagnosis.family import Family
from analyzer.diagnosis.lost import explain
from analyzer.diagnosis.refused import why_refused
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative, Evidence, Stories
from analyzer.diagnosis.unanswered import cause_of_silence
from analyzer.diagnosis.words import after, asked, both
from analyzer.record import End, Record
from analyzer.tracking.associations import ENDED, OPENED, Event
from analyzer.tracking.history import ABORTED, BY_SERVER, CLOSED, LOST, REFUSED, RELEASED, Association, Ending, Exchange
from dissectors.enumerations import ABORT_SOURCE, RELEASE_RESPONSE_REASON
from dissectors.tree import Note

_IDLE_NS = 20_000_000_000
"""A pause from which a server that closes the connection is taken to have waited for its client."""
_LOW_LEVEL, _GMAC = "2.16.756.5.8.2.1", "2.16.756.5.8.2.5"
_AT_LEAST_ASKED = 2


class AssociationFamily(Family):
    """Refused, aborted and lost associations, and high level security that failed."""

    links = frozenset()
    codes = frozenset({"hls-failed", "key-changed"})
    events = frozenset({OPENED, ENDED})
    _wrong_at = 0
    """The newest record whose answer to a challenge the keys given prove wrong."""

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._challenges = Challenges(self)

    def event(self, record: Record, event: Event) -> None:
        """Look at an association that ended."""
        ending = event.association.ending
        if event.kind == OPENED:
            self._opened(record, event.association)
            self._challenges.opened(record, event.association)
        if event.kind != ENDED or ending is None:
            return
        one = event.association
        if ending.how == REFUSED:
            self._refused(record, one, ending)
        elif ending.how == ABORTED:
            self._aborted(record, one, ending)
        elif ending.how == RELEASED:
            self._released(record, one)
        elif ending.how == LOST or (ending.how == CLOSED and self._is_server_tired(ending)):
            self._lost(one, ending)

    def note(self, record: Record, note: Note) -> bool:
        """Report an answer to a challenge that the keys given prove wrong, or that a key was replaced."""
        self.report_note(record, note)
        if note.code == "hls-failed":
            self._wrong_at = record.number
        return False

    def finish(self) -> None:
        """Report associations whose last request was asked in vain, again and again."""
        for one in self.associations:
            waits = [asked for asked in one.waiting.values() if asked.is_confirmed]
            tries = sum(1 for each in one.unanswered if waits and each.octets == waits[-1].octets)
            tries += len(self._carried_again(one, waits[0])) if waits else 0
            tries += sum(each > waits[-1].request for each in one.repeats) if waits else 0
            if one.ending is None and waits and tries + 1 >= _AT_LEAST_ASKED and one.exchanges:
                self._lost(one, Ending(LOST, one.last, "", "unanswered", waits[0].pause_ns))

    def _carried_again(self, one: Association, wait: Exchange) -> list[End]:
        """Give the times when TCP sent a request again that waits, and nothing else since."""
        ends = self.associations.repeated.get(one.conversation, ())
        return [each for each in ends if each.after >= wait.request and each.side == one.client_side]

    def _opened(self, record: Record, one: Association) -> None:
        """Note a password that whoever listens can read."""
        proposal = one.proposal
        if proposal is None or proposal.mechanism != _LOW_LEVEL or not proposal.has_secret:
            return
        text = f"the AARQ in record {proposal.record} carries the password of client {one.client} in clear"
        self.report(
            record, "protection-below-policy", "password-in-clear", CERTAIN, text,
            further=[Evidence(proposal.record, 0, 0, "calling-authentication-value")], subject="password",
        )  # fmt: skip

    # -- refused --------------------------------------------------------------------------------------------------

    def _refused(self, record: Record, one: Association, ending: Ending) -> None:
        if ending.reason == "hls":
            self._not_believed(record, one)
            return
        if ending.reason == "dm":
            text = f"DM answers the SNRM of record {one.link_at[0].record}: the meter sets up no link with this client"
            self.report(record, "association-rejected", "meter-busy", POSSIBLE, text, subject="link")
            return
        found = why_refused(one, record)
        proposal = one.proposal
        further = []
        if proposal is not None:
            further.append(Evidence(proposal.record, 0, 0, found.asked))
        self.report(
            record, "association-rejected", found.cause, found.confidence, found.text, start=found.start,
            end=found.end, alternatives=found.alternatives, further=further, subject=found.subject,
        )  # fmt: skip

    def _not_believed(self, record: Record, one: Association) -> None:
        """The server refuses the client's answer to its challenge; where keys prove it, a note says so."""
        form, number = one.hls_form, one.hls_request
        if number == self._wrong_at or any(note.code == "hls-failed" for note in record.notes):
            return
        mechanism = one.mechanism or "high level security"
        proof = Evidence(number, 0, 0, f"pass 3, the client's answer to the challenge, as {form}")
        if form.startswith(("ded-", "general-ded")):
            text = f"the answer to the challenge (record {number}) went under the dedicated key, and was refused: "
            text += "the meter takes it under the global key"
            self.report(record, "hls-failed", "dedicated-key-too-early", LIKELY, text, further=[proof])
            return
        if one.hls_is_left_out:
            required = one.answer.record if one.answer is not None else 0
            text = f"record {number} is {form} and no answer to the challenge that came in record {required}"
            self.report(record, "hls-failed", "pass-3-left-out", CERTAIN, text)
            return
        is_gmac = one.proposal is not None and one.proposal.mechanism == _GMAC
        cause = "hls-mac-wrong" if is_gmac else "secret-wrong"
        text = f"the meter refused the client's answer to its challenge (record {number}, {mechanism})"
        other = Alternative("system-title-wrong", POSSIBLE, "the titles that both sides compute with differ")
        self.report(record, "hls-failed", cause, LIKELY, text, further=[proof], alternatives=[other])

    def _released(self, record: Record, one: Association) -> None:
        """Note that the server released the association, but not as the client asked it to."""
        apdu = record.apdu
        if apdu is None or apdu.entry is None or apdu.values is None or apdu.family != "rlre":
            return
        reason = apdu.values[apdu.entry.slots["reason"]]
        if reason:
            said = RELEASE_RESPONSE_REASON.get(reason, "reserved")
            text = f"the RLRE that ends {both(one)} gives the reason {said} ({reason}), and not normal (0)"
            self.report(record, "release-not-normal", "", CERTAIN, text)

    # -- aborted --------------------------------------------------------------------------------------------------

    def _aborted(self, record: Record, one: Association, ending: Ending) -> None:
        by = f"the {'meter' if ending.by == BY_SERVER else ending.by or 'sender'}"
        source = ""
        apdu = record.apdu
        if apdu is not None and apdu.entry is not None and apdu.values is not None:
            number = apdu.values[apdu.entry.slots["abort_source"]]
            source = f", source {ABORT_SOURCE.get(number, number)} ({number})"
        waiting = next(iter(one.waiting.values()), None)
        last = waiting or (one.exchanges[-1] if one.exchanges else None)
        before, further = "", []
        if last is not None:
            before = f"; before it: {asked(last)}{after(last.asked_ns, ending.at.time_ns)}"
            further.append(Evidence(last.request, 0, 0, f"the last request: {last.service}"))
        text = f"A-ABORT by {by}{source} ends {both(one)}{before}"
        cause = "request-refused" if waiting is not None and ending.by == BY_SERVER else ""
        self.report(record, "abort", cause, POSSIBLE, text, further=further)

    # -- lost -----------------------------------------------------------------------------------------------------

    @staticmethod
    def _is_server_tired(ending: Ending) -> bool:
        return ending.by == BY_SERVER and ending.idle_ns is not None and ending.idle_ns >= _IDLE_NS

    def _never_opened(self, one: Association, ending: Ending, wait: Exchange) -> None:
        """Report an AARQ, or a first request, that nothing came for: no association was there to be lost."""
        if ending.reason == "unanswered" and len(one.link_at) > 1:
            return  # as of every request that is not answered on a link
        cause, confidence, shown = cause_of_silence(self, one, wait)
        waited = after(wait.asked_ns, ending.at.time_ns)
        what = "the client began anew" if ending.reason == "unanswered" else "the client ended the connection"
        text = f"{asked(wait)} was not answered, and {what}{waited}{shown}"
        proof = [Evidence(wait.request, 0, 0, text)]
        self.report_about(one, "response-missing", cause, confidence, proof, time_ns=wait.asked_ns)

    def _lost(self, one: Association, ending: Ending) -> None:
        """Tell in one story what ended an association, after how long, against which time-out, and who acted first."""
        if ending.reason == "dm" and not one.link_at and not one.exchanges:
            return  # there was no link and no association that could get lost
        facts = self.meters.of(one.meter)
        damaged = self.associations.damaged.get(one.conversation)
        wait = next((asked for asked in one.waiting.values() if asked.is_confirmed), None)
        if one.answer is None and not one.exchanges and wait is not None and ending.by != BY_SERVER:
            self._never_opened(one, ending, wait)
            return
        carried = self._carried_again(one, wait) if wait is not None and ending.reason == "unanswered" else []
        found = explain(one, ending, facts, damaged, carried)
        if ending.idle_ns is not None and found.cause == "inactivity-timeout":
            facts.times_lost.append(ending.idle_ns)
        self.report_about(
            one, "provider-abort", found.cause, found.confidence, found.proof, time_ns=ending.at.time_ns,
            alternatives=found.alternatives, subject=f"client {one.client}",
        )  # fmt: skip
