"""The demo: the whole story on real photographs, as a user would play it. An edge: nothing in the house imports it.

Rules: it calls the same commands as everybody, and shows each; the people are stand-ins and that is said wherever they
are seen; a number is measured in this run; a refusal that does not come stops the demo; it touches its own folder only.

    folder = clear_stage(Path("kenbaar-demo"))        # new, or an earlier demo's, cleared
    stage = Stage(folder, call, tell)                 # call runs a command, tell prints a line
    told = tell_story(stage, fetch_demo_photos(cache, say))
    told.numbers                                      # what was measured
    write_page(told, stage.steps, folder)             # demo.html: before and after, one file
"""

from kenbaar.demo._page import write_page
from kenbaar.demo._stage import Stage, clear_stage
from kenbaar.demo._story import Told, tell_story

__all__ = ["Stage", "Told", "clear_stage", "tell_story", "write_page"]
