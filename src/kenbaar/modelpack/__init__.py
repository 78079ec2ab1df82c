"""The model pack: finds faces, aligns them, makes templates. Knows no person, no consent, no threshold's use.

- A pack is a folder with a manifest.json and ONNX files. The manifest says how the files are fed and read and what is
  known about them; nothing is guessed. Its canonical SHA-256 is the pack's digest, which every template carries.
- What is hashed is what is run: files are read once, checked, and opened from those bytes.
- Faces come back in px of the full photo, whatever scale it was decoded at, sorted by box; boxes are whole px in it.
- Templates are unit vectors; one by one or in a batch, they are the same. A network that answers with anything but
  finite numbers of the stated shape is a broken pack, never a face.
- No state between calls, no files written, no network: what fetches and converts weights is packmaking.

    pack = load_pack(find_pack(cache, settings.pack))        # "default", "fast", the name of an added pack, a folder
    faces = pack.detect_faces(photo)
    templates = pack.make_templates(photo, faces)
    problems = QualityGate().problems(pack.measure_quality(photo, faces[0]))
    assert templates[0].pack == pack.digest and pack.operating_point.accept == 0.7
"""

from kenbaar.modelpack._at_hand import (
    OURS,
    default_pack_folder,
    dlib_fast_pack_folder,
    dlib_pack_folder,
    fast_pack_folder,
    find_pack,
    packs_at_hand,
)
from kenbaar.modelpack._card import describe_pack, model_card
from kenbaar.modelpack._detect import HINT_SCORE, PhotoPixels
from kenbaar.modelpack._manifest import (
    DetectorSpec,
    EmbedderSpec,
    Manifest,
    Measured,
    OperatingPoint,
    PackFile,
    Provenance,
    parse_manifest,
    read_manifest,
)
from kenbaar.modelpack._pack import OnnxPack, load_pack
from kenbaar.modelpack._protocol import FaceDetector, FaceEmbedder, FaceGrader, ModelPack
from kenbaar.modelpack._quality import FaceQuality, QualityGate
from kenbaar.modelpack._wrapped import WrappedPack

__all__ = [
    "HINT_SCORE",
    "OURS",
    "DetectorSpec",
    "EmbedderSpec",
    "FaceDetector",
    "FaceEmbedder",
    "FaceGrader",
    "FaceQuality",
    "Manifest",
    "Measured",
    "ModelPack",
    "OnnxPack",
    "OperatingPoint",
    "PackFile",
    "PhotoPixels",
    "Provenance",
    "QualityGate",
    "WrappedPack",
    "default_pack_folder",
    "describe_pack",
    "dlib_fast_pack_folder",
    "dlib_pack_folder",
    "fast_pack_folder",
    "find_pack",
    "load_pack",
    "model_card",
    "packs_at_hand",
    "parse_manifest",
    "read_manifest",
]
