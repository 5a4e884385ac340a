"""docs/your_data.md is true: each of its commands runs, in its order, with its configs, on small made-up films."""
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from made_up_table import NOTE, film
from PIL import Image

from prior_mm.dependencies import has_compiled_mmcv

ROOT = Path(__file__).parents[2]
PAGE = ROOT / 'docs' / 'your_data.md'
#: What makes the page's configs small enough for a test: fewer steps, no worker processes.
_LOADER = 'num_workers=0, persistent_workers=False'
_SHORT = f"""
train_cfg = dict(max_iters=2, val_interval=2)
param_scheduler = []
train_dataloader = dict(batch_size=4, {_LOADER})
val_dataloader = dict({_LOADER})
test_dataloader = dict(num_workers=0)
"""
SHORTER = dict(
    my_pretraining=f"""
train_cfg = dict(stages=[dict(stage, epochs=1, warmup_epochs=0) for stage in _base_.stages])
train_dataloader = dict(batch_size=8, {_LOADER})
val_dataloader = dict({_LOADER})
test_dataloader = dict(num_workers=0)
""", my_zeroshot='', my_cls=_SHORT, my_seg=_SHORT, my_det=_SHORT)
WITH_OPERATORS = ('my_seg', 'my_det')


def blocks():
    """The indented blocks of the page, without their indentation."""
    text, found = PAGE.read_text(encoding='utf-8'), []
    for block in re.findall(r'(?:^ {4}.*\n|^\n(?= {4}))+', text, re.M):
        found += re.split(r'\n(?=# my_\w+\.py\n|python tools/)', re.sub(r'^ {4}', '', block, flags=re.M).strip('\n'))
    return [part.strip('\n') for part in found]


def steps():
    """Configs by name and command lines, in the order of the page."""
    found = []
    for block in blocks():
        if match := re.match(r'# (my_\w+)\.py\n', block):
            found.append((match[1], block))
        else:
            found += [('', line) for line in block.splitlines() if line.startswith('python ')]
    return found


def write_mine(root: Path, count=60):
    """The page's table, with reports, labels of two classes, boxes and masks."""
    lines = []
    (root / 'images').mkdir(parents=True)
    (root / 'lungs').mkdir()
    for number in range(count):
        image = film(number, (64, 64))
        Image.fromarray(image).save(root / f'images/a{number}.png')
        Image.fromarray(((image > 70) * 255).astype('uint8')).save(root / f'lungs/a{number}.png')
        shown = ['Mass'] * (number % 3 == 0) + ['Edema'] * (number % 3 == 1)
        lines.append(json.dumps({
            'file': f'a{number}.png', 'patient': f'p{number // 2}', 'view': 'PA',
            'Finding Labels': '|'.join(shown) or 'No Finding', 'report': NOTE.format(number),
            'boxes': json.dumps([[name, 10, 8, 20, 12] for name in shown]) if shown else '',
            'lung_mask': f'lungs/a{number}.png'}))
    (root / 'films.jsonl').write_text('\n'.join(lines))


def test_the_page_is_whole():
    """All configs and tools that the page is to show are found in it, and none without a way to shorten it."""
    names = [name for name, _ in steps() if name]
    assert names == ['my_pretraining', 'my_zeroshot', 'my_cls', 'my_seg', 'my_det'] and set(names) == set(SHORTER)
    commands = [line for name, line in steps() if not name]
    assert len(commands) >= 15 and all((ROOT / line.split()[1]).is_file() for line in commands)


@pytest.mark.slow
def test_every_command(tmp_path):
    """From the table to results, each command ends well; results name the protocol, the data set and its classes."""
    write_mine(tmp_path / 'data/mine')
    for name in ('tools', 'configs'):
        (tmp_path / name).symlink_to(ROOT / name)
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)}
    for name, text in steps():
        if name:
            (tmp_path / f'{name}.py').write_text(text + SHORTER[name])
            continue
        if not has_compiled_mmcv() and any(config in text for config in WITH_OPERATORS):
            continue
        tool, *arguments = shlex.split(text)[1:]
        done = subprocess.run([sys.executable, tool, *arguments], cwd=tmp_path, env=environment, capture_output=True,
                              text=True, timeout=600)
        assert done.returncode == 0, f'{text}\n{done.stdout[-1000:]}\n{done.stderr[-3000:]}'
    found = sorted(tmp_path.glob('work_dirs/**/results/*.json'))
    results = {path.stem: json.loads(path.read_text()) for path in found}
    tasks = dict(my_pretraining='retrieval', my_zeroshot='zero_shot', my_cls='classification')
    if has_compiled_mmcv():
        tasks.update(my_seg='segmentation', my_det='detection')
    assert set(results) == set(tasks)
    for config, task in tasks.items():
        assert results[config]['metrics'][f'{task}/protocol'] == 'own/1'
        assert results[config]['data']['dataset'] == 'mine'
    assert set(results['my_cls']['metrics']['classification/per_class']) == {'Edema', 'Mass'}
    assert (tmp_path / 'work_dirs/my_cls/my_cls_repeats.json').is_file()
