"""Builds the samplers' compiled ops with g++ alone: `posewarp build-ops`, or in a clone `make op`.

With nvcc the CUDA kernels are built in too. The library lands in a clone's custom_ops/_build, or in the user's cache
(~/.cache/posewarp_tf) if the package is installed; nothing is done when it is newer than its sources and of the
installed TensorFlow.
"""

from __future__ import annotations

import concurrent.futures
import os
import pathlib
import platform
import shutil
import subprocess
import tempfile
import time

from absl import flags

from posewarp_tf import files
from posewarp_tf.errors import RunError
from posewarp_tf.settings import command_line

FLAGS = flags.FLAGS

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ROOT / 'custom_ops' / 'cc'
# Flags for the loops in cc/lib/sampler_inl.h, once per instruction set.
INSTRUCTION_SETS = {
    'baseline': [],
    'avx2': ['-mavx2', '-mfma', '-mf16c'],
    'avx512': ['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mfma', '-mprefer-vector-width=512'],
}
X86_ONLY = ('avx2', 'avx512')
# The oldest and the newest GPUs that binaries are made for; others get PTX of the newest.
CUDA_ARCHITECTURES = (80, 90)

Command = list


def build(use_cuda: bool, output: pathlib.Path | None = None) -> None:
    """Compiles and links the library.

    Args:
        use_cuda: whether to build the CUDA kernels in.
        output: where the library goes; None: where it is looked for.

    Raises:
        RunError: no compiler, no nvcc, or one that fails; its output is in the message.
    """
    compiler = _compiler()
    if shutil.which(compiler) is None:
        raise RunError(
            f'{compiler}: no such C++ compiler: install one (Debian, Ubuntu: apt install g++) or name it in CXX; '
            'without the compiled ops everything works, only slower'
        )
    if use_cuda and shutil.which('nvcc') is None:
        raise RunError('nvcc: not found: the CUDA kernels need the CUDA toolkit on the PATH; --cuda=no leaves them out')
    start = time.perf_counter()
    output = output or _build_path()
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as objects, files.atomic_path(output) as partial:
        commands = compile_commands(compiler, pathlib.Path(objects), use_cuda)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(_run, commands.values()))
        _run([*link_command(compiler, list(commands), use_cuda), '-o', str(partial)])
    print(f'{output}: built in {time.perf_counter() - start:.0f} s, {"with" if use_cuda else "without"} CUDA kernels')


def compile_commands(compiler: str, objects: pathlib.Path, use_cuda: bool) -> dict[pathlib.Path, Command]:
    """{object file: the command that makes it}, the slowest first."""
    import tensorflow as tf

    base = [compiler, '-std=c++17', '-O3', '-fPIC', '-DNDEBUG', '-Wno-psabi', f'-I{ROOT}']
    tensorflow_flags = [*base, *(f.replace('-I', '-isystem', 1) for f in tf.sysconfig.get_compile_flags())]
    tensorflow_flags.append(f'-DPOSEWARP_TENSORFLOW_VERSION={tf.__version__}')
    sources = {
        SOURCES / 'kernels' / 'sampler_kernels.cc': tensorflow_flags,
        SOURCES / 'ops' / 'sampler_ops.cc': tensorflow_flags + (['-DGOOGLE_CUDA=1'] if use_cuda else []),
        SOURCES / 'lib' / 'sampler.cc': base,
    }
    for name, options in INSTRUCTION_SETS.items():
        if name not in X86_ONLY or platform.machine() in ('x86_64', 'AMD64'):
            sources[SOURCES / 'lib' / f'sampler_{name}.cc'] = base + options
    if use_cuda:
        # The kernels, which take longest, first; for the other file nvcc only finds the headers of CUDA.
        host = [*_nvcc(compiler), *(f'-Xcompiler={flag}' for flag in tensorflow_flags[1:]), '-DGOOGLE_CUDA=1']
        cuda = [*_nvcc(compiler), '-std=c++17', '-O3', '-Xcompiler=-fPIC', f'-I{ROOT}', *cuda_architecture_flags()]
        kernels = SOURCES / 'kernels'
        sources = {kernels / 'sampler_cuda.cu': cuda, kernels / 'sampler_gpu_kernels.cc': host, **sources}
    return {
        objects / f'{source.stem}.o': [*command, '-c', str(source), '-o', str(objects / f'{source.stem}.o')]
        for source, command in sources.items()
    }


def cuda_architecture_flags() -> Command:
    newest = CUDA_ARCHITECTURES[-1]
    binaries = [f'-gencode=arch=compute_{number},code=sm_{number}' for number in CUDA_ARCHITECTURES]
    return [*binaries, f'-gencode=arch=compute_{newest},code=compute_{newest}']


def link_command(compiler: str, objects: list[pathlib.Path], use_cuda: bool) -> Command:
    import tensorflow as tf

    if not use_cuda:
        return [compiler, '-shared', *map(str, objects), *tf.sysconfig.get_link_flags()]
    # CUDA's runtime goes into the library, unseen from outside: it loads without a GPU. It comes before TensorFlow,
    # which exports functions of the same names that stand for the runtime of its own CUDA version.
    linker_flags = ['-lcudart_static', '--exclude-libs=libcudart_static.a', *tf.sysconfig.get_link_flags()]
    flags_for_nvcc = [f'-Xlinker={flag}' for flag in linker_flags]
    return [*_nvcc(compiler), '-shared', '--cudart=static', *map(str, objects), *flags_for_nvcc]


def _nvcc(compiler: str) -> Command:
    return ['nvcc', '-ccbin', compiler]


def is_fresh(library: pathlib.Path, use_cuda: bool) -> bool:
    """Whether the library is newer than its sources, for this TensorFlow, and has CUDA kernels or none, as asked."""
    from posewarp_tf.ops import kernel_library

    if not library.exists() or kernel_library.refusal(library) or kernel_library.has_cuda(library) != use_cuda:
        return False
    newest = max(path.stat().st_mtime for path in [*SOURCES.rglob('*'), pathlib.Path(__file__)])
    return library.stat().st_mtime >= newest


def _compiler() -> str:
    return os.environ.get('CXX', 'g++')


def _build_path() -> pathlib.Path:
    from posewarp_tf.ops import kernel_library  # Imports TensorFlow.

    return kernel_library.build_path()


def _run(command: Command) -> None:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise RunError(f'{" ".join(command)}\n{finished.stdout}{finished.stderr}')


def define_flags() -> None:
    flags.DEFINE_enum('cuda', 'auto', ['auto', 'yes', 'no'], 'Build the CUDA kernels in; auto: if there is an nvcc.')
    flags.DEFINE_bool('force', False, 'Build although the library is up to date.')
    flags.DEFINE_bool('optional', False, 'Where there is no compiler, say so and succeed.')


def main() -> None:
    use_cuda = {'auto': shutil.which('nvcc') is not None, 'yes': True, 'no': False}[FLAGS.cuda]
    if FLAGS.optional and shutil.which(_compiler()) is None:
        print(f'no C++ compiler ({_compiler()}): samplers stay plain TensorFlow, which is slower')
    elif is_fresh(_build_path(), use_cuda) and not FLAGS.force:
        print(f'{_build_path()}: up to date')
    else:
        build(use_cuda)


if __name__ == '__main__':
    command_line.run(define_flags, main)
