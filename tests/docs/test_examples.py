"""The examples in docstrings of rooms run: each is executed with real objects, in a folder of its own.

An example is an indented block of a module's docstring. What it takes for granted is named in `Things`, once; every
public name of its room, and of the others, is there as well. What it claims, it claims with `assert`.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kenbaar
from kenbaar.archive import Archive, create_archive
from kenbaar.collections import EmbeddingPermit
from kenbaar.consent import RECOGNISING, Sessions
from kenbaar.faces import Template
from kenbaar.gallery import ConsentedGallery
from kenbaar.keys import RecordSeal, SigningKey
from kenbaar.ledger import PayloadKey
from kenbaar.matching import Threshold
from kenbaar.media import Photo, PhotoLimits, open_photo
from kenbaar.modelpack import OnnxPack, load_pack
from kenbaar.policy import Actor, Event
from kenbaar.settings import Settings
from tests.actors import OFFICER
from tests.contracts.toy_tasks import Doubling
from tests.measure.volunteers import draw_volunteers
from tests.modelpack.tiny_pack import build_tiny_pack
from tests.rights.party import START, Party, a_copy, a_party
from tests.seal import SEAL

SOURCE = Path(kenbaar.__file__).parent
ROOMS = sorted(f.parent.name for f in SOURCE.glob("*/__init__.py"))
NO_CODE = {"keys/_store_file.py": "the layout of a file"}


class Things:
    """What examples take for granted. Made when an example first names it."""

    def __init__(self, folder: Path, pack_folder: Path, made_party: Party, kept: ExitStack) -> None:
        self.folder, self._pack_folder, self._made_party, self._kept = folder, pack_folder, made_party, kept
        self.actor: Actor = OFFICER
        self.editor = Actor("staff", "a-00000000", "editor")
        self.limits = PhotoLimits()
        self.now = START
        self.sessions = Sessions()
        self.record_seal: RecordSeal = SEAL
        self.said: list[object] = []
        self.say: Callable[..., None] = lambda *told: self.said.append(told)

    @cached_property
    def settings(self) -> Settings:
        """Of an archive with nobody in it."""
        settings = Settings(self.folder / "archive", self.folder / "cache", pack=str(self._pack_folder))
        create_archive(OFFICER, settings, "The Choir", "eu").close()
        return settings

    @cached_property
    def _party(self) -> Party:
        """Another, with Ada in it, and a stranger; swept."""
        (self.folder / "choir").mkdir()
        return self._kept.enter_context(a_copy(self._made_party, self.folder / "choir"))

    @cached_property
    def archive(self) -> Archive:
        return self._party.archive

    @cached_property
    def clip(self) -> Path:
        from tests.video.clips import with_square, write_clip

        return write_clip(self.folder / "clip.mp4", [with_square(n) for n in range(12)])

    @property
    def copy(self) -> Path:
        return self.folder / "copy.mp4"

    @cached_property
    def ada(self) -> str:
        return self._party.people["Ada"].subject

    @cached_property
    def photos(self) -> Path:
        return self._party.photos

    @cached_property
    def portraits(self) -> list[Photo]:
        self._party  # noqa: B018  it draws them
        return [open_photo(self.folder / "choir" / f"portrait-{n}.png") for n in (0, 1)]

    @cached_property
    def item(self) -> str:
        """In which box 0 is Ada."""
        return self.archive.collections.store.items("party", ("present",), "", 1)[0].id

    @cached_property
    def file(self) -> Path:
        return self.photos / "a.jpg"

    @cached_property
    def photo(self) -> Photo:
        """Of Ada and a stranger."""
        return open_photo(self.file)

    @cached_property
    def pack(self) -> OnnxPack:
        return load_pack(self._pack_folder)

    @cached_property
    def own_pack(self) -> Path:
        return build_tiny_pack(self.folder / "own", seed=5)

    @cached_property
    def cache(self) -> Path:
        return self.folder / "cache"

    @cached_property
    def threshold(self) -> Threshold:
        return self.archive.threshold

    @cached_property
    def gallery(self) -> ConsentedGallery:
        gallery = self.archive.consents.open_gallery(RECOGNISING, self.pack.digest, self.sessions)
        gallery.recorded(self.archive.journal.record(Event.SWEEP, OFFICER, collection="party", mode="transient"))
        return gallery

    @cached_property
    def permit(self) -> EmbeddingPermit:
        return self.archive.collections.permit(self.archive.collections.get("party"))

    @cached_property
    def probes(self) -> list[Template]:
        """Of the two faces in photo, Ada's first."""
        return self.pack.make_templates(self.photo, self.pack.detect_faces(self.photo))

    @cached_property
    def rows(self) -> Any:
        """Three people's vectors: float32 (3, 16), unit."""
        return np.eye(3, 16, dtype=np.float32)

    @cached_property
    def volunteers(self) -> Path:
        return draw_volunteers(self.folder / "volunteers", 4, 4)

    @cached_property
    def signing_key(self) -> SigningKey:
        return SigningKey(bytes(range(32)))

    @cached_property
    def payload_key(self) -> PayloadKey:
        return PayloadKey("k-0", bytes(range(32)))

    @cached_property
    def doubling(self) -> Doubling:
        """A task type that doubles numbers."""
        (self.folder / "opened").mkdir()
        return Doubling(self.folder / "opened")


def taken_for_granted(example: str, things: Things) -> dict[str, Any]:
    """The things that an example names and does not make itself."""
    names = [node for node in ast.walk(ast.parse(example)) if isinstance(node, ast.Name)]
    made = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    wanted = {name.id for name in names if not name.id.startswith("_")} - made
    return {name: getattr(things, name) for name in wanted if name in vars(things) or hasattr(Things, name)}


def examples_in(docstring: str) -> Iterator[str]:
    """The indented blocks of a docstring."""
    for block in re.findall(r"(?:^|\n)\n((?:    .*(?:\n\n(?=    )|\n|$))+)", docstring):
        yield textwrap.dedent(block).strip("\n")


def examples() -> Iterator[tuple[str, str]]:
    """Where it stands, and the example."""
    for file in sorted(SOURCE.rglob("*.py")):
        where = str(file.relative_to(SOURCE))
        if where not in NO_CODE:
            docstring = ast.get_docstring(ast.parse(file.read_text("utf-8")), clean=False) or ""
            for n, example in enumerate(examples_in(docstring)):
                yield f"{where}:{n}" if n else where, example


def run(where: str, example: str, things: Things) -> None:
    """Executes an example. The public names of its own room win over those of the others."""
    room = where.partition("/")[0]
    names: dict[str, Any] = {"Path": Path, "timedelta": timedelta}
    for each in [*(r for r in ROOMS if r != room), *([room] if room in ROOMS else [])]:
        module = import_module(f"kenbaar.{each}")
        names |= {name: getattr(module, name) for name in module.__all__}
    exec(compile(example, where, "exec"), names | taken_for_granted(example, things))


EXAMPLES = dict(examples())


@pytest.fixture(scope="module")
def made_party(tmp_path_factory: pytest.TempPathFactory, tiny_pack_folder: Path) -> Party:
    """Made once: Ada enrolled, in one photo beside a stranger; swept."""
    with a_party(tmp_path_factory.mktemp("made"), tiny_pack_folder) as party:
        party.enrol("Ada", 1, ("find", "show:web"))
        party.photo("a.jpg", 1, 40)
        party.add()
        party.sweep()
    return party


@pytest.fixture
def things(
    tmp_path: Path, tiny_pack_folder: Path, made_party: Party, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Things]:
    monkeypatch.chdir(tmp_path)
    with ExitStack() as kept:
        yield Things(tmp_path, tiny_pack_folder, made_party, kept)


@pytest.mark.parametrize("where", EXAMPLES)
def test_the_example_is_true(where: str, things: Things) -> None:
    assert "..." not in EXAMPLES[where], "an example is whole, or it is prose"
    run(where, EXAMPLES[where], things)


def test_every_room_shows_how_it_is_used() -> None:
    """But the edges, where commands are: those are in docs/commands.md and the README, and run there."""
    assert {where.partition("/")[0] for where in EXAMPLES} == set(ROOMS) - {"cli", "demo"}


@pytest.mark.parametrize(
    "false",
    [
        "permit.scope.nothing",
        'assert Box(0, 0, 9, 9).iou(Box(0, 0, 9, 9)) == 0, "a false claim"',
        "Box(1, 2)",
        "a_name_that_nobody_has",
        "if True:",
    ],
)
def test_a_false_example_is_noticed(false: str, things: Things) -> None:
    (found,) = examples_in(f"A room.\n\nRules: none.\n\n    box = Box(0, 0, 2, 2)\n    {false}\n")
    with pytest.raises((AttributeError, AssertionError, TypeError, NameError, SyntaxError)):
        run("faces/__init__.py", found, things)


def test_examples_are_found_wherever_they_stand_in_a_docstring() -> None:
    docstring = "A room.\n\n- a rule\n  that goes on\n\n    box = 1\n\n    box = 2\n\nMore.\n\n    box = 3\n"
    assert list(examples_in(docstring)) == ["box = 1\n\nbox = 2", "box = 3"]


def test_code_in_other_docstrings_is_none() -> None:
    """Functions and classes say what they give in words: an example there would be run by nobody."""
    shown = []
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and (docstring := ast.get_docstring(node)):
                shown += [f"{file.name} {node.name}" for e in examples_in(docstring) if _is_code(e)]
    assert shown == []


def _is_code(block: str) -> bool:
    try:
        return any(isinstance(part, ast.Call) for part in ast.walk(ast.parse(block)))
    except SyntaxError:
        return False
