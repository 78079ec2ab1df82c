"""The web app: pages for the person in the picture and for those who keep the pictures, and an API. An edge.

Rules: a page parses, calls one act, renders its answer; it holds no rule of its own. Who may open which page is one
table (`Site.rows`); whatever is not in it does not exist. Pages work without JavaScript, camera and passkeys aside; no
byte comes from elsewhere. Sessions are kept in this process's memory alone, keys that people brought along included,
and are forgotten when they leave, wait too long, or the server stops.

    Place(port=8420).check()                              # this machine alone: nobody can read along
    app = make_app(archive, origin="http://localhost:8420")          # an ASGI application
    assert app.state.site.rows                            # the table of pages
"""

from kenbaar.web._app import make_app
from kenbaar.web._serve import Place, serve

__all__ = ["Place", "make_app", "serve"]
