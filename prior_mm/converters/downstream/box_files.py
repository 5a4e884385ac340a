"""Boxes of one class or several to COCO files."""
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from prior_mm.datasets.downstream_schemas import DETECTION

from .look import Size
from .masks import Box
from .written_files import write_coco


class BoxedImage(NamedTuple):
    """An image with its boxes, perhaps none.

    Attributes:
        number: Of the image, as COCO's id.
        image_id: As in the table.
        path: Relative to the data root.
        size: Of the file.
        boxes: Number of the class, from 0, and box in pixels of the file.
    """
    number: int
    image_id: str
    path: str
    size: Size
    boxes: Sequence[tuple[int, Box]]


def write_detection(path: Path, metainfo: dict[str, Any], classes: Sequence[str], images: Sequence[BoxedImage]) -> int:
    """Write a COCO file; without any image, an older one is removed, which would be taken for this one.

    An image whose id is not the name of its file carries it as ``image_id``.

    Returns:
        The number of images.
    """
    if not images:
        path.unlink(missing_ok=True)
        return 0
    annotations: list[dict] = []
    for image in images:
        for number, box in image.boxes:
            annotations.append(dict(id=len(annotations) + 1, image_id=image.number, category_id=number + 1,
                                    bbox=list(box), area=box.width * box.height, iscrowd=0))
    info = {'schema': DETECTION, **metainfo, 'classes': list(classes), 'images': len(images), 'boxes': len(annotations)}
    described = [dict(id=image.number, file_name=image.path, **image.size._asdict(),
                      **({} if PurePath(image.path).stem == image.image_id else {'image_id': image.image_id}))
                 for image in images]
    write_coco(path, info, described, annotations,
               [dict(id=number, name=name) for number, name in enumerate(classes, 1)])
    return len(images)
