"""manifest.json: everything Kenbaar knows about a pack. Nothing is guessed from file names.

Reading is strict: an unknown field, a wrong type, a file name that leaves the folder, a number out of its range are
refused with the field's name. The pack's digest is the SHA-256 of the manifest in canonical form (RFC 8785), and the
manifest holds the digests of the weights: so one digest names the weights and how they are fed and read.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from kenbaar.errors import PackBroken, PackUnavailable
from kenbaar.text import BadJson, printable, read_json

FORMAT = "kenbaar-pack/1"
MANIFEST_NAME = "manifest.json"
CARD_NAME = "MODEL_CARD.md"
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_LIMIT_BYTES = 1_000_000
_SIDE_MAX = 4096


@dataclass(frozen=True, slots=True)
class PackFile:
    """A file in the pack's folder (a plain name, no path) and the SHA-256 of its bytes, in hex."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """How the detector is fed and read.

    decode "centerface": input "image" float32 (n, 3, h, w), sides multiples of 32; outputs "heatmap", "scale",
    "offset", "landmarks" on a grid of 4 px. Fed (pixel - mean) * scale per channel, in the stated colour order.
    long_side: px of the photo's long side as the detector sees it. max_iou: overlap above which two boxes are one face.
    """

    file: PackFile
    decode: str
    colour: str
    mean: tuple[float, float, float]
    scale: float
    long_side: int
    min_score: float
    max_iou: float


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """How the embedder is fed: chips (n, 3, height, width) as (pixel - mean) * scale, in the stated colour order.

    points: where the five landmarks (as in faces.Landmarks) lie in the chip, px from its outer top left corner.
    mirrored: the chip and its mirror image are both embedded and averaged. Vectors are always L2-normalised at the end.
    rough_within: of a mirrored pack, how far a score without the mirror image was measured to lie from the score with
    it, near a threshold. May be left out of the manifest (None): then a face is never judged without its mirror image.
    """

    file: PackFile
    colour: str
    mean: tuple[float, float, float]
    scale: float
    width: int
    height: int
    points: tuple[tuple[float, float], ...]
    dim: int
    mirrored: bool
    rough_within: float | None = None


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """The pack's default thresholds, as cosines of unit vectors, and the conditions they were set for.

    accept: the score from which a candidate is a match, for a gallery of n people, expected to name a share fpir of
    strangers. strong: from which it is a "strong" one. margin: a runner-up nearer than this makes it undecided.
    per_decade: how much accept and strong rise for each tenfold of people. conditions: the words behind the numbers.
    """

    accept: float
    strong: float
    margin: float
    fpir: float
    n: int
    per_decade: float
    conditions: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where one part comes from, under what licence, and from whose pictures it learned."""

    part: str
    title: str
    author: str
    licence: str
    source: str
    source_sha256: str
    training_data: str
    changes: str


@dataclass(frozen=True, slots=True)
class Measured:
    """One measured rate. It never travels alone: the conditions name data set, number of searches and threshold."""

    what: str
    value: float
    conditions: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A checked manifest. notice: the sentence about consent of the people the weights were trained on."""

    format: str
    name: str
    version: str
    detector: DetectorSpec
    embedder: EmbedderSpec
    operating_point: OperatingPoint
    provenance: tuple[Provenance, ...]
    measured: tuple[Measured, ...]
    notice: str

    @property
    def digest(self) -> str:
        """ "sha256:<hex>" of the canonical manifest: the pack's identity."""
        return "sha256:" + hashlib.sha256(self.canonical()).hexdigest()

    def canonical(self) -> bytes:
        """The manifest as RFC 8785 canonical JSON."""
        import rfc8785

        return rfc8785.dumps(read_json(json.dumps(self._told())))

    def text(self) -> str:
        """The manifest as a person likes to read it; parsing it gives the same manifest."""
        return json.dumps(self._told(), indent=2, ensure_ascii=False) + "\n"

    def _told(self) -> dict[str, object]:
        """The manifest's fields; an optional one that is not given is left out, so that digests stay what they were."""
        fields = asdict(self)
        if self.embedder.rough_within is None:
            del fields["embedder"]["rough_within"]
        return fields


class _Fields:
    """The fields of one JSON object, each to be taken once; what is left over is refused."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise bad_manifest(where or "the whole", "is not an object")
        self.left: dict[str, object] = dict(value)
        self.where = where

    def path(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name

    def take(self, name: str) -> object:
        if name not in self.left:
            raise bad_manifest(self.path(name), "is missing")
        return self.left.pop(name)

    def done(self) -> None:
        if self.left:
            raise bad_manifest(self.path(min(self.left)), "is not a field Kenbaar knows")

    def text(self, name: str, *, pattern: re.Pattern[str] | None = None, one_of: tuple[str, ...] = ()) -> str:
        value = self.take(name)
        if not isinstance(value, str) or len(value) > 4000:
            raise bad_manifest(self.path(name), "is not a text of at most 4000 characters")
        if printable(value, keep="\n").replace("\\\\", "\\") != value:
            raise bad_manifest(self.path(name), "has characters that are not seen but act")
        if one_of and value not in one_of:
            raise bad_manifest(self.path(name), f"is none of {', '.join(one_of)}")
        if pattern is not None and not pattern.fullmatch(value):
            raise bad_manifest(self.path(name), "is not written as it should be")
        return value

    def number(self, name: str, low: float, high: float) -> float:
        return _number(self.take(name), self.path(name), low, high)

    def whole(self, name: str, low: int, high: int) -> int:
        value = self.take(name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise bad_manifest(self.path(name), f"is not a whole number from {low} to {high}")
        return value

    def truth(self, name: str) -> bool:
        value = self.take(name)
        if not isinstance(value, bool):
            raise bad_manifest(self.path(name), "is neither true nor false")
        return value

    def each(self, name: str, count: int | None = None) -> list[object]:
        value = self.take(name)
        if not isinstance(value, list) or (count is not None and len(value) != count) or len(value) > 1000:
            raise bad_manifest(self.path(name), "is not a list" if count is None else f"is not a list of {count}")
        return value

    def file(self) -> PackFile:
        inner = _Fields(self.take("file"), self.path("file"))
        file = PackFile(inner.text("name", pattern=_FILE_NAME), inner.text("sha256", pattern=_SHA256))
        inner.done()
        return file

    def mean(self) -> tuple[float, float, float]:
        r, g, b = (_number(value, self.path("mean"), -1e6, 1e6) for value in self.each("mean", 3))
        return r, g, b


def bad_manifest(field: str, why: str) -> PackBroken:
    """The refusal of a manifest, naming the field."""
    return PackBroken(
        f"The pack's manifest cannot be used: {field} {why}.", "See docs/rooms/modelpack.md, or fetch again."
    )


def _number(value: object, where: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise bad_manifest(where, "is not a number")
    if not low <= value <= high:
        raise bad_manifest(where, f"is not between {low:g} and {high:g}")
    return float(value)


def _point(value: object, where: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise bad_manifest(where, "holds something else than [x, y]")
    return _number(value[0], where, -_SIDE_MAX, _SIDE_MAX), _number(value[1], where, -_SIDE_MAX, _SIDE_MAX)


def _detector(value: object) -> DetectorSpec:
    f = _Fields(value, "detector")
    spec = DetectorSpec(
        file=f.file(),
        decode=f.text("decode", one_of=("centerface",)),
        colour=f.text("colour", one_of=("RGB", "BGR")),
        mean=f.mean(),
        scale=f.number("scale", 1e-9, 1e9),
        long_side=f.whole("long_side", 32, _SIDE_MAX),
        min_score=f.number("min_score", 0.01, 1),
        max_iou=f.number("max_iou", 0.01, 1),
    )
    f.done()
    return spec


def _embedder(value: object) -> EmbedderSpec:
    f = _Fields(value, "embedder")
    spec = EmbedderSpec(
        file=f.file(),
        colour=f.text("colour", one_of=("RGB", "BGR")),
        mean=f.mean(),
        scale=f.number("scale", 1e-9, 1e9),
        width=f.whole("width", 8, _SIDE_MAX),
        height=f.whole("height", 8, _SIDE_MAX),
        points=tuple(_point(point, "embedder.points") for point in f.each("points", 5)),
        dim=f.whole("dim", 2, 4096),
        mirrored=f.truth("mirrored"),
        rough_within=f.number("rough_within", 0, 1) if "rough_within" in f.left else None,
    )
    f.done()
    if len(set(spec.points)) < 2:
        raise bad_manifest("embedder.points", "does not span a face")
    return spec


def _operating_point(value: object) -> OperatingPoint:
    f = _Fields(value, "operating_point")
    point = OperatingPoint(
        accept=f.number("accept", 0.01, 1),
        strong=f.number("strong", 0.01, 1),
        margin=f.number("margin", 0, 1),
        fpir=f.number("fpir", 1e-9, 0.5),
        n=f.whole("n", 1, 10**12),
        per_decade=f.number("per_decade", 0, 1),
        conditions=f.text("conditions"),
    )
    f.done()
    if point.strong < point.accept:
        raise bad_manifest("operating_point.strong", "is below accept")
    if point.margin >= point.accept:
        raise bad_manifest("operating_point.margin", "is not below accept")
    return point


def _provenance(value: object) -> Provenance:
    f = _Fields(value, "provenance")
    part = Provenance(
        part=f.text("part"),
        title=f.text("title"),
        author=f.text("author"),
        licence=f.text("licence"),
        source=f.text("source"),
        source_sha256=f.text("source_sha256"),
        training_data=f.text("training_data"),
        changes=f.text("changes"),
    )
    f.done()
    return part


def _measured(value: object) -> Measured:
    f = _Fields(value, "measured")
    rate = Measured(what=f.text("what"), value=f.number("value", -1e9, 1e9), conditions=f.text("conditions"))
    f.done()
    return rate


def parse_manifest(untrusted_data: bytes) -> Manifest:
    """The checked manifest in these bytes. Raises PackBroken, naming the field, for anything else."""
    if len(untrusted_data) > _LIMIT_BYTES:
        raise bad_manifest("the whole", "is larger than a manifest can be")
    try:
        value = read_json(untrusted_data, limit_bytes=_LIMIT_BYTES)
    except BadJson as err:
        raise bad_manifest("the whole", str(err)) from err
    f = _Fields(value, "")
    manifest = Manifest(
        format=f.text("format", one_of=(FORMAT,)),
        name=f.text("name", pattern=_NAME),
        version=f.text("version", pattern=_NAME),
        detector=_detector(f.take("detector")),
        embedder=_embedder(f.take("embedder")),
        operating_point=_operating_point(f.take("operating_point")),
        provenance=tuple(_provenance(part) for part in f.each("provenance")),
        measured=tuple(_measured(rate) for rate in f.each("measured")),
        notice=f.text("notice"),
    )
    f.done()
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the pack in a folder. Raises PackUnavailable where there is none, PackBroken where it is bad."""
    try:
        with (folder / MANIFEST_NAME).open("rb") as file:
            data = file.read(_LIMIT_BYTES + 1)
    except OSError as err:
        raise PackUnavailable(
            f"There is no model pack in {folder}.", "Get the default one with `kenbaar pack fetch`."
        ) from err
    return parse_manifest(data)


def read_file(folder: Path, file: PackFile) -> bytes:
    """The bytes of one of the pack's files, which have the digest the manifest states; else PackBroken."""
    try:
        data = (folder / file.name).read_bytes()
    except OSError as err:
        raise PackBroken(f"The pack's file {file.name} is not there.", "Fetch the pack again.") from err
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise PackBroken(
            f"The pack's file {file.name} was changed: its digest is not the manifest's.", "Fetch it again."
        )
    return data
