"""Driving by a video: its person is followed, the frames become a video with its sound, a stopped run goes on."""

import dataclasses
import json
import types

import numpy as np
import pytest

from posewarp_tf.detection.people import Person
from posewarp_tf.errors import DataError
from posewarp_tf.inference import driving, film
from posewarp_tf.inference.driving_job import DrivingJob
from posewarp_tf.inference.found_poses import PoseFinder
from posewarp_tf.inference.options import PhotoOptions
from posewarp_tf.inference.placement import Placement
from posewarp_tf.inference.pose_track import poses_of_video
from posewarp_tf.models.registry import model_config
from posewarp_tf.pictures.picture_files import load_image, save_image
from posewarp_tf.video.reading import VideoReader
from tests.run_folders import person, picture
from tests.video.films import found, frame, heard_in, numbers_of, tone, write_film

SIZE = (90, 70)
NUM_FRAMES = 12


def seen(keypoints):
    return Person(keypoints, np.ones(18, np.float32), (0.0, 0.0, 1.0, 1.0), None)


def dancer(number):
    """The pose in a frame of the video of 48x64: half as large, at the right, leaning more and more."""
    return person((45, 35), 2 * number - 10) + np.float32([28, 2])


class Estimator:
    """Knows who is in a frame by the place of the square in it; `absent` frames show nobody."""

    identity = 'knows the square'

    def __init__(self, absent=(), stop_at=None):
        self.asked = []
        self._absent, self._stop_at = absent, stop_at

    def find(self, image):
        (number,) = numbers_of([image])
        if number == self._stop_at:
            raise KeyboardInterrupt
        self.asked.append(number)
        return [] if number in self._absent else [seen(dancer(number))]

    def track(self, image, previous):
        assert np.array_equal(previous.keypoints, dancer(self.asked[-1]))
        return next(iter(self.find(image)), None)


@pytest.fixture
def folder(tmp_path):
    save_image(tmp_path / 'me.png', picture(SIZE))
    rows = [f'{x:.3f} {y:.3f}' for x, y in person(SIZE)]
    (tmp_path / 'me.txt').write_text('\n'.join(rows) + '\n')
    write_film(tmp_path / 'dance.mp4', [frame(number) for number in range(NUM_FRAMES)], sound=tone(1.0))
    return tmp_path


@pytest.fixture
def job(folder):
    return DrivingJob(
        source_image=str(folder / 'me.png'),
        source_keypoints=str(folder / 'me.txt'),
        poses=str(folder / 'dance.mp4'),
        output=str(folder / 'out.mp4'),
        smooth_poses=True,
        is_video=True,
    )


class Stub:
    """A re-poser without a network: its answer is the photo with a bright square where the nose is to be."""

    fingerprint, options = 'stub', PhotoOptions()

    def __init__(self):
        self.struck = []

    def person(self, image, keypoints, maps, mask, others):
        assert maps == {} and keypoints.shape == (18, 2)
        return types.SimpleNamespace(photo=image, keypoints=keypoints, mask=mask, others=others, window=None, inputs={})

    def poses(self, person, keypoints, size, maps):
        assert maps == [{}] * len(keypoints)
        placement = Placement(person.keypoints, keypoints, size, person.photo.shape[:2], 'place')
        return [types.SimpleNamespace(keypoints=placement(pose), window=None, inputs={}) for pose in keypoints]

    def start(self, person):
        return {}

    def repose(self, person, state, pose):
        image = person.photo // 4
        x, y = np.rint(pose.keypoints[0]).astype(int)
        image[y - 3 : y + 4, x - 3 : x + 4] = 250
        self.struck.append((pose.keypoints, image))
        return types.SimpleNamespace(image=image)


def run_driving(stub, job, estimator=None):
    driving.run_driving(lambda: stub, model_config('gfla'), job, PoseFinder(lambda: estimator))


@pytest.fixture
def predictor():
    return Stub()


@pytest.fixture
def struck(predictor):
    """The poses that the predictor was asked for, and its answers."""
    return predictor.struck


def stop_at(monkeypatch, predictor, number):
    """Makes a predictor fail at that frame; returns what to call for it to work again."""
    repose, calls = predictor.repose, iter(range(100))

    def stop(*arguments):
        if next(calls) == number:
            raise KeyboardInterrupt
        return repose(*arguments)

    monkeypatch.setattr(predictor, 'repose', stop)
    return lambda: monkeypatch.setattr(predictor, 'repose', repose)


def test_the_dancer_becomes_a_video_of_the_person_with_the_sound(folder, job, predictor, struck, capsys):
    run_driving(predictor, job, Estimator())
    assert {path.name for path in folder.iterdir()} == {'me.png', 'me.txt', 'dance.mp4', 'out.mp4'}
    video = VideoReader(folder / 'out.mp4')
    frames = list(video)
    assert (len(frames), video.fps, video.size) == (NUM_FRAMES, 25.0, SIZE)
    for shown, (pose, made) in zip(frames, struck):
        assert np.abs(shown.astype(int) - made).mean() < 5
        left, top, width, height = found(shown)
        assert np.abs(np.subtract((left + width / 2, top + height / 2), pose[0])).max() < 2
    _, samples, rate = heard_in(folder / 'out.mp4')
    assert len(samples) / rate == pytest.approx(NUM_FRAMES / 25, abs=0.05)
    # As large as the person of the photo, leaning as the dancer, and in the first frame with the hips where theirs are.
    shift = person(SIZE)[8] - person(SIZE, -10)[8]
    for number, (pose, _) in enumerate(struck):
        assert np.abs(pose - person(SIZE, 2 * number - 10) - shift).max() < 1.5
    words = capsys.readouterr().out
    assert 'dance.mp4: 12 frames of 48x64 at 25 per second, 12 of them show the person\n' in words
    assert 'out.mp4, 12 frames at 25 per second and the sound' in words


def test_a_run_that_was_stopped_in_its_frames_goes_on_without_looking_again(
    folder, job, predictor, monkeypatch, capsys
):
    again = stop_at(monkeypatch, predictor, 5)
    with pytest.raises(KeyboardInterrupt):
        run_driving(predictor, job, Estimator())
    names = {path.name for path in (folder / 'out.mp4.frames').iterdir()}
    assert names == {*(f'frame-{number:05d}.png' for number in range(5)), 'frames.json', 'poses.jsonl'}
    assert not (folder / 'out.mp4').exists()
    again()
    estimator = Estimator()
    run_driving(predictor, job, estimator)
    assert estimator.asked == [] and not (folder / 'out.mp4.frames').exists()
    assert len(list(VideoReader(folder / 'out.mp4'))) == NUM_FRAMES
    assert '12 frames (5 of them kept from an earlier run)' in capsys.readouterr().out


def test_a_run_that_was_stopped_while_looking_goes_on_there(folder, job, predictor, struck):
    with pytest.raises(KeyboardInterrupt):
        run_driving(predictor, job, Estimator(stop_at=7))
    cache = folder / 'out.mp4.frames' / 'poses.jsonl'
    # As a power cut would leave it: the last line is half written.
    cache.write_text(cache.read_text()[:-20])
    estimator = Estimator()
    run_driving(predictor, job, estimator)
    assert estimator.asked == list(range(6, NUM_FRAMES))
    whole = [pose for pose, _ in struck]
    struck.clear()
    run_driving(predictor, dataclasses.replace(job, output=str(folder / 'other.mp4')), Estimator())
    assert np.array_equal(whole, [pose for pose, _ in struck])


@pytest.mark.parametrize('changes', [{'overwrite': True}, {'fps': 12.5}, {'start': 0.12}])
def test_poses_of_another_part_or_to_be_overwritten_are_found_anew(folder, job, predictor, changes):
    job = dataclasses.replace(job, output=str(folder / 'out'))
    run_driving(predictor, job, Estimator())
    assert (folder / 'out' / 'poses.jsonl').exists()
    estimator = Estimator()
    run_driving(predictor, dataclasses.replace(job, **{'overwrite': True, **changes}), estimator)
    assert len(estimator.asked) == len(list((folder / 'out').glob('frame-*.png'))) > 5


def test_a_folder_has_the_frames_an_animation_and_the_poses_for_the_next_run(folder, job, predictor, struck, capsys):
    job = dataclasses.replace(job, output=str(folder / 'out'))
    run_driving(predictor, job, Estimator())
    frames = sorted((folder / 'out').glob('frame-*.png'))
    assert all(np.array_equal(load_image(path), made) for path, (_, made) in zip(frames, struck))
    names = {path.name for path in (folder / 'out').iterdir()} - {path.name for path in frames}
    assert len(frames) == NUM_FRAMES and names == {'animation.gif', 'frames.json', 'poses.jsonl'}
    assert 'the sound of' in capsys.readouterr().out
    struck.clear()
    run_driving(predictor, job, estimator := Estimator())
    assert estimator.asked == [] and struck == []


@pytest.mark.parametrize('suffix', ['.webm', '.gif', '.webp', '.png'])
def test_every_kind_of_video_is_written(folder, job, predictor, suffix):
    run_driving(predictor, dataclasses.replace(job, output=str(folder / f'out{suffix}'), max_seconds=0.2), Estimator())
    assert len(list(VideoReader(folder / f'out{suffix}', fps=25))) == 5
    assert not (folder / f'out{suffix}.frames').exists()


def test_part_and_rate_are_those_asked_for(folder, job, predictor):
    estimator = Estimator()
    run_driving(predictor, dataclasses.replace(job, start=0.12, max_seconds=0.32, fps=12.5), estimator)
    assert estimator.asked == [3, 5, 7, 9]
    assert VideoReader(folder / 'out.mp4').fps == 12.5


def test_frames_that_show_nobody_are_filled_if_few_and_held_if_many(job, predictor, struck, capsys):
    run_driving(predictor, job, Estimator())
    whole = [pose for pose, _ in struck]
    struck.clear()
    run_driving(predictor, job, Estimator(absent=(3, 4)))
    assert np.abs(np.subtract(whole, [pose for pose, _ in struck])).max() < 1
    assert 'note: frames' not in capsys.readouterr().out
    struck.clear()
    run_driving(predictor, job, Estimator(absent=range(2, 9)))
    assert all(np.array_equal(pose, struck[1][0]) for pose, _ in struck[2:9])
    words = capsys.readouterr().out
    assert '5 of them show the person' in words and 'frames 2-8 show nobody: the pose before is held' in words


class Crowd:
    """So many still people; remembers whether it was to search or to track."""

    identity = 'a crowd'

    def __init__(self, size):
        self.calls = ''
        self._people = [seen(dancer(5) - np.float32([20 * number, 0])) for number in range(size)]

    def find(self, image):
        self.calls += 'f'
        return self._people

    def track(self, image, previous):
        self.calls += 't'
        return previous


@pytest.mark.parametrize(('size', 'calls'), [(1, 'f' + 't' * 24 + 'f' + 't' * 4), (2, 'f' * 30), (0, 'f' * 30)])
def test_one_person_is_tracked_and_several_are_searched_for(folder, size, calls):
    video = VideoReader(write_film(folder / 'still.mp4', [frame(0)] * 30))
    crowd = Crowd(size)
    if size:
        sequence = poses_of_video(video, crowd, folder / 'found')
        assert np.abs(sequence.keypoints - dancer(5)).max() < 0.01
    else:
        with pytest.raises(DataError, match='nobody was found'):
            poses_of_video(video, crowd, folder / 'found')
    assert crowd.calls == calls


def test_a_video_without_anybody_leaves_nothing(folder, job, predictor):
    before = set(folder.iterdir())
    with pytest.raises(DataError, match=r'dance\.mp4: nobody was found in any of its 12 frames'):
        run_driving(predictor, job, Estimator(absent=range(NUM_FRAMES)))
    assert set(folder.iterdir()) == before


def test_a_video_that_was_cut_off_is_used_as_far_as_it_goes(folder, job, predictor, capsys):
    images = [frame(number) for number in range(16)]
    path = write_film(folder / 'dance.mp4', images, fps=5, options={'movflags': '+faststart'})
    contents = path.read_bytes()
    pictures = contents.index(b'mdat')
    path.write_bytes(contents[: pictures + (len(contents) - pictures) * 3 // 4])
    run_driving(predictor, job, Estimator())
    words = capsys.readouterr().out
    assert 'of 3.20 s: it was cut off' in words and 'frames that can be read are used' in words
    assert 1 <= len(list(VideoReader(folder / 'out.mp4'))) < 16


def test_the_joints_of_the_photo_are_found_if_they_are_not_given(job, predictor, struck, capsys):
    class OfBoth(Estimator):
        def find(self, image):
            return [seen(person(SIZE))] if image.shape[:2] == SIZE else super().find(image)

    run_driving(predictor, dataclasses.replace(job, source_keypoints=None), OfBoth())
    shift = person(SIZE)[8] - person(SIZE, -10)[8]
    assert np.abs(struck[5][0] - person(SIZE, 0) - shift).max() < 1.5
    assert 'me.png: 18 of 18 joints' in capsys.readouterr().out


def test_a_large_photo_makes_a_video_that_players_take(folder, job, predictor, monkeypatch, capsys):
    monkeypatch.setattr(film, 'MAX_FILM_SIDE', 45)
    run_driving(predictor, job, Estimator())
    assert VideoReader(folder / 'out.mp4').size == (46, 36)
    assert 'the video is made of 45x35 pixels' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'output': 'dance.mp4'}, "--output 'dance.mp4': is the target itself"),
        ({'output': 'me.png'}, "--output 'me.png': is the source picture itself"),
        (
            {'output': 'out.mov'},
            r"got 'out\.mov', expected a folder for numbered frames .*or a name that ends in \.mp4",
        ),
        ({'output': 'out.gif'}, r"got 'out\.gif' for about 12 frames, expected at most 8 .*--max_seconds"),
        ({'poses': 'me.txt'}, r'me\.txt: a text file, expected a video'),
        ({'start': 3.0}, r'dance\.mp4: nothing is shown after 3 s'),
    ],
)
def test_what_does_not_drive_is_named_and_nothing_is_written(folder, job, predictor, monkeypatch, changes, message):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(film, 'MAX_ANIMATED', 8)
    job = dataclasses.replace(job, source_image='me.png', poses='dance.mp4', output='out.mp4')
    with pytest.raises(DataError, match=message):
        run_driving(predictor, dataclasses.replace(job, **changes), Estimator())
    assert {path.name for path in folder.iterdir() if path.is_file()} == {'me.png', 'me.txt', 'dance.mp4'}


def test_poses_make_a_video_too(folder, job, predictor):
    (folder / 'poses').mkdir()
    for number in range(3):
        points = [[float(x), float(y), 0.9] for x, y in person(SIZE, number)]
        content = json.dumps({'people': [{'pose_keypoints_2d': sum(points, [])}]})
        (folder / 'poses' / f'{number}.json').write_text(content)
    poses = dataclasses.replace(job, poses=str(folder / 'poses'), is_video=False, smooth_poses=False, fps=10)
    run_driving(predictor, poses)
    video = VideoReader(folder / 'out.mp4')
    assert (len(list(video)), video.fps, video.has_sound) == (3, 10.0, False)
