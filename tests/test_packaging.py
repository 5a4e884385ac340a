"""What the project asks for is what it uses, and what it installs is what it has."""
import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.hub import get_config
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import prior_mm.registry  # noqa: F401 (makes the configs known to MMEngine)
from prior_mm import dependencies
from prior_mm.version import __version__

ROOT = Path(__file__).resolve().parents[1]
#: Packages whose import has another name.
IMPORT_NAMES = {'opencv-python': 'cv2', 'pillow': 'PIL', 'scikit-learn': 'sklearn', 'mmsegmentation': 'mmseg'}
#: Required without an import of our own, and why.
INDIRECT = {
    'setuptools': 'MMEngine imports its pkg_resources',
    'tensorboard': "MMEngine's TensorBoard backend imports it",
}


def requirements(name: str) -> dict[str, Requirement]:
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines()
    parsed = [Requirement(line.split('#')[0].strip()) for line in lines if line.split('#')[0].strip()]
    return {requirement.name.lower(): requirement for requirement in parsed}


def imported(*folders: str) -> set[str]:
    """Top-level names of all packages imported somewhere in these folders, also inside functions."""
    names = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob('*.py') if '.mim' not in path.parts):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split('.')[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module.split('.')[0])
    neighbours = {path.stem for folder in ('tests', 'tools/benchmarks') for path in (ROOT / folder).iterdir()}
    return names - set(sys.stdlib_module_names) - {'prior_mm'} - neighbours


def test_runtime_requirements_are_what_is_imported():
    """Nothing is imported that is not asked for (mmcv apart, of which there are two), and nothing is asked for idly."""
    asked = {IMPORT_NAMES.get(name, name) for name in requirements('runtime') if name not in INDIRECT}
    used = imported('prior_mm', 'tools')
    optional = {'mmcv', 'mmdet', 'mmseg', 'huggingface_hub', 'optuna', 'onnxruntime', 'highdicom', 'fastapi',
                'pydantic', 'uvicorn'}
    assert used - optional == asked


def test_bounds_are_the_same_everywhere():
    """requirements/, the check at import and the tested versions agree."""
    asked = {**requirements('runtime'), **requirements('mminstall')}
    for name, dependency in {**dependencies.NEEDED, **dependencies.DETECTION, **dependencies.SEGMENTATION}.items():
        assert asked[name].specifier == SpecifierSet(dependency.versions), name
    tested = requirements('tested')
    for name, requirement in asked.items():
        for pin in tested[name].specifier if name in tested else ():
            assert pin.operator != '==' or requirement.specifier.contains(pin.version), name
    runtime, mminstall = requirements('runtime'), requirements('mminstall')
    for name in runtime.keys() & mminstall.keys():
        assert runtime[name].specifier == mminstall[name].specifier, name


def test_no_machine_or_registry_is_named():
    """Packages are named by name: no address of a registry, no path of a machine."""
    for path in [ROOT / 'Makefile', ROOT / 'setup.py', ROOT / 'pyproject.toml', *(ROOT / 'requirements').iterdir()]:
        found = re.search(r'--(extra-)?index-url|--find-links|--trusted-host|https?://|/root/|/home/|/opt/',
                          path.read_text())
        assert not found, f'{path}: {found}'


def test_setup_reads_the_requirements():
    """setup.py names the version and hands on requirements/ as they are."""
    done = subprocess.run([sys.executable, 'setup.py', '--quiet', '--version'], cwd=ROOT, capture_output=True,
                          text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == __version__


def test_make_knows_its_targets():
    """The targets that the README promises are there."""
    done = subprocess.run(['make', 'help'], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ('setup', 'setup-lite', 'demo', 'test', 'test-all', 'lint', 'docs', 'links', 'clean'):
        assert f'make {target} ' in done.stdout


def test_wheel_carries_configs_and_tools(tmp_path):
    """A built package has what MIM looks for under prior_mm/.mim, and no leftovers."""
    subprocess.run([sys.executable, 'setup.py', '--quiet', 'build_py', '--build-lib', str(tmp_path)], cwd=ROOT,
                   capture_output=True, check=True)
    mim = tmp_path / 'prior_mm' / '.mim'
    for folder in ('configs', 'tools'):
        there = {path.relative_to(mim) for path in (mim / folder).rglob('*') if path.is_file()}
        ours = {path.relative_to(ROOT) for path in (ROOT / folder).rglob('*')
                if path.is_file() and '__pycache__' not in path.parts}
        assert there == ours
        assert there
    assert (mim / 'model-index.yml').is_file()
    assert (tmp_path / 'prior_mm' / 'models' / 'prior.py').is_file()


def test_index_names_configs_that_exist():
    """Each entry of the model index has its config."""
    for metafile in Config.fromfile(ROOT / 'model-index.yml')['Import']:
        for model in Config.fromfile(ROOT / metafile)['Models']:
            assert (ROOT / model['Config']).is_file(), model


@pytest.mark.skipif(not (ROOT / 'prior_mm' / '.mim' / 'configs').exists(), reason='the package is not installed')
def test_configs_are_reached_by_scope(tmp_path, monkeypatch):
    """`prior_mm::...` resolves from any folder, as a whole config and as the base of a user's own."""
    monkeypatch.chdir(tmp_path)
    assert get_config('prior_mm::prior/pretrain_mimic.py').model.type == 'PRIOR'
    (tmp_path / 'own.py').write_text("_base_ = ['prior_mm::prior/pretrain_mimic.py']\nmodel = dict(embed_dims=512)\n")
    assert Config.fromfile('own.py').model.embed_dims == 512
