"""The API for programs: /api/v1, a row for each act that makes sense over HTTP, described in OpenAPI 3.1.

A row says which act, and nothing of what the act does. Programs bring a token of an account (`kenbaar staff token`);
cookies are not looked at. Errors have one shape (RFC 9457), lists one way to turn pages, what takes long is a job.
"""

from kenbaar.web.api._answers import add_api, api_error
from kenbaar.web.api._openapi import described
from kenbaar.web.api._rows import NOT_HERE, ROWS

__all__ = ["NOT_HERE", "ROWS", "add_api", "api_error", "described"]
