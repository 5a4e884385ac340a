"""The wheel alone: installed into an empty folder, its configs and tools work from another, without the source tree."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_run import tiny_config

ROOT = Path(__file__).resolve().parents[1]
CONFIG = """
from mmengine.config import Config
import prior_mm.registry
base = 'prior_mm::prior/pretrain_demo.py'
open('own.py', 'w').write(f"_base_ = ['{base}']\\nmodel = dict(embed_dims=64)\\n")
print(prior_mm.__file__, Config.fromfile('own.py').model.type, Config.fromfile('own.py').model.embed_dims)
"""


@pytest.fixture(scope='module')
def installed(tmp_path_factory) -> Path:
    """A folder with what the wheel holds, and nothing else."""
    folder = tmp_path_factory.mktemp('wheel')
    pip = [sys.executable, '-m', 'pip']
    quiet = ['--quiet', '--no-deps', '--no-index', '--disable-pip-version-check']
    for name in ('prior_mm', 'configs', 'tools', 'requirements'):  # building leaves traces in the tree
        shutil.copytree(ROOT / name, folder / 'tree' / name, ignore=shutil.ignore_patterns('.mim', '__pycache__'))
    for name in ('setup.py', 'pyproject.toml', 'README.md', 'MANIFEST.in', 'LICENSE', 'model-index.yml'):
        shutil.copy(ROOT / name, folder / 'tree')
    subprocess.run([*pip, 'wheel', *quiet, '--no-build-isolation', '--wheel-dir', folder, folder / 'tree'], check=True)
    subprocess.run([*pip, 'install', *quiet, '--target', folder / 'site', *folder.glob('*.whl')], check=True)
    return folder / 'site'


def python(site: Path, *arguments, cwd: Path) -> str:
    """Run Python in a folder, with the wheel's files before those of the environment."""
    environment = dict(os.environ, PYTHONPATH=str(site), OMP_NUM_THREADS='1', HF_HUB_OFFLINE='1')
    done = subprocess.run([sys.executable, *map(str, arguments)], cwd=cwd, env=environment, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_configs_by_scope(installed, tmp_path):
    """`prior_mm::...` is the wheel's config, and the base of a user's own."""
    place, kind, width = python(installed, '-c', CONFIG, cwd=tmp_path).split()
    assert Path(place).is_relative_to(installed)
    assert (kind, width) == ('PRIOR', '64')


@pytest.mark.slow
def test_tools_train_and_test(installed, tmp_path):
    """The wheel's tools train a tiny model and judge it, from a folder that has nothing of the project."""
    tools, data = installed / 'prior_mm/.mim/tools', tmp_path / 'data'
    tiny_config(data, tmp_path / 'run').dump(tmp_path / 'config.py')
    python(installed, tools / 'train.py', 'config.py', '--cfg-options', 'train_cfg.stages.0.epochs=1',
           'train_cfg.stages.1.epochs=1', 'train_cfg.stages.2.epochs=1', cwd=tmp_path)
    assert 'image' in python(installed, tools / 'test.py', 'config.py', tmp_path / 'run/epoch_3.pth', cwd=tmp_path)
