"""Numbered frames become a video or an animated picture; what is known of both before any frame is made."""

from __future__ import annotations

import os
from collections.abc import Iterable

from posewarp_tf.errors import DataError
from posewarp_tf.inference.driving_job import ANIMATION_NAME, DrivingJob
from posewarp_tf.inference.frames_folder import FramesFolder
from posewarp_tf.video.animations import ANIMATION_SUFFIXES, write_animation
from posewarp_tf.video.reading import VideoReader
from posewarp_tf.video.writing import write_video

# Players give up on videos much larger than this, in pixels of the longer side.
MAX_FILM_SIDE = 1920
# Animated pictures hold all their frames in memory while they are written; what is longer is a video.
MAX_ANIMATED = 1000


def size_of_frames(job: DrivingJob, size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) of the frames from a picture of this size: smaller ones, which it says, make a large video.

    Frames that go into a folder are as large as the picture.
    """
    scale = MAX_FILM_SIDE / max(size)
    if not job.output_suffix or scale >= 1:
        return size
    height, width = (max(1, round(scale * side)) for side in size)
    print(f'note: the video is made of {height}x{width} pixels, at most {MAX_FILM_SIDE} on the longer side')
    return height, width


def require_short(job: DrivingJob, video: VideoReader) -> None:
    """Raises a DataError where a video has too many frames for the animated picture that is asked for."""
    if job.output_suffix in ANIMATION_SUFFIXES and (video.num_frames or 0) > MAX_ANIMATED:
        raise DataError(
            f'--output: got {job.output!r} for about {video.num_frames} frames, expected at most {MAX_ANIMATED} in an '
            'animated picture: write an .mp4, or give --max_seconds or a lower --fps'
        )


def sound_of(job: DrivingJob, video: VideoReader) -> str | None:
    """The video whose sound goes into the answer; says so where sound is lost."""
    if not (video.has_sound and job.with_sound):
        return None
    if job.output_suffix in ('', *ANIMATION_SUFFIXES):
        print(f'note: the sound of {job.poses} is not carried over: frames and animated pictures have none')
        return None
    return job.poses


def finish(
    job: DrivingJob, folder: FramesFolder, num_kept: int, fps: float, sound: str | None, scraps: Iterable[str]
) -> None:
    """Makes the video or animation of all frames, and says what was written.

    Args:
        num_kept: of the frames those of an earlier run.
        sound: the video whose sound goes with them.
        scraps: names of files in the folder that go with the frames once there is a video.
    """
    num_frames = len(folder.frames)
    kept = f' ({num_kept} of them kept from an earlier run)' if num_kept else ''
    if job.output_suffix:
        write_video(job.output, folder.frames, fps, sound, job.start)
        folder.remove(scraps)
        words = ' and the sound' if sound else ''
        print(f'written: {job.output}, {num_frames} frames{kept} at {fps:.6g} per second{words}')
    elif job.is_video and num_frames > MAX_ANIMATED:
        print(f'written: {num_frames} frames{kept}; no {ANIMATION_NAME}, which has at most {MAX_ANIMATED}')
    else:
        write_animation(job.frames_folder / ANIMATION_NAME, folder.frames, fps)
        print(f'written: {num_frames} frames{kept} and {os.path.join(job.output, ANIMATION_NAME)}')
