"""The posewarp command and what all programs share: help, version, --config, errors in one line."""

import ast
import os
import pathlib
import subprocess
import sys

import pytest

import posewarp_tf
from posewarp_tf import lanes
from posewarp_tf.__main__ import COMMANDS
from posewarp_tf.settings.config import config_fields
from posewarp_tf.settings.flags import CONFIG_DIR, expand_config

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Programs of those who work on the page and on the ops: python -m only.
_NOT_FOR_USERS = {
    'exports.mobile.dances',
    'exports.mobile.gallery',
    'exports.mobile.pose_models',
    'exports.mobile.talks',
    'custom_ops.benchmarks.local_attention',
    'custom_ops.cuda_check.export_hlo',
    'custom_ops.cuda_check.time_tensorflow',
    'posewarp_tf.data.synthetic',  # An earlier name.
}


def run_posewarp(*arguments, columns='1000'):
    command = [sys.executable, '-m', 'posewarp_tf', *map(str, arguments)]
    environment = {**os.environ, 'COLUMNS': columns}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def flag_lines(text):
    return {
        line.split()[0].replace('--[no]', '--').split('=')[0]: line
        for line in text.splitlines()
        if line.startswith('  --')
    }


def test_every_program_is_a_subcommand():
    programs = set()
    for package in ('posewarp_tf', 'exports', 'custom_ops'):
        for path in (ROOT / package).rglob('*.py'):
            calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
            if any(ast.unparse(call) == 'command_line.run' for call in calls) and path.parent.name != 'node_modules':
                programs.add('.'.join(path.relative_to(ROOT).with_suffix('').parts))
    assert programs - {'posewarp_tf.__main__'} == {module for module, _ in COMMANDS.values()} | _NOT_FOR_USERS


def test_overview_names_every_command():
    finished = run_posewarp('--help')
    assert finished.returncode == 0
    for name, (_, words) in COMMANDS.items():
        assert any(line.split() == [name, *words.split()] for line in finished.stdout.splitlines())


@pytest.mark.parametrize('name', COMMANDS)
def test_help_of_a_command_is_one_line_per_setting(name):
    finished = run_posewarp(name, '--help')
    assert finished.returncode == 0, finished.stderr
    assert f'usage: posewarp {name} ' in finished.stdout and 'Settings of this command' in finished.stdout
    lines = flag_lines(finished.stdout)
    assert len(lines) > 3
    # Something is said of each.
    assert all(len(line.split(maxsplit=1)[1]) > 9 for line in lines.values())


def test_help_of_training_has_every_setting_under_its_section():
    text = run_posewarp('train', '--help').stdout
    assert {f'--{field.name}' for field, _ in config_fields()} <= set(flag_lines(text))
    parts = ('  --init_from', 'Model: ', '  --base_filters', 'Data: ', '  --augmentation', 'Loss: ', '  --vgg_weights')
    order = [text.index(f'\n{part}') for part in (*parts, 'Training: ', '  --ema_decay', 'Everywhere')]
    assert order == sorted(order)
    assert '[256,256]' in flag_lines(text)['--image_size'] and '[0.0001]' in flag_lines(text)['--learning_rate']


def test_help_fits_a_narrow_terminal():
    text = run_posewarp('train', '--help', columns='80').stdout
    settings = text[text.index('Settings of this command') : text.index('Everywhere')]
    assert max(len(line) for line in flag_lines(settings).values()) == 80


def test_help_needs_no_tensorflow():
    program = (
        'import sys; sys.argv = ["posewarp", "train", "--help"]\n'
        'from posewarp_tf.__main__ import main\n'
        'try: main()\n'
        'except SystemExit: print("tensorflow" in sys.modules)'
    )
    finished = subprocess.run([sys.executable, '-c', program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert finished.stdout.splitlines()[-1] == 'False'


@pytest.mark.parametrize('arguments', [['--version'], ['train', '--version']])
def test_version_names_the_packages(arguments):
    finished = run_posewarp(*arguments)
    assert finished.returncode == 0
    assert finished.stdout.strip() == f'posewarp_tf {posewarp_tf.__version__} ({lanes.describe()})'


@pytest.mark.parametrize(
    'arguments, message',
    [
        (['tran'], "no command 'tran', did you mean 'train'?"),
        (['xyzzy'], "no command 'xyzzy', expected one of predict, turn, animate, "),
        (['train', '--config=nothing'], "no config 'nothing': expected a flagfile or one of gfla_dance, "),
        (['train', '--bogus=1'], "Unknown command line flag 'bogus'"),
        (['train', 'quickstart'], "unexpected argument 'quickstart': every setting is a --flag"),
        (['export-packed'], 'Flag --run_dir must have a value other than None'),
    ],
)
def test_mistakes_end_in_one_line(arguments, message):
    finished = run_posewarp(*arguments)
    assert finished.returncode == 2
    (line,) = [line for line in finished.stderr.splitlines() if line.startswith(('error', 'Traceback'))]
    assert message in finished.stderr and line.startswith('error: ')


def test_config_stands_for_its_flagfile_in_its_place():
    from absl import flags

    from posewarp_tf.settings.flags import config_from_flags, define_training_flags

    values = flags.FlagValues()
    define_training_flags(flag_values=values)
    for given in (['--config=quickstart'], ['--config', 'quickstart'], [f'--config={CONFIG_DIR}/quickstart.cfg']):
        argv = expand_config(['train', '--batch_size=2', *given, '--seed=5'], values)
        assert argv == ['train', '--batch_size=2', f'--flagfile={CONFIG_DIR}/quickstart.cfg', '--seed=5']
    values(argv)
    config = config_from_flags(flag_values=values)
    # The file's own batch size overrides the one before it; the seed after it holds.
    assert (config.model.image_size, config.training.batch_size, config.training.seed) == ((96, 64), 8, 5)
