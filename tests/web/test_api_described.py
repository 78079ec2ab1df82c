"""The API keeps what its description says, whatever is sent; and the examples of its page run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig

from kenbaar.web.api import ROWS
from tests.e2e.club import draw_people
from tests.web.site import Served
from tests.web.test_api import Api

PAGE = Path(__file__).parents[2] / "docs" / "api-http.md"
EXAMPLES = 15  # of each address
# Whether somebody may be invited is no question of form: what is well formed may be refused all the same. And a wrong
# token that is made up is replaced by the right one, so not all that is malformed arrives (test_api.py does).
NOT_HELD = {"positive_data_acceptance", "negative_data_rejection", "use_after_free", "ensure_resource_availability"}


def test_the_examples_of_the_page_run(site: Served, tmp_path: Path) -> None:
    site.club.enrol("Dov", "ask")
    draw_people(tmp_path / "photo.jpg", "Dov")
    known: dict[str, Any] = {"origin": site.origin, "token": Api(site).token, "photo": tmp_path / "photo.jpg"}
    pieces = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    for piece in pieces:
        exec(compile(piece, str(PAGE), "exec"), known)
    assert len(pieces) == 6
    assert len(known["people"]) == len(site.archive.consents.store.subjects()) - 1  # Zoe came later
    assert known["job"]["state"] == "done"


@pytest.mark.slow
def test_whatever_is_sent_is_answered_as_described(site: Served) -> None:
    """Well formed and malformed requests to every address: no bug, no answer of another status, kind or shape."""
    api = Api(site)
    site.app.state.site.rates._take = lambda *_: None  # whoever tries everything is too many
    schema = schemathesis.openapi.from_url(f"{site.origin}/api/v1/openapi.json", config=SchemathesisConfig())
    held: list[Any] = [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in NOT_HELD]
    statuses: dict[tuple[str, str], set[int]] = {}
    for found in schema.get_all_operations():
        operation: Any = cast(Any, found).ok()
        seen = statuses.setdefault((operation.method.upper(), operation.path), set())
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            _send(operation.as_strategy(generation_mode=mode), api.token, held, seen)
    assert statuses.keys() >= {(row.method, row.path) for row in ROWS}
    assert all(seen for seen in statuses.values())
    assert sum(200 in seen for (method, _), seen in statuses.items() if method == "GET") >= 8, statuses


def _send(cases: Any, token: str, held: list[Any], seen: set[int]) -> None:
    @given(case=cases)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def holds(case: Any) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {token}"})
        seen.add(answer.status_code)
        case.validate_response(answer, checks=held, headers={"Authorization": f"Bearer {token}"})

    holds()
