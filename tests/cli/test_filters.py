"""The examples of the docs choose what they say, by a second way: a question to the JSON of each record."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from analyzer.cli.main import main
from analyzer.filter.fields import FIELDS, Kind
from analyzer.filter.vocabulary import words_of
from analyzer.index.filtering import FilterRun
from analyzer.index.tabulate import tabulate
from analyzer.security.keyring_file import load
from analyzer.session import Session
from captures import open_source
from captures.samples import samples
from tests.analyzer.index.build import indexed
from tests.captures.build import enhanced, interface, ipv4, section, udp
from tests.cli.conftest import Run, lines_of
from tests.project.checkout import modules_after

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
LN_WRAPPER = next(str(one.path) for one in samples() if one.name == "ln-wrapper")
EXAMPLES = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs" / "filters.md").read_text(encoding="utf-8"), re.MULTILINE)


def _family(record: Json) -> str:
    return next(iter(record.get("apdu", {})), "")


def _variant(record: Json) -> str:
    inside = next(iter(record.get("apdu", {}).values()), None)
    return next(iter(inside), "") if isinstance(inside, dict) else ""


def _severities(record: Json) -> set[str]:
    return {note["severity"] for note in record.get("notes", [])}


def _status(record: Json) -> str:
    return record.get("ciphered", {}).get("status", "")


def _octets(record: Json) -> bytes:
    return bytes.fromhex(record["octets"])


def _results(record: Json) -> list[str]:
    return re.findall(
        r'"(?:data-access-result|result|data-access-error)": "([a-z-]+)"', json.dumps(record.get("apdu", {}))
    )


def _layer_names(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(_layer_names, node)) if node else set()
    return {node["name"].lower()} | _layer_names(node.get("children", []))


def _find(nodes: list[Json], *names: str) -> list[Any]:
    """Values of nodes of this name below one of each name before it."""
    found = []
    for node in nodes:
        rest = names[1:] if node["name"].lower() == names[0] else names
        if not rest:
            found.append(node.get("value"))
            continue
        found += _find(node.get("children", []), *rest)
    return found


def _values(record: Json) -> list[Any]:
    return [value["value"] for value in record.get("values", [])]


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else float("-inf")


def _clock(record: Json) -> str:
    return record["clock"]


def _in_summary(text: str) -> Callable[[Json], bool]:
    return lambda record: text in record["summary"].lower()


READS = ("get-request", "get-response", "readrequest", "readresponse")
ON_UDP = ("blocks", "push-ciphered", "push-udp")
"""Samples that UDP carries."""
WAYS: dict[str, Callable[[Json], Any]] = {
    "get": lambda r: _family(r).lower() in READS,
    "get-response": lambda r: _family(r) == "get-response",
    "set or action": lambda r: re.match("set|write|unconfirmedWrite|action", _family(r), re.IGNORECASE),
    "aarq": lambda r: _family(r) == "aarq",
    "hdlc": lambda r: r["link"] == "hdlc",
    "response": lambda r: r["direction"] == "response",
    "part": lambda r: r["kind"] == "part",
    "warning": lambda r: _severities(r) & {"warning", "error"},
    "verified": lambda r: _status(r) == "verified",
    "ciphered": lambda r: _status(r) or re.match("glo-|ded-|general-(glo|ded|ciph)", _family(r)),
    "192.0.2.10": lambda r: re.search(r"\b192\.0\.2\.10\b", r["lane"]),
    "push": lambda r: _family(r).startswith("data-notification"),
    "udp": lambda r: r["sample"] in ON_UDP,
    "udp.port == 4059": lambda r: r["sample"] in ON_UDP and ":4059" in r["lane"],
    "server in {1.16..1.31}": lambda r: re.fullmatch(r"1\.(1[6-9]|2\d|3[01])", str(r.get("server"))),
    'value > "2026-03-02 10:15"': lambda r: any(
        isinstance(v, str) and re.match(r"\d{4}-\d\d-\d\dT", v) and v[:16] > "2026-03-02T10:15" for v in _values(r)
    ),
    '"Active energy"': _in_summary("active energy"),
    "number in {1..10}": lambda r: r["number"] <= 10,
    'time > "09:14:08"': lambda r: _clock(r)[11:19] > "09:14:08",
    'time >= "2026-03-02 09:14" and time < "2026-03-03"': lambda r: "2026-03-02 09:14" <= _clock(r) < "2026-03-03",
    "since.previous > 140ms": lambda r: r["since_previous"] > 0.14,
    "since.first < 1.5s": lambda r: r["since_first"] < 1.5,
    "latency > 150ms": lambda r: r.get("latency", 0) > 0.15,
    "client == 16 && server == 1": lambda r: (r.get("client"), r.get("server")) == (16, 1),
    "meter == 198.51.100.7": lambda r: "198.51.100.7:" in r["lane"],
    "device == MTR00012": lambda r: r.get("gateway", {}).get("physical-device-address") == b"MTR00012".hex().upper(),
    "source == 198.51.100.7": lambda r: r["lane"].startswith("198.51.100.7:"),
    "host == 198.51.100.7 && port == 4059": lambda r: re.search(r"\b198\.51\.100\.7:", r["lane"]) and re.search(r":4059\b", r["lane"]),
    "service == get-request": lambda r: _family(r) == "get-request",
    "apdu == get-response-with-datablock": lambda r: _variant(r) == "get-response-with-datablock",
    "raw > 1000000": lambda r: any(_number(v.get("raw")) > 1_000_000 for v in r.get("values", [])[:1]) and _variant(r) == "get-response-normal",
    "length > 100 and kind == apdu": lambda r: len(_octets(r)) > 100 and r["kind"] == "apdu",
    "severity >= note": lambda r: _severities(r) & {"note", "warning", "error"},
    "note == hdlc-fcs-wrong or note == noise": lambda r: {n["code"] for n in r.get("notes", [])} & {"hdlc-fcs-wrong", "noise"},
    "link == hdlc && !(kind == apdu)": lambda r: r["link"] == "hdlc" and r["kind"] != "apdu",
    'lane matches "serial:[AB]"': lambda r: re.search("serial:[AB]", r["lane"]),
    "status in {verified, decrypted-unverified}": lambda r: _status(r) in ("verified", "decrypted-unverified"),
    "value > 70000": lambda r: any(_number(v) > 70000 for v in _values(r)),
    "unit == Wh": lambda r: any(v.get("unit") == "Wh" for v in r.get("values", [])),
    'comment contains "check"': lambda r: any("check" in n["text"] for n in r.get("notes", []) if n["code"] == "comment"),
    'summary contains "clock"': _in_summary("clock"),
    "key contains 4D4D4D0000BC614E": lambda r: any(
        "@4D4D4D0000BC614E:" in one.get("key", "") for one in r.get("protection", [])
    ),
    "octets[0:2] == 00:01": lambda r: _octets(r)[:2] == b"\x00\x01",
    "octets contains 09:0C:07:EA": lambda r: bytes.fromhex("090C07EA") in _octets(r),
    "apdu.octets[0] == C4": lambda r: _family(r) == "get-response",
    "get-response.invoke-id == 3": lambda r: 3 in _find(r["layers"], "get-response", "invoke-id"),
    "aarq.mechanism-name": lambda r: _find(r["layers"], "aarq", "mechanism-name"),
    "hdlc.fcs": lambda r: "fcs" in _layer_names(r["layers"]),
    "hdlc.fcs == wrong": lambda r: {"hdlc-fcs-wrong"} & {note["code"] for note in r.get("notes", [])},
    "wrapper.length > 40": lambda r: r.get("wrapper", {}).get("length", 0) > 40,
    "glo-get-request.invocation-counter >= 1": lambda r: any(_number(v) >= 1 for v in _find(r["layers"], "glo-get-request", "invocation-counter")),
}  # fmt: skip
BY_REQUEST: dict[str, Callable[[Json, Json], Any]] = {
    "1-0:1.8.0*255": lambda r, o: "0100010800FF" in o["names"],
    "class in {3, 4, 5}": lambda r, o: o["classes"] & {3, 4, 5},
    "obis == 1-0:1.8.*": lambda r, o: any(name.startswith("01000108") for name in o["names"]),
    "obis == 1-0:1.8.0*255 && attribute == 2": lambda r, o: "0100010800FF" in o["names"] and 2 in o["attributes"],
    'object contains "energy"': lambda r, o: any(re.match("0100[012](1|2)0[89]|01000[1-8]0[89]", name) for name in o["names"]),
}  # fmt: skip
"""Of what a response is about, its request tells."""
ONLY_HOLD = {
    "refused", "result == object-undefined", "direction == response and result != success", "data.length > 40",
    "short-name == 0x0A08",
}  # fmt: skip
"""Examples that are held to what they find, one by one, below; the short name in test_short_names."""


@cache
def _records(name: str) -> list[Json]:
    sample = next(one for one in samples() if one.name == name)
    keys = ["-k", str(sample.keys)] if sample.keys else []
    lines = lines_of("decode", str(sample.path), *keys, "--json", "--layers")
    clocks = [
        re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?|  -  ", line)
        for line in lines_of("decode", str(sample.path), *keys, "--utc")
        if re.match(r"^ *\d+  ", line)
    ]
    records = [json.loads(line) for line in lines]
    times = [record.get("time", float("nan")) for record in records]
    for record, clock, time, previous in zip(records, clocks, times, [times[0], *times], strict=False):
        record["sample"], record["clock"] = name, clock[0] if clock else ""
        record["since_first"], record["since_previous"] = time - times[0], time - previous
    return records


def _chosen(name: str, text: str) -> list[int]:
    sample = next(one for one in samples() if one.name == name)
    keys = ["-k", str(sample.keys)] if sample.keys else []
    return [
        json.loads(line)["number"]
        for line in lines_of("decode", str(sample.path), *keys, "--json", "--utc", "-Y", text)
    ]


def _asked(record: Json, by_number: dict[int, Json]) -> Json:
    """Names, classes and attributes in the request of a record, or in itself."""
    asked = by_number.get(record.get("request", 0), record)
    text = json.dumps(asked.get("apdu", {}))
    first = by_number.get(asked.get("part_of", 0))
    return {
        "names": set(re.findall(r'"instance-id": "([0-9A-F]{12})"', text)),
        "classes": set(map(int, re.findall(r'"class-id": (\d+)', text))),
        "attributes": set(map(int, re.findall(r'"attribute-id": (\d+)', text))),
        "is_first": first is None,
    }


def test_docs_have_forty_examples_and_each_is_checked() -> None:
    assert len(EXAMPLES) >= 40
    assert set(EXAMPLES) == {*WAYS, *BY_REQUEST, *ONLY_HOLD}


_OF_NO_SAMPLE = {
    'comment contains "check"',
    "warning",
    "severity >= note",
    "hdlc.fcs == wrong",
    "note == hdlc-fcs-wrong or note == noise",
    "device == MTR00012",
}
"""What samples have none of: they are healthy, and no gateway is in them."""


@pytest.mark.parametrize("text", WAYS)
def test_example_chooses_what_a_second_way_chooses(text: str) -> None:
    found = 0
    for sample in samples():
        expected = [record["number"] for record in _records(sample.name) if WAYS[text](record)]
        assert _chosen(sample.name, text) == expected, sample.name
        found += len(expected)
    assert found or text in _OF_NO_SAMPLE


@pytest.mark.parametrize("text", BY_REQUEST)
def test_example_about_an_object_chooses_requests_and_their_answers(text: str) -> None:
    records = _records("ln-wrapper")
    by_number = {record["number"]: record for record in records}
    plain = [
        record
        for record in records
        if _variant(record)
        in ("get-request-normal", "get-response-normal", "set-request-normal", "set-response-normal")
    ]
    expected = {record["number"] for record in plain if BY_REQUEST[text](record, _asked(record, by_number))}
    assert expected
    assert expected == set(_chosen("ln-wrapper", text)) & {record["number"] for record in plain}


REFUSED = """\
C0 01 C1 00 03 01 00 01 08 00 FF 02 00
C4 01 C1 01 04
C0 01 C2 00 03 01 00 02 08 00 FF 02 00
C4 01 C2 00 06 00 00 00 2A
"""
"""A request answered with object-undefined (4), and one with data."""


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("refused", [2]),
        ("result == object-undefined", [2]),
        ("direction == response and result != success", [2]),
        ("result == success", [4]),
        ("data.length > 4", [4]),
        ("data.length > 40", []),
        ("raw == 42", [4]),
    ],
)
def test_results_of_answers_choose(text: str, numbers: list[int], tmp_path: Path) -> None:
    path = tmp_path / "refused.txt"
    path.write_text(REFUSED)
    lines = lines_of("decode", str(path), "-d", "record,apdu", "--json", "-Y", text)
    assert [json.loads(line)["number"] for line in lines] == numbers


def test_wrong_filter_is_exit_status_4_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("decode", "readings"):
        assert main([command, "no-such-file", "-Y", "latency > soon"]) == 4
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert error.startswith("dlmshark: --filter 'latency > soon', at character 11: a time such as")


@pytest.mark.parametrize(
    ("text", "said", "place"),
    [
        ("note == hdlc-fcs-wrng", "did you mean hdlc-fcs-wrong", 9),
        ("get and note != hdlc-fcs-wrng", "did you mean hdlc-fcs-wrong", 17),
        ("note in {noise, hdlc-fcs-wrng}", "did you mean hdlc-fcs-wrong", 17),
        ("result == object-undefind", "did you mean object-undefined", 11),
        ("service == get-reqest", "did you mean get-request", 12),
        ("apdu == get-response-norml", "did you mean get-response-normal", 9),
        ("status == verifed", "did you mean verified", 11),
        ("cause == nonce-reus", "did you mean nonce-reuse", 10),
        ("group == checksums", "did you mean checksum", 10),
        ("link == uart", "hdlc, wrapper, iec62056-21", 9),
        ("direction == up", "request, response, unsolicited or unknown", 14),
    ],
)
def test_word_that_a_field_can_never_be_is_exit_status_4(
    text: str, said: str, place: int, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("decode", "stats"):
        assert main([command, "no-such-file", "-Y", text]) == 4
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and said in error
        assert error.startswith(f"dlmshark: --filter '{text}', at character {place}: ")


@pytest.mark.parametrize(
    "text",
    [
        "note == HDLC-FCS-Wrong", "result == 57", "result == association-rejected", "service == tag-FE", "apdu == empty",
        "service == readRequest", "note contains fcs-wrng", 'note matches "^hdlc-fcs-wrng$"', "link == Noise",
    ],
)  # fmt: skip
def test_word_that_a_field_may_be_passes(text: str) -> None:
    assert main(["decode", str(samples()[0].path), "-q", "-Y", text]) == 0


def test_words_in_samples_are_words_that_fields_may_be() -> None:
    closed = [field for field in FIELDS.values() if field.kind is Kind.TEXT and words_of(field)]
    assert len(closed) == 11
    seen = 0
    for sample in samples():
        keys = load([str(sample.keys)], [], {}).keyring if sample.keys else None
        with open_source(str(sample.path)) as source:
            table = tabulate(Session(source, None, keys).noted())
        for field in closed:
            found = {value.lower() for word in table.words(field.source.value) for value in field.get(word)}
            assert found <= words_of(field), field.name
            seen += len(found)
    assert seen > 200


@pytest.mark.parametrize("time", ["2026-03-02", "2026-03-02 09:14", "09:14"])
def test_time_is_as_exact_as_it_is_written(time: str, run: Run) -> None:
    sample = next(one.path for one in samples() if one.name == "ln-wrapper")
    whole = run("decode", "--utc", sample).out
    assert run("decode", "--utc", "--from", time, "--to", time, sample).out == whole
    assert run("decode", "--utc", "-Y", f'time <= "{time}"', sample).out == whole
    assert run("decode", "--utc", "-Y", f'time >= "{time}"', sample).out == whole
    assert run("decode", "--utc", "-Y", f'time < "{time}"', sample).out == ""
    assert run("decode", "--utc", "-Y", f'time > "{time}"', sample).out == ""


def test_wrong_time_is_named_by_its_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "no-such-file", "--from-time", "yesterday"]) == 4
    assert capsys.readouterr().err.startswith("dlmshark: --from-time yesterday: ")


def test_filter_that_nothing_passes_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    sample = next(one for one in samples() if one.name == "ln-wrapper")
    assert main(["decode", str(sample.path), "-Y", "mbus"]) == 0
    assert "no record passes the filter" in capsys.readouterr().err


def test_filter_in_a_stream_loads_no_polars() -> None:
    statement = (
        "from contextlib import redirect_stdout; import io; from analyzer.cli.main import program\n"
        "sys.argv = ['dlmshark', 'demo', 'ln-wrapper', '-Y', 'get and value > 1']\n"
        "with redirect_stdout(io.StringIO()): program()"
    )
    assert not {name for name in modules_after(statement) if name.partition(".")[0] in ("polars", "scapy", "textual")}


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("ip.src == 198.51.100.0/24", "ip.src == 198.51.100.7"),
        ("ip.src != 198.51.100.0/24", "ip.src == 192.0.2.10"),
        ("host in {10.0.0.0/8, 198.51.100.4/30}", "host == 198.51.100.7"),
        ("192.0.2.0/24", "192.0.2.10"),
        ("host == 2001:db8::/32", "number == 0"),
        ("number not in {3..100}", "number in {1, 2}"),
        ("frame contains c4:01", "octets contains c4:01"),
    ],
)
def test_way_that_wireshark_has_for_it_chooses_the_same(
    text: str, same: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["decode", "-Y", text, LN_WRAPPER])
    found = capsys.readouterr().out
    main(["decode", "-Y", same, LN_WRAPPER])
    assert found == capsys.readouterr().out
    assert bool(found) is (same != "number == 0")


def test_network_has_no_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "-Y", "host > 10.0.0.0/8", LN_WRAPPER]) == 4
    assert "> says nothing about it" in capsys.readouterr().err


@pytest.mark.parametrize("network", ["198.51.100.0/77", "198.51.100/24", "meter/1"])
def test_network_that_is_none_is_refused(network: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "-Y", f"host == {network}", LN_WRAPPER]) == 4
    assert "a network such as 192.0.2.0/24 was expected" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["security-control == 0x20", "originator-system-title == 0x4D4D4D0000BC6212"])
def test_octets_of_the_tree_may_be_written_as_a_hex_number(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = next(str(one.path) for one in samples() if one.name == "push-ciphered")
    main(["decode", "-Y", text.replace("0x", ""), path])
    found = capsys.readouterr().out
    main(["decode", "-Y", text, path])
    assert found == capsys.readouterr().out
    assert found.count("general-") == 4


def test_closed_means_what_no_key_was_given_for_too(run: Run) -> None:
    sample = next(str(one.path) for one in samples() if one.name == "ln-ciphered")
    every = [json.loads(line) for line in run("decode", "--json", sample).out.splitlines()]
    closed = [json.loads(line)["number"] for line in run("decode", "--json", "-Y", "closed", sample).out.splitlines()]
    statuses = {one["number"]: one["protection"][0]["status"] for one in every if "protection" in one}
    assert closed == [number for number, status in statuses.items() if status == "no-key"] != []
    assert next(iter(every[0]["apdu"])) == "aarq"
    assert 1 in closed  # its initiate request is protected


def test_time_since_the_record_before_is_that_of_the_capture_whatever_is_shown(run: Run) -> None:
    fields = ("-e", "number", "-e", "since.previous", "-e", "since.first")
    known = dict(line.split("\t", 1) for line in run("decode", LN_WRAPPER, *fields).out.splitlines())
    times = [json.loads(line)["time"] for line in run("decode", LN_WRAPPER, "--json").out.splitlines()]
    for number, told in known.items():
        at = int(number) - 1
        expected = (times[at] - times[max(at - 1, 0)], times[at] - times[0])
        assert [float(one) for one in told.split("\t")] == pytest.approx(expected, abs=1e-6)
    shown = run("decode", LN_WRAPPER, *fields, "-Y", "response and since.previous > 10ms").out.splitlines()
    assert 3 < len(shown) < len(known)
    assert all(known[number] == told for number, told in (line.split("\t", 1) for line in shown))


def test_expected_time_since_the_record_before_counts_those_that_are_not_shown(run: Run) -> None:
    gaps = [json.loads(line)["time"] for line in run("decode", LN_WRAPPER, "--json").out.splitlines()]
    most = max(after - before for before, after in pairwise(gaps))
    between = run("decode", LN_WRAPPER, "-Y", "number in {1, 9}", "--expect", f"since.previous > {most + 0.01:.3f}")
    assert gaps[8] - gaps[0] > most + 0.01 and between.status == 1
    assert run("decode", LN_WRAPPER, "--expect", f"since.previous > {most - 0.001:.3f}").status == 0


def _commented(tmp_path: Path) -> Path:
    """A capture of three datagrams, the second with a comment, the third with another one."""
    made, words = tmp_path / "a.pcapng", ((), ((1, b"to be checked"),), ((1, b"fine"),))
    datagram = ipv4(udp(bytes.fromhex("0001 0010 0001 000D C0 01 C1 0008 0000010000FF 02 00")), 17)
    made.write_bytes(section() + interface(101) + b"".join(enhanced(datagram, pairs=list(one)) for one in words))
    return made


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("comment", [2, 3]), ("!comment", [1]), ('comment contains "check"', [2]), ("frame.comment == fine", [3]),
        ("pkt_comment matches ^to", [2]), ("comment != fine", [2]), ("not (comment == fine)", [1, 2]),
    ],
)  # fmt: skip
def test_comments_of_a_capture_choose_in_a_stream_and_in_an_index(
    text: str, numbers: list[int], run: Run, tmp_path: Path
) -> None:
    made = _commented(tmp_path)
    assert [int(one) for one in run("decode", made, "-Y", text, "-e", "number").out.split()] == numbers
    asked = FilterRun(indexed(open_source(str(made)))[0], text)
    while not asked.is_done:
        asked.poll()
    assert [place + 1 for place in asked.matches] == numbers
    assert asked.progress.looked_into == (0 if text in ("comment", "!comment") else 2)
