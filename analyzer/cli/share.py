"""``dlmshark export --share-safe``: a capture that can be shown to others, checked before it is left behind."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.cli.complaints import OUTPUT_ERROR, fail, say

if TYPE_CHECKING:
    from analyzer.record import Record
    from analyzer.rewrite.share import ShareSafe
    from analyzer.security.keyring import Keyring

_SECRET_SIZE = 32
_MOST_ROUNDS = 4
"""How often what is written is mended: a name that was made may be, or complete, that of another meter."""
_MOST_TOLD = 4


def share(records: Iterable[Record], output: str, keys: Keyring | None, *, is_quiet: bool = False) -> int:
    """Write *records* to *output*, and look whether it opens, and whether anything is left. Returns the exit status."""
    from analyzer.cosem.push import known_texts
    from analyzer.export.part import new_part
    from analyzer.rewrite.keys import published_keyring
    from analyzer.rewrite.pseudonyms import Pseudonyms
    from analyzer.rewrite.share import ShareSafe

    needs_titles = False
    made = ShareSafe(Pseudonyms(secrets.token_bytes(_SECRET_SIZE), known_texts()))
    with new_part(Path(output)) as part:
        with part.open("wb") as file:
            file.write(made.head())
            for block in made.blocks(records):
                file.write(block)
        _mend(part, made)
        left = _left(part, made, keys)
        if left:
            return fail(
                f"{output}: {left} of what was to be replaced would still stand in it: not written", OUTPUT_ERROR
            )
        opened = _opened(part, published_keyring())
        if opened < made.outcome.enciphered:
            titled = _opened(part, _titled(made))
            needs_titles, opened = titled > opened, max(titled, opened)
        part.replace(output)
    if not is_quiet:
        _tell(made, output, opened)
        if needs_titles:
            _tell_titles(made)
    return (
        0
        if opened >= made.outcome.enciphered
        else fail(
            f"{output}: {made.outcome.enciphered - opened} APDUs do not open under the published keys", OUTPUT_ERROR
        )
    )


def _mend(path: Path, made: ShareSafe) -> None:
    """Replace what stands in damaged frames, where no tree tells it, by what stands for it elsewhere."""
    from analyzer.rewrite.remains import standing

    names = made.names.replaced
    with path.open("r+b") as file:
        for _ in range(_MOST_ROUNDS):
            found = sorted(standing(file, names.keys()), key=lambda one: (-len(one[1]), one[0]))
            if not found:
                return
            for at, before in found:
                file.seek(at)
                if file.read(len(before)) == before:  # else it was part of a longer one
                    file.seek(at)
                    file.write(names[before])
                    made.outcome.mended += 1


def _left(path: Path, made: ShareSafe, keys: Keyring | None) -> int:
    """Count the names, numbers, keys and passwords that stand in what was written.

    A key of nothing but zeros is no finding: what is blanked is zeros too.
    """
    from analyzer.rewrite.keys import PUBLISHED
    from analyzer.rewrite.remains import LEAST_SOUGHT, standing

    public = {key[:size] for key in PUBLISHED.values() for size in (16, 32)}
    own = {key.octets for meter in keys.meters for key in meter.keys.values()} if keys is not None else set()
    sought = made.names.replaced.keys() | {one for one in own - public if len(one) >= LEAST_SOUGHT and any(one)}
    with path.open("rb") as file:
        return len({one for _, one in standing(file, sought)})


def _titled(made: ShareSafe) -> Keyring:
    """Give the published keys of the meters, with titles that only the user's keyring tells."""
    from analyzer.rewrite.keys import published_keyring

    clients = made.outcome.client_titles
    return published_keyring(sorted(made.outcome.server_titles), min(clients) if len(clients) == 1 else b"")


def _opened(path: Path, keys: Keyring) -> int:
    """Count the records of what was written that open under the published keys."""
    from analyzer.session import Session
    from captures import open_source

    count = 0
    with open_source(str(path)) as source:
        session = Session(source, None, keys)
        for record in session.records():
            count += bool(record.protection) and record.protection[-1].is_opened
    return count


def _tell(made: ShareSafe, output: str, opened: int) -> None:
    """Say what was done, and what could not be."""
    outcome = made.outcome
    say(f"{output}: {outcome.records} records, {made.names.count} names, numbers and titles replaced")
    if outcome.enciphered:
        say(f"{opened} records open under the published keys (dlmshark export --help tells them)")
    if outcome.mended:
        say(f"{outcome.mended} names replaced in what does not read; check sequences there are left")
    for what, count in sorted(outcome.blanked.items()):
        say(f"{count} {what}: blanked")


def _tell_titles(made: ShareSafe) -> None:
    """Say which titles a keyring has to hold, beside the published keys."""
    outcome = made.outcome
    for name, titles in (("server_title", outcome.server_titles), ("client_title", outcome.client_titles)):
        if titles:
            said = ", ".join(title.hex().upper() for title in sorted(titles)[:_MOST_TOLD])
            more = f" and {len(titles) - _MOST_TOLD} more" if len(titles) > _MOST_TOLD else ""
            say(f"the capture does not tell all titles: those who read it need {name} {said}{more} in their keyring")
