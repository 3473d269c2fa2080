"""Makes a run folder of checkpoints that were released for PyTorch; PyTorch is not needed, and no code in them runs.

    python -m posewarp_tf.import_pytorch --checkpoint=latest_net_G.pth --discriminator=latest_net_D.pth
        --config=gfla_fashion --run_dir=runs/gfla_fashion
    python -m posewarp_tf.predict --run_dir=runs/gfla_fashion ...
    python -m posewarp_tf.train --flagfile=posewarp_tf/configs/gfla_fashion.cfg --run_dir=runs/gfla_fashion

In Python, `posewarp_tf.import_pytorch(path, config='auto')` gives the model.
"""

from __future__ import annotations

from absl import flags

from posewarp_tf.settings import command_line


def define_flags() -> None:
    flags.DEFINE_string(
        'checkpoint',
        None,
        'Generator, flow estimator, motion extraction, novel views or animation (latest_net_G.pth).',
        required=True,
    )
    flags.DEFINE_string('discriminator', None, 'Discriminator (latest_net_D.pth), if training is to go on.')
    flags.DEFINE_string('clip_discriminator', None, 'That of clips of videos (latest_net_D_V.pth), likewise.')
    flags.DEFINE_string('config', 'auto', "A shipped config, a flagfile, or 'auto': what the file itself tells.")
    flags.DEFINE_list('image_size', None, 'height,width, if not the published one: weights do not tell it.')
    flags.DEFINE_string('run_dir', None, 'Folder to make.', required=True)


def main() -> None:
    from posewarp_tf.pytorch_files import importing

    given = flags.FLAGS
    weights = importing.PytorchWeights(given.checkpoint)
    discriminator = importing.PytorchWeights(given.discriminator) if given.discriminator else None
    clips = importing.PytorchWeights(given.clip_discriminator) if given.clip_discriminator else None
    config = importing.choose_config(given.config, given.image_size, weights, discriminator)
    importing.write_run(given.run_dir, config, weights, discriminator, clips)
    for source in filter(None, (weights, discriminator, clips)):
        for note in source.notes:
            print(f'{source.path}: {note}')
    if given.config == importing.AUTO:
        print(f'{weights.path}: by its keys and shapes a network of {importing.description(config, weights)}')
    chosen = 'as given' if given.image_size else 'as in the config; weights do not tell it, --image_size changes it'
    height, width = config.model.image_size
    print(f'image size: {height}x{width} ({chosen})')
    print(f'{given.run_dir}: a run folder, ready for predict, evaluate, train and export_pytorch')


if __name__ == '__main__':
    command_line.run(define_flags, main)
