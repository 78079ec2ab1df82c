"""What the person measuring should look at themselves: two folders of one face, and the photos that went worst.

Told with names of folders and files, so it stays in their terminal, or on a page that is theirs alone.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kenbaar.measure._figures import Example
from kenbaar.measure._people import MeasuredPeople
from kenbaar.measure._samples import Samples
from kenbaar.measure._splits import Searches

_EXAMPLES = 6


def find_doubles(people: MeasuredPeople, s: Samples) -> list[tuple[str, str]]:
    """Pairs of people whose photos are as alike as most people's own: names, for the person measuring."""
    means = np.zeros((s.people, s.probe.shape[1]), np.float32)
    own: list[float] = []
    for person in range(s.people):
        vectors = _probes_of(s, person)
        if len(vectors):
            means[person] = _unit(vectors.mean(axis=0))
        if len(vectors) > 1:
            own.append(float(_unit(vectors[::2].mean(axis=0)) @ _unit(vectors[1::2].mean(axis=0))))
    if not own:
        return []
    level = float(np.quantile(own, 0.25))
    found = []
    for start in range(0, s.people, 512):
        block = means[start : start + 512] @ means.T
        for i, j in zip(*np.nonzero(block >= level), strict=True):
            if start + i < j:
                found.append((people.names[start + int(i)], people.names[int(j)]))
    means[...] = 0
    return found


def find_shared(people: MeasuredPeople, s: Samples) -> list[tuple[str, str, int]]:
    """Pairs of people in whose folders the same files lie, and how many; most first."""
    pairs = sorted(s.shared.items(), key=lambda found: (-found[1], found[0]))
    return [(people.names[left], people.names[right], n) for (left, right), n in pairs]


def worst_examples(people: MeasuredPeople, samples: Samples, s: Searches) -> list[Example]:
    """The strangers' photos that came nearest to a name, and the mates' that came least near; each photo once."""
    paths = [p for photos in people.photos for p in photos]
    strangers, mates = np.flatnonzero(~s.mated & (s.best >= 0)), np.flatnonzero(s.mated)
    found: list[Example] = []
    kinds: tuple[tuple[Literal["named", "missed"], NDArray[np.intp], NDArray[np.float64]], ...] = (
        ("named", strangers[np.argsort(-s.others[strangers, 0], kind="stable")], s.others[:, 0]),
        ("missed", mates[np.argsort(s.mate[mates], kind="stable")], s.mate),
    )
    for kind, order, score in kinds:
        seen: set[int] = set()
        for i in order.tolist():
            photo = int(s.photo[i])
            if photo in seen:
                continue
            seen.add(photo)
            whose = int(s.best[i]) if kind == "named" else int(s.person[i])
            beside = np.flatnonzero((samples.person == whose) & samples.can_enrol)
            beside = beside[beside != photo]
            if len(beside):
                found.append(Example(kind, len(seen) - 1, paths[photo], paths[int(beside[0])], float(score[i])))
            if len(seen) == _EXAMPLES:
                break
    return found


def _probes_of(samples: Samples, person: int) -> NDArray[np.float32]:
    first, last = np.searchsorted(samples.person, [person, person + 1])
    states = samples.state[first:last]
    vectors: NDArray[np.float32] = samples.probe[first:last][[s == "used" for s in states]]
    return vectors


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return unit
