"""Radiographs with a phrase and the place that it speaks of."""
import math
from pathlib import Path, PurePosixPath
from typing import Any

from prior_mm.registry import DATASETS

from .annotation_file import read_annotation_file
from .downstream_schemas import GROUNDING
from .errors import AnnotationError
from .labelled_radiographs import LabelledRadiographs

_CONVERTER = 'python tools/dataset_converters/grounding.py FORMAT ROOT'
_MEND = 'Make it anew with the converter (docs/tasks/grounding.md)'
_TEXTS = ('phrase_id', 'phrase', 'finding')


@DATASETS.register_module()
class PhraseGrounding(LabelledRadiographs):
    """Phrases of an annotation file (``prior_mm.grounding/1``), each with its radiograph and its place.

    It is indexed as :class:`StudyDataset` is, and its pipeline is that of studies with ``LoadRegion``. That gets
    ``study_id`` (the phrase's id), ``images`` (the one path), ``sentences`` (the phrase), ``finding``, ``patient`` (by
    default the image stands for it), ``boxes`` (x, y, width, height in pixels), ``mask_path`` (from ``data_root``, or
    None), ``width`` and ``height`` of the image that they are of, ``split``, ``image_root`` and ``rng``.

    Args:
        ann_file: The annotation file of what is scored; a relative path counts from ``data_root``.
        validation_file: That of the validation part, whose phrases choose the threshold (``split`` is ``'validate'``).
        **options: What :class:`LabelledRadiographs` takes.

    Raises:
        FileNotFoundError: If an annotation file or the images are not there; the message says what makes them.
        AnnotationError: If a file does not follow the schema, has other classes, or no phrase is left.
    """

    def __init__(self, ann_file: str, data_root: str = '', validation_file: str | None = None, **options: Any) -> None:
        super().__init__(ann_file, data_root, **options)
        self.mask_root = Path(data_root)
        self._entries = [dict(entry, split='test') for entry in self._entries]
        if validation_file is not None:
            _, entries = self._read(Path(data_root, validation_file))
            self._entries += [dict(entry, split='validate') for entry in entries]

    def get_data_info(self, index: int) -> dict:
        """The annotation of one phrase in the words of studies, before the pipeline."""
        entry = self._entries[index]
        mask = entry.get('mask_path')
        return dict(study_id=entry['phrase_id'], images=[entry['img_path']], sentences=[entry['phrase']],
                    finding=entry['finding'], patient=entry.get('patient_id', entry['img_path']), split=entry['split'],
                    boxes=entry.get('boxes', []), mask_path=mask and str(self.mask_root / mask),
                    width=entry['width'], height=entry['height'])

    @staticmethod
    def _read(path: Path) -> tuple[dict[str, Any], list[dict]]:
        metainfo, entries = read_annotation_file(path, (GROUNDING, ), _CONVERTER)
        seen: set[str] = set()
        for number, entry in enumerate(entries):
            if problem := _problem(entry, metainfo['classes'], seen):
                raise AnnotationError(f'{path}, data_list[{number}]: {problem}. {_MEND}')
            seen.add(entry['phrase_id'])
        return metainfo, entries


def _problem(entry: dict, classes: list[str], seen: set[str]) -> str:
    """What is wrong with an entry; empty if nothing is."""
    for key in _TEXTS:
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            return f'{key} must be text, it is {type(entry.get(key)).__name__} or empty'
    if entry['phrase_id'] in seen:
        return f'the phrase {entry["phrase_id"]} is there twice'
    if entry['finding'] not in classes:
        return f'the finding {entry["finding"]!r} is none of the classes of metainfo'
    for key in ('img_path', 'mask_path'):
        path = entry.get(key)
        if path is not None and (not isinstance(path, str) or PurePosixPath(path).is_absolute()
                                 or '..' in PurePosixPath(path).parts):
            return f"{key} {path!r} is not a path below the folder of the data: it must be relative and without '..'"
    size = [entry.get(key) for key in ('width', 'height')]
    if not all(type(value) is int and value > 0 for value in size):
        return f'width and height must be pixels of the image, they are {size}'
    boxes = entry.get('boxes', [])
    if not isinstance(boxes, list) or not all(map(_is_box, boxes)):
        return f'boxes must be lists of x, y, width and height (more than 0) in pixels, they are {str(boxes)[:200]}'
    if not boxes and entry.get('mask_path') is None:
        return 'has neither boxes nor mask_path: a phrase needs a place'
    return ''


def _is_box(box: object) -> bool:
    return (isinstance(box, list) and len(box) == 4 and all(type(value) in (int, float) and math.isfinite(value)
                                                            for value in box) and min(box[2:]) > 0)
