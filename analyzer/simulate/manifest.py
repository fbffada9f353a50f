"""What a sample capture is and holds, counted from the truth of its events, and the manifest that says so in TOML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analyzer.simulate.sent import Sent
from dissectors import registry

HEADER = """\
# The sample captures: what each shows, and what a decoder must find in it. All meters, titles and values are made up.
# Written by `python -m analyzer.simulate.samples` together with the captures; do not edit by hand.
# frames: HDLC frames by type (segments: I frames with S = 1, contained in I), wrapper PDUs, M-Bus frames, messages of
#   IEC 62056-21 by type, P1 telegrams. apdus: APDUs as they stand in the frames, by name, each block as one. opened:
#   what is inside the ciphered ones. completed: APDUs that come out of general-block-transfers, opened too. keys: the
#   keyring that opens it; everybody knows these keys.
# remarks: how many lines on stderr say what was assumed.
# notes: codes of the notes of severity warning or error that are right there; none in healthy traffic.
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample capture with its octets, and what the manifest says of it."""

    file: str
    title: str
    description: str
    link: str
    shows: Sequence[str]
    seed: int
    octets: bytes
    packets: int
    frames: Mapping[str, int]
    apdus: Mapping[str, int]
    completed: Mapping[str, int]
    opened: Mapping[str, int]
    keyring: str = ""
    """The text of the keyring file that opens it."""
    notes: Sequence[str] = ()
    remarks: int = 0
    """How many lines on stderr say what was assumed."""

    @property
    def name(self) -> str:
        """Give the file's name without its suffix."""
        return self.file.partition(".")[0]

    @property
    def keys(self) -> str:
        """Give the name of the keyring file, if there is one."""
        return f"{self.name}.keys.toml" if self.keyring else ""

    def toml(self) -> str:
        """Write the sample's table."""
        keys = ("name", "file", "title", "description", "link")
        lines = ["[[sample]]", *(f"{key} = {_text(getattr(self, key))}" for key in keys)]
        lines += ["shows = [", *(f"  {_text(one)}," for one in self.shows), "]"]
        notes = ", ".join(map(_text, self.notes))
        lines += [f"seed = {self.seed}", f"packets = {self.packets}", f"notes = [{notes}]"]
        lines += [f"remarks = {self.remarks}"] if self.remarks else []
        lines += [f"keys = {_text(self.keys)}"] if self.keys else []
        for key in ("frames", "apdus", "opened", "completed"):
            counts: Mapping[str, int] = getattr(self, key)
            if counts:
                lines.append(f"[sample.{key}]")
                lines += [f"{one} = {counts[one]}" for one in sorted(counts)]
        return "\n".join(lines) + "\n"


def sample_of(
    file: str,
    title: str,
    description: str,
    link: str,
    shows: Sequence[str],
    seed: int,
    units: Sequence[Sent],
    octets: bytes,
    packets: int,
    *,
    keyring: str = "",
    notes: Sequence[str] = (),
    remarks: int = 0,
) -> Sample:
    """Make a sample of its file and what it says, with the counts of its *units* (frames or wrapper PDUs)."""
    counts = (count_frames(units), count_apdus(units), count_completed(units), count_opened(units))
    told = (file, title, description, link, tuple(shows), seed, octets, packets)
    return Sample(*told, *counts, keyring=keyring, notes=tuple(notes), remarks=remarks)


def manifest(samples: Iterable[Sample]) -> str:
    """Write the manifest of all samples."""
    return HEADER + "".join(f"\n{sample.toml()}" for sample in samples)


def count_frames(units: Iterable[Sent]) -> dict[str, int]:
    """Count frames by what they are; HDLC frames with the segmentation bit once more as ``segments``."""
    found: Counter[str] = Counter()
    for unit in units:
        if unit.truth.kind:
            found[unit.truth.kind] += 1
        is_hdlc = unit.octets[:1] == b"\x7e"
        found["segments"] += is_hdlc and bool(unit.octets[1] & 0x08)
    return {name: count for name, count in found.items() if count}


def count_apdus(units: Iterable[Sent]) -> dict[str, int]:
    """Count the APDUs that end in these units by name."""
    return _names(octets for unit in units for octets in unit.truth.apdus)


def count_opened(units: Iterable[Sent]) -> dict[str, int]:
    """Count the APDUs inside ciphered ones by name; what opens and releases is only ciphered in part, and left out."""
    truths = [unit.truth for unit in units]
    pairs = [pair for truth in truths for pair in zip(truth.apdus, truth.plain, strict=True)]
    return _names(plain for spoken, plain in pairs if spoken != plain and spoken[:1] != plain[:1])


def count_completed(units: Iterable[Sent]) -> dict[str, int]:
    """Count the APDUs that block transfers complete in these units by name."""
    return _names(unit.truth.service for unit in units if unit.truth.service)


def _names(apdus: Iterable[bytes]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for octets in apdus:
        picked = registry.pick(octets, 0, len(octets))
        found[picked[0] if picked else "unknown"] += 1
    return dict(found)


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
