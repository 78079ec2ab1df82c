"""The page about asking runs, line by line, as it is written there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.e2e.club import Club, draw_people, new_club

PAGE = Path(__file__).parent.parent.parent / "docs" / "asking.md"


def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path, tiny_pack_folder: Path) -> None:
    club: Club = new_club(tmp_path, tiny_pack_folder)
    club.enrol("Dov", "find", "ask")
    draw_people(tmp_path / "found.jpg", "Dov")
    (tmp_path / "passphrase").write_text("four words that go together")
    said = {name: str(tmp_path / name) for name in ("found.jpg", "passphrase", "token")}
    ran = []
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            _, *words = shlex.split(line, comments=True)
            answer = club.kenbaar(*(said.get(word, word) for word in words))
            if "token" in answer:
                said["ACCOUNT"] = answer["account"]
                (tmp_path / "token").write_text(answer["token"])
            said["CASE"] = answer.get("case", said.get("CASE", ""))
            ran.append(" ".join(words[:2]))
    assert {"staff invite", "staff accept", "case list", "case show", "case close"} <= set(ran)
    assert any(words.startswith("search") for words in ran)
    club.kenbaar.expect_whole()
