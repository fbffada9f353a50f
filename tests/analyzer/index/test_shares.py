"""An index that several processes make is the one that one process makes: rows, numbers, words, records, all facts."""

from __future__ import annotations

import io
import os
import random
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from analyzer.index import shares, splitting
from analyzer.index.crossing import UnsharedError
from analyzer.index.file import IndexReader, IndexWriter
from analyzer.index.indexing import Indexing
from analyzer.index.joining import Joining
from analyzer.index.records import Records
from analyzer.index.share import Task, form_of, read_share
from analyzer.index.splitting import Plan, Split, plan
from analyzer.index.watched import Watched
from analyzer.pipeline import Pipeline
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keyring_file import load
from analyzer.security.keys import Key, KeyRole
from analyzer.session import Session
from captures import open_source
from captures.chunk import LINK_OCTETS, Source
from captures.merged import MergedSource
from captures.samples import samples
from tests.analyzer.index import mixed

SAMPLES = {one.name: one for one in samples()}
NETWORK = [name for name in SAMPLES if name in ("ln-wrapper", "push-udp", "blocks", "ln-ciphered", "push-ciphered")]
KEYS = load([str(one.keys) for one in SAMPLES.values() if one.keys], [], published=[]).keyring


def _alone(name: str, path: Path, keys: Keyring | None) -> Records:
    with open_source(name) as source, path.open("wb") as file:
        watched, writer = Watched(source), IndexWriter(file)
        Indexing(Session(watched, None, keys), watched, writer, lambda told: None).run()
    return _records(path, writer.end)


def _records(path: Path, end: int) -> Records:
    records = Records(IndexReader(os.open(path, os.O_RDONLY)))
    records.take(end)
    return records


def _shared(task: Task, path: Path, dice: random.Random) -> Records:
    """Read the shares one after the other, and put together what they say in whatever order it comes."""
    said = []
    for share in range(task.plan.shares):
        pipe = io.BytesIO()
        writer = IndexWriter(pipe)
        last = read_share(task._replace(share=share, keeps_records=True), writer)
        writer.last(form_of(last))
        pipe.seek(0)
        said.append(deque(shares.entries(pipe)))
    with path.open("wb") as file:
        writer = IndexWriter(file)
        joining = Joining(task.plan.shares, shares.ToIndex(writer))
        while left := [share for share, entries in enumerate(said) if entries]:
            share = dice.choice(left)
            for _ in range(min(len(said[share]), dice.randint(1, 6))):
                if joining.take(share, *said[share].popleft()) and dice.random() < 0.7:
                    joining.join()
        joining.join()
        writer.say(**joining.finish())
    return _records(path, writer.end)


def _all_of(records: Records) -> dict[str, Any]:
    table, facts = records.table, dict(records.facts)
    facts["told"] = facts["told"][1:]  # the first is how long the index is
    lanes = [(one.lane.text, one.lane.conversation, one.lane.side) for one in records.all()]
    return {
        "columns": table.frame.to_dict(as_series=False), "paths": table.paths, "subjects": table.subjects,
        "marks": table.marks, "ends": records.ends, "facts": facts, "taught": records._taught, "lanes": lanes,
        "records": [{name: member for name, member in vars(one).items() if name != "lane"} for one in records.all()],
    }  # fmt: skip


def _check(
    name: str, keys: Keyring | None, folder: Path, dice: random.Random, processes: int, *, spreads: bool
) -> bool:
    """Compare; *spreads* shares hosts out by chance, whatever a plan says. Tells whether the capture can be shared."""
    with open_source(name) as source:
        found = None if spreads else plan(source, processes)
    task = Task(name, plan=found or Plan(processes, {}, frozenset()), keys=keys)
    expected = _all_of(_alone(name, folder / "alone", keys))
    try:
        given = _all_of(_shared(task, folder / "shared", dice))
    except UnsharedError:
        return False
    for part, one in expected.items():
        assert given[part] == one, part
    return True


def _mix(seed: int, folder: Path, *, spoils: bool) -> str:
    """Make a capture of several samples, some of them among the same hosts, and of HDLC over TCP."""
    dice = random.Random(seed)
    streams = []
    for number in range(dice.randint(3, 9)):
        stream = mixed.packets(str(SAMPLES[dice.choice(NETWORK)].path), 300)
        hosts = 7 * number if dice.random() < 0.8 or not spoils else 7
        streams.append([mixed.moved(one, hosts) for one in stream])
    with open_source(str(SAMPLES["hdlc-segments"].path)) as source:
        frames = [chunk.octets for chunk in source]
    streams += [mixed.over_tcp(frames, host) for host in range(dice.randint(0, 3))]
    if spoils:
        streams = [mixed.spoilt(stream, dice) for stream in streams]
    return mixed.write(folder / "mixed.pcap", mixed.interleave(streams, dice), dice)


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("name", NETWORK)
def test_sample_is_the_same_by_any_number_of_processes(name: str, processes: int, tmp_path: Path) -> None:
    keys = KEYS if SAMPLES[name].keys else None
    assert _check(str(SAMPLES[name].path), keys, tmp_path, random.Random(processes), processes, spreads=True)


@pytest.mark.parametrize("seed", range(4))
def test_many_healthy_meters_are_the_same_by_several_processes(seed: int, tmp_path: Path) -> None:
    name = _mix(seed, tmp_path, spoils=False)
    for processes in (1, 2, 3):
        assert _check(name, None, tmp_path, random.Random(seed), processes, spreads=False), processes


@pytest.mark.parametrize("seed", range(100, 112))
def test_what_is_lost_cut_and_disordered_is_the_same_by_several_processes(seed: int, tmp_path: Path) -> None:
    name = _mix(seed, tmp_path, spoils=True)
    dice = random.Random(seed)
    for keys in (None, KEYS):
        _check(name, keys, tmp_path, dice, dice.choice((2, 3)), spreads=dice.random() < 0.5)


def test_several_interfaces_are_the_same_by_several_processes(tmp_path: Path) -> None:
    streams = [
        [mixed.moved(one, 7 * number) for one in mixed.packets(str(SAMPLES["blocks"].path), 300)] for number in range(5)
    ]
    name = mixed.write_interfaces(tmp_path / "two.pcapng", mixed.interleave(streams, random.Random(1)), 2)
    assert _check(name, None, tmp_path, random.Random(1), 2, spreads=False)


def test_corpus_is_the_same_by_several_processes(corpus: Path, tmp_path: Path) -> None:
    for path in sorted((corpus / "pcap").iterdir()):
        _check(str(path), None, tmp_path, random.Random(path.name), 2, spreads=True)


def test_most_spoilt_captures_can_be_shared_without_keys(tmp_path: Path) -> None:
    shared = 0
    for seed in range(200, 210):
        name = _mix(seed, tmp_path, spoils=True)
        shared += _check(name, None, tmp_path, random.Random(seed), 2, spreads=False)
    assert shared >= 8


def _ciphered_meters(folder: Path) -> str:
    """Make a capture of four meters that cipher alike."""
    found = mixed.packets(str(SAMPLES["ln-ciphered"].path), 300)
    return mixed.write(
        folder / "ciphered.pcap",
        mixed.interleave([[mixed.moved(one, 7 * number) for one in found] for number in range(4)], random.Random(2)),
        random.Random(2),
    )


def test_nonces_that_shares_have_in_common_are_left_to_one_process(tmp_path: Path) -> None:
    name = _ciphered_meters(tmp_path)
    task = Task(name, plan=Plan(2, {}, frozenset()), keys=KEYS)
    with pytest.raises(UnsharedError, match="counters of one sender"):
        _shared(task, tmp_path / "shared", random.Random(1))
    assert _check(name, None, tmp_path, random.Random(1), 2, spreads=True), "without keys there are no nonces"


@pytest.mark.parametrize(
    ("roles", "why"),
    [
        ({KeyRole.GAK}, "a message does not open"),
        ({KeyRole.GUEK, KeyRole.GAK}, "what opens a message comes behind it"),
    ],
    ids=["tag", "all"],
)
def test_message_that_does_not_open_is_left_to_one_process(roles: set[KeyRole], why: str, tmp_path: Path) -> None:
    wrong = Keyring()
    for meter in KEYS.meters:
        other = Meter(server_title=meter.server_title, client_title=meter.client_title)
        other.keys = {
            role: Key(role, bytes(len(key.octets)) if role in roles else key.octets) for role, key in meter.keys.items()
        }
        wrong.add(other)
    task = Task(_ciphered_meters(tmp_path), plan=Plan(2, {}, frozenset()), keys=wrong)
    with pytest.raises(UnsharedError, match=why):
        _shared(task, tmp_path / "shared", random.Random(1))


def test_two_clients_that_ask_one_meter_for_what_it_teaches_are_left_to_one_process(tmp_path: Path) -> None:
    found = mixed.packets(str(SAMPLES["ln-wrapper"].path), 300)
    meter = found[0][30:34]
    streams = [[_with_client(one, meter, bytes((10, 0, 0, client))) for one in found] for client in range(1, 6)]
    name = mixed.write(tmp_path / "five.pcap", mixed.interleave(streams, random.Random(1)), random.Random(1))
    task = Task(name, plan=Plan(2, {bytes((10, 0, 0, client)): client % 2 for client in range(1, 6)}, frozenset()))
    with pytest.raises(UnsharedError, match="several clients ask one meter"):
        _shared(task, tmp_path / "shared", random.Random(1))


def _with_client(packet: bytes, meter: bytes, client: bytes) -> bytes:
    return packet[:26] + (meter + client if packet[26:30] == meter else client + meter) + packet[34:]


def test_plan_gives_a_meter_to_one_share_and_shares_out_the_packets(tmp_path: Path) -> None:
    found = mixed.packets(str(SAMPLES["ln-wrapper"].path), 300)
    clients = [bytes((10, 0, 0, number)) for number in (1, 2)]
    meters = [bytes((10, 0, 1, number)) for number in range(8)]
    streams = [
        [_with_client(one.replace(found[0][30:34], meter), meter, client) for one in found]
        for meter in meters
        for client in clients
    ]
    name = mixed.write(tmp_path / "many.pcap", mixed.interleave(streams, random.Random(1)), random.Random(1))
    with open_source(name) as source:
        made = plan(source, 2)
    assert made is not None
    owners = {meter: {made.share_of(client + meter + bytes(4)) for client in clients} for meter in meters}
    assert all(len(one) == 1 for one in owners.values())
    assert sorted(min(one) for one in owners.values()) == [0] * 4 + [1] * 4
    assert _check(name, None, tmp_path, random.Random(1), 2, spreads=False)


def test_no_more_processes_are_planned_than_a_row_can_name(tmp_path: Path) -> None:
    found = mixed.packets(str(SAMPLES["ln-wrapper"].path), 20)
    name = mixed.write(tmp_path / "many.pcap", found + [mixed.moved(one, 7) for one in found], random.Random(1))
    counts = [task.plan.shares for count in (2, 64, 1000) if (task := shares.planned(Task(name), count)) is not None]
    assert counts == [2, 64, 64]


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Task:
    """Six meters: half of them answer in blocks, the connections of the others end."""
    names = ["blocks"] * 3 + ["ln-wrapper"] * 3
    streams = [
        [mixed.moved(one, 7 * number) for one in mixed.packets(str(SAMPLES[name].path), 300)]
        for number, name in enumerate(names)
    ]
    path = tmp_path_factory.mktemp("six") / "six.pcap"
    name = mixed.write(path, mixed.interleave(streams, random.Random(1)), random.Random(1))
    return Task(name, plan=Plan(2, {}, frozenset()))


@pytest.mark.parametrize(
    ("limit", "reached", "why"),
    [
        ("joining.MOST_TRANSFERS", 4, "too many connections are open at once"),
        ("joining.MOST_CONVERSATIONS", 6, "too many connections are open at once"),
        ("joining.MOST_METERS", 6, "too many meters are in it"),
        ("joining.MOST_WAITING", 15, "too many records wait at once"),
        ("joining._DENSE", 389, "too many records wait at once"),
        ("share.MOST_METERS", 4, "too many meters are in it"),
        ("share.MOST_WAITING", 10, "too many values wait for what explains them"),
        ("share._MOST_ENDS", 1, "too many connections end in it"),
    ],
)
def test_capture_that_reaches_a_limit_is_left_to_one_process(
    limit: str, reached: int, why: str, six: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"analyzer.index.{limit}", reached + 1)
    _shared(six, tmp_path / "shared", random.Random(1))
    monkeypatch.setattr(f"analyzer.index.{limit}", reached)
    with pytest.raises(UnsharedError, match=why):
        _shared(six, tmp_path / "shared", random.Random(1))


def test_flows_are_told_apart_however_few_are_remembered(
    six: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []
    share_of = Plan.share_of

    def counted(made: Plan, key: bytes) -> int:
        asked.append(key)
        return share_of(made, key)

    monkeypatch.setattr(Plan, "share_of", counted)
    assert _check(six.name, None, tmp_path, random.Random(1), 2, spreads=True)
    assert len(asked) == 2 * len(set(asked)), "each share asks once about each"
    asked.clear()
    monkeypatch.setattr(splitting, "_EVERY", 0xF)
    monkeypatch.setattr(splitting, "_MOST_KNOWN", 4)
    assert _check(six.name, None, tmp_path, random.Random(1), 2, spreads=True)
    assert len(asked) > 4 * len(set(asked))


def test_line_among_pairs_of_hosts_is_left_to_one_process(
    six: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = tmp_path / "line.txt"
    line.write_text("2023-11-14 22:13:21 TX: 7E A0 07 03 21 93 0F 01 7E\n")

    def merged() -> Source:
        return MergedSource([open_source(six.name), open_source(str(line))])

    with open_source(six.name) as source:
        assert plan(source, 2) is not None
    with merged() as source:
        links = [chunk.link_type == LINK_OCTETS for chunk in source]
    at = links.index(True)
    assert 0 < at < len(links) - 1, "among the packets"
    with merged() as source:
        assert plan(source, 2) is None
    monkeypatch.setattr(splitting, "_SAMPLE", at)
    with merged() as source:
        found = plan(source, 2)
    assert found is not None, "it is further behind"
    with merged() as source:
        split = Split(source, 0, found)
        split.pipeline = Pipeline()
        with pytest.raises(UnsharedError, match="lines are in it"):
            list(split)


@pytest.mark.parametrize("name", ["hdlc-log", "mbus-push", "ln-wrapper"])
def test_lines_and_one_connection_have_no_plan(name: str) -> None:
    with open_source(str(SAMPLES[name].path)) as source:
        assert plan(source, 2) is None
