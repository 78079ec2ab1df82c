"""The people who agreed to be measured: a folder each, and what they chose to say about themselves."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from kenbaar.errors import NotFound, TooFewPeople, Unusable
from kenbaar.measure._words import plural
from kenbaar.media import PhotoFile, encode_name, walk_photos

GROUPS_FILE, PAIRS_FILE = "groups.csv", "pairs.csv"
_MOST_BYTES = 20_000_000  # of a list of people: a million lines


@dataclass(frozen=True, slots=True)
class MeasuredPeople:
    """Who is measured: P people by number, 0..P-1, in the order of their folders' names.

    folder: where they lie. names: the folders' names, for the person measuring alone: never in a report.
    photos: each person's files, sorted. groups: person -> the label they chose. pairs: people said to look alike, each
    pair once, the lower number first. stray: photos beside the folders, which are nobody's. closed: folders that could
    not be read.
    """

    folder: Path
    names: tuple[str, ...]
    photos: tuple[tuple[Path, ...], ...]
    groups: dict[int, str]
    pairs: tuple[tuple[int, int], ...]
    stray: int
    closed: int

    @property
    def count(self) -> int:
        """How many photos there are in all."""
        return sum(len(p) for p in self.photos)


def read_people(folder: Path) -> MeasuredPeople:
    """Who lies in this folder: one folder a person, photos in it or below it, groups.csv and pairs.csv beside them.

    Raises NotFound, TooFewPeople (nobody, or one person), Unusable (a list that does not fit; its line, never a name).
    """
    if not folder.is_dir():
        raise NotFound("There is no such folder to measure.", "Give the folder that holds one folder a person.")
    files: dict[str, list[Path]] = {}
    stray = closed = 0
    for found in walk_photos(folder, follow_links=True):
        if not isinstance(found, PhotoFile):
            closed += 1
            continue
        person, slash, _ = found.relative.partition("/")
        if slash:
            files.setdefault(person, []).append(found.path)
        else:
            stray += 1
    names = tuple(sorted(files))
    if len(names) < 2:
        raise _too_few(len(names), stray)
    number = {name: i for i, name in enumerate(names)}
    return MeasuredPeople(
        folder, names, tuple(tuple(files[n]) for n in names), _read_groups(folder / GROUPS_FILE, number),
        _read_pairs(folder / PAIRS_FILE, number), stray, closed,
    )  # fmt: skip


def _too_few(people: int, stray: int) -> TooFewPeople:
    if people:
        return TooFewPeople(
            "There is one person only, and nobody they could be taken for.",
            "Add folders of other people who agreed to be measured: two can be measured, 30 begin to say something.",
        )
    if stray:
        return TooFewPeople(
            f"{plural(stray, 'photo lies', 'photos lie')} in the folder itself, and nobody says whose.",
            "Make one folder for each person, and put their photos in it.",
        )
    return TooFewPeople("There is no photo of anybody in this folder.", "Make one folder a person with their photos.")


def _read_groups(file: Path, number: dict[str, int]) -> dict[int, str]:
    groups: dict[int, str] = {}
    strangers: list[int] = []
    for line, person, label in _rows(file, ("person", "group")):
        index = number.get(encode_name(person))
        if index is None:
            strangers.append(line)
        elif groups.setdefault(index, label) != label:
            raise Unusable(
                f"Line {line} of {GROUPS_FILE} puts somebody in a second group.", "Give each person one label at most."
            )
    _refuse_unknown(GROUPS_FILE, strangers, "puts people in groups")
    return groups


def _read_pairs(file: Path, number: dict[str, int]) -> tuple[tuple[int, int], ...]:
    pairs: set[tuple[int, int]] = set()
    strangers: list[int] = []
    for line, left, right in _rows(file, ("person", "person")):
        a, b = number.get(encode_name(left)), number.get(encode_name(right))
        if a is None or b is None:
            strangers.append(line)
        elif a == b:
            raise Unusable(f"Line {line} of {PAIRS_FILE} pairs somebody with themselves.", "Name two people a line.")
        else:
            pairs.add((min(a, b), max(a, b)))
    _refuse_unknown(PAIRS_FILE, strangers, "pairs people")
    return tuple(sorted(pairs))


def _refuse_unknown(name: str, lines: list[int], does: str) -> None:
    if lines:
        where = f"line {lines[0]}" if len(lines) == 1 else f"{len(lines)} lines, the first of them line {lines[0]}"
        raise Unusable(
            f"{name} {does} who have no folder with photos here ({where}).",
            "Spell them as their folders are named, or take the lines out.",
        )


def _rows(file: Path, header: tuple[str, str]) -> list[tuple[int, str, str]]:
    """(line, first, second) of a list of two columns; [] where there is no list. A header line is optional."""
    try:
        if not file.exists():
            return []
        if file.stat().st_size > _MOST_BYTES:
            raise Unusable(f"{file.name} is larger than any such list.", "Check that it is the right file.")
        reader = csv.reader(file.read_text("utf-8-sig").splitlines(), strict=True)
        read = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (OSError, ValueError, csv.Error) as err:
        raise Unusable(
            f"{file.name} cannot be read.", "Save it as CSV in UTF-8, two columns, one person a line."
        ) from err
    rows = [(line, cells) for line, cells in read if any(cells)]
    if rows and (rows[0][1][0].casefold() == header[0] and header[1] in rows[0][1][-1].casefold()):
        rows = rows[1:]
    for line, cells in rows:
        if len(cells) != 2 or not all(cells):
            raise Unusable(
                f"Line {line} of {file.name} has not two filled columns.", "Write two, with a comma between."
            )
    return [(line, cells[0], cells[1]) for line, cells in rows]
