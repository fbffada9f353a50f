"""Takes from our packages what Windows does not have, in the program on whose path this stands."""

from __future__ import annotations

import builtins
import contextlib
import os
import pathlib
import select
import signal
import socket
import subprocess
import types
from typing import Any

_OURS = ("analyzer", "captures", "dissectors")
_NO_MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty")
_NOT_IN = {
    os: "pread pwrite nice statvfs mkfifo fork getuid geteuid killpg sched_getaffinity set_blocking O_NONBLOCK",
    signal: "SIGHUP SIGUSR1 SIGUSR2 SIGKILL SIGPIPE SIGALRM SIGQUIT SIGTSTP SIGWINCH pthread_kill pthread_sigmask",
    socket: "AF_PACKET AF_UNIX SO_REUSEPORT",
    select: "poll epoll",
}
_import = builtins.__import__
_begin = subprocess.Popen.__init__
_send = subprocess.Popen.send_signal


def _sockets_alone(read: list[Any], write: list[Any], odd: list[Any], *wait: float) -> Any:
    if not all(isinstance(one, socket.socket) for one in (*read, *write, *odd)):
        raise OSError(10038, "An operation was attempted on something that is not a socket")
    return select.select(read, write, odd, *wait)


def _is_open(path: Any) -> bool:
    """Tell whether some process has the file open: then Windows neither moves nor removes it."""
    try:
        wanted = os.stat(path)
    except OSError:
        return False
    for process in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            for one in os.listdir(f"/proc/{process}/fd"):
                with contextlib.suppress(OSError):
                    if os.path.samestat(os.stat(f"/proc/{process}/fd/{one}"), wanted):
                        return True
    return False


def _if_closed(act: Any) -> Any:
    def there(*paths: Any, **options: Any) -> Any:
        for path in paths:
            if _is_open(path):
                raise PermissionError(13, "The process cannot access the file because it is being used", str(path))
        return act(*paths, **options)

    return there


def _without(module: types.ModuleType, missing: str) -> types.ModuleType:
    made = types.ModuleType(module.__name__)
    vars(made).update((name, one) for name, one in vars(module).items() if name not in missing.split())
    if module is os:
        vars(made).update(
            name="nt", **{name: _if_closed(getattr(os, name)) for name in ("replace", "rename", "unlink")}
        )
    if module is select:
        vars(made)["select"] = _sockets_alone
    return made


_HERE = {module.__name__: _without(module, missing) for module, missing in _NOT_IN.items()}


def _import_there(name: str, /, *words: Any, **options: Any) -> Any:
    names = words[0] if words else options.get("globals")
    level = words[3] if len(words) > 3 else options.get("level", 0)
    if level or str((names or {}).get("__name__", "")).split(".")[0] not in _OURS:
        return _import(name, *words, **options)
    if name in _NO_MODULES:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return _HERE.get(name) or _import(name, *words, **options)


def _begin_there(self: Any, *words: Any, **options: Any) -> None:
    assert not options.get("pass_fds"), "pass_fds not supported on Windows."
    _begin(self, *words, **options)


def _send_there(self: Any, number: int) -> None:
    if number != signal.SIGTERM:
        raise ValueError(f"Unsupported signal: {number}")
    _send(self, number)


for name in ("replace", "rename", "unlink"):
    setattr(pathlib.Path, name, _if_closed(getattr(pathlib.Path, name)))
builtins.__import__ = _import_there
setattr(subprocess.Popen, "__init__", _begin_there)  # noqa: B010
setattr(subprocess.Popen, "send_signal", _send_there)  # noqa: B010
