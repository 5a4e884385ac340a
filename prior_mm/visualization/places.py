"""Where findings are known to be: the places of phrases, for the pictures."""
from pathlib import Path

from prior_mm.datasets.annotation_file import read_annotation_file
from prior_mm.datasets.downstream_schemas import GROUNDING

#: Boxes of a sentence, in shares of the image: x, y, width and height.
Boxes = list[tuple[float, float, float, float]]


def read_places(data_root: 'str | Path') -> dict[str, dict[str, Boxes]]:
    """Boxes by image and sentence, of ``grounding/test.json`` in a folder of data; none if it has no such file.

    Raises:
        AnnotationError: If the file does not follow the schema.
    """
    path = Path(data_root, 'grounding', 'test.json')
    if not path.is_file():
        return {}
    places: dict[str, dict[str, Boxes]] = {}
    for entry in read_annotation_file(path, (GROUNDING, ), 'python tools/dataset_converters/demo.py data/demo')[1]:
        width, height = entry['width'], entry['height']
        places.setdefault(entry['img_path'], {})[entry['phrase']] = [
            (x / width, y / height, across / width, down / height) for x, y, across, down in entry.get('boxes', ())]
    return places
