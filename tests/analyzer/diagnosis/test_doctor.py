"""From records to stories: one a fault, with cause, proof and advice."""

from __future__ import annotations

import gc
import random
import tomllib
import weakref
from pathlib import Path

import pytest

from analyzer.diagnosis import doctor as doctor_module
from analyzer.diagnosis import fcs_search
from analyzer.diagnosis.doctor import Doctor
from analyzer.diagnosis.refusals import RESULT_CAUSES
from analyzer.diagnosis.rules import rules
from analyzer.diagnosis.story import Story
from analyzer.pipeline import Pipeline
from analyzer.session import Session
from analyzer.tracking.findings import FACTS
from captures import open_source, source_from_hex
from captures.samples import samples
from dissectors.tree import Severity
from tests.analyzer.diagnosis.frames import answer
from tests.analyzer.framing.build import body
from tests.analyzer.tracking.build import ListSource, answered, asked
from tests.analyzer.tracking.lines import line
from tests.analyzer.tracking.timed import AARE, AARQ, at, tcp_chunks
from tests.corpus import vectors


def stories(text: str, decode_as: dict[str, str] | None = None) -> list[Story]:
    doctor = Doctor()
    with source_from_hex(text) as source:
        for record in Session(source, decode_as, learns=False).records():
            doctor.take(record)
    doctor.finish()
    return doctor.stories()


def shown(octets: bytes) -> str:
    return (b"\x7e" + octets + b"\x7e").hex(" ")


GOOD = shown(body(control=0x93))


def test_remark_that_is_not_asked_for_reads_no_table_of_facts() -> None:
    request, response = bytes.fromhex("C001C1 0003 0100010800FF 02 00"), bytes.fromhex("C401C1 00 0600000005")
    pipeline = Pipeline()
    doctor = Doctor(pipeline.ends)
    rules.cache_clear()
    for record in pipeline.run(
        ListSource(tcp_chunks(at(0, asked(AARQ), answered(AARE), asked(request), answered(response))))
    ):
        doctor.take(record)
    doctor.finish()
    assert not doctor.stories()
    assert not rules.cache_info().currsize
    assert [one.code for one in doctor.stories(Severity.CHAT)] == ["scaler-unknown"]


def test_flipped_bit_is_one_story_with_the_octet_and_the_frame_that_was_sent() -> None:
    octets = bytearray(answer(40, random.Random(1)))
    octets[20] ^= 0x10
    (story,) = stories(f"{GOOD}\n{shown(bytes(octets))}\n{GOOD}")
    assert (story.code, story.cause, story.severity) == ("hdlc-fcs-wrong", "bit-error", Severity.ERROR)
    (evidence,) = story.evidence
    assert (evidence.record, evidence.start, evidence.end) == (2, 21, 22)
    octets[20] ^= 0x10
    assert story.proposed == (2, bytes(octets))
    assert story.advice


def test_equal_faults_of_a_lane_are_one_story() -> None:
    chance = random.Random(2)
    lines = []
    for _ in range(20):
        octets = bytearray(answer(40, chance))
        octets[chance.randrange(12, len(octets))] ^= 1 << chance.randrange(8)
        lines += [GOOD, shown(bytes(octets))]
    story, *_ = stories("\n".join(lines))
    assert (story.cause, len(story.evidence)) == ("bit-error", 3)
    assert story.count >= 18  # a flip in the length field makes another story


@pytest.mark.parametrize(
    ("answered", "code", "cause", "severity"),
    [
        ("C401C10103", "result-read-write-denied", "no-association-rights", Severity.NOTE),
        ("C401C10104", "result-object-undefined", "object-missing", Severity.NOTE),
        ("D8020600000010", "exception-response", "invocation-counter-too-low", Severity.ERROR),
        ("0E060006", "confirmed-service-error", "deciphering-failed", Severity.ERROR),
        (
            "6117A109060760857405080101A203020101A305A10302010D",
            "association-rejected",
            "wrong-password",
            Severity.ERROR,
        ),
    ],
)
def test_refusal_is_a_story_with_its_usual_cause(answered: str, code: str, cause: str, severity: Severity) -> None:
    asked = line("TX", bytes.fromhex("C001C1 0003 0100010800FF 02 00"))
    found = {one.code: one for one in stories(f"{asked}\n{line('RX', bytes.fromhex(answered))}")}
    assert (found[code].cause, found[code].severity) == (cause, severity)


def test_frame_reject_spells_its_octets() -> None:
    (story,) = stories(shown(body(bytes.fromhex("540010"), control=0x97)))
    assert (story.code, story.cause) == ("hdlc-frame-rejected", "counters-not-reset")
    assert "54 00 10 rejects I N(S)=2 N(R)=2" in story.evidence[0].text


def test_echo_is_told_from_an_answer() -> None:
    sent = shown(body(control=0x93, addresses=b"\x21\x03"))
    answer_frame = shown(body(control=0x73, addresses=b"\x03\x21"))
    story, *_ = stories(f"TX: {sent}\nRX: {sent}\nRX: {answer_frame}")
    assert (story.code, story.cause, story.confidence) == ("line-echo", "local-echo", "certain")


def test_reader_that_stopped_at_a_flag_octet_is_told_so() -> None:
    chance = random.Random(3)
    octets = next(one for one in (answer(40, chance) for _ in range(100_000)) if one.endswith(b"\x7e"))
    (story,) = stories((b"\x7e" + octets[:-1]).hex(" "))
    assert story.cause == "cut-at-flag-octet"


@pytest.mark.parametrize("sample", samples(), ids=lambda one: one.name)
def test_healthy_sample_has_no_story_that_the_manifest_does_not_allow(sample: object) -> None:
    doctor = Doctor()
    with open_source(str(sample.path)) as source:  # type: ignore[attr-defined]
        for record in Session(source, learns=False).records():
            doctor.take(record)
    worse = {one.code for one in doctor.stories() if one.severity >= Severity.WARNING}
    assert worse <= set(sample.notes)  # type: ignore[attr-defined]


def test_severities_of_the_table_are_those_of_the_program() -> None:
    table = {code: one.severity for (kind, code), one in rules().items() if kind == "fact"}
    assert {code: FACTS[code][0].name.lower() for code in table if code in FACTS} == {
        code: severity for code, severity in table.items() if code in FACTS
    }


def test_every_cause_that_a_result_leads_to_has_its_rule() -> None:
    causes = {cause for cause, _ in RESULT_CAUSES.values()}
    assert causes <= {code for kind, code in rules() if kind == "cause"}


def test_healthy_entries_of_the_corpus_have_no_story_worse_than_a_note_but_what_their_notes_say(corpus: Path) -> None:
    for entry in vectors.covered(corpus):
        if entry["theme"] == "broken":
            continue
        records = vectors.decode(vectors.text_of(entry))
        doctor = Doctor()
        for record in records:
            doctor.take(record)
        noted = {note.code for record in records for note in record.notes}
        worse = {one.code for one in doctor.stories() if one.severity >= Severity.WARNING} - noted
        assert worse <= {"line-echo", "association-rejected", "exception-response", "confirmed-service-error",
                         "hdlc-disconnected-mode"}, entry["id"]  # fmt: skip


def test_broken_entries_that_octets_decide_are_named_as_their_labels_say(corpus: Path) -> None:
    table = tomllib.loads((corpus / "vectors" / "broken.toml").read_text(encoding="utf-8"))["vector"]
    wrong = []
    for entry in table:
        if not entry.get("decidable") or not ("hex" in entry or "hex_lines" in entry or "text" in entry):
            continue
        found = stories(vectors.text_of(entry))
        code, cause = (found[0].code, found[0].cause) if found else ("none", "")
        if code != entry["code"] or (entry.get("causes") and cause not in entry["causes"]):
            wrong.append(f"{entry['id']}: {code} {cause}")
    assert wrong == []


def test_every_code_stands_in_one_table_only() -> None:
    files = sorted((Path(doctor_module.__file__).parent / "rules").glob("*.toml"))
    tables = [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]
    codes = [(kind, code) for table in tables for kind in ("fact", "cause") for code in table.get(kind, {})]
    assert len(codes) == len(set(codes)) == len(rules())


def test_doctor_does_not_outlive_its_capture() -> None:
    text = "\n".join(
        line(side, bytes.fromhex(octets))
        for side, octets in (
            ("TX", "C001C1 0008 0000010000FF 02 00"),  # a clock, which is looked at each time
            ("RX", "C401C100 090C 07E80B15040A1E00FFFFC400"),
        )
    )
    doctor = Doctor()
    with source_from_hex(text) as source:
        records = list(Session(source, learns=False).records())
    for record in records:
        doctor.take(record)
    assert any(record.objects.watched is not None for record in records)
    there = [weakref.ref(one) for one in (doctor, doctor.associations)]
    del doctor
    gc.collect()
    assert [one() for one in there] == [None, None]


def test_sound_llc_frame_closes_the_region_of_noise_before_it(tmp_path: Path) -> None:
    pair = ("TX: 90 01 10 C0 01 C1 00 03 01 00 01 08 00 FF 02 00", "RX: 90 10 01 C4 01 C1 00 06 00 01 23 45")
    chance = random.Random(5)
    bursts = [bytes(chance.randrange(1, 256, 2) for _ in range(25 + 9 * number)) for number in range(8)]
    lines = [line for burst in bursts for line in (*pair * 6, f"RX: {burst.hex(' ')}")]
    path = tmp_path / "llc.txt"
    path.write_text(
        "\n".join(f"10:00:{at // 5:02}.{at % 5 * 200:03} {line}" for at, line in enumerate([*lines, *pair]))
    )
    doctor = Doctor()
    with open_source(str(path)) as source:
        for record in Session(source, None, learns=False).records():
            doctor.take(record)
    doctor.finish()
    told = {one.code: (one.cause, one.count) for one in doctor.stories()}
    assert told["noise"] == ("line-noise", len(bursts) - 1)  # one begins as an APDU
    assert "hdlc-noise" not in told


def test_noise_is_searched_up_to_a_bound_and_the_rest_is_said_not_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    searched = 0
    monkeypatch.setattr(fcs_search, "SEARCHES", (lambda damaged: _count(damaged.body),))

    def _count(octets: bytes) -> list[object]:
        nonlocal searched
        searched += len(octets)
        return []

    work, noise = [], random.Random(5)
    for size in (60_000, 120_000):
        searched = 0
        text = f"{GOOD} {noise.randbytes(size).hex()}"
        told = stories(text, {"serial": "hdlc"})
        work.append(searched)
    assert work[1] < 1.3 * work[0]
    assert any("not searched" in proof.text for story in told for proof in story.evidence)
