"""The database edge: the rooms' stores on SQLAlchemy, for SQLite and PostgreSQL alike.

Two databases that never join: `archive` (names, consents, items, appearances, copies) and `templates` (sealed bytes).
Whoever holds one of them holds no face that can be compared; the keys lie in a third place (kenbaar.keys).

    archive_db = open_database("archive", folder / "archive.db", create=True)
    templates_db = open_database("templates", folder / "templates.db", create=True)          # or a PostgreSQL URL
    consents = SqlConsentStore(archive_db, record_seal)
    collections = SqlCollectionStore(archive_db, record_seal)
    copies = SqlCopyStore(archive_db)
    templates, portraits = SqlTemplateStore(templates_db), SqlPortraitStore(templates_db)
    assert collections.all() == [] and copies.all() == []
    archive_db.close()
    templates_db.close()
"""

from kenbaar.storage._access import SqlCredentialStore
from kenbaar.storage._cases import SqlCaseStore
from kenbaar.storage._collections import SqlCollectionStore
from kenbaar.storage._consents import SqlConsentStore
from kenbaar.storage._copies import SqlCopyStore
from kenbaar.storage._database import Database, open_database
from kenbaar.storage._portraits import SqlPortraitStore
from kenbaar.storage._staff import SqlStaffStore
from kenbaar.storage._subject_requests import SqlRequestStore
from kenbaar.storage._templates import SqlTemplateStore
from kenbaar.storage._tokens import SqlTokenStore

__all__ = [
    "Database",
    "SqlCaseStore",
    "SqlCollectionStore",
    "SqlConsentStore",
    "SqlCopyStore",
    "SqlCredentialStore",
    "SqlPortraitStore",
    "SqlRequestStore",
    "SqlStaffStore",
    "SqlTemplateStore",
    "SqlTokenStore",
    "open_database",
]
