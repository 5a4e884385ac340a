"""The classes of a data set of one's own, from its annotation files into heads and data sets."""
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmengine.config import Config

from prior_mm.datasets.annotation_file import read_metainfo
from prior_mm.datasets.downstream_schemas import CLASSIFICATION

from .choices import Downstream

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def apply_own_classes(config: Config, settings: Downstream, files: Sequence[Path]) -> Downstream:
    """Write the number of classes into the model's heads and, of detection, their names into the data sets.

    Args:
        config: Changed in place.
        settings: With what the config says.
        files: Annotation files; all are of the same classes.

    Returns:
        The settings with the data set's name and its classes.

    Raises:
        ValueError: If the files differ from each other or from what the config says.
        AnnotationError: If a file is none.
    """
    name, classes = settings.dataset, settings.classes
    for path in files:
        metainfo = read_metainfo(path)
        found = tuple(metainfo.get('classes') or ())
        if metainfo.get('schema') == CLASSIFICATION and len(found) == 2:
            found = found[1:]  # the other one is its absence
        if settings.task == 'segmentation':
            found = found[1:]  # after the background
        for what, wanted, seen in (('dataset', name, metainfo.get('dataset')), ('classes', classes, found)):
            if wanted is not None and wanted != seen:
                raise ValueError(f'downstream.{what} is {wanted!r}, {path} is of {seen!r}: leave it out of the config, '
                                 'or convert again (table.py --name, --classes)')
        name, classes = metainfo.get('dataset'), found
    if not classes:
        raise ValueError(f'{files[0] if files else settings.data_root}: it names no classes. Convert again')
    count = len(classes) + (settings.task == 'segmentation')
    for head in _heads(config.model):
        head['num_classes'] = count
    if settings.task == 'detection':
        for loader in _LOADERS:
            if config.get(loader):
                dataset = config[loader].dataset
                while 'dataset' in dataset:
                    dataset = dataset.dataset
                dataset.metainfo = dict(dataset.get('metainfo') or {}, classes=classes)
    return replace(settings, dataset=name, classes=classes)


def _heads(model: Any) -> Iterator[Any]:
    """All heads of a model that count classes, wherever its toolbox has them; those of proposals do not."""
    for name, part in model.items():
        if name == 'rpn_head' or not isinstance(part, (dict, list, tuple)):
            continue
        for inner in part if isinstance(part, (list, tuple)) else [part]:
            if isinstance(inner, dict):
                if 'head' in name and 'num_classes' in inner:
                    yield inner
                yield from _heads(inner)
