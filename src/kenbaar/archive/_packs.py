"""Which model packs an archive works with: the one in use, and older ones that people's templates are of.

packs.opened, packs.threshold                 # the pack in use, and the operating point in force
packs.in_use(), packs.older()                 # for a sweep
packs.of(subject), packs.threshold_of(subject)   # for a claim
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from kenbaar.asking import AskedPack
from kenbaar.consent import Consents
from kenbaar.errors import PackBroken, PackUnavailable
from kenbaar.matching import Threshold
from kenbaar.measure import pack_default, threshold_in_force
from kenbaar.modelpack import Manifest, ModelPack, find_pack, load_pack, packs_at_hand, read_manifest
from kenbaar.settings import Settings
from kenbaar.sweep import PackInUse


class Packs:
    """The packs of one archive."""

    def __init__(self, settings: Settings, consents: Consents) -> None:
        self._settings, self._consents = settings, consents

    @property
    def folder(self) -> Path:
        """Where the pack in use lies: the one the settings name, or their folder."""
        return find_pack(self._settings.cache, self._settings.pack)

    @cached_property
    def opened(self) -> ModelPack:
        """The pack in use, opened and checked. Raises PackUnavailable, PackBroken."""
        self.manifest()
        return load_pack(self.folder, threads=os.cpu_count() or 1)

    def in_use(self) -> PackInUse:
        """The pack in use, for workers that open it themselves."""
        return self._for_workers(self.folder, self.manifest())

    def manifest(self) -> Manifest:
        """That of the pack in use. Raises PackBroken where people enrolled with a pack of this name and version that
        was another: a published pack is never edited, and this one would find them no more, without a word."""
        manifest = read_manifest(self.folder)
        enrolled_with = self._consents.store.note(note_of(manifest))
        if enrolled_with not in (None, manifest.digest) and enrolled_with in self._consents.templates.packs():
            raise PackBroken(
                f"The pack {manifest.name} {manifest.version} was changed since people enrolled with it.",
                "Put its own manifest and files back (`kenbaar pack fetch`, `kenbaar pack add FOLDER`); a pack that is "
                "meant to be another needs another version.",
            )
        return manifest

    def older(self) -> list[PackInUse]:
        """The other packs at hand that people's templates are of: they are found with those until they renew."""
        in_use = self.manifest().digest
        needed = self._consents.templates.packs() - {in_use}
        return [self._for_workers(*found) for found in packs_at_hand(self._settings.cache, needed)] if needed else []

    def asked(self) -> list[AskedPack]:
        """The packs to ask with, opened: the one in use, and those of people who have not renewed."""
        older = [AskedPack(load_pack(p.folder, threads=os.cpu_count() or 1), p.threshold) for p in self.older()]
        return [AskedPack(self.opened, self.threshold), *older]

    def names(self) -> dict[str, str]:
        """digest -> name and version of every pack at hand."""
        found = packs_at_hand(self._settings.cache)
        with suppress(PackUnavailable, PackBroken):
            found.append((self.folder, read_manifest(self.folder)))
        return {manifest.digest: f"{manifest.name} {manifest.version}" for _, manifest in found}

    def of(self, subject: str) -> ModelPack:
        """The pack to compare this person's face with: the one in use, or the one their template is of."""
        older = self._older_of(subject)
        return load_pack(older.folder, threads=os.cpu_count() or 1) if older else self.opened

    def threshold_of(self, subject: str) -> Threshold:
        """The operating point of that pack."""
        older = self._older_of(subject)
        return older.threshold if older else self.threshold

    def _older_of(self, subject: str) -> PackInUse | None:
        theirs = {t.pack for t in self._consents.templates.packs_of(subject)}
        if not theirs or self.threshold.pack in theirs:
            return None
        return next((pack for pack in self.older() if pack.digest in theirs), None)

    def _for_workers(self, folder: Path, manifest: Manifest) -> PackInUse:
        threshold = threshold_in_force(self._consents.store, pack_default(manifest))
        return PackInUse(folder, manifest.digest, manifest.embedder.dim, threshold)

    @cached_property
    def threshold(self) -> Threshold:
        """The operating point in force: the one this archive adopted for the pack in use, else the pack's own."""
        return self.in_use().threshold


def note_of(manifest: Manifest) -> str:
    """Under which name the archive notes which pack of this name and version people enrolled with."""
    return f"pack {manifest.name} {manifest.version}"
