"""Search names somebody, or says it does not know; the same on every block size, and one person once per picture."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kenbaar.errors import BadTemplate, ConsentMissing, UsageError, WrongModelPack
from kenbaar.faces import Template
from kenbaar.gallery import ConsentedGallery
from kenbaar.matching import (
    Candidate,
    Decision,
    Threshold,
    any_look_alike,
    candidates,
    compare_one,
    find_lookalikes,
    match_faces,
    rank_candidates,
)
from kenbaar.matching._decide import assign
from kenbaar.matching._pairs import Pairs, near_pairs

PACK = "sha256:aa"
AT = Threshold(PACK, accept=0.6, strong=0.8, margin=0.05, fpir=0.001, n=100, per_decade=0.04)


def unit(count: int, dim: int = 32, seed: int = 1) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((count, dim))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def gallery(rows: NDArray[np.float32], **changes: Any) -> ConsentedGallery:
    given: dict[str, Any] = {"subjects": [f"s-{chr(97 + i)}" for i in range(len(rows))]}
    return ConsentedGallery.of(
        pack=PACK,
        purposes=["find"],
        opened_at=datetime(2026, 1, 1, tzinfo=UTC),
        rows=rows.copy(),
        **{**given, **changes},
    )


def axes(count: int = 4, dim: int = 8) -> NDArray[np.float32]:
    """Subjects a, b, c, ... each along an axis of their own, so that a probe's numbers are its scores."""
    return np.eye(count, dim, dtype=np.float32)


def probe(*scores: float, pack: str = PACK) -> Template:
    """A face with these scores against subjects a, b, c, ...; what is left of it points away from everybody."""
    vector = np.zeros(8)
    vector[: len(scores)] = scores
    vector[7] = np.sqrt(1 - (vector**2).sum())
    return Template(vector.astype(np.float32), pack)


MATCH_A = Decision("match", "s-a", "possible")
UNKNOWN, UNDECIDED = Decision("unknown"), Decision("undecided")


def test_a_face_over_the_threshold_is_named_with_a_band() -> None:
    found = match_faces([probe(0.7), probe(0, 0.9), probe(0.1, 0.1, 0.1)], gallery(axes()), AT)
    assert found == [MATCH_A, Decision("match", "s-b", "strong"), UNKNOWN]


def test_a_score_exactly_at_the_threshold_reaches_it() -> None:
    at = float(np.float32(0.7))
    level = Threshold(PACK, at, at, 0.05, 0.001, 100, 0)
    assert match_faces([probe(0.7)], gallery(axes()), level) == [Decision("match", "s-a", "strong")]
    above = Threshold(PACK, float(np.nextafter(at, 1)), at + 1e-9, 0.05, 0.001, 100, 0)
    assert match_faces([probe(0.7)], gallery(axes()), above) == [UNKNOWN]


def test_a_runner_up_within_the_margin_makes_it_undecided_and_names_nobody() -> None:
    assert match_faces([probe(0.7, 0.66), probe(0, 0.7, 0.64)], gallery(axes()), AT) == [
        UNDECIDED,
        Decision("match", "s-b", "possible"),
    ]


def test_a_runner_up_below_the_threshold_counts_as_well() -> None:
    assert match_faces([probe(0.62, 0.58)], gallery(axes()), AT) == [UNDECIDED]


def test_two_rows_of_one_subject_are_not_each_others_runner_up() -> None:
    rows = axes()[[0, 0, 1]]
    two = gallery(rows, subjects=["s-a", "s-b"], row_subject=np.array([0, 0, 1], np.int32))
    assert match_faces([probe(0.7)], two, AT) == [MATCH_A]


def test_a_person_is_on_one_face_of_a_picture_the_one_that_is_most_like_them() -> None:
    assert match_faces([probe(0.7), probe(0.79), probe(0.75)], gallery(axes()), AT) == [UNDECIDED, MATCH_A, UNDECIDED]


def test_the_assignment_with_the_largest_sum_wins_over_the_greedy_one() -> None:
    # Greedy gives a to the first face and leaves the second with nothing.
    found = match_faces([probe(0.71, 0.70), probe(0.65)], gallery(axes()), AT)
    assert found == [UNDECIDED, MATCH_A]


def test_who_is_only_second_on_a_face_is_not_named_there_though_the_first_is_elsewhere() -> None:
    found = match_faces([probe(0.75, 0.62), probe(0.9)], gallery(axes()), AT)
    assert found == [UNDECIDED, Decision("match", "s-a", "strong")]


def test_several_pictures_in_one_call_decide_as_one_call_each() -> None:
    faces = [probe(0.7), probe(0.79), probe(0.75), probe(0.1), probe(0.7, 0.69)]
    together = match_faces(faces, gallery(axes()), AT, pictures=[5, 5, 2, 2, 2])
    assert together == match_faces(faces[:2], gallery(axes()), AT) + match_faces(faces[2:], gallery(axes()), AT)
    assert together != match_faces(faces, gallery(axes()), AT)


def test_this_is_not_me_is_final_and_is_no_runner_up_either() -> None:
    faces = [probe(0.7, 0.66)]
    assert match_faces(faces, gallery(axes()), AT, barred={(0, "s-b")}) == [MATCH_A]
    assert match_faces(faces, gallery(axes()), AT, barred={(0, "s-a"), (0, "s-b")}) == [UNKNOWN]
    assert match_faces(faces, gallery(axes()), AT, barred={(0, "s-unheard-of")}) == [UNDECIDED]


def test_a_bar_is_about_one_face_only() -> None:
    assert match_faces([probe(0.7), probe(0.65)], gallery(axes()), AT, barred={(0, "s-a")}) == [UNKNOWN, MATCH_A]


def test_somebody_with_a_look_alike_has_to_be_more_alike() -> None:
    strict = gallery(axes(), stricter={"s-a"})
    assert match_faces([probe(0.63)], strict, AT) == [UNKNOWN]
    assert match_faces([probe(0.65)], strict, AT) == [MATCH_A]
    assert match_faces([probe(0.82)], strict, AT)[0].band == "possible"
    assert match_faces([probe(0, 0.63)], strict, AT) == [Decision("match", "s-b", "possible")]


def test_a_look_alike_below_their_own_level_still_stands_in_the_way_of_others() -> None:
    assert match_faces([probe(0.63, 0.61)], gallery(axes(), stricter={"s-a"}), AT) == [UNDECIDED]


def test_a_large_gallery_asks_for_more() -> None:
    rows = np.concatenate([axes(1, 8), -np.abs(unit(9999, 8))])
    many = gallery(rows, subjects=[f"s-{i:05}" for i in range(10_000)])
    assert match_faces([probe(0.67), probe(0.69)], many, AT, pictures=[0, 1]) == [
        UNKNOWN,
        Decision("match", "s-00000", "possible"),
    ]


def test_no_faces_and_an_empty_gallery_are_answers_not_errors() -> None:
    nobody = gallery(np.empty((0, 8), np.float32))
    assert match_faces([], gallery(axes()), AT) == []
    assert match_faces([probe(0.7)], nobody, AT) == [UNKNOWN]
    assert candidates(probe(0.7), nobody, AT) == [] and find_lookalikes(axes()[0], nobody, AT) == []


def test_another_packs_probe_or_threshold_is_refused() -> None:
    other = Threshold("sha256:bb", 0.6, 0.8, 0.05, 0.001, 100, 0.04)
    for use in (
        lambda: match_faces([probe(0.7, pack="sha256:bb")], gallery(axes()), AT),
        lambda: match_faces([probe(0.7)], gallery(axes()), other),
        lambda: match_faces([probe(0.7, pack="sha256:bb")], gallery(np.empty((0, 8), np.float32)), AT),
        lambda: match_faces([Template(unit(1)[0], PACK)], gallery(axes()), AT),
        lambda: compare_one(probe(0.7, pack="sha256:bb"), gallery(axes()), "s-a", AT),
        lambda: candidates(probe(0.7), gallery(axes()), other),
        lambda: find_lookalikes(axes()[0], gallery(axes()), other),
    ):
        with pytest.raises(WrongModelPack):
            use()


def test_a_probe_that_became_nan_is_refused_and_not_unknown() -> None:
    broken = probe(0.7)
    broken.vector[0] = np.nan
    with pytest.raises(BadTemplate):
        match_faces([broken], gallery(axes()), AT)


def test_a_wiped_gallery_is_refused_and_not_unknown() -> None:
    wiped = gallery(axes())
    wiped.wipe()
    for use in (
        lambda: match_faces([probe(0.7)], wiped, AT),
        lambda: compare_one(probe(0.7), wiped, "s-a", AT),
        lambda: candidates(probe(0.7), wiped, AT),
        lambda: find_lookalikes(axes()[0], wiped, AT),
    ):
        with pytest.raises(ConsentMissing):
            use()


def test_pairs_and_pictures_that_do_not_fit_the_probes_are_refused() -> None:
    with pytest.raises(UsageError):
        match_faces([probe(0.7)], gallery(axes()), AT, barred={(1, "s-a")})
    with pytest.raises(UsageError):
        match_faces([probe(0.7)], gallery(axes()), AT, pictures=[0, 1])


def test_a_claim_is_compared_with_the_claimer_alone_and_asks_less_than_a_search() -> None:
    assert compare_one(probe(0.55), gallery(axes(), stricter=()), "s-a", AT) == MATCH_A
    assert compare_one(probe(0.55, 0.7), gallery(axes(), stricter=()), "s-a", AT) == MATCH_A
    assert compare_one(probe(0.57), gallery(axes()), "s-a", AT) == MATCH_A
    assert compare_one(probe(0.5), gallery(axes()), "s-a", AT) == UNKNOWN
    assert compare_one(probe(0.55), gallery(axes(), stricter={"s-a"}), "s-a", AT) == UNKNOWN
    with pytest.raises(ConsentMissing):
        compare_one(probe(0.9), gallery(axes()), "s-z", AT)


def test_a_claim_asks_of_everybody_what_it_asks_of_somebody_with_a_look_alike_where_nobody_said_who_has_one() -> None:
    assert compare_one(probe(0.55), gallery(axes()), "s-a", AT) == UNKNOWN
    assert compare_one(probe(0.55), gallery(axes(1)), "s-a", AT) == UNKNOWN


# -- look-alikes, worked out within the gallery ---------------------------------------------------------------------


def twins() -> NDArray[np.float32]:
    """a and b score 0.57 with each other: no match, but one can be the other's runner-up. c is like nobody."""
    rows = np.zeros((3, 8), np.float32)
    rows[0, 0] = rows[2, 2] = 1
    rows[1, :2] = 0.57, np.sqrt(1 - 0.57**2)
    return rows


def test_who_has_a_look_alike_in_the_gallery_has_to_be_more_alike_without_anybody_having_marked_them() -> None:
    alone = gallery(twins()[[0, 2]])
    assert match_faces([probe(0.61)], alone, AT) == [MATCH_A]
    assert match_faces([probe(0.61)], gallery(twins()), AT) == [UNKNOWN]
    assert match_faces([probe(0.65)], gallery(twins()), AT) == [MATCH_A]
    assert match_faces([probe(0, 0, 0.61)], gallery(twins()), AT) == [Decision("match", "s-c", "possible")]


def test_a_look_alikes_band_is_held_to_the_tightened_level_too() -> None:
    assert match_faces([probe(0.81)], gallery(twins()), AT) == [MATCH_A]
    assert match_faces([probe(0, 0, 0.81)], gallery(twins()), AT) == [Decision("match", "s-c", "strong")]


def test_somebodys_own_rows_make_them_no_look_alike_of_themselves() -> None:
    rows = twins()
    own = gallery(rows, subjects=["s-a", "s-c"], row_subject=np.array([0, 0, 1], np.int32))
    assert match_faces([probe(0.61)], own, AT) == [MATCH_A]


def test_when_the_look_alike_is_gone_the_other_is_held_to_the_usual_level_again() -> None:
    both = gallery(twins())
    assert match_faces([probe(0.61)], both, AT) == [UNKNOWN]
    assert match_faces([probe(0.61)], both.without({"s-b"}), AT) == [MATCH_A]


def test_only_yes_or_no_is_told_of_look_alikes() -> None:
    assert any_look_alike({"s-a", "s-c"}, gallery(twins()), AT)
    assert not any_look_alike({"s-c"}, gallery(twins()), AT)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 60), st.sampled_from([0.2, 0.5, 0.8]), st.booleans())
def test_worked_out_when_it_matters_it_decides_as_when_everybody_is_compared_with_everybody_first(
    seed: int, people: int, accept: float, twice: bool
) -> None:
    of, probes = crowd(seed, people, 8)
    at = Threshold(PACK, accept, 0.9, 0.03, 0.001, 3, 0.1)
    rows, owner, subjects = of.rows, of.row_subject, of.subjects
    untold = gallery(rows, subjects=subjects, row_subject=owner.copy())
    marks = {s for s in subjects if len(find_lookalikes(of.rows_of(s), untold, at)) > 1}
    told = gallery(rows, subjects=subjects, row_subject=owner.copy(), stricter=marks)
    if twice:  # at another threshold: what was found out for that one counts no more
        match_faces(probes, untold, Threshold(PACK, 0.9, 0.95, 0.01, 0.001, 3, 0.1))
    assert match_faces(probes, untold, at) == match_faces(probes, told, at)
    assert match_faces(probes[::-1], untold, at) == match_faces(probes[::-1], told, at)


def test_look_alikes_are_those_who_could_be_taken_for_each_other() -> None:
    newcomer = probe(0.7, 0.56, 0.3).vector
    assert find_lookalikes(newcomer, gallery(axes()), AT) == ["s-a", "s-b"]
    assert find_lookalikes(np.stack([newcomer, axes()[3]]), gallery(axes()), AT) == ["s-a", "s-b", "s-d"]
    for row in (newcomer * 2, newcomer.astype(np.float64), axes(1, 9)):
        with pytest.raises(BadTemplate):
            find_lookalikes(row, gallery(axes()), AT)  # type: ignore[arg-type]


def test_in_a_gallery_of_nobody_there_are_no_look_alikes_whatever_its_vectors_would_be_like() -> None:
    assert find_lookalikes(axes(1, 9), gallery(axes()[:0]), AT) == []


def test_candidates_are_few_ranked_and_without_a_score() -> None:
    crowded = Threshold(PACK, 0.3, 0.45, 0.05, 0.001, 100, 0.04)
    found = candidates(probe(0.4, 0.5, 0.2, 0.41), gallery(axes()), crowded)
    assert found == [Candidate("s-b", 1, "strong"), Candidate("s-d", 2, "possible"), Candidate("s-a", 3, "possible")]
    assert candidates(probe(0.4, 0.5), gallery(axes()), crowded, limit=1) == found[:1]
    for limit in (0, 4):
        with pytest.raises(UsageError):
            candidates(probe(0.4), gallery(axes()), crowded, limit)


def test_only_a_match_can_name_anybody() -> None:
    for outcome, subject in (("unknown", "s-a"), ("undecided", "s-a"), ("match", None)):
        with pytest.raises(UsageError):
            Decision(outcome, subject, "strong" if subject else None)  # type: ignore[arg-type]


def crowd(seed: int, people: int, faces: int, dim: int = 6) -> tuple[ConsentedGallery, list[Template]]:
    """So few dimensions that everybody is like somebody."""
    rng = np.random.default_rng(seed)
    owner = np.concatenate([np.arange(people), rng.integers(0, people, people // 2)]).astype(np.int32)
    rng.shuffle(owner)
    rows = unit(len(owner), dim, seed)
    subjects = [f"s-{i:03}" for i in rng.permutation(people)]
    chosen = gallery(rows, subjects=subjects, row_subject=owner, stricter=set(subjects[::7]))
    return chosen, [Template(v, PACK) for v in unit(faces, dim, seed + 1)]


def plainly(probes: list[Template], of: ConsentedGallery, at: Threshold) -> list[Decision]:
    """The rules as they are told, one pair at a time."""
    fit = at.for_gallery(len(of))
    tight = fit.tightened()
    level = {s: tight if hard else fit for s, hard in zip(of.subjects, of.stricter, strict=True)}
    score = [
        {s: max(float((p.vector.astype(float) * r).sum()) for r in of.rows_of(s).astype(float)) for s in of.subjects}
        for p in probes
    ]
    allowed = {i: {s: v for s, v in row.items() if v >= level[s].accept} for i, row in enumerate(score)}
    best: tuple[float, dict[int, str]] = (-1.0, {})
    options = [[None, *allowed[i]] for i in range(len(probes))]
    for choice in product(*options):
        taken = [s for s in choice if s]
        total = sum(score[i][s] for i, s in enumerate(choice) if s)
        if len(set(taken)) == len(taken) and total > best[0]:
            best = total, {i: s for i, s in enumerate(choice) if s}
    found = []
    for i, row in enumerate(score):
        s = best[1].get(i)
        if s is None or any(t != s and v >= row[s] - fit.margin for t, v in row.items()):
            found.append(UNDECIDED if allowed[i] else UNKNOWN)
        else:
            found.append(Decision("match", s, "strong" if row[s] >= level[s].strong else "possible"))
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 7), st.integers(1, 4), st.sampled_from([0.2, 0.5, 0.8]))
def test_search_decides_as_its_rules_say(seed: int, people: int, faces: int, accept: float) -> None:
    of, probes = crowd(seed, people, faces)
    at = Threshold(PACK, accept, 0.9, 0.03, 0.001, 3, 0.02)
    assert match_faces(probes, of, at) == plainly(probes, of, at)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 40), st.floats(-0.5, 0.95))
def test_near_pairs_are_the_same_to_the_last_bit_whatever_the_block(
    seed: int, height: int, width: int, level: float
) -> None:
    left, right = unit(50, 24, seed), unit(130, 24, seed + 1)

    def ordered(pairs: Pairs) -> list[tuple[int, int, float]]:
        return sorted(zip(pairs.probe.tolist(), pairs.row.tolist(), pairs.score.tolist(), strict=True))

    exact = left.astype(np.float64) @ right.T.astype(np.float64)
    found = ordered(near_pairs(left, right, level, shape=(height, width)))
    assert found == ordered(near_pairs(left, right, level))
    sure = {(i, j) for i, j in np.argwhere(exact > level + 1e-12).tolist()}
    maybe = {(i, j) for i, j in np.argwhere(exact >= level - 1e-12).tolist()}
    assert sure <= {(i, j) for i, j, _ in found} <= maybe


@pytest.mark.parametrize(
    ("blocks", "asked"), [(1, [5]), (2, [5, 5, 10]), (3, [5, 5, 5, 15]), (4, [5, 5, 5, 15, 5, 20])]
)
def test_pairs_are_thinned_out_in_each_block_and_together_when_too_many_have_come(
    blocks: int, asked: list[int]
) -> None:
    told: list[int] = []

    def keep(pairs: Pairs) -> Pairs:
        told.append(len(pairs))
        return pairs

    near_pairs(unit(1), unit(5 * blocks), -1.5, shape=(1, 5), keep=keep, max_pairs=10)
    assert told == asked


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.2, 0.6]))
def test_the_gallerys_order_and_bounded_memory_change_no_decision(seed: int, accept: float) -> None:
    of, probes = crowd(seed, 40, 25)
    at = Threshold(PACK, accept, 0.9, 0.01, 0.001, 100, 0.02)
    turned = gallery(
        np.ascontiguousarray(of.rows[::-1]),
        subjects=of.subjects[::-1],
        row_subject=np.ascontiguousarray(len(of) - 1 - of.row_subject[::-1]).astype(np.int32),
        stricter=of.stricter[::-1].copy(),
    )
    assert match_faces(probes, of, at) == match_faces(probes, turned, at)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_dropping_pairs_early_changes_no_decision(seed: int) -> None:
    from kenbaar.matching._decide import Levels, _decide, _Keeper

    of, probes = crowd(seed, 40, 25)
    levels = Levels(Threshold(PACK, 0.3, 0.9, 0.01, 0.001, 100, 0.02), of.stricter)
    stacked = np.stack([p.vector for p in probes])
    keep = _Keeper(of, levels, {(0, of.subjects[0])}, len(probes))
    small = near_pairs(stacked, of.rows, 0.29, shape=(4, 5), keep=keep, max_pairs=7)
    whole = keep(near_pairs(stacked, of.rows, 0.29))
    assert _decide(small, of, levels, [0] * 25) == _decide(whole, of, levels, [0] * 25)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_nobody_is_on_two_faces_of_one_picture(seed: int) -> None:
    of, probes = crowd(seed, 12, 20)
    named = [d.subject for d in match_faces(probes, of, Threshold(PACK, 0.4, 0.9, 0.0, 0.001, 100, 0)) if d.subject]
    assert len(named) == len(set(named))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.floats(0.3, 0.99), min_size=2, max_size=8))
def test_fnir_never_falls_and_fpir_never_rises_as_the_threshold_goes_up(seed: int, levels: list[float]) -> None:
    rng = np.random.default_rng(seed)
    rows = unit(30, 12, seed)
    of = gallery(rows, subjects=[f"s-{i:02}" for i in range(30)])
    noise = unit(30, 12, seed + 1) * rng.uniform(0.1, 1.5, (30, 1)).astype(np.float32)
    mated = (rows + noise) / np.linalg.norm(rows + noise, axis=1, keepdims=True)
    strangers = unit(60, 12, seed + 2)
    fnir, fpir = [], []
    for accept in sorted(levels):
        at = Threshold(PACK, accept, 1.0, 0.02, 0.001, 30, 0)
        hits = [
            match_faces([Template(v, PACK)], of, at)[0].subject == s for v, s in zip(mated, of.subjects, strict=True)
        ]
        fnir.append(1 - sum(hits) / 30)
        faces = [Template(v, PACK) for v in strangers]
        fpir.append(sum(d.outcome == "match" for d in match_faces(faces, of, at, pictures=range(60))) / 60)
    assert fnir == sorted(fnir) and fpir == sorted(fpir, reverse=True)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 5))
def test_the_assignment_is_the_best_there_is(seed: int, faces: int, people: int) -> None:
    rng = np.random.default_rng(seed)
    allowed = {
        i: dict(sorted(((s, float(rng.random())) for s in range(people) if rng.random() < 0.7), key=lambda x: -x[1]))
        for i in range(faces)
    }
    allowed = {i: mine for i, mine in allowed.items() if mine}
    found = assign(allowed, [f"s-{i}" for i in range(people)])
    best = 0.0
    for choice in product(*([None, *mine] for mine in allowed.values())):
        taken = [s for s in choice if s is not None]
        if len(set(taken)) == len(taken):
            best = max(best, sum(m[s] for m, s in zip(allowed.values(), choice, strict=True) if s is not None))
    assert sum(allowed[i][s] for i, s in found.items()) == pytest.approx(best)
    assert len(set(found.values())) == len(found)


def test_in_one_picture_a_person_is_a_candidate_for_the_face_most_like_them_alone() -> None:
    crowded = Threshold(PACK, 0.3, 0.45, 0.05, 0.001, 100, 0.04)
    two = [probe(0.4, 0.5), probe(0.6, 0.31)]
    one_picture = rank_candidates(two, gallery(axes()), crowded)
    assert [[c.subject for c in found] for found in one_picture] == [["s-b"], ["s-a"]]
    two_pictures = rank_candidates(two, gallery(axes()), crowded, pictures=[1, 2])
    assert [[c.subject for c in found] for found in two_pictures] == [["s-b", "s-a"], ["s-a", "s-b"]]


def test_who_said_not_me_of_a_face_is_no_candidate_there_and_takes_nobodys_place() -> None:
    crowded = Threshold(PACK, 0.3, 0.45, 0.05, 0.001, 100, 0.04)
    found = rank_candidates([probe(0.4, 0.5, 0.35, 0.41)], gallery(axes()), crowded, barred={(0, "s-b")})
    assert [c.subject for c in found[0]] == ["s-d", "s-a", "s-c"]
    assert rank_candidates([], gallery(axes()), crowded) == []
    assert rank_candidates([probe(0.1), probe(0.2)], gallery(axes()), crowded) == [(), ()]


@pytest.mark.parametrize("pictures", [[], [1], [1, 2, 3]])
def test_pictures_that_do_not_fit_the_faces_are_refused(pictures: list[int]) -> None:
    crowded = Threshold(PACK, 0.3, 0.45, 0.05, 0.001, 100, 0.04)
    with pytest.raises(UsageError):
        rank_candidates([probe(0.4, 0.5), probe(0.6, 0.31)], gallery(axes()), crowded, pictures=pictures)
