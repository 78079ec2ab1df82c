"""The same threshold, told apart: by face size, by quality, by group, and for people said to look alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kenbaar.measure._decide import Answers
from kenbaar.measure._rates import Rate, Resampler, gini, max_over_min
from kenbaar.measure._samples import Samples
from kenbaar.measure._splits import Searches

LEAST_ERRORS, LEAST_PEOPLE = 30, 10
"""Below so many photos that went wrong (the rule of 30, ISO/IEC 19795-1: within 30 % of the truth with 90 %
confidence), or so many people, a group's rate is not shown: it would say more about who came than about the group."""

_SIZES_PX = (16, 24, 32, 48, 64, 96)
_TURNS = (0.15, 0.35)
_INTER_EYE, _SHARPNESS, _BRIGHTNESS, _TURN = range(4)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the searches, such as faces of 24 to 32 px. photos: different ones; fnir, fpir: None without any."""

    name: str
    photos: int
    people: int
    fnir: Rate | None
    fpir: Rate | None


@dataclass(frozen=True, slots=True)
class Group:
    """One group's rates at one threshold for all. why: what keeps them from being shown; people: with this label."""

    people: int
    fnir: Rate | None
    fpir: Rate | None
    why_fnir: str
    why_fpir: str


@dataclass(frozen=True, slots=True)
class Differences:
    """How far apart groups are: max/min and Gini of the rates that are shown; None where fewer than two are.

    garbe: the mean of both Ginis (GARBE with a = 0.5). *_interval: 95 %, people drawn again.
    """

    groups: int
    max_over_min_fnir: float | None
    max_over_min_fpir: float | None
    gini_fnir: float | None
    gini_fpir: float | None
    garbe: float | None
    gini_fnir_interval: tuple[float, float] | None
    gini_fpir_interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class LookAlikes:
    """The pairs people were named in. taken: searches of one, with the other enrolled, that named the other."""

    pairs: int
    seen: int
    taken: Rate | None


class Rates:
    """FNIR and FPIR of any part of the searches, at one threshold."""

    def __init__(self, searches: Searches, answers: Answers, resampler: Resampler) -> None:
        self.searches, self.answers, self.resampler = searches, answers, resampler
        self.mated = searches.mated

    def fnir(self, part: NDArray[np.bool_] | None = None) -> Rate | None:
        """Share of mated searches that do not name the mate."""
        chosen = self.mated if part is None else self.mated & part
        return self.resampler.rate(self.searches.person[chosen], ~self.answers.named_right[chosen])

    def fpir(self, part: NDArray[np.bool_] | None = None) -> Rate | None:
        """Share of strangers' searches that name anyone."""
        chosen = ~self.mated if part is None else ~self.mated & part
        s = self.searches
        return self.resampler.rate(s.person[chosen], self.answers.named_wrong[chosen], s.best[chosen])

    def wrong_name(self) -> Rate | None:
        """Share of mated searches that name somebody else."""
        s, chosen = self.searches, self.mated
        return self.resampler.rate(s.person[chosen], self.answers.named_wrong[chosen], s.best[chosen])

    def fnir_shown(self) -> Rate | None:
        """Share of mated searches whose mate is not among the candidates a reviewer is shown."""
        return self.resampler.rate(self.searches.person[self.mated], ~self.answers.shown_right[self.mated])

    def fpir_shown(self) -> Rate | None:
        """Share of strangers' searches with any candidate to show."""
        s, chosen = self.searches, ~self.mated
        return self.resampler.rate(s.person[chosen], self.answers.shown_any[chosen], s.best[chosen])

    def part(self, name: str, photos: NDArray[np.bool_]) -> Part:
        """The searches made with these photos; photos: bool (F,)."""
        chosen = photos[self.searches.photo]
        return Part(
            name,
            len(np.unique(self.searches.photo[chosen])),
            len(np.unique(self.searches.person[chosen])),
            self.fnir(chosen),
            self.fpir(chosen),
        )


def by_face_size(rates: Rates, samples: Samples) -> list[Part]:
    """By the distance between the eyes in the photo, px: bands that hold any photo."""
    return _bands(rates, samples.quality[:, _INTER_EYE], _SIZES_PX, "px between the eyes")


def by_quality(rates: Rates, samples: Samples) -> dict[str, list[Part]]:
    """By what an enrolment would say, and by thirds of sharpness and light, and by how far the head is turned."""
    used = samples.used
    result = {
        "Good enough to enrol with": [
            rates.part("yes", used & samples.can_enrol),
            rates.part("no", used & ~samples.can_enrol),
        ],
        "Sharpness": _thirds(rates, samples.quality[:, _SHARPNESS], used),
        "Light": _thirds(rates, samples.quality[:, _BRIGHTNESS], used),
        "Turn of the head": _bands(rates, samples.quality[:, _TURN], _TURNS, ""),
    }
    return {name: [p for p in parts if p.photos] for name, parts in result.items()}


def _bands(rates: Rates, values: NDArray[np.float32], edges: Sequence[float], words: str) -> list[Part]:
    told = [f"{edge:g}" for edge in edges]
    names = [f"below {told[0]}", *(f"{a} to {b}" for a, b in pairwise(told)), f"{told[-1]} and more"]
    where = np.digitize(values, edges)
    where[np.isnan(values)] = -1
    parts = [rates.part(f"{name} {words}".strip(), where == i) for i, name in enumerate(names)]
    return [p for p in parts if p.photos]


def _thirds(rates: Rates, values: NDArray[np.float32], used: NDArray[np.bool_]) -> list[Part]:
    if not used.any():
        return []
    low, high = np.quantile(values[used], [1 / 3, 2 / 3])
    known = used & ~np.isnan(values)
    return [
        rates.part(f"lowest third (to {low:.2f})", known & (values <= low)),
        rates.part(f"middle third (to {high:.2f})", known & (values > low) & (values <= high)),
        rates.part("highest third", known & (values > high)),
    ]


def by_group(rates: Rates, labels: Mapping[int, str]) -> dict[str, Group]:
    """Every group's rates: FNIR of its members' searches, FPIR of searches with members as strangers."""
    s, mated = rates.searches, rates.mated
    result = {}
    for label in sorted(set(labels.values())):
        members = np.array(sorted(p for p, own in labels.items() if own == label), np.int32)
        mine = np.isin(s.person, members)
        missed = mated & mine & ~rates.answers.named_right
        taken = ~mated & mine & rates.answers.named_wrong
        present = len(np.unique(s.person[mine]))
        whys = [_why_not(present, len(np.unique(s.photo[wrong]))) for wrong in (missed, taken)]
        result[label] = Group(
            len(members),
            None if whys[0] else rates.fnir(mine),
            None if whys[1] else rates.fpir(mine),
            whys[0],
            whys[1],
        )
    return result


def _why_not(people: int, photos: int) -> str:
    if not people:
        return "nobody in it could be measured"
    if people < LEAST_PEOPLE:
        return f"{people} people; shown from {LEAST_PEOPLE}"
    if photos < LEAST_ERRORS:
        return f"{photos} photos went wrong; shown from {LEAST_ERRORS}"
    return ""


def differences(rates: Rates, labels: Mapping[int, str], groups: Mapping[str, Group]) -> Differences:
    """Max/min and Gini over the groups whose rates are shown."""
    fnir = {name: g.fnir.value for name, g in groups.items() if g.fnir}
    fpir = {name: g.fpir.value for name, g in groups.items() if g.fpir}
    both = gini(list(fnir.values())), gini(list(fpir.values()))
    enough = len(fnir) > 1, len(fpir) > 1
    s = rates.searches
    return Differences(
        groups=len(groups),
        max_over_min_fnir=max_over_min(list(fnir.values())) if enough[0] else None,
        max_over_min_fpir=max_over_min(list(fpir.values())) if enough[1] else None,
        gini_fnir=both[0] if enough[0] else None,
        gini_fpir=both[1] if enough[1] else None,
        garbe=sum(both) / 2 if all(enough) else None,
        gini_fnir_interval=_gini_interval(
            rates, labels, list(fnir), rates.mated, ~rates.answers.named_right
        ) if enough[0] else None,
        gini_fpir_interval=_gini_interval(
            rates, labels, list(fpir), ~rates.mated & (s.best >= 0), rates.answers.named_wrong
        ) if enough[1] else None,
    )  # fmt: skip


def _gini_interval(
    rates: Rates,
    labels: Mapping[int, str],
    shown: Sequence[str],
    chosen: NDArray[np.bool_],
    wrong: NDArray[np.bool_],
) -> tuple[float, float]:
    s, resampler = rates.searches, rates.resampler
    drawn = []
    for name in shown:
        members = np.array([p for p, own in labels.items() if own == name], np.int32)
        mine = chosen & np.isin(s.person, members)
        errors = resampler.drawn(resampler.summed(s.person[mine & wrong]))
        drawn.append(errors / np.maximum(resampler.drawn(resampler.summed(s.person[mine])), 1e-12))
    each = [gini(column) for column in np.stack(drawn, axis=1).tolist()]
    low, high = np.quantile(each, [0.025, 0.975])
    return float(low), float(high)


def look_alikes(rates: Rates, pairs: Sequence[tuple[int, int]]) -> LookAlikes | None:
    """How often one of a pair is named as the other, when the other is enrolled and comes out best."""
    if not pairs:
        return None
    s = rates.searches
    both = {(a, b) for a, b in pairs} | {(b, a) for a, b in pairs}
    known = np.array(sorted(both), np.int64)
    width = int(max(s.person.max(initial=0), s.best.max(initial=0), known.max())) + 1
    of_pair = np.isin(s.person.astype(np.int64) * width + s.best, known[:, 0] * width + known[:, 1]) & (s.best >= 0)
    taken = rates.resampler.rate(s.person[of_pair], rates.answers.named_wrong[of_pair], s.best[of_pair])
    present = set(np.unique(s.person).tolist())
    return LookAlikes(len(pairs), sum(a in present and b in present for a, b in pairs), taken)
