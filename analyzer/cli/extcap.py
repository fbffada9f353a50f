"""``dlmshark extcap``: what Wireshark asks of a program that captures for it, and how it is made known there.

Source: Wireshark Developer's Guide, "Adding Capture Interfaces And Log Sources Using Extcap".
"""

from __future__ import annotations

import argparse
import os
import select
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from analyzer.cli.arguments import Parser
from analyzer.cli.complaints import INPUT_ERROR, PERMISSION_ERROR, UsageError, fail, say
from analyzer.cli.inputs import add_reading_options, forced_stacks
from analyzer.cli.keyrings import keyring

if TYPE_CHECKING:
    from analyzer.live.child import RecordingChild

SERIAL, DECRYPTED = "dlms-serial", "dlms-decrypted"
INTERFACES = {SERIAL: ("DLMS serial bus", 250, "RTAC_SERIAL"), DECRYPTED: ("DLMS decrypted", 101, "RAW")}
_SPEEDS = ("auto", "300", "600", "1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200")
_FORMATS = ("auto", "8N1", "7E1", "8E1")
_SCRIPT = "dlmshark-extcap"


class Setting(NamedTuple):
    """A line of the settings page that Wireshark shows."""

    call: str
    display: str
    kind: str
    values: tuple[str, ...] = ()
    more: str = ""


def _settings(interface: str) -> Iterator[Setting]:
    from captures.port_faults import serial_ports

    ports = tuple(name for name, _ in serial_ports())
    if interface == SERIAL:
        there = f", such as {', '.join(ports)}" if ports else ""
        tip = f"{{tooltip=a port, or two with a direction each{there}; rfc2217://host:port}}{{required=true}}"
        yield Setting("--source", "Port", "string", (), tip + (f"{{default={ports[0]}}}" if ports else ""))
    else:
        yield Setting("--source", "Source", "string", (), "{tooltip=serial:/dev/ttyUSB0 or iface:eth0}{required=true}")
        yield Setting("--keys", "Keyring", "fileselect", (), "{mustexist=true}")
    yield Setting("--baud", "Speed", "selector", _SPEEDS)
    yield Setting("--format", "Characters", "selector", _FORMATS)
    yield Setting("--rts", "RTS", "selector", ("off", "on"))
    yield Setting("--dtr", "DTR", "selector", ("off", "on"))


_CALLS = {
    "--extcap-interfaces": "", "--extcap-version": "V", "--extcap-interface": "NAME", "--extcap-dlts": "",
    "--extcap-config": "", "--extcap-reload-option": "NAME", "--extcap-capture-filter": "EXPR",
    "--extcap-cleanup-postkill": "", "--capture": "", "--fifo": "FILE",
}  # fmt: skip
"""The options that Wireshark gives, and what their values are."""


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(prog="dlmshark extcap", description="Capture for Wireshark.", allow_abbrev=False)
    made.add_argument("--install", action="store_true", help="make the interfaces known to Wireshark")
    made.add_argument("--uninstall", action="store_true", help="take them away again")
    calls = made.add_argument_group("calls of Wireshark", "What extcap(4) of Wireshark describes.")
    for name, metavar in _CALLS.items():
        if metavar:
            calls.add_argument(name, default="", metavar=metavar)
        else:
            calls.add_argument(name, action="store_true")
    settings = made.add_argument_group("settings of an interface", "What the dialogue behind its cog wheel sets.")
    settings.add_argument("--source", default="", metavar="SOURCE", help="as of live: /dev/ttyUSB0, iface:eth0")
    settings.add_argument("--baud", default="auto", metavar="N|auto", help="speed of a serial line")
    settings.add_argument("--format", default="auto", metavar="8N1|7E1|8E1|auto", help="its characters")
    settings.add_argument("--rts", default="off", metavar="on|off", help="RTS, for powered heads")
    settings.add_argument("--dtr", default="off", metavar="on|off", help="DTR, for powered heads")
    add_reading_options(made)
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    if options.install or options.uninstall:
        return _install(is_wished=options.install)
    if options.extcap_interfaces:
        _list()
        return 0
    if not options.extcap_interface:
        raise UsageError("--install, or one of the calls that Wireshark makes, was expected")
    if options.extcap_interface not in INTERFACES:
        raise UsageError(f"--extcap-interface: one of {', '.join(INTERFACES)} was expected")
    if options.extcap_dlts:
        display, number, name = INTERFACES[options.extcap_interface]
        print(f"dlt {{number={number}}}{{name={name}}}{{display={display}}}")
        return 0
    if options.extcap_config:
        _configure(options.extcap_interface)
        return 0
    if options.capture and options.fifo:
        return _capture(options)
    raise UsageError("--extcap-dlts, --extcap-config, or --capture with --fifo was expected")


def _list() -> None:
    from importlib.metadata import version

    print(f"extcap {{version={version('dlmshark')}}}{{display=dlmshark}}")
    for name, (display, _, _) in INTERFACES.items():
        print(f"interface {{value={name}}}{{display={display}}}")


def _configure(interface: str) -> None:
    for number, one in enumerate(_settings(interface)):
        print(f"arg {{number={number}}}{{call={one.call}}}{{display={one.display}}}{{type={one.kind}}}{one.more}")
        for value in one.values:
            is_default = str(value == one.values[0]).lower()
            print(f"value {{arg={number}}}{{value={value}}}{{display={value}}}{{default={is_default}}}")


def _capture(options: argparse.Namespace) -> int:
    from analyzer.live.child import RecordingChild
    from captures.chunk import CaptureError, CapturePermissionError

    if not options.source:
        raise UsageError("--source: a port or an interface was expected")
    keys = keyring(options) if options.extcap_interface == DECRYPTED else None
    forced = forced_stacks(options)
    source = options.source
    if options.extcap_interface == SERIAL and not source.startswith("serial:") and "://" not in source:
        source = f"serial:{source}"
    with tempfile.TemporaryDirectory(prefix="dlmshark-") as folder, open(options.fifo, "wb", buffering=0) as fifo:
        words = [source, "-o", os.path.join(folder, "spool.pcapng")]
        for name in ("baud", "format", "rts", "dtr"):
            words += [f"--{name}", getattr(options, name)]
        words += ["--bpf", options.extcap_capture_filter] if options.extcap_capture_filter else []
        try:
            child = RecordingChild(words, say, stdin=None if options.source == "-" else subprocess.DEVNULL)
        except CapturePermissionError as problem:
            return fail(str(problem), PERMISSION_ERROR)
        except CaptureError as problem:
            return fail(str(problem), INPUT_ERROR)
        signal.signal(signal.SIGTERM, lambda number, frame: child.stop())
        if hasattr(select, "poll"):
            threading.Thread(target=_end_with_reader, args=(fifo.fileno(), child), daemon=True).start()
        try:
            if options.extcap_interface == SERIAL:
                _copy(child, fifo)
            else:
                from analyzer.session import Session
                from captures.growing import open_growing

                packets, _ = open_growing(child.paths, child.is_over)
                with packets:
                    _decrypt(Session(packets, forced, keys, learns=False), fifo, source)
        except BrokenPipeError:
            pass  # Wireshark stopped the capture
        finally:
            child.close()
    return 0


def _end_with_reader(fifo: int, child: RecordingChild) -> None:
    """End the recording when nobody reads *fifo* any more, which writing tells only once something comes."""
    waiting = select.poll()
    waiting.register(fifo, 0)
    waiting.poll()
    child.stop()


def _copy(child: RecordingChild, fifo: BinaryIO) -> None:
    """Hand the spool on as it grows."""
    from captures.growing import GrowingInput

    spool = GrowingInput(child.paths, child.is_over)
    try:
        while octets := spool.fetch():
            fifo.write(octets)
    finally:
        spool.close()


def _decrypt(session: object, fifo: BinaryIO, name: str) -> None:
    """Write the APDUs of *session* as they are opened."""
    from analyzer.export.packets import Packets, head
    from analyzer.session import Session

    assert isinstance(session, Session)
    fifo.write(head(name))
    packets = Packets()
    for record in session.records():
        written = packets.blocks(record)
        if written:
            fifo.write(written)


def _install(*, is_wished: bool) -> int:
    folder = _folder()
    path = folder / (_SCRIPT + (".bat" if os.name == "nt" else ""))
    if not is_wished and not path.exists():
        print(f"{path}: not there")
        return 0
    program = f"{shlex.quote(sys.executable)} -m analyzer extcap"
    text = f'#!/bin/sh\nexec {program} "$@"\n'
    if os.name == "nt":
        text = f'@"{sys.executable}" -m analyzer extcap %*\r\n'
    try:
        if not is_wished:
            path.unlink()
            print(f"{path}: taken away")
            return 0
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        path.chmod(0o755)
    except OSError as error:
        return fail(f"{path}: {error.strerror}; this folder is Wireshark's own", PERMISSION_ERROR)
    print(f"{path}: Wireshark lists {' and '.join(one[0] for one in INTERFACES.values())} from its next start on")
    return 0


def _parted(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def _folder() -> Path:
    """Find where Wireshark looks for a user's extcap programs: it says so itself where it is installed."""
    for program in ("tshark", "wireshark"):
        try:
            said = subprocess.run([program, "-G", "folders"], capture_output=True, text=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        told = {name.strip().lower(): path.strip() for name, _, path in map(_parted, said.stdout.splitlines())}
        for name in ("personal extcap path", "extcap path", "global extcap path"):  # before 4.2 there is one for all
            if told.get(name):
                return Path(told[name])
    home = (
        Path(os.environ.get("APPDATA", "")) / "Wireshark" if os.name == "nt" else Path.home() / ".local/lib/wireshark"
    )
    return home / "extcap"
