"""What a photo may weigh, as the settings say."""

from __future__ import annotations

from kenbaar.media import PhotoLimits
from kenbaar.settings import Settings


def photo_limits(settings: Settings) -> PhotoLimits:
    """The limits within which photos are opened."""
    return PhotoLimits(
        max_pixels=settings.max_megapixels * 1_000_000,
        max_bytes=settings.max_photo_mb * 1_000_000,
        max_seconds=settings.untrusted_seconds,
        max_full_pixels=settings.max_full_megapixels * 1_000_000,
        max_side=settings.max_side_px,
        max_ratio=settings.max_ratio,
    )
