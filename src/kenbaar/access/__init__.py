"""How people and staff show in a browser who they are: codes and passkeys. A face is never one of them.

Rules: of a code its digest is kept, of a passkey its public key; a row that was edited signs nobody in; a code or
passkey that is made is in the ledger, for whom it is made to see; a person's go when they leave. Each has a key in the
key store, destroyed with it: a row that is put back signs nobody in. Nobody makes a code for somebody else.

    token, until = archive.access.new_link(actor, ada)    # given to her; she makes her code with it, once
    assert archive.access.subject_of_link(token) == ada
    code = archive.access.new_code(subject_actor(ada), ada)      # shown once; the one before is good for nothing
    assert archive.access.subject_of(code) == ada
"""

from kenbaar.access._access import Access
from kenbaar.access._records import Credential, CredentialKind, CredentialStore

__all__ = ["Access", "Credential", "CredentialKind", "CredentialStore"]
