"""A load profile read in ciphered datablocks becomes a table whose Parquet equals what the simulated meter holds."""

from __future__ import annotations

import os
import random
from decimal import Decimal
from pathlib import Path

import polars
import pytest

from analyzer.cli.main import main
from analyzer.cosem.logical_name import obis_from_text
from analyzer.simulate import model, network, pcap_writer
from analyzer.simulate.client import Client
from analyzer.simulate.forms import nanoseconds
from analyzer.simulate.meter import Meter
from analyzer.simulate.profile import Column, Row, energy_rows, profile
from analyzer.simulate.recipes_ciphered import keyring
from analyzer.simulate.security import Security
from analyzer.simulate.speaker import Target

START_NS = nanoseconds(2025, 1, 1)
PERIOD = 900
YEAR = 35_040
ROWS = YEAR if os.environ.get("DLMSHARK_LONG") else 2_000
CODES = [one.obis for one in model.REGISTERS[:6]]


def capture_year(folder: Path, rows: int = ROWS) -> tuple[Path, Path, list[Row]]:
    """A pcap of one ciphered session that reads the profile in blocks and its scalers last, its keyring, the truth."""
    chance = random.Random(7)
    held = energy_rows(START_NS, rows, period=PERIOD, energies=[100_000] * len(CODES), chance=chance)
    columns = [Column(8, obis_from_text(model.CLOCK)), Column(1, obis_from_text(model.STATUS))]
    columns += [Column(3, obis_from_text(code)) for code in CODES]
    made = profile(obis_from_text(model.PROFILE), columns, held, period=PERIOD)
    now_ns = START_NS + rows * PERIOD * 1_000_000_000
    objects = [
        made if one.logical_name == made.logical_name else one
        for one in model.electricity_meter("41700131", start_ns=now_ns, rows=1)
    ]
    secured = Security()
    meter = Meter(objects, security=secured)
    client = Client(meter, 1, start_ns=now_ns, seed=1, security=secured)
    client.associate(max_receive_pdu_size=2048)
    client.get(Target(7, model.PROFILE))
    client.get(Target(7, model.PROFILE, 3))
    for code in CODES:
        client.get(Target(3, code, 3))
    client.release()
    events = network.TcpConversation(seed=2).carry(network.wrap(client.dialogue), start_ns=now_ns)
    capture, keys = folder / "year.pcap", folder / "keys.toml"
    capture.write_bytes(pcap_writer.pcap(events, pcap_writer.ETHERNET))
    keys.write_text(keyring(secured), encoding="utf-8")
    keys.chmod(0o600)
    return capture, keys, held


def truth(held: list[Row]) -> list[tuple[str, float]]:
    """Object and value of each cell, in the order of the rows."""
    scalers = {one.obis: one.scaler for one in model.REGISTERS}
    return [
        (code, float(Decimal(cell["double-long-unsigned"]).scaleb(scalers[code])))
        for row in held
        for code, cell in zip(CODES, row.form["structure"][2:], strict=True)
    ]


def test_profile_in_ciphered_blocks_equals_what_the_meter_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture, keys, held = capture_year(tmp_path)
    path = tmp_path / "year.parquet"
    assert main(["readings", "-k", str(keys), "--parquet", str(path), str(capture)]) == 0
    table = polars.read_parquet(path)
    assert list(zip(table["logical_name"], table["value"], strict=True)) == truth(held)
    assert table["time"].n_unique() == ROWS
    assert set(table["basis"]) != {""}
