"""The story: every number in it is measured in this run, every refusal is a real one."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kenbaar.archive import open_archive
from kenbaar.demo._pictures import Composed, compose_pictures, compose_portraits, hidden_facts
from kenbaar.demo._stage import Stage
from kenbaar.demo._views import View, look_at
from kenbaar.settings import load_settings

COLLECTION = "album"
REJECTED = "02-side-by-side.jpg"  # of this picture A says: this is not me


@dataclass(frozen=True, slots=True)
class Person:
    """One stand-in: a letter for a name, what they agreed to, who holds the key, and with how many photos."""

    letter: str
    stands_for: str
    agreed: tuple[str, ...]
    agreed_words: str
    holder: str
    photos: tuple[str, ...]


PEOPLE = (
    Person("A", "four official portraits of one person", ("find", "show:web"),
           "to be found, and to stay visible on the web", "organisation", ("a-1.jpg", "a-2.jpg")),
    Person("B", "one official portrait of another", ("find",), "to be found, and to be shown nowhere",
           "subject", ("b-1.png",)),
    Person("C", "one official portrait of a third", ("show:print",), "to stay visible in print, and nowhere else",
           "organisation", ("c-1.jpg",)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Number:
    """One measured fact: the number as it is shown, and the sentence it belongs to."""

    value: str
    means: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture through the story."""

    picture: Composed
    before: View
    web: View
    print_: View
    after: View


@dataclass(frozen=True, slots=True)
class Told:
    """What the story came to."""

    pictures: tuple[Shown, ...]
    numbers: tuple[Number, ...]
    seconds: float


def tell_story(stage: Stage, sources: Path) -> Told:
    """Plays the whole story in the stage's folder. sources: where fetch_demo_photos put the portraits."""
    return _Story(stage, sources).play()


class _Story:
    """One run of the story, step after step."""

    def __init__(self, stage: Stage, sources: Path) -> None:
        self.stage, self.folder, self.sources = stage, stage.folder, sources
        self.ids: dict[str, str] = {}
        self.code = Path()
        self.pictures: list[Composed] = []
        self.numbers: list[Number] = []

    def play(self) -> Told:
        """Everything, in order."""
        started = time.monotonic()
        self._compose()
        self._found()
        self._invite_and_enrol()
        self._add_collection()
        self._sweep()
        where = self._faces()
        self._find_and_reject()
        views = self._publish(where)
        self._account()
        self._keep_copies_of_today()
        self._withdraw()
        after = self._views("web", where)
        self._put_yesterday_back()
        self._rotate()
        self._prove()
        before = self._views("photos", where)
        web, printed = views["web"], views["print"]
        shown = [Shown(p, before[p.file], web[p.file], printed[p.file], after[p.file]) for p in self.pictures]
        return Told(tuple(shown), tuple(self.numbers), time.monotonic() - started)

    # -- the steps -------------------------------------------------------------------------------------------------

    def _compose(self) -> None:
        self.stage.step("Pictures of stand-ins")
        compose_portraits(self.sources, self.folder / "portraits")
        self.pictures = compose_pictures(self.sources, self.folder / "photos")
        self.stage.say(
            f"{len(self.pictures)} pictures are composed from portraits in the public domain. The people on them are"
            " stand-ins: they never met and agreed to nothing. Here they are A, B and C, and play people who did."
        )

    def _found(self) -> None:
        self.stage.step("An organisation in the European Union")
        self.stage.run("init", "--organisation", "The museum of the demo", "--jurisdiction", "eu")
        self.stage.say("Names, templates and keys lie in three stores: one of them alone tells nothing.")

    def _invite_and_enrol(self) -> None:
        stage = self.stage
        stage.step("Three people are invited, and enrol themselves")
        for person in PEOPLE:
            purposes = [word for purpose in person.agreed for word in ("--purpose", purpose)]
            invited = stage.run("invite", f"Stand-in {person.letter}", *purposes, "--holder", person.holder)
            self.ids[person.letter] = invited["subject"]
            stage.name(invited["subject"], person.letter)
            token = stage.keep(f"token-of-{person.letter.lower()}.txt", invited["token"])
            portraits = [self.folder / "portraits" / name for name in person.photos]
            enrolled = stage.run("enrol", "--token-file", token, *portraits)
            held = "The organisation holds the key."
            if person.holder == "subject":
                self.code = stage.keep(f"code-of-{person.letter.lower()}.txt", enrolled["code"])
                held = f"{person.letter} alone holds the key, as a recovery code on paper."
            stage.say(f"{person.letter} agreed {person.agreed_words}, until {enrolled['until']}. {held}")
        stage.say("The photos they enrolled with were read, and not kept.")

    def _add_collection(self) -> None:
        stage, photos = self.stage, self.folder / "photos"
        stage.step("A collection says who is in it")
        stage.refused("collection", "add", COLLECTION, photos, "--mode", "transient", "--reason", "a try", exit_code=3)
        roster = [word for letter in self.ids for word in ("--roster", self.ids[letter])]
        stage.run("collection", "add", COLLECTION, photos, "--mode", "roster", *roster, "--officer", "The officer")
        stage.say(
            "In the EU a crowd may not be searched. This album has a roster: everybody in it agreed to something."
        )

    def _sweep(self) -> None:
        stage = self.stage
        stage.step("Looking, without B's key and with it")
        first = stage.run("sweep", COLLECTION)
        stage.say(
            f"{first['photos']} pictures, {first['faces']} faces, {first['appearances']} recognised. B in"
            f" {self._count('B')}: without B's key nobody can look for B."
        )
        item = self._item("04-two-in-frames.png")
        stage.name(item, "ITEM-04")
        stage.refused("claim", self.ids["C"], item, "--box", "0", exit_code=3)
        claimed = stage.run("claim", self.ids["B"], item, "--box", "0", "--code-file", self.code)
        stage.say(
            f'C says "this is me" of B\'s face and is refused. B says it, with the code: {claimed["band"]} match.'
        )
        second = stage.run("sweep", COLLECTION, "--code-file", self.code)
        stage.say(
            f"With B's code: {second['appearances']} recognised, B in {self._count('B')} pictures."
            f" Faces that matched nobody: {second['unknown']}."
        )
        self._measured(f"{first['seconds']:.1f} s", f"to look at {first['photos']} pictures for the first time")
        self._measured(f"{second['appearances']} of {second['faces']}", "faces recognised, once B's code was given")

    def _find_and_reject(self) -> None:
        stage = self.stage
        stage.step("A asks for the pictures A is in")
        sheet = self.folder / "a-sheet.html"
        found = stage.run("find", self.ids["A"], "--reason", "A asked at the desk", "--sheet", sheet)["appearances"]
        stage.say(f"{len(found)} pictures, on a contact sheet where everybody else is covered.")
        stage.refused("find", self.ids["B"], exit_code=3)
        stage.refused("find", self.ids["C"], exit_code=3)
        item = self._item(REJECTED)
        stage.name(item, "ITEM-02")
        stage.run("reject", self.ids["A"], item)
        stage.say('Of one picture A says "this is not me". That is final, and nobody asks why.')

    def _publish(self, where: Mapping[str, Sequence[Any]]) -> dict[str, dict[str, View]]:
        stage = self.stage
        stage.step("Publishing, for the web and for print")
        views: dict[str, dict[str, View]] = {}
        for channel in ("web", "print"):
            report = stage.run("publish", COLLECTION, self.folder / channel, "--channel", channel)
            views[channel] = self._views(channel, where)
            seen = sorted({letter for view in views[channel].values() for letter in view.visible})
            covered = sum(len(view.masked) for view in views[channel].values())
            stage.say(
                f"{report['published']} copies for {channel}, {len(report['held'])} held back. Read from the copies'"
                f" own pixels: {covered} faces covered; visible is {_and(seen)}, {report['visible']} times."
            )
            for held in report["held"]:
                stage.say(f"Held back: {held['path']}: {held['why']}.")
        originals, copies = self._telling("photos"), self._telling("web") + self._telling("print")
        stage.say(f"{originals} originals tell of place, camera, time or hold a thumbnail; {copies} copies do.")
        shown = [letter for view in views["web"].values() for letter in view.visible]
        faces = sum(map(len, where.values()))
        self._measured(f"{len(shown)} of {faces}", f"faces visible on the web: {_and(sorted(set(shown)))}, nobody else")
        self._measured(f"{originals} → {copies}", "files that tell of place, camera or time: originals → copies")
        return views

    def _account(self) -> None:
        stage = self.stage
        stage.step("Every look is on record, and shown to the person")
        acts = stage.run("ledger", "show", "--subject", self.ids["A"])["acts"]
        looks = [act for act in acts if act["event"] == "find"]
        stage.say(f'A can read {len(acts)} acts about A; {len(looks)} is a look: "{looks[-1]["facts"]["reason"]}".')
        stage.run("ledger", "checkpoint", "--out", self.folder / "checkpoint.txt")
        stage.say("The ledger's signed head goes to somebody outside. Every later ledger must agree with it.")
        exported = stage.run("export", self.ids["B"], self.folder / "b-export.zip", "--code-file", self.code)
        stage.say(
            f"B takes along all that is held about B: {exported['pictures']} pictures with the others covered,"
            f" {exported['acts']} acts, {exported['receipts']} signed receipt(s)."
        )

    def _keep_copies_of_today(self) -> None:
        stage, home, kept = self.stage, self.folder / "home", self.folder / "yesterday"
        stage.step("Somebody keeps a backup")
        for database in home.glob("*.db*"):
            shutil.copy2(database, kept)
        shutil.copytree(home / "keys", kept / "keys")
        stage.say(
            "Both databases and the key store are copied to yesterday/. master.key is kept elsewhere, as it should be."
        )

    def _withdraw(self) -> None:
        stage = self.stage
        stage.step("A withdraws")
        started = time.monotonic()
        left = stage.run("withdraw", self.ids["A"])
        took = time.monotonic() - started
        stage.say(
            f"{left['keys_destroyed']} keys destroyed in {took:.2f} s: what they sealed is noise, in every backup too."
            f" {len(left['copies'])} published copies still show A, and are listed."
        )
        stage.refused("find", self.ids["A"], exit_code=3)
        again = stage.run("publish", COLLECTION, self.folder / "web", "--channel", "web")
        stage.say(
            f"{again['replaced']} copies replaced, {again['unchanged']} unchanged, {again['visible']} faces visible."
        )
        stage.refused("sweep", COLLECTION, "--code-file", self.code, exit_code=3)
        stage.say(
            "A is still in the album, so the roster is not complete any more: recognising stops, masking goes on."
        )
        self._measured(f"{took:.2f} s", f"for A to withdraw: {left['keys_destroyed']} keys destroyed")
        self._measured(f"{again['replaced']} of {len(left['copies'])}", "copies that showed A, replaced")

    def _put_yesterday_back(self) -> None:
        stage, home = self.stage, self.folder / "home"
        stage.step("Yesterday's databases are put back")
        for database in home.glob("*.db*"):
            database.unlink()
        for database in (self.folder / "yesterday").glob("*.db*"):
            shutil.copy2(database, home)
        stage.refused("find", self.ids["A"], exit_code=3)
        again = stage.run("publish", COLLECTION, self.folder / "web", "--channel", "web")
        stage.say(f"The records came back, the keys did not. Published once more: {again['visible']} faces visible.")
        self._measured(str(again["visible"]), "faces brought back by yesterday's databases")

    def _rotate(self) -> None:
        stage, home, old = self.stage, self.folder / "home", self.folder / "old-keys"
        stage.step("The master key is changed, and yesterday's key store is noise")
        rotated = stage.run("keys", "rotate")
        stage.say(f"{rotated['living']} living keys are wrapped anew; the old master key is destroyed.")
        shutil.copytree(home, old)
        shutil.rmtree(old / "keys")
        for kept in (self.folder / "yesterday").iterdir():
            if kept.is_dir():
                shutil.copytree(kept, old / kept.name)
            else:
                shutil.copy2(kept, old)
        stage.refused("subjects", home=old, exit_code=6)
        stage.say("In a copy of the archive, all of yesterday was put back: databases and key store. It does not open.")
        shutil.rmtree(old)

    def _prove(self) -> None:
        stage = self.stage
        stage.step("Proof")
        check = stage.run("check")
        stage.say(
            f"Strangers' vectors found: {len(check['findings'])}, in {check['files']} files, {check['bytes']:,} bytes,"
            " looked for as float32, float16, int8 and base64."
        )
        head = self.folder / "checkpoint.txt"
        verified = stage.run("ledger", "verify", "--checkpoint", head)
        stage.say(f"The ledger is whole: {verified['entries']} entries, in agreement with the head kept outside.")
        where = f"{check['files']} files, {check['bytes'] / 1e6:.1f} MB"
        self._measured(str(len(check["findings"])), f"traces of strangers in all that is stored: {where}")
        self._measured(str(verified["entries"]), "acts in the ledger, whole")

    def _measured(self, value: str, means: str) -> None:
        self.numbers.append(Number(value, means))

    # -- what the archive says -------------------------------------------------------------------------------------

    def _items(self) -> list[Mapping[str, Any]]:
        """Every photo with its faces and whose they are: the archive itself is asked, for no command tells that."""
        items: list[dict[str, Any]] = self.stage.run("collection", "show", COLLECTION, quiet=True)["items"]
        with open_archive(load_settings(self.folder / "home")) as archive:
            for item in items:
                whose = {a.n: a.subject for a in archive.collections.store.appearances_in(item["item"])}
                item["faces"] = [{**face, "subject": whose.get(face["n"])} for face in item["faces"]]
        return list(items)

    def _item(self, file: str) -> str:
        return next(str(i["item"]) for i in self._items() if i["path"] == file)

    def _count(self, letter: str) -> int:
        return sum(any(f["subject"] == self.ids[letter] for f in i["faces"]) for i in self._items())

    def _faces(self) -> dict[str, list[Any]]:
        """file -> (box, letter or None) of every face the archive knows of."""
        letters = {subject: letter for letter, subject in self.ids.items()}
        return {str(i["path"]): [(f["box"], letters.get(f["subject"])) for f in i["faces"]] for i in self._items()}

    def _telling(self, folder: str) -> int:
        """How many pictures in a folder tell more than they show."""
        files = [self.folder / folder / p.file for p in self.pictures]
        return sum(bool(hidden_facts(f)) for f in files if f.is_file())

    def _views(self, folder: str, where: Mapping[str, Sequence[Any]]) -> dict[str, View]:
        return {p.file: look_at(self.folder / folder / p.file, where[p.file]) for p in self.pictures}


def _and(letters: Sequence[str]) -> str:
    return " and ".join(letters) if letters else "nobody"
