"""DeepFace's own find(), with the weights that can be had from a package index: model Dlib. Way: the detector."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.protocol import Answer, Beginning, Found, Work, serve

MODEL = "Dlib"


def load(begin: Beginning) -> tuple[Work, dict[str, str]]:
    """The work, with everybody's photo in the folder that find() searches."""
    home = Path(tempfile.mkdtemp(prefix="deepface-peer-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    weights = home / ".deepface" / "weights"
    weights.mkdir(parents=True)
    for file in Path(begin.weights).glob("*.dat"):
        shutil.copy(file, weights)
    database = home / "people"
    database.mkdir()
    for name, photo in begin.people.items():
        shutil.copy(photo, database / f"{name}{Path(photo).suffix}")
    os.environ["DEEPFACE_HOME"] = str(home)
    os.environ["DEEPFACE_BACKEND_ENGINE"] = "tensorflow" if begin.way == "mtcnn" else "onnx"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import cv2
    from deepface import DeepFace

    cv2.setNumThreads(1)

    def find(photo: Path, refresh: bool) -> Answer:
        tables = DeepFace.find(
            str(photo),
            db_path=str(database),
            model_name=MODEL,
            detector_backend=begin.way,
            enforce_detection=False,
            refresh_database=refresh,
            silent=True,
        )
        return Answer([face for table in tables if (face := _face(table)) is not None])

    find(Path(next(iter(begin.people.values()))), refresh=True)  # embeds the folder's people, once
    return lambda photo, _: find(photo, refresh=False), {"deepface": version("deepface"), "opencv": cv2.__version__}


def _face(table) -> Found | None:  # type: ignore[no-untyped-def]
    """The best of those whom find() lists for one face. A face like nobody's has an empty table, without its place."""
    if not len(table):
        return None
    best = table.sort_values("distance").iloc[0]
    x, y, width, height = (float(best[f"source_{side}"]) for side in "xywh")
    return Found((x, y, x + width, y + height), Path(best["identity"]).stem)


if __name__ == "__main__":
    serve(load)
