"""The sample captures: ``python -m analyzer.simulate.samples [FOLDER]`` writes them, the same each time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from analyzer.simulate.manifest import Sample, manifest
from analyzer.simulate.recipes_ciphered import ln_ciphered, push_ciphered
from analyzer.simulate.recipes_network import blocks, ln_wrapper, push_udp
from analyzer.simulate.recipes_optical import mode_c_programming, mode_c_readout, mode_e, p1
from analyzer.simulate.recipes_ports import hdlc_log, mbus_push
from analyzer.simulate.recipes_serial import hdlc_segments, sn_hdlc

RECIPES: tuple[Callable[[], Sample], ...] = (
    ln_wrapper,
    hdlc_segments,
    sn_hdlc,
    push_udp,
    blocks,
    ln_ciphered,
    push_ciphered,
    mbus_push,
    hdlc_log,
    mode_c_readout,
    mode_c_programming,
    mode_e,
    p1,
)
"""What makes each sample, in the order of the manifest."""


def build() -> list[Sample]:
    """Make all samples."""
    return [recipe() for recipe in RECIPES]


def main(arguments: Sequence[str]) -> None:
    """Write captures and manifest into a folder; without one, to where the program looks for them."""
    folder = Path(arguments[0]) if arguments else Path(__file__).parents[2] / "captures" / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    made = build()
    for sample in made:
        (folder / sample.file).write_bytes(sample.octets)
        if sample.keys:
            (folder / sample.keys).write_text(sample.keyring, encoding="utf-8", newline="\n")
    (folder / "manifest.toml").write_text(manifest(made), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
