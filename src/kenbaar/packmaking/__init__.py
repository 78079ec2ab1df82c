"""Making model packs: published weights fetched by digest, converted, made smaller, checked; packs brought along.

Nothing here runs when people are found or masked: that is modelpack, which only opens what lies in the cache.

    fetch_default_pack(cache, say=print)      # once; offline from then on
    fetch_fast_pack(cache, say=print)         # made from the default pack
    add_pack(Path("my-pack"), cache)          # a folder with a manifest and ONNX files
    fetch_demo_photos(cache, say=print)
"""

from kenbaar.packmaking._add import add_pack, filled_manifest
from kenbaar.packmaking._demo import fetch_demo_photos
from kenbaar.packmaking._fetch import Progress
from kenbaar.packmaking._fetch_default import fetch_default_pack
from kenbaar.packmaking._fetch_fast import fetch_fast_pack

__all__ = [
    "Progress",
    "add_pack",
    "fetch_default_pack",
    "fetch_demo_photos",
    "fetch_fast_pack",
    "filled_manifest",
]
