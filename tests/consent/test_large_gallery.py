"""A large gallery opens compact: the same people, the same decisions, a quarter of the memory."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from benchmarks.gallery.forge import forge_people
from kenbaar.archive import create_archive
from kenbaar.consent import Sessions
from kenbaar.errors import UsageError
from kenbaar.faces import Template
from kenbaar.matching import Threshold, match_faces
from kenbaar.policy import Event
from kenbaar.settings import Settings
from tests.actors import OFFICER


@pytest.mark.parametrize("people", [39, 40, 41, 100])
def test_from_so_many_on_a_gallery_is_compact_and_decides_the_same(
    people: int, tmp_path: Path, tiny_pack_folder: Path
) -> None:
    settings = Settings(tmp_path / "home", tmp_path / "cache", pack=str(tiny_pack_folder))
    with closing(create_archive(OFFICER, settings, "made up", "other")) as archive:
        subjects = forge_people(archive, people)
        consents, pack = archive.consents, archive.pack.digest
        floats = consents.open_gallery(("find",), pack, Sessions())
        consents.compact_from = 40
        opened = consents.open_gallery(("find",), pack, Sessions())
        if people < 40:
            assert np.array_equal(opened.rows, floats.rows)
        else:
            with pytest.raises(UsageError):
                _ = opened.rows
        assert opened.subjects == floats.subjects == tuple(subjects)
        assert np.array_equal(opened.exact_rows(np.arange(people, dtype=np.int32)), floats.rows)
        at = Threshold(pack, 0.9, 0.95, 0.01, 0.001, 1000, 0)
        entry = archive.journal.record(Event.SWEEP, OFFICER, collection="party", mode="transient")
        floats.recorded(entry)
        opened.recorded(entry)
        faces = [Template(row, pack) for row in floats.rows[::7].copy()]
        assert match_faces(faces, opened, at) == match_faces(faces, floats, at)
        assert opened.opened_at > datetime(2026, 1, 1, tzinfo=UTC)
        archive.leaving.withdraw(OFFICER, subjects[7])
        after = consents.open_gallery(("find",), pack, Sessions())
        assert len(after) == people - 1 and subjects[7] not in after.subjects
        opened.wipe()
        after.wipe()
