"""What the terminal UI was started with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

if TYPE_CHECKING:
    from analyzer.capture import Recorded
    from analyzer.security.keyring import Keyring
    from analyzer.security.keys import KeyRole


class KeySources:
    """Where the keys came from: keyring files, and ``--key`` words, which nothing ever prints."""

    __slots__ = ("files", "words")

    def __init__(self, files: Sequence[str] = (), words: Sequence[str] = ()) -> None:
        self.files, self.words = tuple(files), tuple(words)

    def __repr__(self) -> str:
        return f"KeySources({len(self.files)} files, {len(self.words)} words)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys are not written")

    def plus(self, text: str) -> KeySources:
        """Give these and one more: a word, which takes the place of one for the same, or the path of a keyring."""
        if "=" in text:
            return KeySources(self.files, (*(word for word in self.words if _whose(word) != _whose(text)), text))
        return KeySources((*self.files, text), self.words)

    def holds(self, text: str) -> bool:
        """Tell whether *text* takes the place of a word that is here."""
        return "=" in text and any(_whose(word) == _whose(text) for word in self.words)

    def keyring(self) -> tuple[Keyring | None, str]:
        """Read the keys. Returns the keyring, and what is wrong in one line that shows no key."""
        from analyzer.security.keyring import KeyringError
        from analyzer.security.keyring_file import load

        try:
            return load(self.files, self.words).keyring, ""
        except KeyringError as problem:
            return None, str(problem)


def _whose(word: str) -> tuple[KeyRole | str, str]:
    """Say what a key is for: its role by any of its names, and the system title."""
    from analyzer.security.keys import role_of

    role, _, title = word.partition("=")[0].strip().partition("@")
    return role_of(role) or role, title.lower()


class Options(NamedTuple):
    """What the command line says."""

    inputs: tuple[str, ...] = ()
    title: str = ""
    keys: Keyring | None = None
    decode_as: dict[str, str] | None = None
    is_utc: bool = False
    filter: str = ""
    theme: str = ""
    key_sources: KeySources = KeySources()
    live: Recorded | None = None
    """The recording that runs, whose files the inputs are."""


class Part(NamedTuple):
    """What is compared: an input, or of the capture that is open one association; 0 is all of it."""

    input: str = ""
    """Empty is the capture that is open."""
    association: int = 0


def title_of(inputs: Sequence[str]) -> str:
    """Name inputs as a person would."""
    return ", ".join(Path(one).name if one != "-" else "stdin" for one in inputs)
