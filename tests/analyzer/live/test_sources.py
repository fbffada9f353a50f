"""Names of live sources, as people write them."""

from __future__ import annotations

import pytest

from analyzer.live.sources import NETWORK, SERIAL, LiveSource, live_source
from captures.chunk import DlmsharkError


@pytest.mark.parametrize(
    ("text", "kind", "names"),
    [
        ("/dev/ttyUSB0", SERIAL, ("/dev/ttyUSB0",)),
        ("ttyUSB0", SERIAL, ("/dev/ttyUSB0",)),
        ("serial:ttyUSB0,ttyUSB1", SERIAL, ("/dev/ttyUSB0", "/dev/ttyUSB1")),
        ("ttyACM0,ttyACM1", SERIAL, ("/dev/ttyACM0", "/dev/ttyACM1")),
        ("cu.usbserial-1420", SERIAL, ("/dev/cu.usbserial-1420",)),
        ("/tmp/tap", SERIAL, ("/tmp/tap",)),
        ("com3", SERIAL, ("com3",)),
        ("eth0", NETWORK, ("eth0",)),
        ("iface:ttyUSB0", NETWORK, ("ttyUSB0",)),
        ("socket://h:1", SERIAL, ("socket://h:1",)),
    ],
)
def test_source_is_read_as_people_write_it(text: str, kind: str, names: tuple[str, ...]) -> None:
    assert live_source(text) == LiveSource(kind, names)


@pytest.mark.parametrize("text", ["", "serial:", "http://h/x", "serial:a,b,c"])
def test_source_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(DlmsharkError):
        live_source(text)
