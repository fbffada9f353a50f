"""``serve``: the terminal UI in a browser; what needs the extra ``web`` skips without it."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from analyzer.cli.main import main
from tests.conftest import ROOT

SAMPLE = ROOT / "captures" / "samples" / "ln-wrapper.pcap"
needs_web = pytest.mark.skipif(importlib.util.find_spec("textual_serve") is None, reason="the extra 'web' is missing")

BROWSER = """
    import asyncio, sys, aiohttp

    async def connect(url, origin):
        async with aiohttp.ClientSession() as session:
            try:
                web = await session.ws_connect(url + "/ws?width=100&height=30", origin=origin)
            except aiohttp.WSServerHandshakeError as refused:
                return print(refused.status)
            seen, asked = b"", False
            async for message in web:
                seen += message.data if isinstance(message.data, bytes) else message.data.encode()
                if not asked and b"AARQ" in seen:
                    asked = True
                    await web.send_json(["stdin", "q"])
            sys.stdout.buffer.write(seen)

    asyncio.run(asyncio.wait_for(connect(*sys.argv[1:]), 90))
"""


def _free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
        return port


@contextmanager
def _served(*words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    port = _free_port()
    command = [sys.executable, "-P", "-m", "analyzer", "serve", "--port", str(port), *words]
    console = {name: text for name, text in os.environ.items() if name not in ("COLORTERM", "NO_COLOR")}
    console["TERM"] = "linux"
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=console) as child:
        try:
            assert child.stderr is not None
            page = re.compile(rf"http://127\.0\.0\.1:{port}/[\w-]{{22}}(?=/ )")
            yield next(found[0] for line in child.stderr if (found := page.search(line))), child
        finally:
            os.kill(child.pid, 2)
            child.wait(30)


def _browse(url: str, origin: str) -> str:
    command = [sys.executable, "-c", textwrap.dedent(BROWSER), url, origin]
    for _ in range(40):  # it tells its address just before it listens
        run = subprocess.run(command, capture_output=True, timeout=120, check=False)
        if b"Cannot connect" not in run.stderr:
            break
        time.sleep(0.25)
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout.decode(errors="replace")


@needs_web
def test_a_browser_sees_the_records_and_q_ends_it() -> None:
    key = "000102030405060708090A0B0C0D0E0F"
    with _served("--key", f"ek={key}", str(SAMPLE)) as (url, _):
        seen = _browse(url, url.rpartition("/")[0].replace("127.0.0.1", "localhost"))  # both are names of this machine
        page = subprocess.run(
            [sys.executable, "-c", "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode())", f"{url}/"],
            capture_output=True, text=True, check=True, env=os.environ | {"no_proxy": "*"},
        ).stdout  # fmt: skip
    assert "AARQ" in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
    assert key not in seen + page
    assert "dlmshark" in page
    assert "\x1b[38;2;" in seen, "a browser has all colours, whatever the terminal of who serves has"
    assert [one for one in re.findall(r'(?:href|src)="(\w+://[^/"]+)', page) if one not in url] == [], (
        "no other host is asked: it would be told, and where it is not reached the page waits for it"
    )


@needs_web
def test_a_page_of_another_site_is_not_let_in() -> None:
    with _served("demo") as (url, _):
        assert _browse(url, "http://other.example").strip() == "403"


@needs_web
def test_another_user_of_the_machine_who_does_not_know_the_path_is_not_let_in() -> None:
    with _served("demo") as (url, _):
        origin = url.rpartition("/")[0]
        assert [_browse(guess, origin).strip() for guess in (origin, f"{url}a")] == ["404", "404"]


@needs_web
def test_host_that_is_no_name_is_one_line() -> None:
    command = [sys.executable, "-P", "-m", "analyzer", "serve", "--host", "\x1b]0;x", "demo"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert "\x1b" not in run.stderr


@needs_web
def test_an_address_in_use_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-P", "-m", "analyzer", "serve", "--port", str(taken.getsockname()[1]), "demo"]
        run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert run.returncode == 1
    assert "in use" in run.stderr.splitlines()[-1]
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--port", "0"], 2, "--port: expected 1 to 65535"),
        (["-"], 2, "a browser brings no stdin"),
        (["--json"], 2, "--json: not for a browser; see dlmshark view --help"),
        (["demo", "--json"], 2, "--json: not for a browser; see dlmshark demo --help"),
        (["--bind", "0.0.0.0", "x"], 2, "--bind (serve --host HOST chooses the address to listen on)"),
        (["--hots", "0.0.0.0", "x"], 2, "did you mean --host?"),
        (["--hex", "C001"], 2, "--hex: not for a browser"),
        (["--key", "ek=12", "captures"], 4, "--key"),
        (["nowhere.pcap"], 3, "nowhere.pcap: no such file"),
        (["captures", "-Y", "get &&"], 4, "--filter 'get &&'"),
        (["captures", "-d", "serial"], 2, "--decode-as serial: expected SELECTOR,STACK"),
        (["live", "--bind", "0.0.0.0"], 2, "--bind (serve --host HOST chooses the address to listen on)"),
        (["live"], 2, "a SOURCE was expected"),
        (["live", "iface:lo", "--json"], 2, "--json: not for a browser; see dlmshark live --help"),
        (["live", "iface:lo", "--expect", "get"], 2, "--expect: not for a browser"),
        (["live", "-D"], 2, "--list-interfaces: not for a browser"),
        (["live", "iface:lo", "-Y", "get &&"], 4, "--filter 'get &&'"),
        (["live", "iface:lo", "--baud", "fast"], 2, "--baud fast: a speed or auto was expected"),
        (["demo", "nothing"], 2, "no sample 'nothing': expected one of ln-wrapper"),
        (["demo", "--quick"], 2, "--quick: not for a browser"),
        (["demo", "--list"], 2, "--list: not for a browser; see dlmshark demo --help"),
        (["stats", "captures"], 2, "stats: has no screens; view, live, demo have"),
    ],
)
def test_what_cannot_be_served_is_refused_in_a_line(
    words: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *words]) == status
    assert said in capsys.readouterr().err


def test_other_machines_are_let_in_with_a_warning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(subprocess, "call", lambda words: started.append(words) or 0)
    assert main(["serve", "--host", "0.0.0.0", "live", "/dev/ttyUSB0", "--baud", "9600"]) == 0
    assert "nothing is ciphered on the way" in capsys.readouterr().err
    assert started[0][-7:] == ["0.0.0.0", "8000", "", "live", "/dev/ttyUSB0", "--baud", "9600"]


def test_without_the_extra_it_says_which() -> None:
    block = "import sys; sys.modules['textual_serve'] = None; sys.argv = ['', 'h', '1', '']; import analyzer.browser as b; sys.exit(b.main())"
    run = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (run.returncode, run.stderr) == (2, "dlmshark: serve needs the extra 'web': pip install '.[web]'\n")
