"""insightface's FaceAnalysis with its model package buffalo_l, which no package index has: see weights in rows.py.

Its weights are for non-commercial research only, whoever passes them on; nothing here fetches them.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.protocol import Answer, Beginning, Found, Work, serve

SAME = 0.4  # cosine; a customary value, insightface itself states none


def load(begin: Beginning) -> tuple[Work, dict[str, str]]:
    """The work, with everybody's embedding at hand."""
    import cv2
    import numpy as np
    import onnxruntime
    from insightface.app import FaceAnalysis

    cv2.setNumThreads(1)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    app = FaceAnalysis(
        begin.way,
        allowed_modules=["detection", "recognition"],
        providers=["CPUExecutionProvider"],
        sess_options=options,
    )
    app.prepare(ctx_id=-1, det_size=(640, 640))
    names = list(begin.people)
    known = np.stack([_largest(app.get(cv2.imread(begin.people[name]))).normed_embedding for name in names])

    def work(photo: Path, _: Path) -> Answer:
        faces = []
        for face in app.get(cv2.imread(str(photo))):
            scores = known @ face.normed_embedding
            best = int(scores.argmax())
            faces.append(Found(tuple(map(float, face.bbox)), names[best] if scores[best] >= SAME else None))
        return Answer(faces)

    return work, {"insightface": version("insightface"), "onnxruntime": version("onnxruntime")}


def _largest(faces):  # type: ignore[no-untyped-def]
    return max(faces, key=lambda f: (f.bbox[2] - f.bbox[0]) * (f.bbox[3] - f.bbox[1]))


if __name__ == "__main__":
    serve(load)
