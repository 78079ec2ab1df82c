"""Videos in, upright frames out; faces linked to tracks; and masked copies written, with nothing else in the file.

- Whoever's video it is, it is decoded by another process, which holds no key and no gallery, and opens no file but it.
- Time stamps are exact: they are told as the file has them, and a copy's are the same.
- A track is one face through time, within one shot, by place and motion alone. It says nothing of who it is.
- A frame of a copy is painted over where the plan says; a frame that nobody looked at is covered whole.
- Refusals are VideoUnreadable, with a sentence that holds no name and no path.
- Knows no person, no database and no settings.

    tracker = Tracker()
    with looking(clip, Pace(every_s=0.2, moving_s=0.1, still_s=0.5)) as video:
        for frame in video.frames():
            seen = [Seen(frame.n, frame.at_s, face.box) for face in pack.detect_faces(frame)]
            tracker.add(frame.at_s, seen, begins_shot=frame.begins_shot)
    with copy.open("w+b") as file:
        render_video(clip, file.fileno(), [(0, 30, Box(0, 0, 64, 64))], video.pts, keep_sound=False)
"""

from kenbaar.video._encode import encode_frames
from kenbaar.video._limits import DEFAULT_VIDEO_LIMITS, VideoLimits
from kenbaar.video._moment import open_moment
from kenbaar.video._outside import Looking, Pace, digest_video, looking, render_video
from kenbaar.video._tracking import GAP_S, Seen, Track, Tracker
from kenbaar.video._values import Frame, VideoEnd, VideoInfo

__all__ = [
    "DEFAULT_VIDEO_LIMITS",
    "GAP_S",
    "Frame",
    "Looking",
    "Pace",
    "Seen",
    "Track",
    "Tracker",
    "VideoEnd",
    "VideoInfo",
    "VideoLimits",
    "digest_video",
    "encode_frames",
    "looking",
    "open_moment",
    "render_video",
]
