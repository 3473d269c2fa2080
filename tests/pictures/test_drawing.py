"""Pictures show what they claim to: colours, places and sizes."""

import numpy as np
import pytest

from posewarp_tf.conventions import LIMBS, NUM_JOINTS
from posewarp_tf.models.outputs import COMPOSITION_MASK, GARMENT_OUTPUT
from posewarp_tf.models.panels import panels, sample_grid
from posewarp_tf.pictures import drawing
from tests.motions import flows_of, moving


def _scattered_keypoints(size, seed=0):
    return np.random.default_rng(seed).uniform(0.1 * size, 0.9 * size, (NUM_JOINTS, 2))


def _limb_only(limb, start, end):
    keypoints = np.full((NUM_JOINTS, 2), -1.0)
    keypoints[LIMBS[limb][0]], keypoints[LIMBS[limb][1]] = start, end
    return keypoints


def test_every_limb_is_drawn_in_a_color_of_its_own():
    colors = set()
    for limb in range(len(LIMBS)):
        picture = drawing.draw_skeleton(np.zeros((64, 64, 3), np.uint8), _limb_only(limb, (10, 32), (54, 32)))
        assert picture[32, 32].any()
        colors.add(tuple(picture[32, 32]))
    assert len(colors) == len(LIMBS) == 17


def test_skeleton_lies_on_x_and_y_as_given():
    picture = drawing.draw_skeleton(np.zeros((40, 80, 3), np.uint8), _limb_only(0, (70, 5), (70, 35)))
    rows, columns, _ = np.nonzero(picture)
    assert abs(columns.mean() - 70) < 0.1
    assert abs(rows.mean() - 20) < 0.1


def test_missing_joints_leave_the_picture_as_it_was():
    picture = np.random.default_rng(0).integers(0, 256, (32, 48, 3)).astype(np.uint8)
    keypoints = np.full((NUM_JOINTS, 2), -1.0)
    assert np.array_equal(drawing.draw_skeleton(picture, keypoints), picture)
    keypoints[LIMBS[0][0]] = (20, 10)
    drawn = drawing.draw_skeleton(picture, keypoints)
    assert np.any(drawn != picture, axis=-1).sum() < 16


def test_lines_grow_with_the_picture_and_are_anti_aliased():
    def share(size):
        keypoints = _limb_only(3, (0.1 * size, 0.5 * size), (0.9 * size, 0.6 * size))
        return drawing.draw_skeleton(np.zeros((size, size, 3), np.uint8), keypoints)

    small, large = share(128), share(1024)
    assert np.mean(large > 0) == pytest.approx(np.mean(small > 0), rel=0.35)
    assert len(np.unique(small[..., 0])) > 10


def test_joints_outside_the_picture_do_not_break_it():
    keypoints = _scattered_keypoints(32)
    keypoints[:6] += 500
    assert drawing.draw_skeleton(np.zeros((32, 32, 3), np.uint8), keypoints).any()


def test_skeleton_needs_18_joints():
    with pytest.raises(ValueError, match=r'got shape \(17, 2\)'):
        drawing.draw_skeleton(np.zeros((32, 32, 3), np.uint8), np.zeros((17, 2)))


def test_drawing_leaves_its_input_alone():
    picture = np.zeros((32, 32, 3), np.uint8)
    drawing.draw_skeleton(picture, _scattered_keypoints(32))
    assert not picture.any()


def test_wheel_has_the_documented_colors():
    flow = np.array([[[0, 0], [5, 0], [0, 5], [-5, 0], [0, -5]]], np.float32)
    white, right, down, left, up = drawing.flow_to_color(flow)[0].astype(int)
    assert tuple(white) == (255, 255, 255)
    assert tuple(right) == (255, 0, 0)
    assert down[0] > 200 and down[1] > 200 and down[2] < 20
    assert left[0] < 20 and left[1] > 100 and left[2] > 200
    assert up[0] > 80 and up[1] < 20 and up[2] > 200


def test_longer_vectors_have_fuller_color_up_to_the_maximum():
    flow = np.zeros((1, 4, 2))
    flow[0, :, 0] = [1, 2, 4, 8]
    colors = drawing.flow_to_color(flow, max_magnitude=4)[0, :, 1].astype(int)
    assert list(colors) == [191, 128, 0, 0]


def test_values_that_are_not_finite_are_black():
    flow = np.ones((1, 3, 2))
    flow[0, 1] = [np.nan, 0]
    flow[0, 2] = [0, np.inf]
    colors = drawing.flow_to_color(flow)[0]
    assert not colors[1:].any()
    assert colors[0].any()


def test_no_motion_is_white():
    assert np.all(drawing.flow_to_color(np.zeros((4, 4, 2))) == 255)


def test_mask_is_grey_with_one_as_white():
    gray = drawing.mask_to_gray(np.array([[0.0, 0.5, 1.0, 7.0]])[..., None])
    assert gray.shape == (1, 4, 3)
    assert list(gray[0, :, 0]) == [0, 128, 255, 255]


def test_attention_shows_where_it_leans():
    attention = np.zeros((1, 3, 25), np.float32)
    attention[0, 0] = 1 / 25
    attention[0, 1, 2 * 5 + 4] = 1  # the middle row, the rightmost column
    attention[0, 2, 4 * 5 + 2] = 1  # the bottom row, the middle column
    even, right, down = drawing.attention_to_color(attention)[0]
    wheel = drawing.flow_to_color(np.array([[[0, 0], [2, 0], [0, 2]]]))[0]
    assert np.array_equal(np.stack([even, right, down]), wheel)


def test_grid_keeps_rows_and_columns_and_enlarges_small_pictures():
    colors = [[(255, 0, 0), (0, 255, 0)], [(0, 0, 255), (9, 9, 9)]]
    rows = [[np.broadcast_to(np.uint8(color), (64, 64, 3)) for color in row] for row in colors]
    grid = drawing.picture_grid(rows)
    factor = 3
    assert grid.shape[0] > 2 * factor * 64 and grid.shape[1] > 2 * factor * 64
    for y, row in enumerate(colors):
        for x, color in enumerate(row):
            area = np.all(grid == color, axis=-1)
            assert area.sum() == (factor * 64) ** 2
            center_y, center_x = np.argwhere(area).mean(axis=0)
            assert (center_y > grid.shape[0] / 2) == bool(y)
            assert (center_x > grid.shape[1] / 2) == bool(x)


def test_grid_takes_grey_and_smaller_pictures_and_short_rows():
    large, small = np.zeros((256, 128, 3), np.uint8), np.full((64, 64), 7, np.uint8)
    grid = drawing.picture_grid([[large, small], [large]])
    assert np.all(grid == 7, axis=-1).sum() == 128 * 128
    assert np.all(grid == 0, axis=-1).sum() == 2 * 256 * 128


def test_titles_stand_above_their_columns():
    rows = [[np.zeros((200, 200, 3), np.uint8)] * 2]
    plain, titled = drawing.picture_grid(rows), drawing.picture_grid(rows, ['', 'target pose'])
    band = titled[: titled.shape[0] - plain.shape[0]]
    assert np.array_equal(titled[len(band) :], plain)
    assert np.all(band[:, :202] == 255)
    assert np.any(band[:, 202:] < 100)


def test_grid_needs_a_picture():
    with pytest.raises(ValueError, match='no pictures'):
        drawing.picture_grid([[]])


def _batch_and_outputs(height=64, width=32):
    rng = np.random.default_rng(0)
    batch = {
        'source_image': rng.uniform(-1, 1, (2, height, width, 3)).astype(np.float32),
        'target_image': rng.uniform(-1, 1, (2, height, width, 3)).astype(np.float32),
        'target_keypoints': np.stack([_scattered_keypoints(width, seed) for seed in (1, 2)]).astype(np.float32),
    }
    outputs = {
        'image': np.zeros((2, height, width, 3), np.float32),
        **moving(
            flows=[np.zeros((2, height // s, width // s, 2), np.float32) for s in (8, 4)],
            masks=[np.full((2, height // s, width // s, 1), m, np.float32) for s, m in ((8, 0), (4, 1))],
        ),
    }
    return batch, outputs


def test_panels_show_the_example_asked_for():
    batch, outputs = _batch_and_outputs()
    found = panels(batch, outputs, 1)
    assert list(found) == ['source', 'target_pose', 'truth', 'generated', 'warped', 'flow', 'mask']
    assert all(picture.shape == (64, 32, 3) and picture.dtype == np.uint8 for picture in found.values())
    assert np.abs(found['source'] - (batch['source_image'][1] + 1) * 127.5).max() <= 0.51
    assert np.abs(found['truth'] - (batch['target_image'][1] + 1) * 127.5).max() <= 0.51
    assert np.all(found['generated'] == 128)
    assert np.array_equal(found['warped'], found['source'])
    assert np.all(found['flow'] == 255)
    assert np.all(found['mask'] == 255)
    expected = drawing.draw_skeleton(np.zeros((64, 32, 3), np.uint8), batch['target_keypoints'][1])
    assert np.array_equal(found['target_pose'], expected)


def test_panels_warp_by_the_finest_flow_in_full_pixels():
    batch, outputs = _batch_and_outputs()
    flows_of(outputs)[0][...] = 3
    flows_of(outputs)[1][..., 0] = 2  # of maps a quarter as large: content comes from 8 pixels further right
    found = panels(batch, outputs, 0)
    assert np.array_equal(found['warped'][:, :20], found['source'][:, 8:28])
    assert np.all(found['flow'] == (255, 0, 0))


def test_panels_leave_out_what_a_model_does_not_have():
    batch, outputs = _batch_and_outputs()
    assert list(panels(batch, moving(flows_of(outputs)), 0)) == [
        'source', 'target_pose', 'truth', 'warped', 'flow',
    ]  # fmt: skip
    del batch['target_image']
    found = panels(batch, {'image': outputs['image'], 'motions': {}}, 0)
    assert list(found) == ['source', 'target_pose', 'generated']


def test_sample_grid_has_a_row_for_each_example():
    batch, outputs = _batch_and_outputs()
    one, two = (sample_grid(batch, outputs, count) for count in (1, 2))
    assert one.shape[1] == two.shape[1]
    assert two.shape[0] - one.shape[0] > 64
    assert np.array_equal(sample_grid(batch, outputs, 9), two)


def test_garment_maps_and_composition_masks_are_shown_where_a_model_has_them():
    batch, outputs = _batch_and_outputs(16, 16)
    batch['target_garment'] = np.full((2, 16, 16), 8, np.uint8)
    assert not {'garment_truth', 'garment', 'composition_mask'} & set(panels(batch, outputs, 0))
    logits = np.zeros((2, 16, 16, 16), np.float32)
    logits[:, :8, :, 8] = 5
    logits[:, 8:, :, 4] = 5
    mask = np.tile(np.linspace(0, 1, 16, dtype=np.float32)[:, None], (2, 1, 16))[..., None]
    found = panels(
        batch, {**outputs, 'garment': logits, 'composition_mask': mask}, 1, (GARMENT_OUTPUT, COMPOSITION_MASK)
    )
    assert np.array_equal(found['garment'][:8], found['garment_truth'][:8])
    assert np.all(np.any(found['garment'][8:] != found['garment_truth'][8:], axis=-1))
    assert found['composition_mask'][0, 0, 0] == 0 and found['composition_mask'][15, 0, 0] == 255
