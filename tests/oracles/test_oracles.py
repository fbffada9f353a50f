"""The oracles' own parts: what is generated, what the comparison notices, and the short run where the oracles are installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dissectors.reader import apdu_json
from tests.oracles.compare import first_difference, tokens_of_json, tokens_of_xml
from tests.oracles.encode import Dice, length
from tests.oracles.generate import VARIANTS, samples

ROOT = Path(__file__).resolve().parents[2]
ORACLES = ROOT / ".venv-oracles" / ("Scripts" if os.name == "nt" else "bin") / "python"
GET_RESPONSE: dict[str, Any] = {
    "get-response": {
        "get-response-normal": {
            "invoke-id-and-priority": "C1",
            "result": {"data": {"structure": [{"double-long-unsigned": 74565}, {"boolean": True}, {"array": []}]}},
        }
    }
}
GET_RESPONSE_XML = """
<x:get-response>
  <x:get-response-normal>
    <x:invoke-id-and-priority>193</x:invoke-id-and-priority>
    <x:result>
      <x:data>
        <x:structure>
          <x:double-long-unsigned>74565</x:double-long-unsigned>
          <x:boolean>True</x:boolean>
          <x:array>
          </x:array>
        </x:structure>
      </x:data>
    </x:result>
  </x:get-response-normal>
</x:get-response>
"""


@pytest.mark.parametrize("variant", VARIANTS)
def test_random_apdus_of_a_variant_read_as_they_were_generated(variant: str) -> None:
    dice = Dice(f"test {variant}")
    for _ in range(12):
        piece = VARIANTS[variant](dice)
        assert json.loads(json.dumps(apdu_json(piece.octets))) == piece.value, piece.octets.hex()


def test_samples_with_one_seed_are_the_same_again() -> None:
    assert list(samples(2)) == list(samples(2))
    assert list(samples(2)) != list(samples(2, seed=1))


@pytest.mark.parametrize(("count", "octets"), [(0, "00"), (127, "7F"), (128, "8180"), (255, "81FF"), (256, "820100")])
def test_length_takes_the_fewest_octets(count: int, octets: str) -> None:
    assert length(count) == bytes.fromhex(octets)


def test_tokens_of_the_same_apdu_are_the_same_from_json_and_xml() -> None:
    tokens = list(tokens_of_json(GET_RESPONSE))
    assert tokens == list(tokens_of_xml(GET_RESPONSE_XML))
    assert tokens[-3:] == ["array[", "]", "]"]


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ("74565", "74566"),
        ("True", "False"),
        ("double-long-unsigned>", "double-long>"),
        ("get-response-normal", "get-response-with-list"),
        ("193", "129"),
    ],
)
def test_difference_in_one_leaf_is_noticed(there: str, instead: str) -> None:
    assert first_difference("gurux-dlms", GET_RESPONSE, GET_RESPONSE_XML) == ""
    assert first_difference("gurux-dlms", GET_RESPONSE, GET_RESPONSE_XML.replace(there, instead)) != ""


def test_missing_end_of_a_decode_is_noticed() -> None:
    whole = {
        "set-response": {
            "set-response-with-list": {"invoke-id-and-priority": "C1", "result": ["success", "read-write-denied"]}
        }
    }
    short = {"set-response": {"set-response-with-list": {"invoke-id-and-priority": "C1", "result": [{"code": 0}]}}}
    assert "nothing more" in first_difference("dlms-cosem", whole, short)


WITHOUT_END = {
    "gurux_worker.py": ("C101440017B8D48711ECFF11011302010F471657", "TimeoutError"),
    "dlms_cosem_worker.py": (
        "C00344030007F732460A5EFF0B0101000001B1246FF32DFF19000008BA277F670DFF0300", "TimeoutError"),
}  # fmt: skip
"""What a library reads without end, by worker, and the error that it then is."""


@pytest.mark.skipif(not ORACLES.exists(), reason="check not run: the oracles are not installed (make oracles)")
@pytest.mark.parametrize("worker", WITHOUT_END)
def test_apdu_that_an_oracle_reads_without_end_is_an_error_of_its_own(worker: str) -> None:
    octets, error = WITHOUT_END[worker]
    lines = "".join(json.dumps({"hex": one}) + "\n" for one in (octets, "C4014100090101"))
    command = [str(ORACLES), str(ROOT / "tests/oracles" / worker)]
    run = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=60)
    first, second = map(json.loads, run.stdout.splitlines())
    assert (first["ok"], first["error"].split(":")[0], second["ok"]) == (False, error, True)


@pytest.mark.skipif(not ORACLES.exists(), reason="check not run: the oracles are not installed (make oracles)")
def test_short_run_against_the_oracles_has_no_difference_without_a_reason() -> None:
    command = [sys.executable, "-m", "tests.oracles", "--python", str(ORACLES), "--short"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout
    assert "agree" in run.stdout
