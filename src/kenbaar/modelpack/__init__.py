"""The model pack (being built)."""

from kenbaar.modelpack._card import describe_pack, model_card
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

__all__ = [
    "DetectorSpec",
    "EmbedderSpec",
    "Manifest",
    "Measured",
    "ModelPack",
    "OperatingPoint",
    "PackFile",
    "PhotoPixels",
    "Progress",
    "Provenance",
    "default_pack_folder",
    "describe_pack",
    "fetch_default_pack",
    "load_pack",
    "model_card",
    "parse_manifest",
    "read_manifest",
]
