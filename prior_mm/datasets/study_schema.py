"""What an annotation file must hold, ``prior_mm.studies/1``; anything else is refused with its place."""
import re

from .errors import AnnotationError

SCHEMA = 'prior_mm.studies/1'
_ESCAPES = re.compile(r'^(/|[A-Za-z]:)|\\|(^|/)\.\.(/|$)|\0')
_HALF_CHARACTERS = re.compile('[\ud800-\udfff]')  # JSON can spell them, UTF-8 and tokenizers cannot


def check_metainfo(metainfo: object) -> dict:
    """Check ``metainfo``: the schema's name, ``dataset`` (str) and ``synthetic`` (bool).

    Raises:
        AnnotationError: If it is not so.
    """
    if not isinstance(metainfo, dict):
        raise AnnotationError(f'metainfo must be an object, it is {_kind(metainfo)}')
    if metainfo.get('schema') != SCHEMA:
        raise AnnotationError(f'metainfo.schema must be {SCHEMA!r}, it is {metainfo.get("schema")!r}')
    if not isinstance(metainfo.get('dataset'), str) or not isinstance(metainfo.get('synthetic'), bool):
        raise AnnotationError('metainfo must say dataset (a name) and synthetic (true or false)')
    return metainfo


def check_study(study: object) -> dict:
    """Check one entry of ``data_list``.

    It must have ``study_id`` (str), ``images`` (paths below the image root, at least one), ``sentences`` (at least
    one) and may have ``labels`` (1, 0 or -1 by name) and ``views`` (one an image).

    Raises:
        AnnotationError: If it is not so.
    """
    if not isinstance(study, dict):
        raise AnnotationError(f'must be an object, it is {_kind(study)}')
    missing = [key for key in ('study_id', 'images', 'sentences') if key not in study]
    if missing:
        raise AnnotationError(f'lacks {", ".join(missing)}')
    if not isinstance(study['study_id'], str) or not study['study_id'] or _HALF_CHARACTERS.search(study['study_id']):
        raise AnnotationError(f'study_id must be text, it is {study["study_id"]!r}')
    images = _texts(study, 'images')
    for path in images:
        if _ESCAPES.search(path):
            raise AnnotationError(f'the image {path!r} is not a path below the image root: it must be relative, with '
                                  "'/' and without '..'")
    _texts(study, 'sentences')
    if 'views' in study and (not isinstance(study['views'], list) or len(study['views']) != len(images)):
        raise AnnotationError(f'views must name one view for each of the {len(images)} images')
    labels = study.get('labels', {})
    if not isinstance(labels, dict) or not all(value in (0, 1, -1) for value in labels.values()):
        raise AnnotationError(f'labels must give 1, 0 or -1 by name, they are {str(labels)[:200]!r}')
    if any(_HALF_CHARACTERS.search(name) for name in labels):
        raise AnnotationError('labels must be named by Unicode text, one has half a character')
    return study


def _texts(study: dict, key: str) -> list[str]:
    values = study[key]
    if not isinstance(values, list) or not values:
        raise AnnotationError(f'{key} must be a list with at least one text, it is {_kind(values)}')
    for place, value in enumerate(values):  # which are named by their place: no text of a report goes into a log
        if not isinstance(value, str) or not value.strip():
            kind = 'empty' if isinstance(value, str) else f'of type {type(value).__name__}'
            raise AnnotationError(f'{key} must hold texts that are not empty, {key}[{place}] is {kind}')
        if not value.isascii() and _HALF_CHARACTERS.search(value):
            raise AnnotationError(f'{key} must hold Unicode text, {key}[{place}] has half a character')
    return values


def _kind(value: object) -> str:
    if value == []:
        return 'empty'
    return {dict: 'an object', list: 'a list', str: 'text', type(None): 'null'}.get(type(value), repr(value))
