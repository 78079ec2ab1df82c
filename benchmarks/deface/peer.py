"""deface's own image path: CenterFace at the photo's full size, score 0.2, boxes half as large again, painted over.

`--replacewith solid`, so that all copies can be judged alike; blurring, its default, takes a little longer. It runs on
ONNX Runtime here, its faster backend, which a bare `pip install deface` does not bring.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.protocol import Answer, Beginning, PeerRefused, Work, serve


def load(begin: Beginning) -> tuple[Work, dict[str, str]]:
    """The work, with the detector loaded, in one thread as everybody."""
    import cv2
    import onnxruntime

    whole_session = onnxruntime.InferenceSession

    def one_thread(*args, **options):  # type: ignore[no-untyped-def]
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = settings.inter_op_num_threads = 1
        return whole_session(*args, sess_options=settings, **options)

    onnxruntime.InferenceSession = one_thread
    cv2.setNumThreads(1)
    from deface.centerface import CenterFace
    from deface.deface import image_detect

    detector = CenterFace(in_shape=None, backend="auto", override_execution_provider="CPUExecutionProvider")
    if detector.backend != "onnxrt":
        raise PeerRefused("It does not find ONNX Runtime in its environment.")

    def work(photo: Path, out: Path) -> Answer:
        target = out / photo.name
        image_detect(
            ipath=str(photo),
            opath=str(target),
            centerface=detector,
            threshold=0.2,
            replacewith=begin.way,
            mask_scale=1.3,
            ellipse=True,
            draw_scores=False,
            enable_preview=False,
            keep_metadata=False,
        )
        return Answer(written=str(target))

    return work, {"deface": version("deface"), "onnxruntime": version("onnxruntime")}


if __name__ == "__main__":
    serve(load)
