"""Audit and diff on captures that none of us made: no FAIL but those that their octets prove, no difference to itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.diagnosis.audit.audit import Audit
from analyzer.diagnosis.audit.ledger import FAIL
from analyzer.diagnosis.comparison.compare import compare
from analyzer.diagnosis.comparison.side import Side, read
from analyzer.session import Session
from captures import open_source

PROVEN: dict[str, set[str]] = {
    # mechanism-name 1, calling-authentication-value in clear
    "bearxiong__sample.pcap": {"authentication", "password-in-clear"},
    "ndpi__dlms.pcap": {"authentication", "password-in-clear"},
    "htanwar__Output-Ciphered-Director.pcap": {"authentication", "password-in-clear"},
    "gocosem_electronica_trace__low_level_sec.txt": {"authentication", "password-in-clear"},
    # an AARQ without a mechanism, of a client that is not the public one
    "davxy__XmlDemo.pcap": {"authentication"},
    "htanwar__Output.pcap": {"authentication", "known-deviations", "secrets"},
    "opendlms_hdlc_echo_session.txt": {"authentication"},
    # get-request-with-list; the AARE grants block-transfer-with-get-or-read, get, selective-access
    "davxy__DLMS_list.pcap": {"conformance"},
    # the secret of the association, passwords of the optical port, as answers to GET
    "davxy__DLMSDirector.pcap": {"secrets"},
    # the meter's N(R) goes on with each of its segments (records 8, 10, …), which the client answers with RR alone
    "davxy__data2.pcapng": {"hdlc-sequence", "secrets"},
    "davxy__data6.pcapng": {"hdlc-sequence", "secrets"},
    "davxy__original_data.pcapng": {"hdlc-sequence", "secrets"},
    # the client's E6 E6 00 before C5 01 C1 00, nine octets behind it, that no request asked for
    "davxy__data4.pcapng": {"llc-header", "apdu-encoding", "invoke-id", "secrets"},
    # tag 00 before a ciphered ACCESS; lengths of RLRE too small; both titles the same; SC 20
    "htanwar__Output-Ciphered-HLS.pcap": {"known-deviations"},
    "htanwar__Output-Ciphered.pcap": {"known-deviations", "protection"},
    "htanwar__Output-Ciphered-Simple-Key.pcap": {"known-deviations", "system-titles"},
    "gocosem_electronica_trace-encryption.txt": {"known-deviations", "protection"},
    # 09 before 0C in the header of the push
    "roarfred_HAN_20170912-2.txt": {"known-deviations"},
    "roarfred_HAN_20170912-3.txt": {"known-deviations"},
    "roarfred_HAN_20171019_xibriz4.txt": {"known-deviations"},
    "roarfred_Samples_from_ESP.txt": {"known-deviations"},
}
"""By capture: the checks that fail, and why."""


def files(corpus: Path) -> list[Path]:
    return sorted([*(corpus / "pcap").iterdir(), *(corpus / "logs").iterdir()])


def test_checks_fail_on_captures_only_where_octets_prove_it(corpus: Path) -> None:
    found = {}
    for path in files(corpus):
        with open_source(str(path)) as source:
            session = Session(source, learns=False)
            audit = Audit(session.pipeline.ends)
            for record in session.records():
                audit.take(record)
        audit.finish()
        failed = {row.check.name for row in audit.rows() if row.verdict == FAIL}
        if failed:
            found[path.name] = failed
    assert found == PROVEN


@pytest.fixture(scope="module")
def sides(corpus: Path) -> dict[str, Side]:
    made = {}
    for path in files(corpus):
        with open_source(str(path)) as source:
            session = Session(source, learns=False)
            made[path.name] = read(session.records(), session.pipeline.ends)
    return made


def test_no_capture_differs_from_itself(sides: dict[str, Side]) -> None:
    assert {name: compare(side, side) for name, side in sides.items() if compare(side, side)} == {}


def test_any_two_captures_can_be_compared(sides: dict[str, Side]) -> None:
    for good in sides.values():
        for bad in sides.values():
            found = compare(good, bad)
            assert [one.rank for one in found] == list(range(1, len(found) + 1))
