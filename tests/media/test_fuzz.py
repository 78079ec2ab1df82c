"""A minute of damaged photos of every format (an hour by hand: `python -m tests.media.fuzz --minutes 60`)."""

from __future__ import annotations

import random
import resource
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kenbaar.media import FORMATS, end_reading, open_photo_bytes
from kenbaar.media import _opening as opening
from tests.media.fuzz import LIMITS, MUTATIONS, corpus, damaged, outcome

CORPUS = corpus()
KINDS = st.lists(st.integers(0, len(MUTATIONS) - 1), min_size=1, max_size=4)
LARGEST_READER_KB = 400_000  # what a photo of LIMITS may take: decoders, 128 MB, 28 bytes a pixel


def test_the_corpus_has_every_format_and_each_picture_opens() -> None:
    assert {open_photo_bytes(data).format for data in CORPUS.values()} == set(FORMATS)


@pytest.mark.slow
@pytest.mark.parametrize("name", CORPUS)
def test_damage_ends_at_most_the_process_that_reads(name: str) -> None:
    end_reading()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    @settings(max_examples=400, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**64), KINDS, st.sampled_from([None, 16]))
    def tried(seed: int, kinds: list[int], detail_side: int | None) -> None:
        outcome(damaged(CORPUS[name], random.Random(seed), kinds), detail_side)
        reader = opening._reader
        if reader is not None:
            status = Path(f"/proc/{reader.pid}/status").read_text()
            assert int(status.split("VmHWM:")[1].split()[0]) < LARGEST_READER_KB

    tried()
    assert open_photo_bytes(CORPUS[name], limits=LIMITS).pixels.size
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000
