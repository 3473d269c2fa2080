"""What a command of a document is given beside its own flags, so that it takes seconds."""

from __future__ import annotations

import re

from posewarp_tf.settings.flags import load_config
from tests.docs.commands import Command

# A folder that nothing is in yet.
NEW = '{new}'
_NARROW = ('--image_size=64,64', '--base_filters=4', '--max_filters=8', '--flow_base_filters=4', '--flow_max_filters=8')
# GFLA's fewest layers; PFL's networks have to reach its coarsest flow.
_SHALLOW = ('--num_layers=1', '--flow_num_layers=2', '--attention_kernels=1=1', '--discriminator_num_layers=1')
_FEW_TERMS = '--loss_weights=full.adversarial=0,full.perceptual=0,full.style=0'
_PLAIN = {
    'posewarp_tf.evaluate': ('--max_pairs=2',),
    'posewarp_tf.benchmark': (*_NARROW, *_SHALLOW, '--repeats=1'),
    'posewarp_tf.training.scaling': (*_NARROW, *_SHALLOW),
    'posewarp_tf.video.benchmark': ('--num_frames=3', '--frame_size=48,64'),
    'posewarp_tf.photos.accuracy': ('--num_people=1', '--scale=1'),
    'posewarp_tf.photos.benchmark': ('--repeats=1', '--photo_size=96,64'),
    'posewarp_tf.photos.pose_accuracy': ('--images=me.jpg', f'--output_dir={NEW}'),
    'posewarp_tf.landmarks': (f'--output_dir={NEW}',),
    'posewarp_tf.data.prepare': ('--num_workers=1', f'--output_dir={NEW}'),
    'posewarp_tf.data.benchmark': ('--num_batches=1', '--batch_size=2'),
    # The checkpoint at hand is of a small network.
    'posewarp_tf.import_pytorch': ('--config=auto', f'--run_dir={NEW}'),
    'posewarp_tf.synthetic.rendered.__main__': ('--num_people=1',),
    'exports.saved_model.__main__': ('--check_pairs=1', '--batch_sizes=1', f'--output_dir={NEW}'),
    'exports.tflite.__main__': (
        *('--check_pairs=1', '--calibration_pairs=1', '--timed_runs=1', '--precision=float32'),
        f'--output_dir={NEW}',
    ),
    'posewarp_tf.clean_poses': (f'--output_dir={NEW}',),
    'exports.check.__main__': ('--num_pairs=1', '--timed_runs=1', f'--output_dir={NEW}'),
}


def added_flags(command: Command) -> tuple[str, ...]:
    """Flags to put behind those of the command; the last one of a name counts."""
    if command.module == 'posewarp_tf.synthetic.__main__':
        if any(argument.startswith('--sequence') for argument in command.arguments):
            return ('--sequence=1', f'--output_dir={NEW}')
        if any(argument.startswith('--skeletons') for argument in command.arguments):
            return ('--skeletons=7', f'--output_dir={NEW}')
        if any(argument.startswith('--views') for argument in command.arguments):
            return ('--views=2', '--view_size=32', '--num_processes=1', f'--output_dir={NEW}')
        if any(argument.startswith('--videos') for argument in command.arguments):
            sizes = ('--image_height=64', '--image_width=64', '--min_frames=3', '--max_frames=3')
            return ('--videos=2', *sizes, '--num_processes=1', f'--output_dir={NEW}')
        if any(argument.startswith('--faces') for argument in command.arguments):
            return ('--faces=2', '--face_frames=2', '--image_height=64', '--num_processes=1', f'--output_dir={NEW}')
        people = ('--num_train_people=1', '--num_test_people=1', '--poses_per_person=2', '--pairs_per_person=2')
        return (*people, '--num_processes=1', f'--output_dir={NEW}')
    if command.module == 'posewarp_tf.photos.accuracy' and '--data_dir=' in command.text:
        return ('--scale=1', '--max_pairs=1', '--data_dir=data/quickstart', '--run_dir=runs/quickstart')
    if command.module == 'posewarp_tf.benchmark' and '--accuracy_of=' in command.text:
        return ('--accuracy_of=runs/quickstart', '--data_dir=data/quickstart')
    if command.module == 'posewarp_tf.benchmark' and '--window' in command.arguments:
        return (*_PLAIN[command.module], '--discriminator_num_layers=2')
    if command.module == 'posewarp_tf.evaluate' and re.search('gfla_(dance|face)', command.text):
        return ('--max_pairs=1', '--num_frames=2')
    if command.module == 'posewarp_tf.train':
        return (*_flags_of_training(command), f'--run_dir={NEW}')
    return _PLAIN.get(command.module or '', ())


def _flags_of_training(command: Command) -> tuple[str, ...]:
    """One step where a guide names a stage of GFLA; in every other command all is built, and no step made."""
    given = re.search(r'--stage_steps=(\S+)', command.text)
    config = re.search(r'configs/(\w+)\.cfg|--config=(\w+)', command.text)
    assert config is not None, command.text
    config = load_config(config[1] or config[2])
    names = re.findall(r'(\w+)=', given[1]) if given else config.training.stage_steps
    animates = config.model.material.endswith('_clips')
    is_gfla, is_narrow = config.model.model in ('gfla', 'gfla_views'), config.model.makes_pictures
    in_guide = not command.document.startswith('docs/results/')
    steps = 1 if is_gfla and in_guide and '--stage=' in command.text else 0
    return (
        *(_NARROW if is_narrow else ('--motion_channels=8',)),
        *((*_SHALLOW, _FEW_TERMS) if is_gfla else ()),
        # A discriminator of clips looks at time on two levels.
        *((*_SHALLOW, '--discriminator_num_layers=2') if animates else ()),
        *('--batch_size=2', '--validation_pairs=1', '--vgg_weights=random', '--num_workers=1'),
        f'--stage_steps={",".join(f"{name}={steps}" for name in names)}',
    )
