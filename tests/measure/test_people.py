"""Who is measured: folders, groups.csv, pairs.csv, and what is refused about them, by line and never by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenbaar.errors import NotFound, TooFewPeople, Unusable
from kenbaar.measure import read_people


def folders(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).mkdir(parents=True)
        (root / name / "1.jpg").write_bytes(b"not read here")
    return root


def test_one_folder_is_one_person_and_photos_may_lie_deeper(tmp_path: Path) -> None:
    root = folders(tmp_path, "Bo", "Ann", "Cas/summer")
    (root / "Ann" / "notes.txt").write_text("no photo")
    (root / "Cas" / "0.png").touch()
    people = read_people(root)
    assert people.names == ("Ann", "Bo", "Cas")
    assert [len(p) for p in people.photos] == [1, 1, 2]
    assert people.count == 4 and people.stray == 0


def test_photos_beside_the_folders_are_nobodys_and_counted(tmp_path: Path) -> None:
    (folders(tmp_path, "Ann", "Bo") / "party.jpg").touch()
    assert read_people(tmp_path).stray == 1


def test_voluntary_labels_are_read_with_or_without_a_header(tmp_path: Path) -> None:
    root = folders(tmp_path, "Ann", "Bo", "Cas")
    (root / "groups.csv").write_text("person,group\nAnn,older\nCas, younger \n", "utf-8")
    assert read_people(root).groups == {0: "older", 2: "younger"}
    (root / "groups.csv").write_bytes("\ufeffBo,older\r\n\r\n".encode())
    assert read_people(root).groups == {1: "older"}


def test_each_pair_of_look_alikes_counts_once(tmp_path: Path) -> None:
    root = folders(tmp_path, "Ann", "Bo", "Cas")
    (root / "pairs.csv").write_text("person,person\nBo,Ann\nAnn,Bo\nAnn,Cas\n")
    assert read_people(root).pairs == ((0, 1), (0, 2))


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("groups.csv", "Ann,a\nZed,a\n", "groups.csv puts people in groups who have no folder with photos here"),
        ("groups.csv", "Ann\n", "Line 1 of groups.csv has not two filled columns."),
        ("groups.csv", "Ann,older\nBo,\n", "Line 2 of groups.csv has not two filled columns."),
        ("groups.csv", "Ann,a\nAnn,b\n", "Line 2 of groups.csv puts somebody in a second group."),
        ("groups.csv", "\udcff", "groups.csv cannot be read."),
        ("pairs.csv", "Ann,Ann\n", "Line 1 of pairs.csv pairs somebody with themselves."),
        ("pairs.csv", "Ann,Zed\nZed,Bo\n", "pairs.csv pairs people who have no folder with photos here (2 lines"),
    ],
)  # fmt: skip
def test_a_list_that_does_not_fit_is_refused_by_line_without_a_name(
    tmp_path: Path, file: str, text: str, sentence: str
) -> None:
    root = folders(tmp_path, "Ann", "Bo")
    (root / file).write_text(text, "utf-8", errors="surrogateescape")
    with pytest.raises(Unusable) as refused:
        read_people(root)
    assert refused.value.what.startswith(sentence)
    assert "Ann" not in str(refused.value) and "Zed" not in str(refused.value)
    assert refused.value.exit_code == 4


def test_one_person_nobody_and_no_folder_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_people(tmp_path / "nowhere")
    with pytest.raises(TooFewPeople, match="no photo of anybody"):
        read_people(tmp_path)
    (tmp_path / "a.jpg").touch()
    with pytest.raises(TooFewPeople, match="1 photo lies in the folder itself, and nobody says whose"):
        read_people(tmp_path)
    with pytest.raises(TooFewPeople, match="one person only"):
        read_people(folders(tmp_path, "Ann"))
