"""Short names wherever objects are asked for: by the list of their meter, wherever in the capture it stands."""

from __future__ import annotations

import json
from pathlib import Path

import polars
import pytest

from captures.samples import sample_path
from tests.analyzer.cosem.data import (
    array,
    double_long_unsigned,
    long_unsigned,
    name,
    octet_string,
    structure,
    unsigned,
)
from tests.analyzer.tracking.build import answered, asked
from tests.analyzer.tracking.carried_by_tcp import wrapper_conversation
from tests.captures.build import pcap_header, pcap_record
from tests.cli.conftest import Run

ENERGY = "1-0:1.8.0"
LIST = array(
    structure(b"\x10\x0a\x00", long_unsigned(3), unsigned(0), name(ENERGY)),
    structure(b"\x10\x0c\x00", long_unsigned(8), unsigned(0), name("0-0:1.0.0")),
)
READ_LIST = bytes.fromhex("050102FA08"), b"\x0c\x01\x00" + LIST
READ_ENERGY = bytes.fromhex("0501020A08"), b"\x0c\x01\x00" + double_long_unsigned(5)
READ_NOTHING = bytes.fromhex("0501020A20"), b"\x0c\x01\x00" + double_long_unsigned(5)
DENIED = bytes.fromhex("0501020A08"), b"\x0c\x01\x01\x03"


def written(path: Path, *said: tuple[bytes, bytes]) -> Path:
    """A pcap in which these requests are answered so."""
    apdus = [one for pair in said for one in pair]
    chunks = wrapper_conversation([(asked, answered)[at % 2](octets) for at, octets in enumerate(apdus)])
    path.write_bytes(pcap_header() + b"".join(pcap_record(one.octets) for one in chunks))
    return path


@pytest.fixture
def late(tmp_path: Path) -> Path:
    """A capture in which a value is read before the list that names it, and after it."""
    return written(tmp_path / "late.pcap", READ_ENERGY, READ_LIST, READ_ENERGY, READ_NOTHING)


def numbers(run: Run, path: Path, text: str) -> list[int]:
    ran = run("decode", "--json", "-Y", text, path)
    return [json.loads(line)["number"] for line in ran.out.splitlines()]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("obis == 1.0.1.8.0.255", [1, 2, 5, 6]), ("obis == 1-0:1.8.* && class == 3", [1, 2, 5, 6]),
        ("1-0:1.8.0*255", [1, 2, 5, 6]), ("attribute == 2 and object contains energy", [1, 2, 5, 6]),
        ("obis", [1, 2, 3, 4, 5, 6]), ("class == 12", [3, 4]), ("short-name == 0x0A08", [1, 2, 5, 6]),
        ("short_name and not obis", [7, 8]), ("class == 0", []), ("attribute > 255", []),
        ("obis == 1-0:1.8.0 and value == 5", [2, 6]),
    ],
)  # fmt: skip
def test_filters_ask_for_what_short_names_stand_for(text: str, found: list[int], run: Run, late: Path) -> None:
    """No filter by OBIS code, class or attribute found an object that was read by its short name."""
    assert numbers(run, late, text) == found
    ran = run("stats", "--index", "--json", "-Y", text, late)
    assert sum(json.loads(line)["records"] for line in ran.out.splitlines()) == len(found)


@pytest.mark.parametrize("how", [[], ["--index"], ["--workers", "2"], ["-Y", "number > 0"]])
def test_statistics_by_object_name_short_names(how: list[str], run: Run, late: Path) -> None:
    """Objects stood there as short names, whatever the capture told of them."""
    ran = run("stats", "--by", "object", "--json", *how, late)
    found = {one["key"]: one["records"] for one in map(json.loads, ran.out.splitlines())}
    assert found == {
        "1-0:1.8.0*255 Active energy import (+A), attribute 2": 4, "short name 0A20": 2,
        "0-0:40.0.0*255 Current association, attribute 2": 2,
    }  # fmt: skip


def test_meters_with_other_lists_have_other_names(run: Run, tmp_path: Path) -> None:
    other = array(structure(b"\x10\x0a\x00", long_unsigned(3), unsigned(0), name("1-0:2.8.0")))
    one = written(tmp_path / "one.pcap", READ_LIST, READ_ENERGY)
    two = written(tmp_path / "two.pcap", (READ_LIST[0], b"\x0c\x01\x00" + other), READ_ENERGY)
    assert [numbers(run, each, "obis == 1-0:1.8.0") for each in (one, two)] == [[3, 4], []]


def test_reserved_short_names_need_no_list(run: Run, tmp_path: Path) -> None:
    """A meter's name, its list, and what else has the same short name in every meter, were numbers without a list."""
    read_name = bytes.fromhex("050102FD08"), b"\x0c\x01\x00" + octet_string(b"MMM0000000000001")
    path = written(tmp_path / "a.pcap", read_name, (bytes.fromhex("050102FC08"), b"\x0c\x01\x01\x03"))
    texts = [json.loads(line)["summary"] for line in run("decode", "--json", path).out.splitlines()]
    assert "0-0:42.0.0*255" in texts[0] and "MMM0000000000001" in texts[1] and "0-0:41.0.0*255" in texts[2]
    assert numbers(run, path, "obis == 0-0:42.0.0") == [1, 2]


def test_doctor_names_short_names(run: Run, tmp_path: Path) -> None:
    """Refusals were about a short name, and of values read by short names nothing was said at all."""
    path = written(tmp_path / "a.pcap", READ_LIST, DENIED)
    (found,) = [one for one in map(json.loads, run("doctor", "--json", path).out.splitlines()) if 4 in one["records"]]
    assert found["text"].startswith("1-0:1.8.0*255 Active energy import (+A), attribute 2 value (request 3)")
    codes = [json.loads(line)["code"] for line in run("doctor", "--json", sample_path("sn-hdlc")).out.splitlines()]
    assert "status-flag-set" in codes


def test_differences_name_short_names(run: Run, tmp_path: Path) -> None:
    good = written(tmp_path / "good.pcap", READ_LIST, READ_ENERGY)
    bad = written(tmp_path / "bad.pcap", READ_LIST, DENIED)
    found = json.loads(run("diff", "--json", good, bad).out.splitlines()[0])
    assert "1-0:1.8.0*255 Active energy import (+A)" in found["text"]


def test_parquet_names_short_names(run: Run, late: Path, tmp_path: Path) -> None:
    assert run("export", late, "-o", tmp_path / "a.parquet").status == 0
    found = polars.read_parquet(tmp_path / "a.parquet").select("class_id", "logical_name", "attribute").rows()
    assert found[0] == (3, "1-0:1.8.0*255", 2)


def test_a_list_of_the_meter_goes_before_reserved_names(run: Run, tmp_path: Path) -> None:
    """What the list has at a base name that others reserve was named as theirs, and its type was said to be wrong."""
    own = array(
        structure(b"\x10\xfc\x00", long_unsigned(8193), unsigned(0), name("0-0:128.1.0")),
        structure(b"\x10\xfd\x00", long_unsigned(3), unsigned(0), name("1-0:2.8.0")),
    )
    value = b"\x0c\x01\x00" + double_long_unsigned(5)
    reads = [(bytes.fromhex(f"050102{code}"), value) for code in ("FC08", "FD08", "FD30", "FB08")]
    path = written(tmp_path / "a.pcap", (READ_LIST[0], b"\x0c\x01\x00" + own), *reads)
    texts = [json.loads(line)["summary"] for line in run("decode", "--json", path).out.splitlines()]
    assert "short name FC08" in texts[2] and "1-0:2.8.0*255" in texts[4]
    assert "short name FD30" in texts[6] and "short name FB08" in texts[8]
    assert "value-out-of-type" not in run("doctor", "--json", path).out


def test_refusals_before_and_after_the_list_are_one_story(run: Run, tmp_path: Path) -> None:
    """A story of one object that is refused fell apart where the capture told its name."""
    path = written(tmp_path / "a.pcap", DENIED, DENIED, READ_LIST, DENIED, DENIED)
    found = [json.loads(line) for line in run("doctor", "--json", path).out.splitlines()]
    (refused,) = [one for one in found if one["code"] == "result-read-write-denied"]
    assert refused["count"] == 4
    texts = [one["text"] for one in refused["evidence"]]
    assert all("1-0:1.8.0" in text and "short name" not in text for text in (refused["text"], *texts))


OTHER = array(structure(b"\x10\x0a\x00", long_unsigned(3), unsigned(0), name("1-0:2.8.0")))
READ_OTHER_LIST = READ_LIST[0], b"\x0c\x01\x00" + OTHER


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    """A capture in which an optical head moves on to a meter with other names."""
    said = READ_ENERGY, READ_LIST, READ_ENERGY, READ_OTHER_LIST, READ_ENERGY, READ_ENERGY
    return written(tmp_path / "moved.pcap", *said)


READ_SCALER = bytes.fromhex("0501020A10"), b"\x0c\x01\x00" + structure(b"\x0f\x03", b"\x16\x1e")
WRITE_ENERGY = bytes.fromhex("0601020A0801") + double_long_unsigned(5), b"\x0d\x01\x00"
SCALED_LATE = [
    [READ_LIST, READ_ENERGY, WRITE_ENERGY, READ_SCALER], [READ_LIST, WRITE_ENERGY, READ_ENERGY, READ_SCALER],
    [READ_ENERGY, WRITE_ENERGY, READ_LIST, READ_SCALER], [WRITE_ENERGY, READ_LIST, READ_SCALER, READ_ENERGY],
]  # fmt: skip


@pytest.mark.parametrize("said", SCALED_LATE)
@pytest.mark.parametrize("how", [[], ["-Y", "get or set"], ["-Y", "set"], ["-Y", "response"], ["--workers", "2"]])
def test_a_scaler_that_is_read_later_scales_what_is_read_by_short_name(
    how: list[str], said: list[tuple[bytes, bytes]], run: Run, tmp_path: Path
) -> None:
    """Decode gave the bare integer, and readings the value; which one was given hung on what else was printed."""
    ran = run("decode", "--json", *how, written(tmp_path / "a.pcap", *said))
    values = [one for line in ran.out.splitlines() for one in json.loads(line).get("values", ())]
    energy = [(one["value"], one.get("unit")) for one in values if one.get("raw") == 5]
    assert len(energy) >= 1 and set(energy) == {(5000, "Wh")}


WAYS = [[], ["--index"], ["--workers", "2"], ["-Y", "number > 0"], ["--index", "-Y", "number > 0"]]


@pytest.mark.parametrize("how", WAYS)
def test_a_list_names_what_comes_behind_it(how: list[str], run: Run, moved: Path) -> None:
    """The last list of a meter named all of its records, in statistics more than in lines."""
    ran = run("stats", "--by", "object", "--json", *how, moved)
    found = {one["key"].partition("*")[0]: one["records"] for one in map(json.loads, ran.out.splitlines())}
    assert found == {"1-0:1.8.0": 4, "1-0:2.8.0": 4, "0-0:40.0.0": 4}


@pytest.mark.parametrize("how", [["--index"], ["--workers", "1"], ["--workers", "2"]])
def test_filters_name_by_the_list_of_the_time(how: list[str], run: Run, moved: Path) -> None:
    """With an index a filter by the first name found nothing."""
    assert numbers(run, moved, "obis == 1-0:1.8.0") == [1, 2, 5, 6]
    assert numbers(run, moved, "obis == 1-0:2.8.0 and value == 5") == [10, 12]
    for text, count in (("obis == 1-0:1.8.0", 4), ("obis == 1-0:2.8.0 and number > 9", 3)):
        ran = run("stats", "--by", "object", "--json", *how, "-Y", text, moved)
        (found,) = map(json.loads, ran.out.splitlines())
        assert (found["key"].partition("*")[0], found["records"]) == (text[8:17], count)


def test_doctor_looks_again_once_a_short_name_has_a_meaning(run: Run, tmp_path: Path) -> None:
    clock = array(structure(b"\x10\x0a\x00", long_unsigned(8), unsigned(0), name("0-0:1.0.0")))
    path = written(tmp_path / "a.pcap", READ_ENERGY, READ_ENERGY, (READ_LIST[0], b"\x0c\x01\x00" + clock), READ_ENERGY)
    found = {one["code"]: one for one in map(json.loads, run("doctor", "--json", path).out.splitlines())}
    assert found["value-out-of-type"]["records"] == [8]
