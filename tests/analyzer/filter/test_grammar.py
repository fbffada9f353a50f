"""What is wrong with a filter is said in one line that names the place and what was expected there."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.cli.main import main
from analyzer.filter import FilterError, compile_filter, elsewhere
from analyzer.index.filtering import FilterRun
from captures import open_source
from captures.samples import sample_path
from tests.analyzer.index.build import indexed

Capsys = pytest.CaptureFixture[str]

WRONG = [
    ("latency >", 9, "a text in quotes is missing at the end"),
    ("(hdlc or get", 12, ") is missing at the end"),
    ("port = 4059", 5, "== was expected"),
    ("hdlc & get", 5, "&& was expected"),
    ('lane == "10.0', 8, "has no end"),
    ("port == many", 8, "a number was expected, not 'many'"),
    ("latency > soon", 10, "such as 0.5"),
    ("time > noon", 7, "such as 10:15"),
    ('time > "25:00"', 7, "a time"),
    ("severity >= bad", 12, "chat, note, warning or error"),
    ("obis == 1-0:1.8.300", 8, "an OBIS code"),
    ("obis > 1-0:1.8.0", 7, "says nothing"),
    ("port contains 4", 14, "says nothing"),
    ('lane matches "10(" ', 16, "no regular expression"),
    ("lane[0:2] == x", 5, "only octets have slices"),
    ("octets[x] == 00", 7, "a slice such as"),
    ("octets == zz", 10, "octets such as"),
    ("servise == get-request", 0, "did you mean service"),
    ("get-reqest", 0, "get-request"),
    ("number in {9..2}", 11, "runs backwards"),
    ("hdlc get", 5, "or the end was expected, not 'get'"),
    ("not", 3, "is missing at the end"),
    ("number == 1 2", 12, "expected"),
    ("len(octets) > 100", 3, "length counts octets"),
    ("max(client,server) > 1", 3, "max(): there are no functions"),
    ("get && !(lower(object) == clock)", 14, "in any case of letters"),
    ("get xor hdlc", 4, "(A || B) && !(A && B)"),
    ("client bitwise_and 16", 7, "by their names in the tree"),
    ("frame.time_delta_displayed > 1", 0, "since.previous and since.first"),
    ("delta > 1", 0, "since.previous and since.first"),
    ("frame.marked == 1", 0, "from bookmark to bookmark"),
    ("_ws.expert.severity == error", 0, "severity >= note"),
    ("tcp.analysis.retransmission", 0, "note == tcp-retransmission"),
    ('dlms.hdlc.fcs.status == "Bad"', 0, "note == hdlc-fcs-wrong"),
    ("tcp.flags.syn == 1", 0, "host, port, source and destination"),
    ("cosem.obis == 1-0:1.8.0*255", 0, "did you mean obis?"),
    ("dlms.get_request", 0, "did you mean get-request?"),
    ("obis contains 1.8", 14, "1-0:1.8.* stands for a group"),
    ("object contains active energy", 23, "stands in quotes"),
    ("latency > 150 ms", 14, "stands in quotes"),
    ("value > 70kWh", 8, "value > 70000 and unit == Wh"),
    ("value <= 1.5MW", 9, "value <= 1500000 and unit == W"),
    ("value == 10Wh", 9, "value == 10 and unit == Wh"),
    ("value in {230, 231V}", 15, "value == 231 and unit == V"),
    ("value > 3furlongs", 8, "value > 3 and unit == Wh"),
    ("number in {1, .., 4}", 14, "a range is 1..4, without a comma"),
    ("number in {1.., 4}", 16, "a range is 1..4, without a comma"),
    ("number in {1, ..4}", 14, "a range is 1..4, without a comma"),
    ("service == get", 11, "get alone passes it"),
    ("result == accepted", 10, "success was expected"),
    ("result == 3", 10, "read-write-denied is its name"),
    ("clock", 0, '"clock" in quotes'),
    ("1.8.0", 0, "; obis == 1.8.0"),
    ("ip.addr == 198.51.100.777", 11, "an address such as"),
    ("client in {32..16}", 11, "runs backwards"),
    ("server in {1.20..1.10}", 11, "runs backwards"),
    ("server == public", 10, "an address such as 16 or 1.17 was expected, not 'public'"),
    ("client in {1, 1-3}", 14, "an address such as 16 or 1.17 was expected, not '1-3'"),
    ("client > 10..20", 9, "an address such as 16 or 1.17 was expected, not '10..20'"),
    ("server in {1.10..20}", 11, "an address such as 16 or 1.17 was expected"),
    ("class == Register", 9, "class == 3"),
    ("class in {3, profile-generic}", 13, "class == 7"),
    ("frame.cap_len > 100", 0, "length counts octets"),
    ("tcp.payload contains c4:01", 0, "apdu.octets"),
    ("snrm", 0, "hdlc.control contains SNRM"),
    ("short-name == 10000", 14, "a short name such as 0A08"),
    ("object == “Clock", 10, "nothing was expected that begins with “"),
]


@pytest.mark.parametrize(("text", "position", "said"), WRONG)
def test_wrong_filter_says_where_and_what_was_expected(text: str, position: int, said: str) -> None:
    with pytest.raises(FilterError) as found:
        compile_filter(text)
    assert (found.value.position, said in found.value.message) == (position, True), found.value.message
    assert "\n" not in found.value.message


@given(
    st.text(max_size=40)
    | st.lists(
        st.sampled_from(
            [
                "(",
                ")",
                "!",
                "&&",
                "or",
                "in",
                "{",
                "}",
                "==",
                "<",
                '"',
                "'",
                "get",
                "hdlc",
                "latency",
                "1..2",
                "[0:1]",
                "octets",
            ]
        )
    ).map(" ".join)
)
def test_any_text_is_a_filter_or_a_filter_error(text: str) -> None:
    try:
        compile_filter(text)
    except FilterError as problem:
        assert 0 <= problem.position <= len(text)


def test_filter_inside_very_many_parentheses_is_refused_or_read() -> None:
    try:
        compile_filter("(" * 20_000 + "hdlc" + ")" * 20_000)
    except FilterError as problem:
        assert "parentheses" in problem.message


def test_empty_filter_means_every_record() -> None:
    assert compile_filter("  ") is None


@pytest.mark.parametrize(
    ("known", "here"),
    [
        ("port any_eq 4059", "port == 4059"), ("port all_ne 4059", "port != 4059"),
        ('_ws.col.Info contains "clock"', 'summary contains "clock"'), ("frame.protocols == hdlc", "link == hdlc"),
        ("ip.src_host == 192.0.2.10", "source == 192.0.2.10"),
        ("frame.time_delta > 0.13", "since.previous > 130ms"), ("frame.time_relative < 0.6", "since.first < 600ms"),
    ],
)  # fmt: skip
def test_operators_and_names_of_wireshark_say_what_they_say_there(known: str, here: str, capsys: Capsys) -> None:
    found = []
    for text in (known, here):
        assert main(["decode", str(sample_path("ln-wrapper")), "-Y", text, "-c", "9"]) == 0
        found.append(capsys.readouterr().out)
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("name", "text", "as_well"),
    [
        ("ln-wrapper", 'obis == "1-0:1.8.0.255"', "obis == 1-0:1.8.0"),
        ("ln-wrapper", "obis == 01:00:01:08:00:FF", "obis == 1-0:1.8.0"),
        ("ln-wrapper", "1.0.1.8.0.255", "1-0:1.8.0"), ("ln-wrapper", "obis == 1.0.1.8.0", "1-0:1.8.0"),
        ("ln-wrapper", "1-0:1.8.0.255", "1-0:1.8.0"),
        ("hdlc-segments", "client in {16..32}", "client == 16"), ("hdlc-segments", "!(client != 10..20)", "client == 16"),
        ("hdlc-segments", "hdlc.length > 100", "length > 102"), ("ln-wrapper", "wrapper.source == 1", "response or unsolicited"),
        ("ln-wrapper", 'time in {"09:14:08" .. "09:14:09"}', "time in {09:14:08..09:14:09}"),
        ("ln-wrapper", "number in {1 .. 5, 9}", "number in {1..5, 9}"), ("ln-wrapper", "number in {1.. 5}", "number in {1..5}"),
        ("ln-wrapper", "object == “Clock”", "object == clock"), ("ln-wrapper", "value > 70e3", "value > 70000"),
        ("sn-hdlc", "sn in {0A00..0AFF}", "obis == 1-0:1.8.0"),
        ("hdlc-segments", "server in {1.10..1.20}", "server == 1.17"), ("hdlc-segments", "server > 1.17", "server == 1.5017"),
        ("hdlc-segments", "server in {1.10 .. 1.17, 1.5017}", "server"),
        ("hdlc-segments", "server not in {1.10..1.20}", "server == 1.5017"),
    ],
)  # fmt: skip
def test_what_users_write_passes_what_they_mean(name: str, text: str, as_well: str, capsys: Capsys) -> None:
    """Ranges of addresses and names that JSON has passed nothing without a word; the others were refused."""
    found = []
    for one in (text, as_well):
        assert main(["decode", str(sample_path(name)), "-Y", one]) == 0
        found.append(capsys.readouterr().out)
    assert found[0] == found[1] != ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('value > "2026-03-01"', [4, 30, 31, 34]), ('value > "2026-03-02"', []), ("value < 2026-03-02", []),
        ("value == 2026-03-02", [4, 30, 31, 34]), ("value >= 10:14:10 and value < 10:14:12", [4]),
        ('value > "2026-03-02 10:14:09"', [4, 30]), ('value <= "2026-03-02 10:14:09"', [31, 34]),
        ('value > "2026-03-02T09:14:09Z"', [4, 30]), ('value > "2026-03-02 10:14:09+01:00"', [4, 30]),
        ('value in {"2026-03-02 10:14:10".."2026-03-02 10:14:11"}', [4]),
        ("value in {2025-12-24, 2026-03-02} and value != 10:14:09", [4]),
        ("value in {10:14:09.7..10:14:09.9}", [34]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("utc", [False, True])
def test_values_that_are_times_are_compared_as_times(text: str, found: list[int], *, utc: bool, capsys: Capsys) -> None:
    """They were compared by their letters, and every text that is no time with them."""
    words = ["decode", str(sample_path("ln-wrapper")), "-e", "number", "-Y", text, *["--utc"] * utc]
    main(words)
    assert [int(line) for line in capsys.readouterr().out.split()] == found


def test_time_with_a_zone_is_not_compared_with_a_meter_that_tells_none(capsys: Capsys) -> None:
    for text, many in (("value > 2026-03-09T17:00", 4), ("value > 2026-03-09T01:00Z", 0), ("value > 18:30:05", 3)):
        main(["decode", str(sample_path("p1")), "-e", "number", "-Y", text])
        assert len(capsys.readouterr().out.split()) == many, text


@pytest.mark.parametrize(
    ("name", "text", "many"),
    [
        ("push-udp", "udp", 26), ("push-udp", "tcp", 0), ("push-udp", "udp.port == 4059", 26),
        ("push-udp", "tcp.port == 4059 or tcp.stream or tcp.srcport", 0), ("push-udp", "transport == udp", 26),
        ("ln-wrapper", "tcp and tcp.dstport and tcp.stream == 1", 43), ("ln-wrapper", "udp or udp.port or udp.stream", 0),
        ("hdlc-log", "tcp or udp or transport or udp.stream", 0), ("hdlc-log", "not tcp", 28),
    ],
)  # fmt: skip
def test_tcp_and_udp_are_told_apart(name: str, text: str, many: int, capsys: Capsys) -> None:
    """A filter for TCP passed what UDP carries, and ports of one were those of the other."""
    path = sample_path(name)
    main(["decode", str(path), "-e", "number", "-Y", text])
    assert len(capsys.readouterr().out.split()) == many
    run = FilterRun(indexed(open_source(str(path)))[0], text)
    while not run.is_done:
        run.poll()
    assert len(run.matches) == many


def test_records_that_dlmshark_wrote_do_not_tell_what_carried_them(tmp_path: Path, capsys: Capsys) -> None:
    main(["decode", "--json", str(sample_path("push-udp"))])
    path = tmp_path / "a.jsonl"
    path.write_text(capsys.readouterr().out)
    for text, many in (("udp and udp.port == 4059", 26), ("tcp and tcp.port == 4059", 26), ("transport == udp", 0)):
        main(["decode", "-e", "number", "-Y", text, str(path)])
        assert len(capsys.readouterr().out.split()) == many


@pytest.mark.parametrize("text", ['value >= "2026 CET"', 'value > "5 V"', 'value == "10Wh"', 'value <= "7 kW"'])
def test_text_in_quotes_stays_text(text: str) -> None:
    test = compile_filter(text)
    assert test is not None
    with pytest.raises(FilterError, match="a number without a unit was expected"):
        compile_filter("value >= 10Wh")


def test_text_with_a_unit_is_compared_as_text(capsys: Capsys) -> None:
    assert main(["decode", str(sample_path("ln-wrapper")), "-e", "number", "-Y", 'value > "5 V" and service']) == 0
    assert capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("text", "is_told"),
    [("attribute > 100", True), ("class == 0", True), ("not !(method == 99)", True), ("obis == 1-0:77.8.0", False),
     ("attribute == 2", False), ("port == 1", False)],
)  # fmt: skip
def test_objects_that_are_read_by_short_names_are_asked_for_by_those(
    text: str, is_told: bool, capsys: Capsys
) -> None:  # fmt: skip
    """A number that no attribute has may be a short name."""
    main(["decode", str(sample_path("sn-hdlc")), "-Y", text])
    assert ("short-name == 0A08 asks for one" in capsys.readouterr().err) is is_told
    main(["decode", str(sample_path("ln-wrapper")), "-Y", text])
    assert "short-name" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "found"),
    [("obis == 1.8.0", [9, 10]), ("obis == 1-0:1.8.*", [9, 10]), ("obis == 1-0:0.0.0", [7, 8])],
)
def test_command_in_text_passes_as_its_answer_does(text: str, found: list[int], capsys: Capsys) -> None:
    """Of what is read in programming mode only the answer passed."""
    path = sample_path("mode-c-programming")
    main(["decode", str(path), "-e", "number", "-Y", text])
    assert [int(line) for line in capsys.readouterr().out.split()] == found
    run = FilterRun(indexed(open_source(str(path)))[0], text)
    while not run.is_done:
        run.poll()
    assert [place + 1 for place in run.matches] == found


def test_advice_fits_a_line_of_80_cells() -> None:
    tables = (elsewhere._NAMES, elsewhere._FUNCTIONS, elsewhere._OPERATORS)
    assert [text for table in tables for text in table.values() if len(text) > 78] == []


def test_what_a_known_name_leads_to_is_a_filter() -> None:
    told = " ".join({**elsewhere._NAMES, **elsewhere._FUNCTIONS}.values())
    for text in (
        "severity >= note",
        "note == tcp-retransmission",
        "error",
        "latency",
        "since.first",
        "since.previous",
        "apdu.length",
        "data.length",
    ):
        assert text in told
        compile_filter(text)
    for name in elsewhere._NAMES:
        if name not in ("tcp", "udp", "frame"):  # these stand for something here
            with pytest.raises(FilterError):
                compile_filter(name)


@pytest.mark.parametrize("text", ["hdlc.fcs == wrong", "fcs == bad", "hdlc.fcs != ok", "hdlc.fcs != good"])
def test_check_sequence_is_asked_for_by_its_verdict(text: str, capsys: Capsys) -> None:
    """JSON says ``ok``, the tree ``good``: neither passed anything."""
    passed = []
    for octets in ("7E A0 08 02 23 21 93 BD 64 7E", "7E A0 08 02 23 21 93 BD 65 7E"):
        main(["decode", "--hex", octets, "-Y", text])
        passed.append("SNRM" in capsys.readouterr().out)
    assert passed == [False, True]
