"""The model packs: listed, fetched, brought, shown."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kenbaar.acts._act import NO_PROGRESS, Progress, act
from kenbaar.acts._json import HIDDEN
from kenbaar.acts._stop import reporting
from kenbaar.disk import write_atomically
from kenbaar.errors import UsageError
from kenbaar.modelpack import (
    DetectorSpec,
    EmbedderSpec,
    Measured,
    OperatingPoint,
    Provenance,
    default_pack_folder,
    describe_pack,
    find_pack,
    model_card,
    packs_at_hand,
    read_manifest,
)
from kenbaar.policy import Actor, Permission
from kenbaar.settings import Settings
from kenbaar.text import read_json

if TYPE_CHECKING:  # what makes packs imports much, and is needed seldom
    from kenbaar.packmaking import Progress as Fetched


@dataclass(frozen=True, slots=True)
class ListPacksRequest:
    """All that are here."""


@dataclass(frozen=True, slots=True)
class PackRow:
    """One pack. default: where the default pack lies; in_use: the one the settings name."""

    name: str
    version: str
    digest: str
    folder: Path
    default: bool
    in_use: bool


@dataclass(frozen=True, slots=True)
class ListPacksAnswer:
    """The packs at hand."""

    packs: tuple[PackRow, ...]


@act("pack list", Permission.READ)
def list_packs(settings: Settings, actor: Actor, request: ListPacksRequest) -> ListPacksAnswer:
    """The packs at hand, and the one in use."""
    in_use, default = find_pack(settings.cache, settings.pack), default_pack_folder(settings.cache)
    return ListPacksAnswer(
        tuple(
            PackRow(m.name, m.version, m.digest, folder, folder == default, folder == in_use)
            for folder, m in packs_at_hand(settings.cache)
        )
    )


@dataclass(frozen=True, slots=True)
class FetchPacksRequest:
    """only: this one; None: default and fast. files: package files to use instead of fetching them.

    url, sha256: where the network of sface or auraface lies, and its digest.
    """

    only: Literal["default", "fast", "dlib", "dlib-fast", "sface", "auraface"] | None = None
    files: tuple[Path, ...] = ()
    url: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class ReadyPackRow:
    """A pack that is ready."""

    name: str
    digest: str
    folder: Path


@dataclass(frozen=True, slots=True)
class FetchPacksAnswer:
    """The packs that are ready; name, digest and folder are those of the first."""

    name: str
    digest: str
    folder: Path
    packs: tuple[ReadyPackRow, ...]


@act("pack fetch", Permission.SET_UP)
def fetch_packs(
    settings: Settings, actor: Actor, request: FetchPacksRequest, progress: Progress = NO_PROGRESS
) -> FetchPacksAnswer:
    """Fetches the default pack and makes the fast one from it, or another of ours, once.

    Raises PackUnavailable, NoSpace.
    """

    from kenbaar.packmaking import FETCHED, WORKED, fetch_by_address

    by_address = request.only in WORKED
    if by_address != (request.url is not None) or by_address != (request.sha256 is not None):
        raise UsageError(
            "A network is fetched from an address for sface and auraface, and for these alone.",
            "Say `kenbaar pack fetch sface --url URL --sha256 DIGEST`, or leave both out.",
        )

    began: dict[str, float] = {}

    def say(fetched: Fetched) -> None:
        since = began.setdefault(fetched.step, time.monotonic())
        reporting(progress, fetched.step)(fetched.done, fetched.total, time.monotonic() - since)

    rows = []
    if request.only is not None and request.url is not None and request.sha256 is not None:
        folder = fetch_by_address(request.only, request.url, request.sha256, settings.cache, say, request.files)
        rows.append(ReadyPackRow(request.only, read_manifest(folder).digest, folder))
        return FetchPacksAnswer(rows[0].name, rows[0].digest, folder, tuple(rows))
    for name in ("default", "fast") if request.only is None else (request.only,):
        folder = FETCHED[name](settings.cache, say, request.files)
        rows.append(ReadyPackRow(name, read_manifest(folder).digest, folder))
    return FetchPacksAnswer(rows[0].name, rows[0].digest, rows[0].folder, tuple(rows))


@dataclass(frozen=True, slots=True)
class ShowPackRequest:
    """A pack's name or folder; None: the pack in use."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class ShowPackAnswer:
    """How a pack is fed, and where it lies."""

    name: str
    version: str
    digest: str
    folder: Path
    detector: DetectorSpec
    embedder: EmbedderSpec
    words: str = field(default="", metadata=HIDDEN)


@act("pack show", Permission.READ)
def show_pack(settings: Settings, actor: Actor, request: ShowPackRequest) -> ShowPackAnswer:
    """How a pack is fed and where it lies, and its card."""
    place = find_pack(settings.cache, request.name or settings.pack)
    words, m = describe_pack(place), read_manifest(place)
    return ShowPackAnswer(m.name, m.version, m.digest, place, m.detector, m.embedder, words)


@dataclass(frozen=True, slots=True)
class PackCardAnswer:
    """What is known about a pack: licences, training data, error rates and their conditions."""

    name: str
    version: str
    digest: str
    folder: Path
    notice: str
    provenance: tuple[Provenance, ...]
    operating_point: OperatingPoint
    measured: tuple[Measured, ...]
    card: str


@act("pack card", Permission.READ)
def pack_card(settings: Settings, actor: Actor, request: ShowPackRequest) -> PackCardAnswer:
    """A pack's model card, made from the manifest that its digest is of."""
    place = find_pack(settings.cache, request.name or settings.pack)
    m = read_manifest(place)
    return PackCardAnswer(
        name=m.name,
        version=m.version,
        digest=m.digest,
        folder=place,
        notice=m.notice,
        provenance=m.provenance,
        operating_point=m.operating_point,
        measured=m.measured,
        card=model_card(m),
    )


@dataclass(frozen=True, slots=True)
class AddPackRequest:
    """The folder of a pack of one's own (docs/packs.md)."""

    folder: Path


@dataclass(frozen=True, slots=True)
class AddPackAnswer:
    """The pack that was brought."""

    name: str
    version: str
    digest: str
    folder: Path


@act("pack add", Permission.SET_UP)
def bring_pack(settings: Settings, actor: Actor, request: AddPackRequest) -> AddPackAnswer:
    """Brings a pack of one's own: checked, tried once, copied into the cache. Raises PackBroken."""

    from kenbaar.packmaking import add_pack

    place = add_pack(request.folder.expanduser(), settings.cache)
    m = read_manifest(place)
    return AddPackAnswer(m.name, m.version, m.digest, place)


@dataclass(frozen=True, slots=True)
class FillManifestRequest:
    """A pack's folder. write: put the manifest in the place of its manifest.json."""

    folder: Path
    write: bool = False


@dataclass(frozen=True, slots=True)
class FillManifestAnswer:
    """The manifest, with the digests of its files."""

    digest: str
    written: bool
    manifest: Mapping[str, Any]
    text: str = field(default="", metadata=HIDDEN)


@act("pack manifest", Permission.SET_UP)
def fill_manifest(settings: Settings, actor: Actor, request: FillManifestRequest) -> FillManifestAnswer:
    """A folder's manifest with the SHA-256 of its files filled in, checked. Raises PackBroken."""

    folder = request.folder.expanduser()
    from kenbaar.packmaking import filled_manifest

    manifest = filled_manifest(folder)
    text = manifest.text()
    if request.write:
        write_atomically(folder / "manifest.json", text.encode())
    return FillManifestAnswer(manifest.digest, request.write, read_json(text), text)
