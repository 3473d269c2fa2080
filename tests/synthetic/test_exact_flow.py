"""Exact flow and visibility of synthetic pairs, checked through the material that each pixel shows."""

import dataclasses

import numpy as np
import pytest

from posewarp_tf import conventions, synthetic
from posewarp_tf.synthetic.drawn.pose import ArmPose

SIZE = (128, 88)
VISIBLE, OCCLUDED = conventions.VISIBILITY_VISIBLE, conventions.VISIBILITY_OCCLUDED


def draw(seed, pose=None):
    rng = np.random.default_rng(seed)
    person = synthetic.sample_person(rng)
    return synthetic.render(person, pose or synthetic.sample_pose(rng), SIZE)


def draw_pair(seed, source_yaw=None, target_yaw=None):
    rng = np.random.default_rng(seed)
    person = synthetic.sample_person(rng)
    poses = [synthetic.sample_pose(rng) for _ in range(2)]
    for index, yaw in enumerate((source_yaw, target_yaw)):
        if yaw is not None:
            poses[index] = dataclasses.replace(poses[index], yaw=yaw)
    return [synthetic.render(person, pose, SIZE) for pose in poses]


def material_error(source, target, flow, where):
    """Metres of the surface between what a target pixel shows and what the flow finds in the source.

    Bilinear between four source pixels of one piece; other landing places, and the seam at the back, are left out.
    """
    rows, columns = np.nonzero(where)
    x, y = columns + flow[rows, columns, 0], rows + flow[rows, columns, 1]
    inside = (x >= 0) & (y >= 0) & (x < SIZE[1] - 1) & (y < SIZE[0] - 1)
    rows, columns, x, y = rows[inside], columns[inside], x[inside], y[inside]
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    corners = [(top + i, left + j) for i in (0, 1) for j in (0, 1)]
    weights = [(1 - abs(y - r)) * (1 - abs(x - c)) for r, c in corners]
    found = sum(w[:, None] * source.material[r, c] for w, (r, c) in zip(weights, corners))
    wanted = target.material[rows, columns]
    one_piece = np.all([source.piece[r, c] == target.piece[rows, columns] for r, c in corners], axis=0)
    angles = [source.material[r, c, 1] for r, c in corners] + [wanted[:, 1]]
    usable = one_piece & (np.ptp(angles, axis=0) < 2.0)
    height, turn = (found - wanted)[usable].T
    return np.hypot(height, 0.1 * turn), one_piece.mean()


@pytest.mark.parametrize('seed', range(5))
def test_flow_finds_the_same_material_in_the_source(seed):
    source, target = draw_pair(seed, source_yaw=0.2, target_yaw=-0.3)
    flow, visibility = synthetic.exact_flow(source, target)
    error, one_piece = material_error(source, target, flow, visibility == VISIBLE)
    assert len(error) > 300
    assert one_piece > 0.6
    assert np.median(error) < 0.001
    assert np.quantile(error, 0.95) < 0.008


@pytest.mark.parametrize('wrong', ['swapped', 'reversed', 'zero'])
def test_a_wrong_flow_does_not(wrong):
    source, target = draw_pair(0, source_yaw=0.2, target_yaw=-0.3)
    flow, visibility = synthetic.exact_flow(source, target)
    flow = {'swapped': flow[..., ::-1], 'reversed': -flow, 'zero': 0 * flow}[wrong]
    error, _ = material_error(source, target, flow, visibility == VISIBLE)
    assert np.median(error) > 0.01


@pytest.mark.parametrize('shift', [(0.1, 0.0), (0.0, 0.05)])
def test_a_figure_moved_in_the_source_gives_that_flow(shift):
    target = draw(1)
    moved = dataclasses.replace(target.pose, shift=tuple(np.add(target.pose.shift, shift)))
    flow, visibility = synthetic.exact_flow(synthetic.render(target.person, moved, SIZE), target)
    expected = np.array(shift) * SIZE[0]
    np.testing.assert_allclose(flow[visibility != 0], np.broadcast_to(expected, flow[visibility != 0].shape), atol=1e-3)


def test_the_same_pose_gives_no_flow_and_everything_visible():
    for seed in range(4):
        picture = draw(seed)
        flow, visibility = synthetic.exact_flow(picture, picture)
        np.testing.assert_allclose(flow, 0.0, atol=1e-4)
        np.testing.assert_array_equal(visibility, np.where(picture.parts > 0, VISIBLE, 0))


def test_background_has_no_flow():
    source, target = draw_pair(3)
    flow, visibility = synthetic.exact_flow(source, target)
    np.testing.assert_array_equal(visibility == conventions.VISIBILITY_BACKGROUND, target.parts == 0)
    assert not flow[target.parts == 0].any()


@pytest.mark.parametrize('seed', range(3))
def test_the_source_shows_visible_points_and_no_occluded_ones(seed):
    source, target = draw_pair(seed, source_yaw=0.7, target_yaw=-0.5)
    flow, visibility = synthetic.exact_flow(source, target)
    # Looked for in a larger picture of the source, by material alone.
    zoom = 4
    large = synthetic.render(source.person, source.pose, (zoom * SIZE[0], zoom * SIZE[1]))

    def part_shown(value):
        rows, columns = np.nonzero(visibility == value)
        landed = np.stack([rows + flow[rows, columns, 1], columns + flow[rows, columns, 0]])
        landed = np.rint((landed + 0.5) * zoom - 0.5).astype(int)
        found = np.zeros(len(rows), bool)
        for i in (-1, 0, 1):
            for j in (-1, 0, 1):
                r, c = np.clip(landed[0] + i, 0, zoom * SIZE[0] - 1), np.clip(landed[1] + j, 0, zoom * SIZE[1] - 1)
                height, turn = (large.material[r, c] - target.material[rows, columns]).T
                turn = np.abs((turn + np.pi) % (2 * np.pi) - np.pi)
                found |= (large.piece[r, c] == target.piece[rows, columns]) & (np.abs(height) < 0.015) & (turn < 0.25)
        return found.mean()

    assert part_shown(VISIBLE) > 0.97
    # Those found all the same lie just beyond the horizon, where one pixel spans much of the surface.
    assert part_shown(OCCLUDED) < 0.25


def test_the_back_is_not_seen_from_the_front():
    source, target = draw_pair(2, source_yaw=0.0, target_yaw=np.pi)
    _, visibility = synthetic.exact_flow(source, target)
    torso = target.parts == conventions.PART_NAMES.index('torso')
    assert (visibility[torso] == OCCLUDED).mean() > 0.9


def test_what_the_source_cuts_off_is_occluded():
    target = draw(1)
    aside = dataclasses.replace(target.pose, shift=(0.4, 0.0))
    flow, visibility = synthetic.exact_flow(synthetic.render(target.person, aside, SIZE), target)
    outside = (visibility != 0) & (np.arange(SIZE[1]) + flow[..., 0] > SIZE[1])
    assert outside.sum() > 100
    assert (visibility[outside] == OCCLUDED).all()
    assert (visibility == VISIBLE).any()


def test_a_forearm_in_front_of_the_chest_hides_it():
    free = synthetic.Pose(arms={side: ArmPose(abduction=0.6) for side in ('right', 'left')})
    across = ArmPose(reach=(-0.02, -0.10, 0.13), reach_from='chest', elbow_towards=(0.8, -0.9, 0.1))
    folded = dataclasses.replace(free, arms={'right': across, 'left': ArmPose(abduction=0.6)})
    target = draw(4, free)
    source = synthetic.render(target.person, folded, SIZE)
    _, visibility = synthetic.exact_flow(source, target)
    torso = target.parts == conventions.PART_NAMES.index('torso')
    hidden = (visibility[torso] == OCCLUDED).mean()
    assert 0.04 < hidden < 0.6
