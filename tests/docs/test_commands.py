"""Every command of the documents runs as it stands there, in a folder with small files of all names that it uses.

What is too long is given fewer steps and smaller networks (budget.py). What cannot run is in `CANNOT_RUN`, with the
reason.
"""

import subprocess

import pytest

from tests.docs.budget import NEW, added_flags
from tests.docs.commands import Command, all_commands
from tests.docs.workplace import make_workplace
from tests.processes import run_module
from tests.source_code import ROOT

# By how a command begins.
CANNOT_RUN = {
    'tensorboard ': 'a server, which does not end',
    'posewarp app': 'a server, which does not end; tests/page_server/test_app.py starts and ends it',
    'docker compose ': 'needs Docker',
    'python -m exports.serving.client ': 'needs a server; tests/exports/test_serving.py runs the client against one',
    'python -m exports.serving.clean_poses ': 'needs a server; tests/exports/test_skeleton_exports.py asks one',
    'python -m exports.serving.animate ': 'needs a server; tests/exports/test_animation_exports.py asks one',
    'python -m custom_ops.benchmarks.local_attention': 'needs the compiled ops, and measures for many minutes',
    'python custom_ops/benchmarks/pytorch_network.py': 'needs PyTorch; make test-pytorch runs it',
    'custom_ops/cuda_check/run_all.sh ': 'needs a GPU',
    'posewarp portable-step ': 'traces a network for a minute; tests/training/test_portable.py writes and collects one',
    'posewarp run-portable-step ': 'needs JAX and MakeHuman; tests/training/test_portable_in_jax.py runs a step by JAX',
    'posewarp benchmark-scaling ': 'starts four processes; tests/training/test_scaling.py does so with a small network',
    'export ': 'for a shell; what it names is not there',
    'posewarp build-ops': 'compiles for a minute; make test builds the same',
    'pip install ': 'installs packages; make test-package does it in an environment of its own',
    'python3 -m venv ': 'make does it',
    '. .venv/bin/activate': 'for a shell; nothing but the environment is chosen by it',
}


def reason_not_to_run(command):
    return next((reason for beginning, reason in CANNOT_RUN.items() if command.text.startswith(beginning)), None)


def commands_to_run():
    """One of those that become the same, apart from the folder of a run: all of one material are alike here."""
    found = {}
    for command in all_commands():
        if command.module and not reason_not_to_run(command):
            flags = dict(argument.partition('=')[::2] for argument in (*command.arguments, *added_flags(command)))
            flags['--run_dir'] = ' '.join(kind for kind in ('motion', 'dance') if kind in flags.get('--run_dir', ''))
            found.setdefault((command.module, tuple(sorted(flags.items()))), command)
    return list(found.values())


@pytest.fixture(scope='session')
def workplace(tmp_path_factory):
    folder = tmp_path_factory.mktemp('workplace')
    make_workplace(folder)
    return folder


@pytest.mark.docs
@pytest.mark.parametrize('command', commands_to_run(), ids=lambda command: f'{command.document}: {command.text}')
def test_command_of_a_document_runs(command: Command, workplace, tmp_path):
    flags = [flag.replace(NEW, str(tmp_path / 'new')) for flag in added_flags(command)]
    code, output = run_module(command.module, [*command.arguments, *flags], workplace)
    assert code == 0, f'{command.text}\n{" ".join(flags)}\n{output[-3000:]}'


@pytest.mark.docs
def test_tutorial_runs(workplace, tmp_path):
    code, output = run_module('docs.tutorial', ['--steps=1', '--people=1', f'--output_dir={tmp_path}'], workplace)
    assert code == 0, output[-3000:]
    assert (tmp_path / 'reposed.png').exists()


def test_every_command_is_run_or_said_why_not():
    unknown = [c.text for c in all_commands() if not (c.module or c.words[0] == 'make' or reason_not_to_run(c))]
    assert unknown == []


def test_every_reason_is_of_a_command_in_a_document():
    texts = [command.text for command in all_commands()]
    assert [beginning for beginning in CANNOT_RUN if not any(text.startswith(beginning) for text in texts)] == []


@pytest.mark.parametrize('text', sorted({command.text for command in all_commands() if command.words[0] == 'make'}))
def test_make_knows_the_targets_of_the_documents(text):
    done = subprocess.run([*text.split(), '--dry-run'], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
