"""What goes out: copies in which everybody is masked but those who agreed to be seen there, and the record of them.

Rules: mask first, reveal by consent; a mask is opaque and its place does not depend on the face; the finished bytes are
checked once more, and a face that is neither masked nor allowed holds the photo back; nothing half-written is ever
visible; who is shown is on record before the file has its name.

    publisher = Publisher(consents, collections, copies, journal, home)
    report = publisher.publish(actor, "party", Path("public"), "web", pack, limits, say=bar)
    report.held                                   # photos a person should look at
    plan = plan_masks(detect_all(photo, pack, PUBLISH), revealed, photo.width, photo.height)
    mask(photo.pixels, plan.masks)
    copies.showing("s-7xk2m9qa")                  # what still shows them
"""

from kenbaar.publish._copy import CopyCheck, check_copy, render_copy, scan_copy
from kenbaar.publish._make import MadeCopy, make_copy, merge_boxes
from kenbaar.publish._mask import GRID_PX, MASK_COLOUR, CopyPlan, covered, mask, mask_box, plan_masks
from kenbaar.publish._publisher import Held, Publisher, PublishReport
from kenbaar.publish._recheck import find_exposed
from kenbaar.publish._records import Copy, CopyStore
from kenbaar.publish._tasks import CopyTask, MakeCopies

__all__ = [
    "GRID_PX",
    "MASK_COLOUR",
    "Copy",
    "CopyCheck",
    "CopyPlan",
    "CopyStore",
    "CopyTask",
    "Held",
    "MadeCopy",
    "MakeCopies",
    "PublishReport",
    "Publisher",
    "check_copy",
    "covered",
    "find_exposed",
    "make_copy",
    "mask",
    "mask_box",
    "merge_boxes",
    "plan_masks",
    "render_copy",
    "scan_copy",
]
