"""Scores a run folder on its test pairs: `python -m posewarp_tf.evaluate --run_dir=...`.

Writes metrics.json (values and their protocol) and samples/evaluate-*.png into the run folder and prints a table.
"""

from __future__ import annotations

from absl import flags

from posewarp_tf import command_line


def define_flags() -> None:
    flags.DEFINE_string('run_dir', None, 'Run folder that training wrote.', required=True)
    flags.DEFINE_string('data_dir', None, 'Folder of the test pairs, if it is not the one of training.')
    flags.DEFINE_enum('checkpoint', 'best', ['best', 'latest'], 'Which weights to evaluate.')
    flags.DEFINE_integer('max_pairs', None, 'Only that many, spread evenly over the test pairs.', lower_bound=1)
    flags.DEFINE_integer('batch_size', 8, 'Pairs at once; changes the speed and nothing else.', lower_bound=1)


def main() -> None:
    from posewarp_tf.metrics.evaluation import evaluate
    from posewarp_tf.metrics.table import format_table
    from posewarp_tf.training.run_folder import RunFolder

    given = flags.FLAGS
    metrics = evaluate(given.run_dir, given.data_dir, given.checkpoint, given.max_pairs, given.batch_size)
    protocol, run = metrics['protocol'], RunFolder(given.run_dir)
    weights = protocol['weights']
    print(
        f'\n{protocol["num_pairs"]} test pairs at {protocol["resolution"]}, {weights["checkpoint"]} weights: '
        f'stage {weights["stage"]}, step {weights["step"]}'
    )
    print(format_table(metrics))
    for name, note in protocol['notes'].items():
        print(f'note: {name}={note}')
    print(f'metrics: {run.metrics_path}')
    print(f'pictures: {run.sample_dir}/evaluate-*.png')


if __name__ == '__main__':
    define_flags()
    command_line.run(main)
