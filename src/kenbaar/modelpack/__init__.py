"""The model pack (being built)."""

from kenbaar.modelpack._card import describe_pack, model_card
from kenbaar.modelpack._demo import fetch_demo_photos
from kenbaar.modelpack._detect import PhotoPixels
from kenbaar.modelpack._fetch import Progress
from kenbaar.modelpack._fetch_default import default_pack_folder, fetch_default_pack
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
from kenbaar.modelpack._pack import ModelPack, load_pack
from kenbaar.modelpack._quality import FaceQuality, QualityGate

__all__ = [
    "DetectorSpec",
    "EmbedderSpec",
    "FaceQuality",
    "Manifest",
    "Measured",
    "ModelPack",
    "OperatingPoint",
    "PackFile",
    "PhotoPixels",
    "Progress",
    "Provenance",
    "QualityGate",
    "default_pack_folder",
    "describe_pack",
    "fetch_default_pack",
    "fetch_demo_photos",
    "load_pack",
    "model_card",
    "parse_manifest",
    "read_manifest",
]
