"""One small model, exported once for every test of what is done with it."""

import pytest
import tensorflow as tf

from tests.exports.phone_page import page_models, page_pose_models, page_results  # noqa: F401, fixtures


@pytest.fixture(scope='session')
def exported(tiny_run, tmp_path_factory):
    """The folder of version 1 of the tiny run's SavedModel; not to be changed."""
    from exports.saved_model.export import export_saved_model
    from exports.trained_run import TrainedRun

    return export_saved_model(TrainedRun(tiny_run.path), tmp_path_factory.mktemp('models') / 'posewarp', check_pairs=2)


@pytest.fixture(scope='session')
def signatures(exported):
    return tf.saved_model.load(str(exported)).signatures
