"""A training step as one program: what its folder says, and its way back into the run folder."""

import json

import numpy as np
import pytest

from posewarp_tf.errors import ConfigError, RunError
from posewarp_tf.runs.run_folder import RunFolder
from posewarp_tf.training.portable.files import COUNTER, DESCRIPTION, read_program, read_state, write_state
from posewarp_tf.training.portable.programs import hlo_pb2, without_copies
from posewarp_tf.training.portable.step import PortableStep
from tests.training.portable_step import BATCH_SIZE, SIZE, layered_config, motion_step


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    """(a step, the folder that it was written to)."""
    folder = tmp_path_factory.mktemp('portable') / 'step'
    step = motion_step(RunFolder(folder.parent / 'run'))
    step.export(folder)
    return step, folder


@pytest.fixture(scope='module')
def description(exported):
    return json.loads((exported[1] / DESCRIPTION).read_text())


@pytest.mark.slow
def test_the_batch_is_what_people_of_a_stream_are_made_of(description):
    shapes = {item['name']: (item['dtype'], item['shape']) for item in description['batch']}
    pair = {
        f'{role}_{name}': (dtype, [BATCH_SIZE, *shape])
        for role in ('source', 'target')
        for name, dtype, shape in (
            ('image', 'uint8', [*SIZE, 3]),
            ('parts', 'uint8', SIZE),
            ('keypoints', 'float32', [18, 2]),
        )
    }
    truth = {'flow': ('float16', [BATCH_SIZE, *SIZE, 2]), 'visibility': ('uint8', [BATCH_SIZE, *SIZE])}
    assert shapes == {**pair, **truth}
    assert description['num_steps'] == 10 and description['step'] == 0
    assert 'total' in description['losses'] and 'layer_flow' in description['losses']


@pytest.mark.slow
def test_every_state_has_a_name_and_what_training_changes_is_replaced(exported, description):
    names = description['state']
    assert len(set(names)) == len(names) == len(read_state(exported[1]))
    changed = {names[given] for given in description['replaced'].values()}
    assert COUNTER in changed
    trained = {name for name in names if name.startswith('optimizer/')}
    assert trained and {name for name in changed if name.startswith('model/')}
    # The moving average of each weight that the step knows changes too.
    assert {name for name in names if name.startswith('average/')} <= changed


@pytest.mark.slow
def test_parameters_and_results_of_the_program_are_those_that_the_description_counts(exported, description):
    module = hlo_pb2.HloModuleProto.FromString(read_program(exported[1]))
    (entry,) = [item for item in module.computations if item.id == module.entry_computation_id]
    parameters = [item for item in entry.instructions if item.opcode == 'parameter']
    assert len(parameters) == len(description['batch']) + len(description['state'])
    (root,) = [item for item in entry.instructions if item.id == entry.root_id]
    assert len(root.operand_ids) == len(description['losses']) + len(description['replaced'])
    assert not [item for part in module.computations for item in part.instructions if item.opcode == 'copy']


def test_what_copied_a_value_uses_the_value():
    module = hlo_pb2.HloModuleProto()
    computation = module.computations.add(root_id=5)
    for number, opcode, operands in ((1, 'parameter', []), (2, 'copy', [1]), (3, 'copy', [2]), (4, 'add', [3, 2])):
        computation.instructions.add(id=number, opcode=opcode, operand_ids=operands)
    computation.instructions.add(id=5, opcode='copy', operand_ids=[4], control_predecessor_ids=[3])
    (mended,) = hlo_pb2.HloModuleProto.FromString(without_copies(module.SerializeToString())).computations
    assert [(item.id, item.opcode, list(item.operand_ids)) for item in mended.instructions] == [
        (1, 'parameter', []),
        (4, 'add', [1, 1]),
    ]
    assert mended.root_id == 4


@pytest.mark.slow
def test_a_run_of_the_program_goes_back_and_training_goes_on_from_there(exported, description, tmp_path):
    """In place of a run of the program: every weight a half larger, at step seven."""
    arrays = [
        array + array.dtype.type(7 if name == COUNTER else 0.5) if name == COUNTER or '/' in name else array
        for name, array in zip(description['state'], read_state(exported[1]))
    ]
    write_state(tmp_path, arrays)
    step, folder = exported
    assert step.collect(tmp_path) == 7
    continued = motion_step(RunFolder(folder.parent / 'run'))
    assert continued.step == 7
    by_name = dict(zip(description['state'], arrays))
    assert by_name.keys() & continued.variables.keys() > {COUNTER}
    for name in by_name.keys() & continued.variables.keys():
        np.testing.assert_array_equal(continued.variables[name], by_name[name], err_msg=name)


@pytest.mark.slow
def test_the_state_of_another_program_is_an_error(exported, tmp_path):
    write_state(tmp_path, [np.zeros((3, 3), np.float32)])
    with pytest.raises(RunError, match='another program'):
        exported[0].collect(tmp_path)


def test_a_stage_with_discriminators_is_an_error(tiny_config, tmp_path):
    with pytest.raises(ConfigError, match='stage full: has discriminators'):
        PortableStep(tiny_config, 'full', RunFolder(tmp_path))


def test_maps_that_no_stream_has_are_an_error(tmp_path):
    config = layered_config(loss_weights={'motion': {'texture': 1.0}}, pair_augmentation='none')
    with pytest.raises(ConfigError, match='stage motion: needs source_garment, target_garment'):
        PortableStep(config, 'motion', RunFolder(tmp_path))
