"""The annotation files of labelled radiographs: read whole, checked, and refused with their place.

Those of studies are read one entry at a time, for there may be 227,827 of them: see :mod:`.study_table`.
"""
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from prior_mm.files.json_stream import JsonStream

from .errors import AnnotationError

_MEND = 'Make it anew with the converter (docs/downstream_data.md)'


def read_annotation_file(path: 'str | Path', schemas: Collection[str],
                         converter: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Read a file ``{"metainfo": {...}, "data_list": [...]}``.

    Args:
        path: The file.
        schemas: Those that the reader knows, of :mod:`.downstream_schemas`.
        converter: The command that writes such a file, for the message.

    Returns:
        ``metainfo``, with ``schema`` and ``classes`` (a list of texts), and the entries, each with ``img_path`` (text)
        and, where it has an ``image_id``, one of its own.

    Raises:
        FileNotFoundError: If the file is not there.
        AnnotationError: If it is no JSON, of another schema, or an entry is not as above.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'There is no annotation file {path}. It is written by `{converter}`, with --protocol '
                                'for a protocol. Check data_root, ann_file, the protocol and the repeat')
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except (ValueError, RecursionError) as error:
        raise AnnotationError(f'{path}: not JSON in UTF-8, or cut short ({error}). {_MEND}') from None
    metainfo = content.get('metainfo') if isinstance(content, dict) else None
    entries = content.get('data_list') if isinstance(content, dict) else None
    wanted = ' or '.join(map(repr, schemas))
    if not isinstance(metainfo, dict) or not isinstance(entries, list):
        raise AnnotationError(f'{path}: wanted are metainfo with schema {wanted} and a data_list. {_MEND}')
    if metainfo.get('schema') not in schemas:
        raise AnnotationError(f'{path} has the schema {metainfo.get("schema")!r}, wanted is {wanted}: name the file of '
                              'the task')
    classes, synthetic = metainfo.get('classes'), metainfo.get('synthetic', False)
    if not (isinstance(classes, list) and classes and all(isinstance(name, str) for name in classes)):
        raise AnnotationError(f'{path}: metainfo must name the classes (texts), they are {classes!r}. {_MEND}')
    if not isinstance(synthetic, bool):
        raise AnnotationError(f'{path}: metainfo must say whether the images are synthetic (true or false). {_MEND}')
    seen: set[object] = set()
    for number, entry in enumerate(entries):
        if problem := _problem(entry, seen):
            raise AnnotationError(f'{path}, data_list[{number}]: {problem}. {_MEND}')
    return metainfo, entries


def read_metainfo(path: 'str | Path') -> dict[str, Any]:
    """What an annotation file says of itself, ``metainfo`` or, of COCO files, ``info``; the entries are not read.

    Raises:
        FileNotFoundError: If the file is not there.
        AnnotationError: If it does not begin with that.
    """
    try:
        with open(path, encoding='utf-8') as file:
            stream = JsonStream(file, block=2**14)
            for name in stream.members():
                value, _ = stream.value()
                if name in ('metainfo', 'info') and isinstance(value, dict):
                    return value
                break
    except ValueError as error:
        raise AnnotationError(f'{path}: not JSON in UTF-8, or cut short ({error}). {_MEND}') from None
    raise AnnotationError(f'{path}: it does not begin with metainfo (or info, of boxes). {_MEND}')


def _problem(entry: object, seen: set[object]) -> str:
    """What is wrong with an entry, whatever the task; empty if nothing is. Its id joins those seen."""
    if not isinstance(entry, dict):
        return f'must be an object, it is {entry!r}'
    path, image_id = entry.get('img_path'), entry.get('image_id')
    if not isinstance(path, str) or not path or '\0' in path:
        return f'img_path must be text, it is {path!r}'
    if image_id is None:
        return ''
    if not isinstance(image_id, str) or not image_id:
        return f'image_id must be text, it is {image_id!r}'
    if image_id in seen:
        return f'the image {image_id} is there twice'
    seen.add(image_id)
    return ''
