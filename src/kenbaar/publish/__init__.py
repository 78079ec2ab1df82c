"""What goes out: copies in which everybody is masked but those who agreed to be seen there, and the record of them.

Rules: mask first, reveal by consent; a mask is opaque and its place does not depend on the face; the finished bytes are
checked once more, and a face that is neither masked nor allowed holds the photo back; nothing half-written is ever
visible; who is shown is on record before the file has its name.

    report = archive.publisher.publish(actor, "party", folder / "public", "web", pack, limits, say=say)
    assert (report.published, report.held) == (1, ())                        # held: photos a person should look at
    plan = plan_masks(detect_all(photo, pack, PUBLISH), [], photo.width, photo.height)
    masked = mask(photo.pixels, plan.masks)
    assert all(covered(face.box, plan.masks) == 1 for face in pack.detect_faces(photo))
    (copy,) = archive.publisher.copies.showing(ada)                          # what still shows her
"""

from kenbaar.publish._copy import CopyCheck, check_copy, render_copy, scan_copy
from kenbaar.publish._make import MadeCopy, make_copy, merge_boxes
from kenbaar.publish._mask import GRID_PX, MASK_COLOUR, CopyPlan, covered, mask, mask_box, plan_masks
from kenbaar.publish._publisher import Held, Publisher, PublishReport
from kenbaar.publish._recheck import find_exposed
from kenbaar.publish._records import Copy, CopyStore
from kenbaar.publish._tasks import CopyTask, MakeCopies
from kenbaar.publish._video import KnownTrack, Sound, make_video_copy

__all__ = [
    "GRID_PX",
    "MASK_COLOUR",
    "Copy",
    "CopyCheck",
    "CopyPlan",
    "CopyStore",
    "CopyTask",
    "Held",
    "KnownTrack",
    "MadeCopy",
    "MakeCopies",
    "PublishReport",
    "Publisher",
    "Sound",
    "check_copy",
    "covered",
    "find_exposed",
    "make_copy",
    "make_video_copy",
    "mask",
    "mask_box",
    "merge_boxes",
    "plan_masks",
    "render_copy",
    "scan_copy",
]
