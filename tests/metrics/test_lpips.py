"""LPIPS against its formula in plain NumPy, with weights of the shapes and names of the released file."""

import numpy as np
import pytest

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.metrics.lpips import Lpips
from posewarp_tf.metrics.networks import NetworkMetrics

# Number in AlexNet, slice, kernel [out, in, kh, kw], stride, padding, pooled before.
LAYERS = (
    (0, 1, (64, 3, 11, 11), 4, 2, False),
    (3, 2, (192, 64, 5, 5), 1, 2, True),
    (6, 3, (384, 192, 3, 3), 1, 1, True),
    (8, 4, (256, 384, 3, 3), 1, 1, False),
    (10, 5, (256, 256, 3, 3), 1, 1, False),
)
SIZE = (43, 36)


@pytest.fixture(scope='module')
def weights():
    rng = np.random.default_rng(0)
    found = {}
    for index, (number, part, shape, _, _, _) in enumerate(LAYERS):
        deviation = np.sqrt(2 / np.prod(shape[1:]))
        found[f'net.slice{part}.{number}.weight'] = rng.normal(0, deviation, shape).astype(np.float32)
        found[f'net.slice{part}.{number}.bias'] = rng.normal(0, 0.1, shape[0]).astype(np.float32)
        found[f'lin{index}.model.1.weight'] = rng.uniform(0, 1, (1, shape[0], 1, 1)).astype(np.float32)
    return found


@pytest.fixture(scope='module')
def path(weights, tmp_path_factory):
    path = tmp_path_factory.mktemp('lpips') / 'lpips.npz'
    np.savez(path, **weights)
    return [str(path)]


def pictures(seed):
    return np.random.default_rng(seed).integers(0, 256, (2, *SIZE, 3)).astype(np.uint8)


def formula(weights, first, second):
    """The distance of two pictures [H, W, 3], channels first, one window after the other."""
    layers = zip(features(weights, first), features(weights, second))
    total = 0.0
    for index, (one, other) in enumerate(layers):
        one, other = (x / (np.sqrt(np.sum(x**2, axis=0)) + 1e-10) for x in (one, other))
        scale = weights[f'lin{index}.model.1.weight'][0]
        total += np.mean(np.sum(scale * (one - other) ** 2, axis=0))
    return total


def features(weights, picture):
    x = picture.transpose(2, 0, 1) / 127.5 - 1
    x = (x - np.reshape([-0.030, -0.088, -0.188], (3, 1, 1))) / np.reshape([0.458, 0.448, 0.450], (3, 1, 1))
    found = []
    for number, part, shape, stride, padding, pooled in LAYERS:
        if pooled:
            windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::2, ::2]
            x = windows.max(axis=(3, 4))
        x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x, shape[2:], axis=(1, 2))[:, ::stride, ::stride]
        kernel = weights[f'net.slice{part}.{number}.weight']
        bias = weights[f'net.slice{part}.{number}.bias']
        x = np.maximum(np.einsum('chwij,ocij->ohw', windows, kernel, optimize=True) + bias[:, None, None], 0)
        found.append(x)
    return found


def test_agrees_with_the_formula(weights, path):
    first, second = pictures(1), pictures(2)
    expected = [formula(weights, *pair) for pair in zip(first, second)]
    np.testing.assert_allclose(Lpips(path)(first, second), expected, rtol=1e-4)


def test_equal_pictures_are_at_no_distance_and_near_ones_at_a_small_one(path):
    lpips, first = Lpips(path), pictures(1)
    near = np.clip(first.astype(int) + 3, 0, 255).astype(np.uint8)
    np.testing.assert_array_equal(lpips(first, first), [0, 0])
    assert np.all(lpips(first, near) < 0.1 * lpips(first, pictures(2)))
    assert np.all(lpips(first, near) > 0)


def test_answers_are_averaged_over_pairs_and_the_file_is_named(path):
    networks, truths = NetworkMetrics(lpips_weights=path), [pictures(1), pictures(2)]
    for truth in truths:
        networks.add({'model': truth, 'copy_source': pictures(3)}, truth)
    expected = np.mean([Lpips(path)(pictures(3), truth) for truth in truths])
    assert networks.result() == {'lpips': {'model': 0.0, 'copy_source': pytest.approx(expected)}}
    assert path[0] in networks.protocol(4)['lpips']


def test_pictures_too_small_for_the_network_are_an_error(path):
    small = np.zeros((1, 30, 40, 3), np.uint8)
    with pytest.raises(ConfigError, match='got pictures of 30x40, expected sides of at least 31'):
        NetworkMetrics(lpips_weights=path).add({'model': small}, small)
    smallest = np.zeros((1, 31, 31, 3), np.uint8)
    assert np.isfinite(Lpips(path)(smallest, smallest)).all()


def test_files_that_are_not_the_weights_are_named(weights, tmp_path):
    with pytest.raises(RunError, match='--lpips_weights: no file .*absent.npz'):
        Lpips([str(tmp_path / 'absent.npz')])
    path = tmp_path / 'other.npz'
    path.write_bytes(b'something')
    with pytest.raises(RunError, match=r'--lpips_weights: .*other\.npz is not an \.npz file'):
        Lpips([str(path)])
    np.savez(path, **{name: array for name, array in weights.items() if name != 'lin3.model.1.weight'})
    with pytest.raises(RunError, match=r'other\.npz: linear weights of 64, 192, 384, 256 channels: expected the state'):
        Lpips([str(path)])
    np.savez(path, **{name: array for name, array in weights.items() if name.startswith('lin')})
    with pytest.raises(RunError, match=r'no array features\.0\.weight or net\.sliceN\.0\.weight of AlexNet: expected'):
        Lpips([str(path)])
    np.savez(path, **{**weights, 'net.slice2.3.weight': np.zeros((192, 64, 3, 3))})
    with pytest.raises(RunError, match=r'3\.weight: got \(3, 3, 64, 192\), expected \(5, 5, 64, 192\)'):
        Lpips([str(path)])


def test_version_0_0_sees_pictures_as_they_are_and_files_may_be_two(weights, path, tmp_path):
    """What 0.1 makes of pictures is what 0.0 must be given for the same distance."""
    trunk = {f'features.{key.split(".", 2)[2]}': array for key, array in weights.items() if key.startswith('net')}
    np.savez(tmp_path / 'alexnet.npz', **trunk, **{'classifier.0.weight': np.zeros((2, 2))})
    np.savez(tmp_path / 'linear.npz', **{key: array for key, array in weights.items() if key.startswith('lin')})
    old = Lpips([str(tmp_path / 'alexnet.npz'), str(tmp_path / 'linear.npz')], '0.0')
    first, second = pictures(1), pictures(2)
    shift, scale = np.float32([-0.030, -0.088, -0.188]), np.float32([0.458, 0.448, 0.450])
    scaled = [((stack / np.float32(127.5) - 1) - shift) / scale for stack in (first, second)]
    np.testing.assert_allclose(old(*scaled), Lpips(path)(first, second), rtol=1e-5)
    assert 'LPIPS 0.0 with AlexNet' in old.protocol
