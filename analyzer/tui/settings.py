"""What is kept from one time to the next: keymap, columns, theme, recent captures, history."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import platformdirs

from analyzer.cosem.plain_text import decoded

_NAME = "dlmshark"
_MOST_RECENT = 20
_MOST_HISTORY = 100
_MOST_NAMED = 20
_KINDS: dict[str, tuple[type, str]] = {
    "theme": (str, "a name"), "columns": (list, "a list of names"), "keys": (dict, "a table of keys by command"),
}  # fmt: skip
"""What the user's file may set, and to what."""


def _nearest(name: str, known: Collection[str]) -> str:
    """Say what may be meant; where nothing is near all that there is, unless it is too much."""
    from difflib import get_close_matches  # few have a file, and fewer a slip in it

    near = get_close_matches(name, known, 2)
    return (
        f", but {' or '.join(near)}"
        if near
        else " (? lists them)"
        if len(known) > _MOST_NAMED
        else f", but {', '.join(known)}"
    )


class Settings:
    """The user's own choices; whatever cannot be read or written is as if it were not there.

    ``config.toml`` is the user's to edit: ``theme``, ``columns``, and ``[keys]`` with keys by command. ``state.json``
    is written here. *folder* stands in for both of the platform's folders.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._config = (folder or platformdirs.user_config_path(_NAME, appauthor=False)) / "config.toml"
        self._state = (folder or platformdirs.user_state_path(_NAME, appauthor=False)) / "state.json"
        self.problem = ""
        """What is wrong with the user's file, in one line."""
        self._chosen = self._read_config()
        self._unfitting = []
        for name, (kind, what) in _KINDS.items():
            if not isinstance(self._chosen.get(name, kind()), kind):
                self._unfitting.append(f"{name} has to be {what}")
                del self._chosen[name]
        self._kept = self._read_state()

    def check(self, known: Mapping[str, Collection[str]]) -> None:
        """Say in ``problem`` which names in the user's file are none of those *known*, by what they name."""
        named = {
            "setting": list(self._chosen),
            "theme": [self.theme] if self.theme else [],
            "column": list(map(str, self._chosen.get("columns", []))),
            "command": list(self.keys),
        }
        known = {"setting": _KINDS, **known}
        wrong = self._unfitting + [
            f"no {what} {name!r}{_nearest(name, known[what])}"
            for what, names in named.items()
            for name in names
            if name not in known[what]
        ]
        if wrong:
            self.problem = f"{self._config}: {'; '.join(wrong)}"

    # -- chosen ---------------------------------------------------------------------------------------------------

    @property
    def path(self) -> Path:
        """The user's file."""
        return self._config

    @property
    def keys(self) -> dict[str, list[str]]:
        """Keys by command, where the user has others."""
        found = self._chosen.get("keys", {})
        return {name: list(map(str, keys)) if isinstance(keys, list) else [str(keys)] for name, keys in found.items()}

    @property
    def theme(self) -> str:
        """The theme's name; empty for the usual one."""
        return str(self._chosen.get("theme", ""))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the list; empty for the usual ones."""
        found = self._chosen.get("columns") or self._kept.get("columns") or ()
        return tuple(map(str, found)) if isinstance(found, list) else ()

    # -- kept -----------------------------------------------------------------------------------------------------

    @property
    def recent(self) -> list[str]:
        """Captures that were opened, the newest first."""
        return [one for one in self._kept.get("recent", ()) if isinstance(one, str)]

    @property
    def history(self) -> dict[str, list[str]]:
        """What was typed, by the kind of prompt."""
        found = self._kept.get("history", {})
        return {str(kind): list(map(str, texts)) for kind, texts in found.items()} if isinstance(found, dict) else {}

    def keep_recent(self, inputs: Iterable[str]) -> None:
        """Remember captures that were opened."""
        paths = [str(Path(one).resolve()) for one in inputs if one != "-" and Path(one).is_file()]
        self._kept["recent"] = [*paths, *(one for one in self.recent if one not in paths)][:_MOST_RECENT]
        self._write()

    def keep_columns(self, names: Iterable[str]) -> None:
        """Remember the columns of the list."""
        self._kept["columns"] = list(names)
        self._write()

    def keep_history(self, history: dict[str, list[str]]) -> None:
        """Remember what was typed; keys are never part of it."""
        self._kept["history"] = {kind: texts[-_MOST_HISTORY:] for kind, texts in history.items()}
        self._write()

    def _write(self) -> None:
        with suppress(OSError):
            self._state.parent.mkdir(parents=True, exist_ok=True)
            self._state.write_text(json.dumps(self._kept, ensure_ascii=False, indent=1), encoding="utf-8")

    def _read_config(self) -> dict[str, Any]:
        try:
            with self._config.open("rb") as file:
                import tomllib  # few have such a file

                return tomllib.loads(decoded(file.read()))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as problem:
            self.problem = f"{self._config}: {problem}"
            return {}

    def _read_state(self) -> dict[str, Any]:
        try:
            found = json.loads(self._state.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}
