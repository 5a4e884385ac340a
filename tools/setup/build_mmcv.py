"""Install mmcv from its source with a progress bar: pip is silent for the minutes that the compiler takes.

Runs before anything is installed, so with nothing but the standard library.
"""
import argparse
import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STEP = re.compile(r'^\s*\[(\d+)/(\d+)\]')  # what ninja prints before each object


def bar(done: int, total: int, seconds: float, width: int = 40) -> str:
    """One line: how far the build is, how long it took since the first object, and may still take."""
    filled = width * done // total
    left = f', about {seconds * (total - done) / (done - 1) / 60:.1f} min left' if done > 1 else ''
    return f'  compiling {"=" * filled}{"." * (width - filled)} {done}/{total} objects, {seconds / 60:.1f} min{left}'


def newer_standard(headers: Path, folder: Path) -> dict[str, str]:
    """What the environment must say where PyTorch's headers want a newer C++ than mmcv asks for, which is C++17.

    Args:
        headers: Folder of the headers.
        folder: Where a compiler is put that takes the newer standard, whatever it is told before.
    """
    said = headers / 'ATen/ATen.h'
    wanted = re.search(r'C\+\+(\d+) or later', said.read_text(encoding='utf-8')) if said.is_file() else None
    if not wanted or int(wanted[1]) <= 17:
        return {}
    option, compiler = f'-std=c++{wanted[1]}', folder / 'cxx'
    compiler.write_text(f'#!/bin/sh\nexec {os.environ.get("CXX", "c++")} "$@" {option}\n', encoding='utf-8')
    compiler.chmod(0o755)
    return dict(CXX=shlex.quote(str(compiler)), NVCC_APPEND_FLAGS=f'{os.environ.get("NVCC_APPEND_FLAGS", "")} {option}')


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--log', type=Path, required=True, help='where all that the build says is kept')
    parser.add_argument('requirements', nargs='+', help='what pip is to install, after --')
    args = parser.parse_args()
    command = [sys.executable, '-m', 'pip', 'install', '--verbose', '--disable-pip-version-check',
               '--no-build-isolation', *args.requirements]
    start = first = time.monotonic()
    on_terminal = sys.stdout.isatty()
    torch = importlib.util.find_spec('torch')
    headers = Path(*(torch and torch.submodule_search_locations or ())) / 'include'
    with tempfile.TemporaryDirectory() as folder, args.log.open('w', encoding='utf-8') as log, subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace',
            env={**os.environ, **newer_standard(headers, Path(folder))}) as pip:
        shown = 0.
        for line in pip.stdout or ():
            log.write(line)
            if not (step := STEP.match(line)):
                continue
            done, total = map(int, step.groups())
            now = time.monotonic()
            first = now if done == 1 else first
            if on_terminal:
                print('\r' + bar(done, total, now - first), end='', flush=True)
            elif now - shown > 20 or done == total:  # a log file wants a few lines
                print(bar(done, total, now - first), flush=True)
                shown = now
    if on_terminal and first != start:
        print()
    if pip.returncode:
        tail = args.log.read_text(encoding='utf-8').splitlines()[-25:]
        print('\n'.join(tail))
        print(f'mmcv could not be built (all of it: {args.log}). It needs a compiler of C++17, or of C++20 where '
              'PyTorch wants it (on Debian: apt-get install build-essential) and 2 GB of memory a job (fewer: make '
              'setup JOBS=1). No compiler: make setup-lite', file=sys.stderr)
    else:
        print(f'  done in {(time.monotonic() - start) / 60:.1f} min')
    return pip.returncode


if __name__ == '__main__':
    sys.exit(main())
