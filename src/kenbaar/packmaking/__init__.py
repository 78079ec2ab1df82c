"""Making model packs: published weights fetched by digest, converted, made smaller, checked; packs brought along.

Nothing here runs when people are found or masked: that is modelpack, which only opens what lies in the cache.

    place = add_pack(own_pack, cache)                        # a folder with a manifest and ONNX files
    assert filled_manifest(own_pack).digest == load_pack(place).digest

`fetch_default_pack(cache, say)` fetches the default pack, once; it is offline from then on. `fetch_fast_pack` makes the
fast one of it. `fetch_dlib_pack` and `fetch_dlib_fast_pack`: what they were before, for people enrolled with them.
`fetch_demo_photos` gets the demo's photographs.
"""

from kenbaar.modelpack._at_hand import DEFAULT, DLIB, DLIB_FAST, FAST
from kenbaar.packmaking._add import add_pack, filled_manifest
from kenbaar.packmaking._by_address import WORKED, fetch_by_address
from kenbaar.packmaking._demo import fetch_demo_photos
from kenbaar.packmaking._fetch import Progress
from kenbaar.packmaking._fetch_default import fetch_default_pack, fetch_dlib_pack
from kenbaar.packmaking._fetch_fast import fetch_dlib_fast_pack, fetch_fast_pack

FETCHED = {  # the packs that come with Kenbaar, by the name they are fetched by
    DEFAULT: fetch_default_pack,
    FAST: fetch_fast_pack,
    DLIB: fetch_dlib_pack,
    DLIB_FAST: fetch_dlib_fast_pack,
}

__all__ = [
    "FETCHED",
    "WORKED",
    "Progress",
    "add_pack",
    "fetch_by_address",
    "fetch_default_pack",
    "fetch_demo_photos",
    "fetch_dlib_fast_pack",
    "fetch_dlib_pack",
    "fetch_fast_pack",
    "filled_manifest",
]
