"""What became of the people's photos: counts, refusals, and the sentences a reader of the report has to know."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import TooFewPeople
from kenbaar.measure._people import MeasuredPeople
from kenbaar.measure._rates import Rate, single_rate
from kenbaar.measure._samples import Samples
from kenbaar.measure._words import plural


def refuse_too_few(samples: Samples) -> None:
    """Raises TooFewPeople where no rate can come of them."""
    used = np.bincount(samples.person[samples.used], minlength=samples.people)
    people = int((used > 0).sum())
    if not samples.count("used", "no face", "several faces", "twice", "two people's"):
        raise TooFewPeople("None of these files could be read as a photo.", "Check what they are, and copy them again.")
    both = np.bincount(samples.person[[s == "two people's" for s in samples.state]], minlength=samples.people)
    if people < 2 and people + int(((both > 0) & (used == 0)).sum()) > 1:
        raise TooFewPeople(
            f"{'But for one person, every' if people else 'Every'} usable photo lies in two people's folders, "
            "so whose they are is not known.",
            "Take each person's photos out of the other's folder.",
        )
    if people < 2:
        raise TooFewPeople(
            f"{'Only 1' if people else 'None'} of {samples.people} people has a photo "
            "in which exactly one face is found.",
            "Use photos in which each person is alone, seen from the front, in good light.",
        )
    good = np.bincount(samples.person[samples.can_enrol], minlength=samples.people)
    if not ((good >= 1) & (used >= 2)).any():
        raise TooFewPeople(
            "Nobody has two usable photos: one to enrol with, and another to be looked for with.",
            "Bring at least two photos of each person, four for figures with three enrolment photos.",
        )


def counts(people: MeasuredPeople, s: Samples) -> dict[str, int]:
    """What became of the photos, and what lay beside them."""
    return {
        "used": s.count("used"),
        "no_face": s.count("no face"),
        "several_faces": s.count("several faces"),
        "unreadable": s.count("unreadable"),
        "twice_in_a_folder": s.count("twice"),
        "in_two_folders": s.count("two people's"),
        "beside_the_folders": people.stray,
        "folders_closed": people.closed,
    }


def failure_to_enrol(s: Samples) -> Rate:
    """People of whom no photo at all could be enrolled with; not those whose every photo is somebody else's too."""
    told = np.zeros(s.people, np.bool_)
    told[s.person[[state not in ("twice", "two people's") for state in s.state]]] = True
    good = np.bincount(s.person[s.can_enrol], minlength=s.people)
    people, wrong = int(told.sum()), int((told & (good == 0)).sum())
    rate = single_rate(wrong, people, people, wrong)
    assert rate is not None  # at least two people have a photo that was used
    return rate


def unreadable(people: MeasuredPeople, s: Samples) -> list[Path]:
    """Files that are no photo."""
    paths = (p for photos in people.photos for p in photos)
    return [path for path, state in zip(paths, s.state, strict=True) if state == "unreadable"]


def photos_refused(s: Samples) -> Rate | None:
    """Photos an enrolment would send back, of all that could be read."""
    looked = np.array([state in ("used", "no face", "several faces") for state in s.state], np.bool_)
    return _photo_rate(s.person, looked, ~s.can_enrol)


def failure_to_acquire(s: Samples) -> Rate | None:
    """Photos of one person in which a sweep finds no face."""
    alone = np.array([state in ("used", "no face") for state in s.state], np.bool_)
    return _photo_rate(s.person, alone, ~s.used)


def notes(people: MeasuredPeople, s: Samples, doubles: int, missing: Sequence[int]) -> list[str]:
    """What a reader has to know, in sentences without names.

    doubles: pairs of folders that may be one person. missing: enrolment photos with which nothing could be measured.
    """
    found = []
    if n := s.count("unreadable"):
        found.append(f"{plural(n, 'file')} could not be read and {_was(n)} left out.")
    if n := s.count("several faces"):
        found.append(
            f"{plural(n, 'photo shows', 'photos show')} more than one face and {_was(n)} left out: "
            f"the others in {'it' if n == 1 else 'them'} did not agree."
        )
    if n := s.count("two people's"):
        found.append(
            f"{plural(n, 'file lies', 'files lie')} in two people's folders and {_was(n)} left out. "
            f"Whose {'it is' if n == 1 else 'they are'} is not known. The terminal names the folders."
        )
    if n := s.count("twice"):
        found.append(f"{plural(n, 'file lies', 'files lie')} twice in one folder; one of each was used.")
    if n := doubles:
        found.append(
            f"{plural(n, 'pair of folders is', 'pairs of folders are')} as alike as one person's own photos: "
            "the same face under two names? They were measured as two people, which counts against the pack. "
            "The terminal names the folders."
        )
    if missing:
        found.append(
            f"With {' and '.join(map(str, missing))} enrolment photo{'s' * (list(missing) != [1])} nothing could be "
            "measured: people need one more photo than they enrol with."
        )
    if n := people.stray:
        found.append(
            f"{plural(n, 'photo lies', 'photos lie')} beside the folders and {_was(n)} left out: "
            f"nobody says whose {'it is' if n == 1 else 'they are'}."
        )
    if n := people.closed:
        found.append(
            f"{plural(n, 'folder')} could not be opened; what is in {'it' if n == 1 else 'them'} was not measured."
        )
    if s.people < 30:
        found.append(f"{s.people} people are too few for any claim about others: read every figure with its interval.")
    return found


def _photo_rate(person: NDArray[np.int32], of: NDArray[np.bool_], wrong: NDArray[np.bool_]) -> Rate | None:
    """The share of these photos that failed: each is one trial."""
    failed = of & wrong
    return single_rate(int(failed.sum()), int(of.sum()), len(np.unique(person[of])), len(np.unique(person[failed])))


def _was(n: int) -> str:
    return "was" if n == 1 else "were"
