"""A manifest told to a person: MODEL_CARD.md, and what `kenbaar pack show` prints."""

from __future__ import annotations

from pathlib import Path

from kenbaar.modelpack._manifest import Manifest, read_manifest


def model_card(manifest: Manifest) -> str:
    """The model card as Markdown: what it is for, where it comes from, what was measured, what is not known."""
    point = manifest.operating_point
    lines = [
        f"# Model pack {manifest.name} {manifest.version}",
        "",
        f"Digest: `{manifest.digest}`",
        "",
        f"**{manifest.notice}**",
        "",
        "For: finding people who enrolled themselves in an organisation's own photos, and masking the others.",
        "Not for: identifying people who did not agree, access control, or guessing anything about a person.",
        "",
        "## Parts",
    ]
    for part in manifest.provenance:
        lines += [
            "",
            f"### {part.part}: {part.title}, {part.author}",
            "",
            f"- licence: {part.licence}",
            f"- source: {part.source}, SHA-256 `{part.source_sha256}`",
            f"- trained on: {part.training_data}",
            f"- changed here: {part.changes}",
        ]
    lines += [
        "",
        "## Default operating point",
        "",
        f"Accept from {point.accept:g}, strong from {point.strong:g}, undecided within {point.margin:g} (cosine); set "
        f"for an FPIR of {point.fpir:.2%} with {point.n} people enrolled; {point.per_decade:g} stricter for each "
        f"tenfold of people. {point.conditions}",
        "",
        "## Measured",
        "",
        "| what | value | conditions |",
        "| --- | --- | --- |",
        *(f"| {rate.what} | {rate.value:g} | {rate.conditions} |" for rate in manifest.measured),
        "",
        "Not measured: groups of people, age, children, masks, profile, strangers at scale. Differences between groups "
        "must be assumed until they are measured on your own people.",
        "",
    ]
    return "\n".join(lines)


def describe_pack(folder: Path) -> str:
    """What is known about the pack in this folder, as text for a terminal. Raises PackUnavailable or PackBroken."""
    manifest = read_manifest(folder)
    detector, embedder = manifest.detector, manifest.embedder
    return "\n".join(
        [
            f"{manifest.name} {manifest.version}  {manifest.digest}",
            f"  folder    {folder}",
            f"  detector  {detector.file.name}, {detector.decode}, long side {detector.long_side} px, "
            f"from score {detector.min_score:g}",
            f"  embedder  {embedder.file.name}, {embedder.width}x{embedder.height} px {embedder.colour}, "
            f"{embedder.dim} numbers{', mirrored' if embedder.mirrored else ''}",
            "",
            model_card(manifest),
        ]
    )
