"""Run folders are made by training."""

from tests.training.conftest import data_dir, has_effect, quick_graphs, tiny_config, train_command  # noqa: F401
