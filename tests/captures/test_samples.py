"""The bundled samples: found by name, readable by the project's own sources."""

import pytest

from captures import open_source
from captures.chunk import CaptureError
from captures.samples import Sample, sample_path, samples


def test_samples_have_names_of_their_own() -> None:
    names = [sample.name for sample in samples()]
    assert len(set(names)) == len(names) >= 2


def test_sample_path_by_name_and_by_file_name_is_the_same() -> None:
    first = samples()[0]
    assert sample_path(first.name) == sample_path(first.path.name) == first.path


def test_sample_path_of_an_unknown_name_lists_the_names() -> None:
    with pytest.raises(CaptureError, match="ln-wrapper"):
        sample_path("nothing")


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_sample_is_a_capture_with_its_packets_in_time_order(sample: Sample) -> None:
    source = open_source(str(sample.path))
    chunks = list(source)
    source.close()
    times = [chunk.time_ns for chunk in chunks]
    assert len(chunks) == sample.packets
    assert None not in times
    assert times == sorted(times, key=lambda time: time or 0)
    assert source.time_digits == (3 if sample.path.suffix == ".txt" else 9)
    assert len(source.remarks) == sample.remarks


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_sample_says_what_it_is_and_is_small(sample: Sample) -> None:
    assert sample.title and sample.description and sample.link and sample.shows
    assert sum(sample.frames.values()) > 0
    assert sample.path.stat().st_size < 60_000
    assert sample.keys is None or sample.keys.is_file()
