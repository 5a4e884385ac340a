"""The progress of mmcv's build, and what is said when it fails."""
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / 'tools' / 'setup' / 'build_mmcv.py'


def test_progress_estimates_what_is_left():
    """The line says how far it is; after the first object also how long it may still take."""
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        from build_mmcv import STEP, bar
    finally:
        sys.path.remove(str(SCRIPT.parent))
    assert STEP.match('  [12/77] c++ -MMD -MF a.o').groups() == ('12', '77')
    assert 'left' not in bar(1, 77, 0.)
    assert '39/77 objects, 3.8 min, about 3.8 min left' in bar(39, 77, 228.)
    assert '.' not in bar(77, 77, 420., width=10).split()[1]


def test_failure_says_what_is_needed(tmp_path):
    """A build that fails exits with an error, shows the end of the log, and names the way without a compiler."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), '--log', str(tmp_path / 'log'), '--', '--no-index', 'no-such-package-at-all'],
        capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert 'make setup-lite' in done.stderr
    assert 'no-such-package-at-all' in done.stdout
    assert 'no-such-package-at-all' in (tmp_path / 'log').read_text()


def test_the_standard_that_pytorch_wants(tmp_path, monkeypatch):
    """mmcv asks for C++17; where PyTorch's headers want C++20 they get it, as the last word to the compiler."""
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        from build_mmcv import newer_standard
    finally:
        sys.path.remove(str(SCRIPT.parent))
    header, (old, new) = tmp_path / 'ATen/ATen.h', (17, 20)
    header.parent.mkdir()
    assert newer_standard(tmp_path / 'none', tmp_path) == {}
    header.write_text(f'#error C++{old} or later compatible compiler is required to use ATen.')
    assert newer_standard(tmp_path, tmp_path) == {}
    header.write_text(f'#error C++{new} or later compatible compiler is required to use ATen.')
    monkeypatch.setenv('CXX', 'echo g++')
    compiler = newer_standard(tmp_path, tmp_path)['CXX']
    told = subprocess.run(f'{compiler} -std=c++17 "a b.cpp"', shell=True, capture_output=True, text=True, check=True)
    assert told.stdout == 'g++ -std=c++17 a b.cpp -std=c++20\n'
