"""Somebody's own template, opened for themselves: what the archive could not show anybody else."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kenbaar.consent import Consents, Sessions
from kenbaar.keys import open_template, unpack_vectors


@dataclass(frozen=True, slots=True, eq=False)
class OwnTemplate:
    """One pack's template of one person. vectors: float32 (photos, d), each of length 1; pack: the pack's digest."""

    pack: str
    version: int
    vectors: NDArray[np.float32] = field(repr=False)


def open_own_template(consents: Consents, subject: str, sessions: Sessions) -> list[OwnTemplate]:
    """Everything a grant in force opens, by pack; [] where no template was made or no grant is left.

    Raises WrongCode, KeyDestroyed, TemplateUnreadable.
    """
    sealed, grants = consents.templates.packs_of(subject), consents.living_grants(subject)
    if not sealed or not grants:
        return []
    data_key = consents.data_key(grants[0], sessions.of(subject))  # each grant wraps the same: any of them opens it
    opened = [
        (t, open_template(data_key, t.sealed, subject=subject, pack=t.pack, version=t.version))
        for t in sorted(sealed, key=lambda t: t.pack)
        if t.digest == grants[0].template
    ]
    return [OwnTemplate(t.pack, t.version, unpack_vectors(plain)) for t, plain in opened]
