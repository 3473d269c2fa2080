"""Checkpoints of the seeded reference weights, in both containers."""

import pytest

from tests.tensor_files.torch_save import state_dict, torch_save


@pytest.fixture(scope='session')
def checkpoint(golden, tmp_path_factory):
    """`checkpoint('pose_fashion', 'zip')`: the path of a file of these weights."""
    folder, made = tmp_path_factory.mktemp('checkpoints'), {}

    def make(name, container='stream'):
        if (name, container) not in made:
            weights = golden(name).seeded_weights()
            made[name, container] = torch_save(folder / f'{name}_{container}.pth', state_dict(weights), container)
        return made[name, container]

    return make
