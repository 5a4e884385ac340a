"""The set-up of the Makefile: one at a time, and never a mixture of the two tiers. pip is a script that takes notes."""
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: Stands for the environment's Python: notes what it is asked, and takes its time, so that others come in between.
PYTHON = '#!/bin/sh\nsleep 0.2\necho "$*" >> "$(dirname "$0")/asked"\n'


@pytest.fixture
def tree(tmp_path):
    """The project's Makefile and requirements, with an environment that only takes notes."""
    if shutil.which('make') is None or shutil.which('flock') is None:
        pytest.skip('make and flock are not here')
    shutil.copy(ROOT / 'Makefile', tmp_path)
    shutil.copytree(ROOT / 'requirements', tmp_path / 'requirements')
    (tmp_path / 'setup.py').touch()
    (tmp_path / 'tools/setup').mkdir(parents=True)
    (tmp_path / 'tools/setup/build_mmcv.py').touch()
    python = tmp_path / '.venv/bin/python'
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON)
    python.chmod(0o755)
    return tmp_path


def start(tree, *targets):
    return subprocess.Popen(['make', *targets, 'PYTHON=true'], cwd=tree, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def end(process):
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output


def asked(tree):
    return (tree / '.venv/bin/asked').read_text().splitlines()


def of_full(lines):
    """What only the full tier asks for: the compiler, and the toolboxes that need it."""
    return [line for line in lines if 'build_mmcv' in line or 'mminstall' in line]


@pytest.mark.parametrize('beside', ['test', 'setup-lite'])
def test_light_stays_light(tree, beside):
    """What starts while the light set-up is under way waits for it: it neither compiles nor takes mmcv-lite away."""
    first = start(tree, 'setup-lite')
    deadline = time.monotonic() + 30
    while not (tree / '.venv/.stamps/tier').is_file() and time.monotonic() < deadline:
        time.sleep(0.01)
    second = start(tree, beside)
    end(first)
    end(second)
    lines = asked(tree)
    assert not of_full(lines)
    assert sum(line.endswith(' mmcv-lite') and ' install ' in line for line in lines) == 1  # once for both
    assert (tree / '.venv/.stamps/lite').is_file() and not (tree / '.venv/.stamps/full').exists()


def test_the_last_choice_counts(tree):
    """Full and light at once: one after the other, and the environment is wholly that of the one that came last."""
    for process in [start(tree, 'setup'), start(tree, 'setup-lite')]:
        end(process)
    tier = (tree / '.venv/.stamps/tier').read_text().strip()
    other = {'full': 'lite', 'lite': 'full'}[tier]
    assert (tree / f'.venv/.stamps/{tier}').is_file() and not (tree / f'.venv/.stamps/{other}').exists()
    before = len(asked(tree))
    end(start(tree, 'test'))
    assert [line for line in asked(tree)[before:] if 'pip install' in line] == []  # nothing is left to do


def test_twice_is_once(tree):
    """The full set-up, started twice, compiles once."""
    for process in [start(tree, 'setup'), start(tree, 'setup')]:
        end(process)
    assert sum('build_mmcv' in line for line in asked(tree)) == 1


def demo(tree, *options):
    """The commands of the demo, one a line."""
    return subprocess.run(['make', '-n', '.demo', *options], cwd=tree, capture_output=True, text=True,
                          check=True).stdout.splitlines()


def test_first_results_first(tree):
    """The demo says how long it takes, shows what needs no labels, then the supervised tasks and the table."""
    commands = '\n'.join(line for line in demo(tree) if not line.startswith('echo'))
    places = [commands.index(part) for part in (
        'how_long.py', 'demo.py data/demo', 'train.py configs/prior', 'evaluate_demo.py', 'demo/phrase_grounding.py',
        'visualize.py', 'demo_downstream.py', 'train.py configs/downstream/demo/rsna_cls.py', 'overview.py')]
    assert places == sorted(places)
    assert commands.count('demo/phrase_grounding.py') == 1


def test_the_demo_trains_the_model_that_is_named(tree):
    """One variable says which; all tasks find it in the same folder."""
    named = [line for line in demo(tree, 'PRETRAIN=configs/prior/other.py') if 'configs/prior/other.py' in line]
    assert [line.split('tools/')[1].split('.py')[0] for line in named] == ['how_long', 'train', 'visualize']
    assert all('--work-dir work_dirs/pretrain_demo' in line for line in named[1:])


def test_the_tasks_are_of_the_kind_of_the_model(tree):
    """What tests the pre-trained model itself builds that model, finds it where it was trained, and is there."""
    for options, kind, evaluate in (
            ((), '', 'evaluate_demo'),
            (('PRETRAIN=configs/prior/prior_demo_grounded.py', ), 'grounded_', 'evaluate_demo_grounded')):
        tests = [line.split('tools/test.py ')[1] for line in demo(tree, *options) if 'tools/test.py' in line]
        wanted = [f'configs/prior/{evaluate}.py', *(f'configs/downstream/demo/{kind}{name}.py' for name in (
            'phrase_grounding', 'chexpert5x200_zeroshot', 'chexpert5x200_retrieval'))]
        assert [line.split()[0] for line in tests[:4]] == wanted
        assert all('--work-dir work_dirs/pretrain_demo' in line for line in tests[:4])
        assert all((ROOT / name).is_file() for name in wanted)
