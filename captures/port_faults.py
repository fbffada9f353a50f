"""What goes wrong with a serial port, in the program's own words: why it does not open, and who reads it meanwhile.

Source: pyserial's messages on POSIX and on Windows; proc(5) for who has a device open.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from captures.chunk import CaptureError, CapturePermissionError

PORT_ERRORS: tuple[type[Exception], ...] = (OSError, ValueError)
with contextlib.suppress(ImportError):
    import termios

    PORT_ERRORS += (termios.error,)
"""What goes wrong with a port: pyserial's own are OSErrors, those of a terminal are not."""
_NO_TERMINALS = (errno.ENOTTY, errno.EISDIR, errno.ENOTDIR)
_SERVER = "://"
_MAY_BE_FILE = re.compile(r"(?!.*://)(?!/dev/).*/|.+\.(pcap|pcapng|cap|txt|log|hex|bin|csv|gz|zst|lz4)$", re.IGNORECASE)
"""Names of what somebody may have meant for a capture: no port and no interface is called so."""


@contextlib.contextmanager
def told(url: str) -> Iterator[None]:
    """Turn what goes wrong while a port is opened or set into the program's own errors."""
    try:
        yield
    except CaptureError:
        raise
    except PORT_ERRORS as error:
        raise _opening_error(url, error) from None


@contextlib.contextmanager
def told_while_read(url: str) -> Iterator[None]:
    """Turn what goes wrong with a port that was open into the program's own errors."""
    try:
        yield
    except PORT_ERRORS as error:
        is_far = _SERVER in url  # else pyserial guesses, or the system says no more than that a read failed
        text = reason(error) if is_far else "unplugged, or another program reads it too"
        raise CaptureError(f"{url}: {text}") from None


def reason(problem: Exception) -> str:
    """Say what an error says, without the number and the place that pyserial writes around it."""
    is_numbered = len(problem.args) == 2 and isinstance(problem.args[1], str)
    return problem.args[1] if is_numbered else str(problem)


def _opening_error(url: str, error: Exception) -> CaptureError:
    text = reason(error)
    is_windows_refusal = "PermissionError(" in text  # no right is needed there: somebody has the port
    is_alone = "exclusively lock" in text or _has_number(error, text, errno.EBUSY)
    if is_alone or is_windows_refusal:
        return CapturePermissionError(f"{url}: {who_has_it(url) or 'another program has it open'}")
    if "Permission denied" in text or isinstance(error, PermissionError):
        return CapturePermissionError(f"{url}: no permission to open it; {_remedy(url)}")
    if "No such file" in text or "FileNotFoundError(" in text or isinstance(error, FileNotFoundError):
        return CapturePermissionError(no_such(url, "port", _ports()))
    if any(_has_number(error, text, one) for one in _NO_TERMINALS):
        return CaptureError(f"{url}: this is no serial port{_ports()}")
    return CaptureError(f"{url}: {text}")


def _has_number(error: Exception, text: str, number: int) -> bool:
    """Tell whether an error has a number of the system, in itself or in what pyserial quotes."""
    return (
        number in (getattr(error, "errno", None), *error.args) or f"({number}, " in text or f"[Errno {number}]" in text
    )


def _remedy(url: str) -> str:
    """Say who may open a device, and how to become one of them."""
    group, is_for_group = "dialout", True
    with contextlib.suppress(OSError, ImportError, KeyError):
        import grp

        status = os.stat(url)
        group, is_for_group = grp.getgrgid(status.st_gid).gr_name, bool(status.st_mode & stat.S_IRGRP)
    if not is_for_group:
        return "only its owner may"
    return f"add yourself to the group of the device (sudo usermod -aG {group} $USER), then log in anew"


def no_such(name: str, sort: str, there: str) -> str:
    """Say that no port or interface, a *sort*, is called *name*; *there* are others, or else it was to be a capture."""
    if _MAY_BE_FILE.match(name):
        return f"{name}: no such {sort}, and no such file; a capture is opened by dlmshark FILE"
    return f"{name}: no such {sort}{there}"


def _ports() -> str:
    names = [name for name, _ in serial_ports()]
    if not names:
        return "; no serial port is there"
    return f"; there {'is' if len(names) == 1 else 'are'} {', '.join(names)}"


def serial_ports() -> list[tuple[str, str]]:
    """List the serial ports of this machine: name, and what it is."""
    from serial.tools.list_ports import comports

    return sorted((one.device, one.description if one.description != "n/a" else "") for one in comports())


def others(url: str) -> list[str]:
    """Name other programs that have the device *url* open, as far as the system lets that be seen.

    Returns: ``minicom (4711)`` and the like, with the number of the process; nothing where it cannot be told.
    """
    found: dict[str, None] = {}
    with contextlib.suppress(OSError):
        device = os.stat(url).st_rdev
        if not device:
            return []
        for process in Path("/proc").glob("[0-9]*"):
            if int(process.name) != os.getpid() and _has_open(process, device):
                with contextlib.suppress(OSError):
                    found[f"{(process / 'comm').read_text().strip()} ({process.name})"] = None
    return list(found)


def who_has_it(url: str) -> str:
    """Say who else has the device *url* open; empty where nobody has, or where it cannot be told."""
    users = others(url)
    return f"{' and '.join(users)} {'has' if len(users) == 1 else 'have'} it open" if users else ""


def _has_open(process: Path, device: int) -> bool:
    with contextlib.suppress(OSError):  # it is another user's, or it has ended
        for one in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                if one.stat().st_rdev == device:
                    return True
    return False
