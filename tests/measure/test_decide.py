"""What the evaluation says of a search is what search says; and rates of hand-made score sets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenbaar.faces import Template
from kenbaar.matching import Threshold, candidates, match_faces
from kenbaar.measure._breakdown import Rates
from kenbaar.measure._decide import decide, naming_levels
from kenbaar.measure._rates import Resampler
from kenbaar.measure._samples import Samples
from kenbaar.measure._splits import KEPT, Searches, Split, draw_split, gallery_size, run_trials, search_split

POINT = Threshold("sha256:test", accept=0.6, strong=0.8, margin=0.05, fpir=0.01, n=10, per_decade=0.1)


def made_searches(*rows: tuple[float | None, list[float]], strict: bool = False) -> Searches:
    """(mate's score or None, others' scores) a row; person i for row i."""
    others = np.full((len(rows), KEPT), -np.inf)
    for i, (_, scores) in enumerate(rows):
        others[i, : len(scores)] = sorted(scores, reverse=True)
    count = len(rows)
    return Searches(
        photo=np.arange(count, dtype=np.int32),
        person=np.arange(count, dtype=np.int32),
        mate=np.array([np.nan if mate is None else mate for mate, _ in rows]),
        mate_strict=np.full(count, strict),
        others=others,
        others_strict=np.full((count, KEPT), strict),
        best=np.full(count, 99, np.int32),
    )


def test_fnir_and_fpir_of_a_set_made_by_hand() -> None:
    searches = made_searches(
        (0.9, [0.3]),  # found
        (0.5, [0.3]),  # missed: below the threshold
        (0.7, [0.66]),  # missed: somebody else within the margin
        (0.62, [0.8]),  # missed, and named as somebody else; still among the candidates
        (0.61, [0.9, 0.8, 0.7]),  # missed, three others come before
        (None, [0.59]),  # stranger, nobody
        (None, [0.7]),  # stranger, named
        (None, [0.7, 0.69]),  # stranger, undecided: named at no rank 1, shown at rank 3
        (None, [0.1]),
    )
    answers = decide(searches, POINT)
    assert answers.named_right.tolist() == [True] + [False] * 8
    assert answers.named_wrong.tolist() == [False, False, False, True, True, False, True, False, False]
    assert answers.shown_right.tolist() == [True, False, True, True, False] + [False] * 4
    rates = Rates(searches, answers, Resampler(100, seed=1))
    values = [r and r.value for r in (rates.fnir(), rates.fpir(), rates.fnir_shown(), rates.fpir_shown())]
    assert values == pytest.approx([4 / 5, 1 / 4, 2 / 5, 2 / 4])
    wrong = rates.wrong_name()
    assert wrong is not None and (wrong.errors, wrong.searches) == (2, 5)


def test_somebody_with_a_look_alike_is_held_to_the_tightened_level() -> None:
    usual, strict = made_searches((0.65, []), (None, [0.65])), made_searches((0.65, []), (None, [0.65]), strict=True)
    assert decide(usual, POINT).named_right[0] and decide(usual, POINT).named_wrong[1]
    assert not decide(strict, POINT).named_right[0] and not decide(strict, POINT).named_wrong[1]
    assert naming_levels(strict, POINT)[1] == pytest.approx(0.55)


def test_a_score_exactly_at_the_level_reaches_it() -> None:
    searches = made_searches((0.6, []), (None, [0.6]))
    answers = decide(searches, POINT)
    assert answers.named_right[0] and answers.named_wrong[1]
    assert naming_levels(searches, POINT)[1] == 0.6


_SCORES = st.lists(st.floats(-1, 1, width=32), min_size=0, max_size=KEPT)
_ROWS = st.lists(st.tuples(st.none() | st.floats(-1, 1, width=32), _SCORES), min_size=1, max_size=30)


@settings(max_examples=150, deadline=None)
@given(_ROWS, st.lists(st.floats(0.06, 1.0), min_size=2, max_size=6), st.booleans())
def test_fnir_never_falls_and_fpir_never_rises_with_the_threshold(
    rows: list[tuple[float | None, list[float]]], accepts: list[float], strict: bool
) -> None:
    searches = made_searches(*rows, strict=strict)
    mated = searches.mated
    before: tuple[int, int, int] | None = None
    for accept in sorted(accepts):
        answers = decide(searches, replace(POINT, accept=accept, strong=max(accept, 0.8)))
        found = int(answers.named_right[mated].sum())
        named, shown = int(answers.named_wrong[~mated].sum()), int(answers.shown_any[~mated].sum())
        assert named <= shown
        if before is not None:
            assert found <= before[0] and named <= before[1] and shown <= before[2]
        before = found, named, shown


@settings(max_examples=100, deadline=None)
@given(_ROWS, st.floats(0.06, 1.0))
def test_a_stranger_is_named_exactly_where_their_level_reaches_the_threshold(
    rows: list[tuple[float | None, list[float]]], accept: float
) -> None:
    searches = made_searches(*((None, scores) for _, scores in rows))
    answers = decide(searches, replace(POINT, accept=accept, strong=max(accept, 0.8)))
    assert answers.named_wrong.tolist() == (naming_levels(searches, POINT) >= accept).tolist()


def made_samples(people: int = 14, photos: int = 6, dim: int = 8, noise: float = 0.45, seed: int = 0) -> Samples:
    """Random people in a space so small that they are often taken for each other."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(people, dim))
    vectors = np.repeat(centres, photos, axis=0) + noise * rng.normal(size=(people * photos, dim)) * np.sqrt(dim) / 2
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    count = people * photos
    from collections import Counter

    return Samples(
        "sha256:test", people, np.repeat(np.arange(people), photos).astype(np.int32), ["used"] * count, vectors,
        vectors.copy(), np.ones(count, np.bool_), np.full((count, 4), 30, np.float32),
        [f"sha256:{i:064x}" for i in range(count)], Counter(),
    )  # fmt: skip


def _split(samples: Samples, photos: int, seed: int) -> Split:
    return draw_split(samples, photos, gallery_size(samples, photos), POINT, -1.0, np.random.default_rng(seed))


@pytest.mark.parametrize("photos", [1, 3, 5])
@pytest.mark.parametrize("accept", [0.5, 0.62, 0.75, 0.9])
def test_search_and_the_evaluation_agree_on_every_probe(photos: int, accept: float) -> None:
    samples = made_samples()
    threshold = replace(POINT, accept=accept, strong=max(accept, 0.8))
    outcomes: list[str] = []
    for seed in range(6):
        split = _split(samples, photos, seed)
        searches, _ = search_split(samples, split, 10**6, np.random.default_rng(1))
        answers = decide(searches, threshold.for_gallery(len(split.gallery)))
        for i, photo in enumerate(split.probes.tolist()):
            probe = Template(samples.probe[photo], "sha256:test")
            mate = f"s-{samples.person[photo]:08d}"
            (decision,) = match_faces([probe], split.gallery, threshold)
            assert answers.named_right[i] == (decision.subject == mate)
            assert answers.named_wrong[i] == (decision.subject not in (None, mate))
            shown = [c.subject for c in candidates(probe, split.gallery, threshold)]
            assert answers.shown_right[i] == (mate in shown)
            assert answers.shown_any[i] == bool(shown)
            outcomes.append(decision.outcome if decision.subject != mate else "mate")
    assert len(set(outcomes)) >= (3 if accept < 0.9 else 2)  # the scores are mixed enough to try every rule


def test_look_alikes_are_marked_as_an_enrolment_marks_them() -> None:
    samples = made_samples(people=20, dim=4)
    split = _split(samples, 3, 0)
    from kenbaar.matching import find_lookalikes

    for i, subject in enumerate(split.gallery.subjects):
        others = set(find_lookalikes(split.gallery.rows[i], split.gallery, POINT)) - {subject}
        assert split.gallery.stricter[i] == bool(others)
    assert split.gallery.stricter.any()


def test_nobody_is_searched_with_a_photo_they_enrolled_with_and_strangers_are_not_enrolled() -> None:
    samples = made_samples()
    for seed in range(5):
        split = _split(samples, 3, seed)
        per_person = np.bincount(samples.person[split.probes], minlength=samples.people)
        enrolled = np.zeros(samples.people, np.bool_)
        enrolled[split.enrolled] = True
        assert (per_person[enrolled] == 3).all() and (per_person[~enrolled] == 6).all()
        assert len(split.enrolled) == len(set(split.enrolled.tolist())) == 7


def test_1_3_and_5_photos_are_compared_on_the_same_people_and_the_fewer_are_the_first_of_more() -> None:
    samples = made_samples()
    one, three = _split(samples, 1, 4), _split(samples, 3, 4)
    assert one.enrolled.tolist() == three.enrolled.tolist()
    assert set(three.probes.tolist()) < set(one.probes.tolist())


def test_the_same_seed_gives_the_same_figures_and_another_gives_others() -> None:
    samples = made_samples()
    runs = [
        run_trials(samples, 3, 4, seed, POINT, 0.0, lambda *_: None).searches.others[:, 0].tolist()  # type: ignore[union-attr]
        for seed in (1, 1, 2)
    ]
    assert runs[0] == runs[1] != runs[2]


def test_photos_that_do_not_show_one_person_are_refused_as_at_an_enrolment(tmp_path: Path) -> None:
    samples = made_samples(noise=1.5)
    split = draw_split(samples, 3, 7, POINT, 0.9, np.random.default_rng(0))
    assert len(split.refused) > 0
    assert len(split.enrolled) + len(split.refused) <= samples.people
    # who was refused is in neither part: a failed enrolment is counted, it makes no stranger
    assert len(set(samples.person[split.probes].tolist())) == samples.people - len(split.refused)


def test_a_random_part_of_the_comparisons_keeps_every_mated_one() -> None:
    samples = made_samples()
    split = _split(samples, 1, 0)
    searches, all_claims = search_split(samples, split, 10**6, np.random.default_rng(0))
    _, some = search_split(samples, split, 200, np.random.default_rng(0))
    assert len(all_claims.score) == len(searches) * len(split.gallery)
    assert int(some.mated.sum()) == int(all_claims.mated.sum()) == int(searches.mated.sum())
    assert 0 < int((~some.mated).sum()) < int((~all_claims.mated).sum())
    assert set(some.person[some.mated].tolist()) == set(split.enrolled.tolist())
