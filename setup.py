"""Packaging. The distribution is called ``mmprior``, the package ``prior_mm``.

The two differ on purpose: for a distribution called as its package, MMEngine looks for ``prior_mm::...`` configs
beside the distribution's metadata, where an editable installation has none; for another name it asks Python.
"""
import os
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
#: What MIM and MMEngine look for under prior_mm/.mim of an installed package.
MIM_FILES = ('configs', 'tools', 'model-index.yml')


def requirements(name: str) -> list[str]:
    """The lines of requirements/<name>.txt, without comments."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text(encoding='utf-8').splitlines()
    return [line for line in (line.split('#')[0].strip() for line in lines) if line]


def version() -> str:
    """``__version__``, read without importing the package."""
    scope: dict[str, str] = {}
    exec((ROOT / 'prior_mm' / 'version.py').read_text(encoding='utf-8'), scope)
    return scope['__version__']


class BuildWithMim(build_py):
    """Puts configs, tools and the model index under prior_mm/.mim: copies in a wheel, links in an editable one."""

    def run(self) -> None:
        """Build as usual, then add the files."""
        super().run()
        if self.editable_mode:
            self._link(ROOT / 'prior_mm' / '.mim')
        else:
            for source, target in self._mim_copies().items():
                Path(target).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """All files that this command writes."""
        outputs = super().get_outputs(include_bytecode)
        return outputs if self.editable_mode else [*outputs, *self._mim_copies().values()]

    def _mim_copies(self) -> dict[str, str]:
        target = Path(self.build_lib, 'prior_mm', '.mim')
        files = [path for name in MIM_FILES for path in [ROOT / name, *sorted((ROOT / name).rglob('*'))]]
        return {str(path): str(target / path.relative_to(ROOT)) for path in files
                if path.is_file() and '__pycache__' not in path.parts}

    @staticmethod
    def _link(folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        for name in MIM_FILES:
            link = folder / name
            if link.is_symlink() or link.is_file():
                link.unlink()
            elif link.is_dir():
                shutil.rmtree(link)
            if not (ROOT / name).exists():
                continue
            try:
                link.symlink_to(Path(os.pardir, os.pardir, name))
            except OSError:  # Windows without the right to make links
                (shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile)(ROOT / name, link)


extras = {name: requirements(name) for name in ('docs', 'exports', 'optional', 'tests', 'web')}
extras['mim'] = requirements('mminstall')
setup(
    name='mmprior',
    version=version(),
    description='PRIOR: prototype representation joint learning from medical images and reports, on the OpenMMLab '
                'stack',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    keywords='radiology, chest radiograph, vision-language pre-training, OpenMMLab, PRIOR',
    classifiers=[
        'Development Status :: 3 - Alpha',
        'Intended Audience :: Science/Research',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
    ],
    python_requires='>=3.10',
    packages=find_packages(include=['prior_mm', 'prior_mm.*']),
    package_dir={'': '.'},  # a plain path entry for editable installations, which linters and MMEngine can follow
    include_package_data=False,
    entry_points={'console_scripts': ['prior-mm = prior_mm.command_line.app:main']},
    package_data={'prior_mm.evaluation': ['published/*.csv'], 'prior_mm.web': ['static/*']},
    install_requires=requirements('runtime'),
    extras_require={**extras, 'all': sorted({line for lines in extras.values() for line in lines})},
    cmdclass={'build_py': BuildWithMim},
    zip_safe=False,
)
