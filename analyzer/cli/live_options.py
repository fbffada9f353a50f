"""The options of every command that listens, and the sizes and times that people write."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.cli.arguments import natural, seconds, size
from analyzer.cli.complaints import UsageError

if TYPE_CHECKING:
    from analyzer.live.recording import LiveOptions
    from captures.spool import Limits

SECOND = 1_000_000_000


def add_live_options(made: argparse.ArgumentParser, *, counts: str) -> None:
    """Add the options that say how to listen; a number of what it *counts* ends it."""
    made.add_argument("source", metavar="SOURCE", nargs="?", help="iface:eth0 · serial:/dev/ttyUSB0[,/dev/ttyUSB1] · rfc2217://host:port · socket://host:port · -")  # noqa: E501  # fmt: skip
    made.add_argument("-i", dest="interface", metavar="SOURCE", help="a source, as tshark has it")
    made.add_argument("--baud", default="auto", metavar="N|auto", help="speed of a serial line (default: found)")
    made.add_argument("--format", default="auto", metavar="8N1|7E1|8E1|auto", help="its characters (default: found)")
    for name in ("rts", "dtr"):
        made.add_argument(f"--{name}", choices=("on", "off"), default="off", help=f"{name.upper()}, for powered heads")
    made.add_argument("--set-line", action="store_true", help="let rfc2217:// set the far line; else it is left alone")
    made.add_argument("-f", "--bpf", default="", metavar="EXPR", help="capture filter of an interface")
    made.add_argument("--promiscuous", action="store_true", help="capture what is for others too")
    made.add_argument("-s", "--snaplen", type=natural, default=0, metavar="N", help="octets of each packet")
    made.add_argument("--with", dest="program", default="", metavar="PROGRAM", help="capture with tcpdump or dumpcap")
    made.add_argument("-c", "--count", type=natural, default=0, metavar="N", help=f"stop after N {counts}")
    made.add_argument("--force", action="store_true", help="write over a file that is there")
    made.add_argument("--rotate-size", type=size, default=0, metavar="N[kMG]", help="a new file after N octets")
    made.add_argument("--rotate-time", type=seconds, default=0, metavar="N[smhd]", help="a new file after N seconds")
    made.add_argument("--keep", type=natural, default=0, metavar="N", help="keep the newest N files")


def source_name(options: argparse.Namespace, command: str) -> str:
    """Give the source that the user named to *command*. Raises: UsageError."""
    name = options.source or options.interface
    if name and os.path.isfile(name):
        raise UsageError(f"{name}: a file, and no live source; dlmshark {name} opens it")
    if name and os.path.exists(name) and Path(name).is_fifo():  # not opened: who writes would take that for a reader
        raise UsageError(f"{name}: a pipe; - reads one from stdin: dlmshark {command} - < {name}")
    if not name:
        raise UsageError("a SOURCE was expected, such as iface:eth0 or serial:/dev/ttyUSB0")
    from analyzer.live.sources import live_source
    from captures.chunk import DlmsharkError

    try:
        live_source(name)
    except DlmsharkError as problem:
        raise UsageError(str(problem)) from None
    return str(name)


def check_stdin(source: str) -> None:
    """Raises: CaptureError where the stream is to come on a stdin that was closed, whose number the next file gets."""
    from captures.chunk import CaptureError

    if source == "-" and sys.stdin is None:
        raise CaptureError("stdin: closed; a pcap stream was expected, as tcpdump -U -w - writes it")


def list_sources(*, as_json: bool) -> int:
    """Print the interfaces and ports of this machine, as ``live`` and ``record`` take them. Returns the exit status."""
    from captures.port_faults import serial_ports
    from captures.sniffer import interfaces

    found = [(f"iface:{name}", about) for name, about in interfaces()]
    found += [(f"serial:{name}", about) for name, about in serial_ports()]
    for source, about in found:
        members = {"source": source, "description": about}
        print(json.dumps(members, ensure_ascii=False) if as_json else f"{source}  {about}".rstrip())
    return 0


def live_options(options: argparse.Namespace, *, most: int = 0) -> LiveOptions:
    """Give the wishes of the command line. Raises: UsageError."""
    from analyzer.live.recording import AUTO, LiveOptions
    from captures.serial_line import line_settings
    from captures.sniffer import LARGEST

    if options.output == "-":
        raise UsageError("-o -: a recording goes to a file, which may be read while it grows")
    if options.baud != AUTO and not (options.baud.isdecimal() and int(options.baud) > 0):
        raise UsageError(f"--baud {options.baud}: a speed or auto was expected")
    if options.format != AUTO:
        try:
            line_settings(options.format)
        except ValueError as problem:
            raise UsageError(f"--format {problem}") from None
    return LiveOptions(
        options.baud, options.format, options.rts == "on", options.dtr == "on", options.set_line, options.bpf,
        options.promiscuous, options.snaplen or LARGEST, options.program, most,
    )  # fmt: skip


def limits(options: argparse.Namespace) -> Limits:
    """Give when a file is full."""
    from captures.spool import Limits

    return Limits(options.rotate_size, options.rotate_time * SECOND, options.keep)
