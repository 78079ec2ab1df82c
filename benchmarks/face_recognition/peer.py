"""face_recognition 1.3 as its README has it: HOG detector, five points, dlib's ResNet, distance 0.6.

Way: how often the photo is enlarged before faces are looked for: "1" as it comes, "0" for speed.

Its own code runs, unchanged. What it asks face_recognition_models for, a package of paths that needs a module which
newer setuptools do not have, is answered here. The 68-point predictor is not loaded: it was trained on pictures that
may not be used commercially, and face_encodings does not use it unless asked; the five-point one stands in for it.
"""

from __future__ import annotations

import sys
import types
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.protocol import Answer, Beginning, Found, Work, serve


def load(begin: Beginning) -> tuple[Work, dict[str, str]]:
    """The work, with everybody's encoding at hand."""
    weights = Path(begin.weights)
    five = str(weights / "shape_predictor_5_face_landmarks.dat")
    paths = types.ModuleType("face_recognition_models")
    paths.pose_predictor_model_location = lambda: five  # type: ignore[attr-defined]
    paths.pose_predictor_five_point_model_location = lambda: five  # type: ignore[attr-defined]
    cnn, resnet = weights / "mmod_human_face_detector.dat", weights / "dlib_face_recognition_resnet_model_v1.dat"
    paths.cnn_face_detector_model_location = lambda: str(cnn)  # type: ignore[attr-defined]
    paths.face_recognition_model_location = lambda: str(resnet)  # type: ignore[attr-defined]
    sys.modules["face_recognition_models"] = paths
    import face_recognition as fr
    import numpy as np

    names = list(begin.people)
    known = [fr.face_encodings(fr.load_image_file(begin.people[name]))[0] for name in names]
    times = int(begin.way)

    def work(photo: Path, _: Path) -> Answer:
        picture = fr.load_image_file(photo)
        places = fr.face_locations(picture, number_of_times_to_upsample=times)
        faces = []
        for (top, right, bottom, left), encoding in zip(places, fr.face_encodings(picture, places), strict=True):
            nearest = int(np.argmin(fr.face_distance(known, encoding)))
            matches = fr.compare_faces(known, encoding)
            faces.append(Found((left, top, right, bottom), names[nearest] if matches[nearest] else None))
        return Answer(faces)

    return work, {"face_recognition": version("face_recognition"), "dlib-bin": version("dlib-bin")}


if __name__ == "__main__":
    serve(load)
