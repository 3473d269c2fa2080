"""What is gathered over batches, and the tables made of it."""

import re

import numpy as np
import pytest

from posewarp_tf.errors import DataError, RunError
from posewarp_tf.metrics.image import IMAGE_METRICS
from posewarp_tf.metrics.scores import Scores
from posewarp_tf.metrics.table import format_table
from posewarp_tf.models.outputs import GARMENT_OUTPUT
from tests.random_answers import random_batch, random_outputs
from tests.run_folders import SIZE


def test_a_model_without_flows_has_no_flow_errors():
    scores = Scores()
    scores.add(random_batch(2), {'image': np.zeros((2, *SIZE, 3), np.float32), 'motions': {}})
    assert set(scores.result()) == {'headline', 'image', 'detail'}
    assert 'flow' not in scores.protocol(SIZE)
    assert scores.result()['image']['whole']['l1']['model'] > 0


def test_pictures_that_are_not_finite_are_reported_with_the_pair():
    outputs = random_outputs(2)
    outputs['image'][1, 5, 5] = np.nan
    with pytest.raises(RunError, match=r'not finite for a1\.png -> b1\.png'):
        Scores().add(random_batch(2), outputs)


def test_no_pairs_at_all_are_an_error():
    with pytest.raises(DataError, match='no test pairs'):
        Scores().result()


def test_table_marks_what_has_no_value():
    values = dict.fromkeys(IMAGE_METRICS, {'model': 0.5, 'copy_source': None})
    table = format_table({'image': {'whole': values, 'foreground': values}})
    assert re.search(r'SSIM, window 51 +higher +\| +0\.5000 +- ', table)


def test_predicted_garment_maps_are_scored_beside_the_copied_source_map():
    batch, outputs = random_batch(2), random_outputs(2)
    truth = np.zeros((2, *SIZE), np.uint8)
    truth[:, 16:48, 20:44] = 4
    batch.update(target_garment=truth, source_garment=np.roll(truth, 12, axis=2))
    outputs['garment'] = np.eye(16, dtype=np.float32)[truth]
    scores = Scores(declared=(GARMENT_OUTPUT,))
    scores.add(batch, outputs)
    found = scores.result()['garment']
    assert found['mean_iou']['model'] == 1
    # Half of the garment is where it was: 12 of 36 columns in both.
    assert found['iou']['upper_clothes'] == {'model': 1, 'copy_source': pytest.approx(1 / 3)}
    assert 'copy_source' in scores.protocol(SIZE)['garment']
    assert re.search(r'\nmean IoU +higher +\| +1\.0000 +0\.\d{4}\n', format_table(scores.result()))
    del outputs['garment']
    plain = Scores()
    plain.add(batch, outputs)
    assert 'garment' not in plain.result()


def test_metrics_of_networks_stand_in_a_table_of_their_own():
    networks = {
        'lpips': {'model': 0.25, 'copy_source': 0.5},
        'inception_score': {'model': 3.0, 'copy_source': 2.0, 'truth': 4.0},
        'inception_score_deviation': {'model': 0.1, 'copy_source': 0.2, 'truth': 0.3},
        'frechet_distance': {'model': 30.0, 'copy_source': None},
    }
    values = dict.fromkeys(IMAGE_METRICS, {'model': 0.5, 'copy_source': 0.4})
    text = format_table({'image': {'whole': values, 'foreground': values}, 'networks': networks}).split('\n\n')[1]
    assert re.search(r' +better +\| +model +copy source +truth\n', text)
    assert re.search(r'\nLPIPS +lower +\| +0\.2500 +0\.5000 +-\n', text)
    assert re.search(r'\nInception score +higher +\| +3\.000 +2\.000 +4\.000\n', text)
    assert re.search(r'\nFrechet distance +lower +\| +30\.00 +- +-\n', text)


def test_networks_see_uint8_pictures_of_every_answer_and_the_truth():
    class Networks:
        def add(self, answers, truths):
            self.seen = {**answers, 'truth': truths}

        def result(self):
            return {'lpips': {'model': 0.1}}

        def protocol(self, num_pictures):
            return {'lpips': num_pictures}

    networks, batch = Networks(), random_batch(2)
    scores = Scores(networks)
    scores.add(batch, random_outputs(2))
    assert {name: (pictures.dtype, pictures.shape) for name, pictures in networks.seen.items()} == dict.fromkeys(
        ('copy_source', 'model', 'truth'), (np.uint8, (2, *SIZE, 3))
    )
    np.testing.assert_allclose(networks.seen['truth'] / 127.5 - 1, batch['target_image'], atol=0.005)
    assert scores.result()['networks'] == {'lpips': {'model': 0.1}}
    assert scores.protocol(SIZE)['networks'] == {'lpips': 2}


def test_scores_made_on_all_cores_are_those_of_one_picture_after_the_other():
    batch, outputs = random_batch(3), random_outputs(3)
    together = Scores()
    together.add(batch, outputs)
    alone = Scores()
    for index in range(3):
        one = {name: array[index : index + 1] for name, array in batch.items()}
        alone.add(one, {'image': outputs['image'][index : index + 1]})
    found, expected = together.result(), alone.result()
    assert found['image'] == expected['image'] and found['detail'] == expected['detail']
