"""The set-up of the Makefile: one at a time, and never a mixture of the two tiers. pip is a script that takes notes."""
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[1]
#: Stands for the environment's Python: notes what it is asked, and takes its time, so that others come in between.
NOTES = '#!/bin/sh\necho "$*" >> "$(dirname "$0")/asked"\n'
PYTHON = NOTES + 'sleep 0.2\n'


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
    commands = '\n'.join(line.partition(' || ')[0] for line in demo(tree) if not line.startswith('echo'))
    places = [commands.index(part) for part in (
        'how_long.py', 'demo.py data/demo', 'train.py configs/prior', 'evaluate_demo_grounded.py',
        'grounded_phrase_grounding.py', 'visualize.py', 'demo_downstream.py',
        'train.py configs/downstream/demo/rsna_cls.py', 'overview.py')]
    assert places == sorted(places)
    assert commands.count('grounded_phrase_grounding.py') == 1


def test_the_demo_trains_the_model_that_is_named(tree):
    """One variable says which; the supervised tasks take their backbone from where it was trained."""
    lines = demo(tree, 'PRETRAIN=configs/prior/other.py')
    named = [tool for line in lines for tool in line.split('tools/') if 'configs/prior/other.py' in tool]
    assert [tool.split('.py')[0] for tool in named] == ['how_long', 'train', 'visualize', 'train', 'visualize']
    shown = [tool for line in lines for tool in line.split('tools/') if tool.startswith(('test.py', 'visualize.py'))]
    assert len(shown) >= 8 and all('work_dirs/other' in tool for tool in shown)
    supervised = [line for line in lines if 'configs/downstream/demo/rsna_' in line]
    assert len(supervised) >= 2 and all('--pretrained work_dirs/other' in line for line in supervised)


def test_first_look(tree):
    """Pre-training that is not through by then is stopped, looked at and resumed; one that failed is not resumed."""
    if shutil.which('timeout') is None:
        pytest.skip('timeout is not here')
    python = tree / '.venv/bin/python'
    python.write_text(NOTES + 'case "$*" in *--resume*) ;; *"train.py configs/prior"*) exec sleep 60;; esac\n')
    end(start(tree, '.demo', 'SOON=timeout 0.5'))
    asked_for = [line.partition('tools/')[2] for line in asked(tree) if 'tools/' in line]
    first = next(place for place, line in enumerate(asked_for) if line.startswith('train.py'))
    train = 'train.py configs/prior/prior_demo_grounded.py'
    there = '--work-dir work_dirs/prior_demo_grounded'
    assert asked_for[first] == f'{train} {there}' and asked_for[first + 3] == f'{train} {there} --resume'
    assert [line.split()[0] for line in asked_for[first + 1:first + 3]] == ['test.py', 'visualize.py']
    python.write_text(NOTES + 'case "$*" in *tools/train.py*) exit 1;; esac\n')
    before = len(asked(tree))
    process = start(tree, '.demo')
    process.communicate(timeout=60)
    assert process.returncode != 0 and 'tools/train.py' in asked(tree)[-1]
    assert sum('tools/train.py' in line for line in asked(tree)[before:]) == 1


def test_the_tasks_are_of_the_kind_of_the_model(tree):
    """What tests the pre-trained model itself builds that model, finds it where it was trained, and is there."""
    for options, trained, kind, evaluate in (
            ((), 'prior_demo_grounded', 'grounded_', 'evaluate_demo_grounded'),
            (('PRETRAIN=configs/prior/pretrain_demo.py', ), 'pretrain_demo', '', 'evaluate_demo')):
        tests = [part.split()[0] for line in demo(tree, *options) for part in line.split('tools/test.py ')[1:]]
        wanted = [*[f'configs/prior/{evaluate}.py'] * 2, *(f'configs/downstream/demo/{kind}{name}.py' for name in (
            'phrase_grounding', 'chexpert5x200_zeroshot', 'chexpert5x200_retrieval'))]
        assert tests[:5] == wanted
        assert all(Config.fromfile(ROOT / name).work_dir == f'work_dirs/{trained}' for name in wanted)
