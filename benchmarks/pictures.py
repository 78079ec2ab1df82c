"""The pictures that everybody gets, with the truth about them; and a judge of masked copies.

Runs in Kenbaar's environment. `python -m benchmarks.pictures compose FOLDER COUNT` writes photos and truth.json;
`... judge` reads [{"copy", "colour", "faces"}] from standard input and answers with a list of true and false for each
copy.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

Corners = tuple[int, int, int, int]
# Faces in the demo's photographs, eyebrows to chin, drawn by hand: no detector's own boxes are the truth here.
FACES = {
    "astronaut.png": (187, 67, 269, 179),
    "biden.jpg": (398, 204, 679, 582),
    "obama2.jpg": (207, 263, 488, 604),
    "obama3.jpg": (631, 287, 903, 652),
}
IN_PHOTOS = ("astronaut.png", "biden.jpg", "obama2.jpg")
ENROLLED = {"a": "astronaut.png", "b": "biden.jpg", "c": "obama3.jpg"}  # c: with another photo than the one to be found
PEOPLE = {"astronaut.png": "a", "biden.jpg": "b", "obama2.jpg": "c"}
BEHIND = "coffee.png"
GROUPS = (0, 4, 8, 12)  # of compose_crowds: 1080p with 2, 5, 12 and 30 people
NEAR = 24  # levels: what JPEG changes in a painted area
HIDDEN = 0.75  # of a face painted over: it counts as masked


def compose(folder: Path, count: int) -> None:
    """Writes photos/ (1080p, three faces each), groups/ (1080p, 2 to 30 faces) and truth.json.

    truth: people (name -> photo to enrol), photos and groups (file -> list of box and name or null).
    """
    from PIL import Image

    from kenbaar.faces import Box
    from kenbaar.measure import compose_crowds, compose_photos
    from kenbaar.packmaking import fetch_default_pack, fetch_demo_photos
    from kenbaar.settings import load_settings

    cache = load_settings(folder).cache
    fetch_default_pack(cache, lambda _: None)
    demo = fetch_demo_photos(cache, lambda _: None)
    portraits = [(PEOPLE[name], Image.open(demo / name).size, FACES[name]) for name in IN_PHOTOS]
    compose_photos([demo / name for name in IN_PHOTOS], demo / BEHIND, folder / "photos", count)
    crowds = compose_crowds(
        [(demo / name, Box(*box)) for name, box in FACES.items()], [demo / BEHIND], folder / "crowds", max(GROUPS) + 1
    )
    (folder / "groups").mkdir(exist_ok=True)
    groups = {}
    for n, crowd in enumerate(crowds):
        if n in GROUPS:
            crowd.path.replace(folder / "groups" / crowd.path.name)
            groups[crowd.path.name] = [{"box": face.as_list(), "name": None} for face in crowd.faces]
        else:
            crowd.path.unlink()
    (folder / "crowds").rmdir()
    truth = {
        "people": {name: str(demo / photo) for name, photo in ENROLLED.items()},
        "photos": {f"{n:06d}.jpg": truth_of(portraits, n) for n in range(count)},
        "groups": groups,
    }
    (folder / "truth.json").write_text(json.dumps(truth, indent=1), "utf-8")


def truth_of(portraits: list[tuple[str, tuple[int, int], Corners]], n: int) -> list[dict[str, Any]]:
    """Whom compose_photos has put where in its n-th photo, of these portraits: name, size, and where the face is."""
    from kenbaar.measure._pictures import _DIFFERENT, HEIGHT_PX, PORTRAITS, WIDTH_PX

    told, i = [], n % _DIFFERENT
    for place in range(PORTRAITS):
        name, (width, height), face = portraits[(i + place) % len(portraits)]
        scale = min(1.0, (WIDTH_PX // PORTRAITS - 60) / width, HEIGHT_PX * 2 // 3 / height)
        left, top = 30 + WIDTH_PX // PORTRAITS * place, 120 + 30 * i
        x_min, y_min, x_max, y_max = (scale * side for side in face)
        told.append({"box": [left + x_min, top + y_min, left + x_max, top + y_max], "name": name})
    return told


def judge(copies: list[dict[str, Any]]) -> list[list[bool]]:
    """For each copy, which of the faces in it are masked: painted over, by the finished file's own pixels."""
    import numpy as np
    from PIL import Image

    verdicts = []
    for told in copies:
        pixels = np.asarray(Image.open(told["copy"]).convert("RGB"), np.int16)
        painted = np.abs(pixels - np.array(told["colour"], np.int16)).max(axis=2) <= NEAR
        verdicts.append(
            [
                bool(painted[round(y0) : round(y1), round(x0) : round(x1)].mean() >= HIDDEN)
                for x0, y0, x1, y1 in told["faces"]
            ]
        )
    return verdicts


if __name__ == "__main__":
    if sys.argv[1] == "compose":
        compose(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        json.dump(judge(json.load(sys.stdin)), sys.stdout)
