"""The terminal UI in a web browser: a program of its own, which starts ``dlmshark`` for each browser that connects.

``python -m analyzer.browser HOST PORT URL WORD...`` needs the extra ``web``. A page of another site cannot connect: a
browser says where a connection comes from, and only pages of *URL* are let in. Nor can whoever
does not know the path that is told on stderr: other users of the machine reach its loopback address, too.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import socket
import sys
from typing import Any

from analyzer.cosem.plain_text import printable

_FOREIGN = re.compile(r'<link[^>]*?href="(\w+:[^"]*)"[^>]*>')
_LOOPBACK, _EVERYWHERE = ("127.0.0.1", "localhost"), ("0.0.0.0", "::", "")


def main() -> int:
    """Run as a program. Returns 0 when it was ended, 1 where the address cannot be had, 2 without the extra."""
    try:
        from textual_serve.server import Server, web
    except ImportError:
        _say("serve needs the extra 'web': pip install '.[web]'")
        return 2
    host, port, url, *words = sys.argv[1:]
    if not url and host in _EVERYWHERE:
        url = f"http://{socket.gethostname()}:{port}"
    elif not url and ":" in host:
        url = f"http://[{host}]:{port}"
    secret = secrets.token_urlsafe(16)
    own = {f"http://{name}:{port}" for name in _LOOPBACK} if host in _LOOPBACK else set()

    class Browsers(Server):  # type: ignore[misc]  # untyped to us
        """The server: its page names the program and never its command line, which may hold a key."""

        def initialize_logging(self) -> None:
            """Log nothing: what goes wrong on the way to a browser is seen there."""

        async def _make_app(self) -> Any:
            whole = web.Application()
            whole.add_subapp(f"/{secret}", await super()._make_app())
            return whole

        async def on_startup(self, app: Any) -> None:
            _say(f"open {self.public_url}/{secret}/ (Ctrl-C ends it)")

        async def handle_index(self, request: Any) -> Any:
            """Give the page without the fonts of another host, which it would wait for where that is not reached."""
            page = await super().handle_index(request)
            page.text = _FOREIGN.sub(lambda one: one[0] if one[1].startswith(self.public_url) else "", page.text)
            return page

        async def handle_websocket(self, request: Any) -> Any:
            if request.headers.get("Origin") not in {self.public_url, *own}:
                raise web.HTTPForbidden(text="not from the page of this program")
            return await super().handle_websocket(request)

    os.environ["COLORTERM"] = "truecolor"  # as a browser has it, whatever the terminal that this runs in
    command = shlex.join([sys.executable, "-P", "-m", "analyzer", *words])
    try:
        Browsers(command, host, int(port), title="dlmshark", public_url=url or None).serve()
    except (OSError, UnicodeError) as problem:  # the latter of a name that is none
        said = problem.strerror if isinstance(problem, OSError) else "no name of a host"
        _say(f"{host}:{port}: {said or problem}")
        return 1
    return 0


def _say(text: str) -> None:
    print(f"dlmshark: {printable(text)}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
