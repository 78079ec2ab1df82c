"""Copies in which everybody is masked, except those who agreed to be seen there.

- Mask first, reveal by consent: who is revealed is an argument, and there is no default but nobody.
- A mask is opaque and reaches past its face; where a mask and a revealed face overlap, the mask wins.
- The finished file is read back and looked at again; a doubt holds the copy, and nothing of it is visible.
- Knows boxes, pixels and files; not who people are, nor whether they agreed.

    photo = open_photo(path)
    faces = find_all_faces(photo, pack.find_faces, PUBLISH)
    plan = plan_masks(faces, revealed, photo.width, photo.height, block_px=photo.block_px)
    copy = write_checked_copy(photo, plan, rights, target, pack.find_faces)
    copy.digest or copy.held
"""

from kenbaar.publish._copy import CheckedCopy, check_copy, render_copy, scan_copy, write_checked_copy
from kenbaar.publish._mask import CopyPlan, covered, mask, mask_box, plan_masks
from kenbaar.publish._recheck import PUBLISH, RECHECK, DetectionSchedule, Look, find_all_faces, find_exposed

__all__ = [
    "PUBLISH",
    "RECHECK",
    "CheckedCopy",
    "CopyPlan",
    "DetectionSchedule",
    "Look",
    "check_copy",
    "covered",
    "find_all_faces",
    "find_exposed",
    "mask",
    "mask_box",
    "plan_masks",
    "render_copy",
    "scan_copy",
    "write_checked_copy",
]
