"""All pages: each module's `add(site)` enters its own."""

from collections.abc import Callable

from kenbaar.web._site import Site
from kenbaar.web.pages import (
    accounts,
    asking,
    collections,
    enrol,
    ledger,
    mine,
    passkeys,
    people,
    pointing,
    public,
    publishing,
    reports,
    requests,
    rights,
    signing_in,
)

PAGES: tuple[Callable[[Site], None], ...] = (
    public.add,
    signing_in.add,
    passkeys.add,
    enrol.add,
    mine.add,
    asking.add,
    rights.add,
    people.add,
    accounts.add,
    collections.add,
    pointing.add,
    publishing.add,
    ledger.add,
    reports.add,
    requests.add,
)
