"""What a Scapy shell gets: names by ``from dissectors import …`` and ``*``, and every line of Python in the documents."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys

import pytest

import dissectors
from tests.conftest import ROOT

_PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_VALUE = re.compile(r"^(.*?\S)\s+# ('[^']*').*$", re.MULTILINE)


def run(text: str) -> str:
    ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("module", ["dissectors", "dissectors.all"])
def test_star_gives_every_layer_and_bind(module: str) -> None:
    names = run(f"from {module} import *\nbind()\nprint(*sorted(one for one in globals() if one[0] != '_'))").split()
    assert {"Hdlc", "Wrapper", "Mbus", "Aarq", "GetRequestNormal", "read_apdu", "apdu_json", "bind"} <= set(names)
    assert len(names) > 90


@pytest.mark.parametrize("module", ["dissectors", "dissectors.all"])
def test_command_of_a_packet_with_octets_behind_it_runs_with_these_names(module: str) -> None:
    made = [
        "Hdlc(bytes(Hdlc() / GetRequestNormal()) + bytes(3))",
        "Mbus(bytes(Mbus() / DataNotification()) + bytes(3))",
        "Wrapper(bytes(Wrapper() / GetRequestNormal()) + bytes(3))",
        "Hdlc(bytes(Hdlc() / Raw(b'a segment')))",
    ]
    lines = [f"packet = {one}; print(bytes(eval(packet.command())) == bytes(packet))" for one in made]
    assert run("\n".join([f"from {module} import *", *lines])).split() == ["True"] * len(made)


def test_single_layer_comes_by_its_name() -> None:
    text = "from dissectors import Hdlc, read_apdu\nprint(Hdlc(bytes.fromhex('7EA0070321930F017E')).control)"
    assert run(text).strip() == "147"


@pytest.mark.parametrize("name", ["Nonsense", "nonsense", "__path_of_nothing__"])
def test_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(AttributeError, match=f"module 'dissectors' has no attribute '{name}'"):
        getattr(dissectors, name)


@pytest.mark.parametrize("page", ["README.md", "docs/scapy.md", "docs/python.md"])
def test_python_of_the_page_runs_and_gives_what_it_says(page: str) -> None:
    blocks = _PYTHON.findall((ROOT / page).read_text(encoding="utf-8"))
    assert blocks
    lines = []
    for line in "".join(blocks).splitlines():
        told = _VALUE.match(line)
        lines.append(f"assert {told[1]} == {told[2]}, {told[1]}" if told else line)
    run("\n".join(lines))


def test_names_are_completed_in_a_shell() -> None:
    assert {"Hdlc", "GetRequestNormal", "read_apdu", "bind"} <= set(dir(dissectors))
    names = run("import analyzer\nanalyzer.open\nprint(*dir(analyzer))").split()
    assert set(names) == {"__version__", "decode", "open", "Trace"} | {
        f"{what}Error" for what in ("Capture", "Dlmshark", "Filter", "Keyring")
    }


_BUILT = [
    "Hdlc()/Llc()/GetRequestNormal(invoke_id=3)", "Wrapper()/GetResponseNormal(result={'data': {'unsigned': 5}})",
    "MbusShort()", "Mbus()/DataNotification()", "RequestMessage()", "DataMessage(data_sets=['1.8.0(1*kWh)'])",
    "Hdlc()/Llc()/Aarq(calling_authentication_value=b'12345678')",
]  # fmt: skip


@pytest.mark.parametrize("built", _BUILT)
def test_packet_is_what_is_read_of_its_octets_and_what_its_command_makes(built: str) -> None:
    names = {name: getattr(dissectors, name) for name in dissectors.__all__}
    packet = eval(built, names)
    read = type(packet)(bytes(packet))
    assert read == packet and packet == read
    assert eval(read.command(), names) == read
    assert pickle.loads(pickle.dumps(packet)) == packet
    assert read != packet / dissectors.Raw(b"more")


def test_packets_of_other_octets_or_layers_are_others() -> None:
    one = dissectors.Hdlc() / dissectors.Llc() / dissectors.GetRequestNormal()
    wrong = dissectors.Hdlc(fcs=1) / dissectors.Llc() / dissectors.GetRequestNormal()
    assert one != wrong and dissectors.Hdlc(bytes(wrong)) == wrong
    assert one != dissectors.Hdlc() / dissectors.Raw(bytes(one[dissectors.Llc]))
    assert dissectors.Wrapper(source_wport="x") != dissectors.Wrapper()
    assert one != bytes(one) and one != None  # noqa: E711


@pytest.mark.parametrize("read", ["apdu_json", "read_apdu", "GetRequestNormal", "Hdlc", "Wrapper"])
def test_what_is_no_octets_is_told(read: str) -> None:
    with pytest.raises(TypeError, match=r"^octets were expected, not str; bytes.fromhex"):
        getattr(dissectors, read)("C001C1")
    octets = bytes.fromhex("C001C100080000010000FF0200")
    assert bytes(dissectors.GetRequestNormal(memoryview(octets))) == octets
    assert dissectors.apdu_json(memoryview(octets)) == dissectors.apdu_json(bytearray(octets))
