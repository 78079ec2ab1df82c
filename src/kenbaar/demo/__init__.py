"""The demo: the whole story on real photographs, as a user would play it. An edge: nothing in the house imports it.

Rules: it calls the same commands as everybody, and shows each; the people are stand-ins and that is said wherever they
are seen; a number is measured in this run; a refusal that does not come stops the demo; it touches its own folder only.

`clear_stage` makes the folder, or clears an earlier demo's. `tell_story` plays the story on a `Stage` (which runs each
command and tells it) with the photos of packmaking's `fetch_demo_photos`, and returns what was measured; `write_page`
writes demo.html: before and after, one file.
"""

from kenbaar.demo._page import write_page
from kenbaar.demo._stage import Stage, clear_stage
from kenbaar.demo._story import Told, tell_story

__all__ = ["Stage", "Told", "clear_stage", "tell_story", "write_page"]
