"""Unfit dependencies are told in one line, by the metadata alone."""
import importlib
import subprocess
import sys

import pytest

from prior_mm import dependencies, multimodal
from prior_mm.dependencies import Dependency, check_compiled_mmcv, check_dependencies, unfit


@pytest.fixture
def installed(monkeypatch):
    """A pretended set of installed distributions."""
    there: dict[str, str] = {}

    def version(name: str) -> str:
        if name not in there:
            raise importlib.metadata.PackageNotFoundError(name)
        return there[name]

    monkeypatch.setattr(dependencies, 'version', version)
    return there


FIT = {'torch': '2.10.0+cu128', 'mmengine': '0.10.7', 'mmcv': '2.1.0', 'mmpretrain': '1.2.0', 'transformers': '4.49.0'}


def test_this_environment_is_fit():
    """What the tests run in is what is asked for."""
    assert unfit(dependencies.NEEDED) == []


def test_one_line_names_what_is_needed_and_what_is_there(installed):
    """A version that is too new, and a package that is missing, in one line with both sides."""
    installed.update(FIT, transformers='5.30.0')
    del installed['mmengine']
    with pytest.raises(ImportError) as error:
        check_dependencies()
    message = str(error.value)
    assert 'transformers>=4.28,<5.25 is needed and transformers 5.30.0 is installed' in message
    assert 'mmengine>=0.10.0,<1.0.0 (or onedl-mmengine) is needed and not installed' in message
    assert 'make setup' in message
    assert '\n' not in message


@pytest.mark.parametrize('mmcv', [('mmcv', '2.1.0'), ('mmcv-lite', '2.1.0'), ('onedl-mmcv', '2.3.2')])
def test_any_mmcv_serves(installed, mmcv):
    """mmcv-lite and the maintained fork bring the same package, the latter with numbers of its own."""
    installed.update(FIT)
    del installed['mmcv']
    installed[mmcv[0]] = mmcv[1]
    assert unfit(dependencies.NEEDED) == []


@pytest.mark.parametrize(('versions', 'there', 'fit'), [
    ('>=2.1,<2.11', '2.10.0', True), ('>=2.1,<2.11', '2.10.0+cpu', True), ('>=2.1,<2.11', '2.11.0', False),
    ('>=2.1,<2.11', '2.0.1', False), ('>=2.0.0,<2.2.0', '2.2.0', False), ('>=2.0.0,<2.2.0', '2.1.0rc1', True)])
def test_bounds(installed, versions, there, fit):
    """Local builds count as their version, the upper bound does not serve, pre-releases between the bounds do."""
    installed['package'] = there
    assert (unfit({'package': Dependency(versions)}) == []) is fit


@pytest.mark.parametrize(('torch', 'numpy', 'fit'), [
    ('2.1.2+cu121', '2.3.5', False), ('2.2.2', '2.0.0', False), ('2.1.2+cu121', '1.26.4', True),
    ('2.3.0', '2.3.5', True)])
def test_numpy_fits_pytorch(installed, torch, numpy, fit):
    """PyTorch before 2.3 has no arrays with NumPy 2, and pip takes both: said with the mend, before the first error."""
    installed.update(FIT, torch=torch, numpy=numpy)
    if fit:
        check_dependencies()
        return
    with pytest.raises(ImportError, match=r"compiled for NumPy 1 and numpy 2.*pip install 'numpy<2' 'pyarrow<26'"):
        check_dependencies()


@pytest.mark.parametrize('task', ['detection', 'segmentation'])
def test_compiled_operators_are_asked_for(installed, monkeypatch, task):
    """Without mmcv's operators, detection and segmentation say that they need them, and what is there."""
    installed.update(FIT)
    del installed['mmcv']
    installed['mmcv-lite'] = '2.1.0'
    monkeypatch.setattr(dependencies, 'find_spec', lambda name: None if name == 'mmcv._ext' else object())
    with pytest.raises(ImportError, match=f'{task} needs mmcv.*mmcv-lite 2.1.0 without them.*make setup'):
        check_compiled_mmcv(task)


def test_toolbox_is_asked_for(installed, monkeypatch):
    """With the operators but without the toolbox, the toolbox is named; an unknown task is an error."""
    installed.update(FIT)
    monkeypatch.setattr(dependencies, 'find_spec', lambda name: object())
    with pytest.raises(ImportError, match='mmdet>=3.3.0,<3.4.0 .*not installed'):
        check_compiled_mmcv('detection')
    with pytest.raises(ValueError, match="'detection' or 'segmentation', got 'classification'"):
        check_compiled_mmcv('classification')


def test_import_checks_and_stays_cheap():
    """Importing the package checks the versions without importing what it checks."""
    code = ('import sys, prior_mm; '
            "heavy = [name for name in ('torch', 'mmcv', 'mmpretrain', 'transformers') if name in sys.modules]; "
            'sys.exit(str(heavy) if heavy else 0)')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(('transformers', 'pycocotools', 'left'), [
    ('4.49.0', True, True), ('4.57.6', True, False), ('5.24.0', True, False), ('5.24.0', False, True)])
def test_multimodal_models(installed, monkeypatch, transformers, pycocotools, left):
    """MMPretrain's multi-modal models are left out where the names that they import are gone, and only there."""
    from mmpretrain.utils import dependency
    installed.update(FIT, transformers=transformers)
    monkeypatch.setattr(dependency, 'WITH_MULTIMODAL', True)
    monkeypatch.setattr(multimodal, 'find_spec', lambda name: object() if pycocotools else None)
    multimodal.leave_multimodal_out()
    assert dependency.WITH_MULTIMODAL is left
