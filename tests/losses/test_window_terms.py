"""The objective of a window: sums over its frames, and discriminators that see one frame and one clip."""

import numpy as np
import pytest
import tensorflow as tf

from posewarp_tf.errors import ConfigError
from posewarp_tf.losses import windows
from posewarp_tf.losses.objective import Objective
from posewarp_tf.losses.windows import Places, WindowObjective, draw_places
from posewarp_tf.models.clips import ClipForm
from posewarp_tf.models.discriminators.build import build_discriminator
from posewarp_tf.models.outputs import Motion
from posewarp_tf.models.pytorch_names import assign_pytorch_weights, to_pytorch
from posewarp_tf.settings.config import Config
from posewarp_tf.training.windows import cut_window, first_state, next_state
from tests.clips import SMALL, TASKS, published_model, random_clips, reference_clips
from tests.conftest import assert_agrees

each_task = pytest.mark.parametrize('task', TASKS)

# Names of the reference numbers, of each window.
TERMS = {
    'l1': 'app_gen',
    'perceptual': 'content_gen',
    'style': 'style_gen',
    'adversarial': 'ad_gen',
    'clip_adversarial': 'ad_gen_v',
}
JUDGES = {'image': 'd', 'clip': 'd_v'}


def small_config(task, weights, **options):
    values = {**SMALL, 'model': f'gfla_{task}', 'vgg_weights': 'random', 'loss_weights': {'full': weights}}
    return Config().replace(**{**values, **options})


def a_window():
    """The first window of random clips, and anything that could have been made of it."""
    clips = random_clips(2, 6)
    rng = np.random.default_rng(5)

    def random(*shape, least=-1.0):
        return tf.constant(rng.uniform(least, 1, (2, 6, *shape)).astype(np.float32))

    def motion():
        return Motion(
            [4 * random(8, 8, 2), 4 * random(16, 16, 2)], [random(8, 8, 1, least=0), random(16, 16, 1, least=0)]
        )

    outputs = {'images': random(32, 32, 3), 'motions': {'previous': motion(), 'reference': motion()}}
    return cut_window(clips, first_state(clips), 0), outputs


class Reference:
    """Compares with the reference numbers of one task."""

    def __init__(self, arrays):
        self.arrays, self.errors = arrays, arrays.meta['float32_error']

    def assert_close(self, found, name, tolerance=1e-4):
        assert_agrees(found, self.arrays[name], max(tolerance, 3 * self.errors[name]))

    def assert_gradients(self, gradients, entries, title, network='', tolerance=1e-4):
        """Norms of all, and the direction of some kernels; `network` and `title` stand in the names of the arrays."""
        found = {key: to_pytorch(np.asarray(grad), kind) for (key, _, kind), grad in zip(entries, gradients)}
        names = self.arrays.meta['grad_names' + network]
        norms = np.array([np.linalg.norm(found[key]) for key in names])
        self.assert_close(norms, f'{title}_grad_norm{network}', tolerance)
        prefix = f'{title}_grad{network}:'
        for stored in (name for name in self.arrays if name.startswith(prefix)):
            kernel, expected = found[stored[len(prefix) :]].ravel()[::5], self.arrays[stored]
            cosine = np.vdot(kernel, expected) / np.linalg.norm(kernel) / np.linalg.norm(expected)
            assert cosine > 0.995, stored

    def make_discriminator(self, config, subject, name):
        weights = self.arrays.seeded_weights(f'shapes_{name}', f'seed_{name}')
        # Not v, which a training call makes of u.
        known = {key: self.arrays[f'uv_{name}:{key}'] for key in weights if f'uv_{name}:{key}' in self.arrays}
        network = build_discriminator(config, subject)
        assign_pytorch_weights(network.pytorch_names(), {**weights, **known})
        return network


@pytest.mark.slow
@each_task
def test_losses_and_gradients_of_two_windows_agree_with_reference(task, golden, golden_vgg_path, monkeypatch):
    reference = Reference(golden(f'{task}_train'))
    picks = reference.arrays.meta['picks']

    def places(config, step, generating):
        who = 'g' if generating else 'd'
        return Places(picks[f'{who}_image'][step], picks[f'{who}_video'][step])

    monkeypatch.setattr(windows, 'draw_places', places)
    config = Config().replace(model=f'gfla_{task}', image_size=(64, 64), vgg_weights=golden_vgg_path)
    model, objective = published_model(task, reference.arrays), WindowObjective(config, 'full')
    judges = {subject: reference.make_discriminator(config, subject, name) for subject, name in JUDGES.items()}
    # Layers under two names once, under the first.
    entries = list({id(entry[1]): entry for entry in reversed(model.pytorch_names())}.values())
    clips = reference_clips(task, reference.arrays)
    state = first_state(clips)
    for number in (0, 1):
        title, window = f'w{number}', cut_window(clips, state, number)
        with tf.GradientTape() as tape:
            outputs = model.run_stage(window, 'full', training=True)
            with tape.stop_recording():
                check_discriminators(reference, objective, judges, window, outputs, number)
            terms = objective.generator_terms(window, outputs, judges, step=number)
            total = tf.reduce_mean(objective.total(terms))
        for name, stored in TERMS.items():
            reference.assert_close(terms[name][0], f'{title}_{stored}')
        reference.assert_close(total, f'{title}_total')
        of_flows = check_flow_terms(reference, config, window, outputs, title)
        if 'masked' in of_flows:
            masked = total - 5.0 * of_flows['correctness'] + 2.0 * of_flows['masked']
            reference.assert_close(masked, f'{title}_total_masked')
        gradients = tape.gradient(total, [variable for _, variable, _ in entries])
        reference.assert_gradients(gradients, entries, title, tolerance=1e-2)
        for frame in (0, 5):
            reference.assert_close(outputs['images'][:, frame, ::4, ::4], f'image{6 * number + frame}')
        reference.assert_close(outputs['motions']['previous'].flows[-1][:, -1], f'{title}_flow')
        reference.assert_close(outputs['motions']['reference'].masks[-1][:, -1], f'{title}_mask')
        state = next_state(window, outputs)


def check_discriminators(reference, objective, judges, window, outputs, number):
    for subject, name, suffix in (('image', 'D', ''), ('clip', 'D_V', '_v')):
        entries = [entry for entry in judges[subject].pytorch_names() if entry[1].trainable]
        with tf.GradientTape() as tape:
            terms = objective.discriminator_terms(window, outputs, judges[subject], number, subject)
            loss = tf.reduce_mean(terms['real'] + terms['fake'])
        reference.assert_close(loss, f'w{number}_dis_img_gen{suffix}')
        gradients = tape.gradient(loss, [variable for _, variable, _ in entries])
        reference.assert_gradients(gradients, entries, f'w{number}', f'_{name}')


def check_flow_terms(reference, config, window, outputs, title):
    """Of each family alone; persons also where the masks are, as published for iPER. The sums over the families."""
    weights = {'correctness': 5.0, 'affine': 0.0025}
    checks = [(config.replace(loss_weights={'full': weights}), 'correctness')]
    if 'target_masks' in window:
        checks.append((checks[0][0].replace(foreground_correctness=True), 'masked'))
    found = {}
    for chosen, name in checks:
        for family in ('previous', 'reference'):
            one = {**outputs, 'motions': {family: outputs['motions'][family]}}
            terms = WindowObjective(chosen, 'full').generator_terms(window, one)
            reference.assert_close(terms['correctness'][0], f'{title}_{name}_{family[0]}')
            reference.assert_close(terms['affine'][0], f'{title}_regularization_{family[0]}')
            found[name] = found.get(name, 0.0) + terms['correctness'][0]
    return found


@each_task
def test_terms_are_the_sums_of_those_of_single_pictures(task, monkeypatch):
    weights = {'l1': 1.0, 'affine': 1.0, 'correctness': 1.0}
    config = small_config(task, weights, foreground_correctness=True)
    window, outputs = a_window()
    objective = WindowObjective(config, 'full')
    vgg, seen = objective._vgg, []
    monkeypatch.setattr(objective, '_vgg', lambda images, taps: (seen.append(len(images)), vgg(images, taps))[1])
    found = objective.generator_terms(window, outputs)
    # Two windows of six frames, with a reference each, and the frame before the first or all that were generated.
    assert sum(seen) == 12 + 2 + {'dance': 2, 'face': 12}[task]
    single, expected = Objective(config, 'full'), dict.fromkeys(weights, 0)
    # Persons compare with the true frame before, faces with the generated one.
    before = window['target_images'] if task == 'dance' else outputs['images']
    for frame in range(6):
        batch = {
            'reference_image': window['reference_image'],
            'previous_image': before[:, frame - 1] if frame else window['reference_image'],
            'target_image': window['target_images'][:, frame],
            'target_weight': tf.cast(window['target_masks'][:, frame, ..., tf.newaxis], tf.float32),
        }
        made = tf.nest.map_structure(lambda maps: maps[:, frame], outputs)  # noqa: B023
        terms = single.generator_terms(batch, {'image': made['images'], 'motions': made['motions']})
        expected = {name: expected[name] + terms[name] for name in weights}
    for name in weights:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4)
    # Examples do not see each other.
    alone = tf.nest.map_structure(lambda both: both[1:], (window, outputs))
    for name, term in objective.generator_terms(*alone).items():
        np.testing.assert_allclose(term, found[name][1:], rtol=1e-4)


@each_task
@pytest.mark.parametrize('form', ['lsgan', 'wgan-gp'])
def test_discriminators_see_the_drawn_frame_and_clip(task, form, monkeypatch):
    config = small_config(task, {'adversarial': 1.0, 'clip_adversarial': 1.0}, adversarial_loss=form)
    objective, (window, outputs) = WindowObjective(config, 'full'), a_window()
    monkeypatch.setattr(windows, 'draw_places', lambda config, step, generating: Places(4 if generating else 1, 0))
    assert objective.judges == ('image', 'clip')
    seen = []

    def discriminator(shown, training):
        seen.append((shown, training))
        return tf.reduce_mean(shown, axis=-1, keepdims=True)[:, 0] if shown.shape.rank == 5 else shown[..., :1]

    def clip_of(frames):
        if task == 'dance':
            return frames
        return tf.concat([frames[:, 0] - frames[:, 1], frames[:, 1] - frames[:, 2]], axis=-1)

    truth, made = window['target_images'], outputs['images']
    for subject, real, fake in (
        ('image', truth[:, 1], made[:, 1]),
        ('clip', clip_of(truth), clip_of(made)),
    ):
        seen.clear()
        objective.discriminator_terms(window, outputs, discriminator, 0, subject)
        assert [training for _, training in seen] == [True, True, False][: 2 + (form == 'wgan-gp')]
        np.testing.assert_array_equal(seen[0][0], real)
        np.testing.assert_array_equal(seen[1][0], fake)
    seen.clear()
    objective.generator_terms(window, outputs, dict.fromkeys(('image', 'clip'), discriminator))
    np.testing.assert_array_equal(seen[0][0], made[:, 4])
    np.testing.assert_array_equal(seen[1][0], clip_of(made))
    assert [training for _, training in seen] == [True, True]


def test_places_are_a_function_of_seed_and_step_and_reach_every_frame():
    config = Config().replace(model='gfla_face')

    def drawn(config, generating, steps=8):
        return [tuple(map(int, draw_places(config, step, generating))) for step in range(steps)]

    places = drawn(config, True, 40)
    assert {frame for frame, _ in places} == set(range(6)) and {clip for _, clip in places} == set(range(4))
    assert drawn(config, True) == places[:8]
    assert drawn(config, False) != places[:8]
    assert drawn(config.replace(seed=1), True) != places[:8]
    assert {clip for _, clip in drawn(Config().replace(model='gfla_dance'), True)} == {0}


@each_task
def test_what_clips_cannot_have_is_refused_or_told(task):
    for term in ('self_flow', 'equivariance'):
        with pytest.raises(ConfigError, match=f'{term}: about pairs with a moved side, which --model=gfla_{task}'):
            WindowObjective(small_config(task, {'l1': 1.0, term: 1.0}), 'full')
    weights = {'l1': 1.0, 'photometric': 1.0, 'ssim': 1.0}
    assert WindowObjective(small_config(task, weights), 'full').notes() == {
        'occlusion_weighting': 'none in clips, of photometric, ssim'
    }
    for config in (small_config(task, weights, occlusion_weighting=False), small_config(task, {'l1': 1.0})):
        assert WindowObjective(config, 'full').notes() == {}


def test_differences_are_of_a_frame_and_the_one_after_it():
    frames = tf.reshape(tf.constant([1.0, 4.0, 9.0, 16.0, 25.0, 36.0]), (1, 6, 1, 1, 1)) * tf.ones((1, 6, 1, 1, 3))
    np.testing.assert_array_equal(ClipForm(3, as_differences=True).cut(frames, 2), [[[[-7] * 3 + [-9] * 3]]])
    np.testing.assert_array_equal(ClipForm(2).cut(frames, tf.constant(4))[0, :, 0, 0, 0], [25, 36])


def test_recomputing_changes_neither_terms_nor_gradients():
    window, outputs = a_window()
    found = []
    for recompute in (False, True):
        objective = WindowObjective(
            small_config('dance', {'perceptual': 1.0, 'style': 1.0}, recompute=recompute), 'full'
        )
        with tf.GradientTape() as tape:
            tape.watch(outputs['images'])
            terms = objective.generator_terms(window, outputs)
            total = tf.add_n([tf.reduce_sum(terms[name]) for name in ('perceptual', 'style')])
        found.append((terms['perceptual'], terms['style'], tape.gradient(total, outputs['images'])))
    for plain, recomputed in zip(*found):
        assert np.abs(plain).max() > 0
        np.testing.assert_allclose(plain, recomputed, rtol=1e-4, atol=1e-6 * np.abs(plain).max())
