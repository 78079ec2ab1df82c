"""Archives with very many made-up people, for benchmarks and tests: rows put straight into the databases.

Not part of the application: in it nobody is enrolled but by an invitation and their own answer.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import sqlalchemy as sa

from kenbaar.archive import Archive
from kenbaar.consent import Grant, Purpose, SealedTemplate, Subject
from kenbaar.keys import new_data_key, pack_vectors, seal_template, wrap_data_key
from kenbaar.storage import Database
from kenbaar.storage._consents import _grant_row, _subject_row
from kenbaar.storage._tables import grants as grants_table
from kenbaar.storage._tables import sealed_templates as templates_table
from kenbaar.storage._tables import subjects as subjects_table


def put_people(archive_db: Database, people: list[Subject], grants: list[Grant]) -> None:
    """These people with these grants, in one transaction."""
    with archive_db.write() as c:
        if people:
            c.execute(sa.insert(subjects_table), [_subject_row(s) for s in people])
        if grants:
            c.execute(sa.insert(grants_table), [_grant_row(g) for g in grants])


def put_templates(templates_db: Database, templates: list[SealedTemplate]) -> None:
    """These sealed templates, in one transaction."""
    rows = [{"subject": t.subject, "pack": t.pack, "version": t.version, "sealed": t.sealed} for t in templates]
    with templates_db.write() as c:
        c.execute(sa.insert(templates_table), rows)


def forge_people(archive: Archive, people: int, first: int = 0) -> list[str]:
    """So many made-up people with random templates, each with a real key, grant and sealed template; their ids.

    first: their numbers begin with this one.
    """
    if not people:
        return []
    now, pack, rng = datetime.now(UTC), archive.pack, np.random.default_rng(20261121 + first)
    vectors = rng.normal(size=(people, pack.dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    find = Purpose.parse("find")
    logs = archive.keys.add_many("log", people, at=now)
    subjects, grants, templates, data_keys = [], [], [], []
    for i, n in enumerate(range(first, first + people)):
        subject, data_key = f"s-bench{n:07d}", new_data_key()
        sealed = seal_template(data_key, pack_vectors(vectors[i : i + 1]), subject=subject, pack=pack.digest, version=1)
        template = SealedTemplate(subject, pack.digest, 1, sealed)
        made = {"enrolled_at": now, "log_key": logs[i][0], "salt": secrets.token_bytes(16)}
        subjects.append(Subject(subject, "made up", "organisation", now, **made))  # type: ignore[arg-type]
        until = now + timedelta(days=365)
        grants.append(
            Grant(f"g-bench{n:07d}", subject, find, "", None, now, until, pack=pack.digest, template=template.digest)
        )
        templates.append(template)
        data_keys.append(data_key)
    facts = [grant.facts(subject) for grant, subject in zip(grants, subjects, strict=True)]
    keys = archive.keys.add_many("purpose", people, at=now, facts=facts)
    grants = [
        replace(grant, key_id=key_id, wrapped_key=wrap_data_key(key, data_key))
        for grant, (key_id, key), data_key in zip(grants, keys, data_keys, strict=True)
    ]
    archive_db, templates_db = archive._databases
    with archive.journal.writing():
        put_templates(templates_db, templates)
        put_people(archive_db, subjects, grants)
    return [s.id for s in subjects]
