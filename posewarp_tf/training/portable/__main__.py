"""Exports the training step of a stage, and takes back what a run of it left.

    posewarp portable-step --config=starter --stage=motion --step_dir=step

Run it elsewhere (`posewarp run-portable-step`), bring its state-*.npz back, and

    posewarp portable-step --config=starter --stage=motion --step_dir=step --collect
"""

from __future__ import annotations

from absl import flags

from posewarp_tf.errors import ConfigError
from posewarp_tf.settings import command_line
from posewarp_tf.settings.flags import config_from_flags, define_training_flags


def define_flags() -> None:
    flags.DEFINE_string('run_dir', '', 'Folder of the run: made if missing, continued if not.')
    flags.DEFINE_string('step_dir', '', 'Folder of the step: made, or with --collect read.')
    flags.DEFINE_bool('collect', False, 'Takes the state of the step back into the run folder.')
    define_training_flags(has_run_dir=True)


def main() -> int:
    from posewarp_tf.data.materials import material_of
    from posewarp_tf.runs.run_folder import RunFolder
    from posewarp_tf.training.plan import plan_training, with_chosen_precision
    from posewarp_tf.training.portable.step import PortableStep
    from posewarp_tf.training.stage import keep_person_frame

    config = config_from_flags()
    for name in ('run_dir', 'step_dir'):
        if not flags.FLAGS[name].value:
            raise ConfigError(f'--{name}: got none, expected a folder')
    run_folder, step_dir = RunFolder(flags.FLAGS.run_dir), flags.FLAGS.step_dir
    *others, stage = plan_training(config)
    if others:
        raise ConfigError(f'--stage: got all, expected one of {", ".join([*others, stage])}')
    config = with_chosen_precision(config, run_folder)
    run_folder.save_config(config)
    step = PortableStep(config, stage, run_folder)
    if not flags.FLAGS.collect:
        step.export(step_dir)
        print(f'{step_dir}: stage {stage} from step {step.step}')
        return 0
    number = step.collect(step_dir)
    keep_person_frame(config, run_folder, material_of(config).examples(config))
    print(f'{run_folder.path}: stage {stage} is at step {number}')
    return 0


if __name__ == '__main__':
    command_line.run(define_flags, main)
