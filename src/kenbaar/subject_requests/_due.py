"""The clock of a request: one month, by the calendar (GDPR art. 12(3); Regulation 1182/71 art. 3(2)(c))."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

TO_ANSWER, AT_MOST = 1, 3  # months from the day it came: to answer, and where it is complex and the person was told so


def months_later(day: date, months: int) -> date:
    """The same day so many months on; the last of the month where there is no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
