"""Class lists: which image shows which of the findings, for classification and for zero-shot classification."""
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from prior_mm.datasets.downstream_schemas import CLASSIFICATION, MULTI_LABEL

from ..annotation_files import write_annotations
from .chexpert_labels import UNKNOWN


class LabelledImage(NamedTuple):
    """An image of an annotation file.

    Attributes:
        image_id: As in the table.
        path: Relative to the data root.
        labels: 1, 0 or -1 (to be ignored) by class.
        patient: '' where it is not known.
    """
    image_id: str
    path: str
    labels: tuple[int, ...]
    patient: str = ''

    @property
    def known(self) -> bool:
        """Whether any label is known."""
        return any(label != UNKNOWN for label in self.labels)


def write_classification(path: Path, metainfo: dict[str, Any], classes: Sequence[str],
                         images: Sequence[LabelledImage]) -> int:
    """Write a class list: one finding is the second of two classes, several are yes-or-no questions each.

    Args:
        path: The file; without any image, an older one is removed.
        metainfo: What it says of itself beside schema, classes and number of images.
        classes: The findings.
        images: Those of the split; of whom no label is known are left out.

    Returns:
        The number of images.
    """
    known = [image for image in images if image.known]
    if len(classes) == 1:
        entries = [_entry(image, image.labels[0]) for image in known]
        return write_entries(path, dict(schema=CLASSIFICATION, **metainfo, classes=[f'no {classes[0]}', classes[0]]),
                             entries)
    entries = [_entry(image, [number for number, label in enumerate(image.labels) if label == 1],
                      labels=list(image.labels)) for image in known]
    ignored = {name: sum(image.labels[number] == UNKNOWN for image in known) for number, name in enumerate(classes)}
    return write_entries(path, dict(schema=MULTI_LABEL, **metainfo, classes=list(classes), ignored=ignored), entries)


def write_zero_shot(path: Path, metainfo: dict[str, Any], classes: Sequence[str],
                    images: Sequence[LabelledImage]) -> int:
    """Write the list of the images that show exactly one of the classes; of one finding, with or without it.

    Args:
        path: See :func:`write_classification`.
        metainfo: See there.
        classes: See there.
        images: Those of the split. One that shows a class is left out if of another class nothing is known.

    Returns:
        The number of images.
    """
    if len(classes) == 1:
        return write_classification(path, metainfo, classes, images)
    entries = [_entry(image, image.labels.index(1)) for image in images
               if sorted(image.labels) == [0] * (len(classes) - 1) + [1]]
    return write_entries(path, dict(schema=CLASSIFICATION, **metainfo, classes=list(classes)), entries)


def write_entries(path: Path, metainfo: dict[str, Any], entries: Sequence[dict]) -> int:
    """Write an annotation file; without any entry, an older one is removed, which would be taken for this one.

    Returns:
        The number of entries.
    """
    if entries:
        write_annotations(path, dict(metainfo, images=len(entries)),
                          (json.dumps(entry, ensure_ascii=False) for entry in entries))
    else:
        path.unlink(missing_ok=True)
    return len(entries)


def _entry(image: LabelledImage, label: int | list[int], **more: object) -> dict[str, Any]:
    entry = dict(img_path=image.path, gt_label=label, **more, image_id=image.image_id)
    return dict(entry, patient_id=image.patient) if image.patient else entry
