"""Frames to Parquet files that are there as a whole or not at all."""

from __future__ import annotations

import os
import re
from errno import EILSEQ, EIO, ENOSPC
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.export.part import new_part
from analyzer.export.utf8 import shown

if TYPE_CHECKING:
    import polars

_LITTLE = 1 << 20
_NUMBER = re.compile(r"\(os error (\d+)\)")


def write_parquet(frame: polars.DataFrame, path: Path) -> None:
    """Write *frame* to the file *path*. Raises: OSError that names it, whatever polars makes of a full disk."""
    from polars.exceptions import PolarsError

    if shown(str(path)) != str(path):  # polars takes text alone
        raise OSError(EILSEQ, os.strerror(EILSEQ), str(path))
    with new_part(path) as part:
        try:
            frame.write_parquet(part, compression="zstd")
        except (PolarsError, OSError) as problem:
            told = _NUMBER.search(str(problem))
            number = int(told[1]) if told else getattr(problem, "errno", None) or _cause(path.parent)
            raise OSError(number, os.strerror(number)) from None
        part.replace(path)


def _cause(folder: Path) -> int:
    """Tell why nothing could be written, of what polars says no cause: a disk without room, else anything."""
    from shutil import disk_usage

    return ENOSPC if disk_usage(folder).free < _LITTLE else EIO
