"""The studies of an annotation file, packed: hundreds of thousands in the memory of their text."""
import json
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from prior_mm.files.json_stream import JsonStream

from .errors import AnnotationError
from .study_schema import SCHEMA, check_metainfo, check_study

_MEND = 'Make it anew with the converter (tools/dataset_converters/)'


class StudyTable:
    """Entries of ``data_list`` as JSON text in one array, decoded one at a time when asked for.

    227,827 studies of Python objects take some 1.5 GB, and each forked worker makes a copy of them by touching their
    reference counts; one array stays shared.
    """

    def __init__(self, metainfo: dict, packed: bytearray, ends: array) -> None:
        self.metainfo = metainfo
        self._packed = np.frombuffer(packed, dtype=np.uint8)
        self._ends = np.frombuffer(ends, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: int) -> dict:
        if not 0 <= index < len(self):
            raise IndexError(f'there is no study {index}: there are {len(self)}')
        start = self._ends[index - 1] if index else 0
        return json.loads(self._packed[start:self._ends[index]].tobytes())

    def subset(self, indices: Sequence[int]) -> 'StudyTable':
        """A table of some of the studies, in the order given; negative indices count from the end.

        Raises:
            IndexError: If there is no such study.
        """
        packed, ends = bytearray(), array('q')
        for index in np.arange(len(self))[np.asarray(indices, dtype=np.int64)]:
            start = self._ends[index - 1] if index else 0
            packed += self._packed[start:self._ends[index]].tobytes()
            ends.append(len(packed))
        return StudyTable(self.metainfo, packed, ends)


def read_studies(path: Path, keep: Callable[[dict], bool] | None = None) -> StudyTable:
    """Read and check an annotation file.

    Args:
        path: The file, JSON with the schema ``prior_mm.studies/1``.
        keep: Says which studies are kept; all, if ``None``.

    Raises:
        AnnotationError: If it does not follow the schema. The message names the file, the entry and the mend.
        OSError: If it cannot be opened; the message names the file and the mend.
    """
    packed, ends, seen, metainfo, place = bytearray(), array('q'), set(), None, 'the beginning'
    try:
        with path.open(encoding='utf-8') as file:
            stream = JsonStream(file)
            for name in stream.members():
                place = f'after {name!r}'
                if name == 'metainfo':
                    metainfo = check_metainfo(stream.value()[0])
                elif name != 'data_list':
                    stream.value()
                else:
                    place = 'data_list[0]'
                    for number, (study, text) in enumerate(stream.entries()):
                        check_study(study)
                        if study['study_id'] in seen:
                            raise AnnotationError(f'study {study["study_id"]} is there twice')
                        seen.add(study['study_id'])
                        if keep is None or keep(study):
                            packed += text.encode()
                            ends.append(len(packed))
                        place = f'data_list[{number + 1}]'
            stream.end()
    except AnnotationError as error:
        raise AnnotationError(f'{path}, {place}: {error}. {_MEND}') from None
    except OSError as error:
        raise OSError(f'the annotation file {path} cannot be read ({error.strerror or error}). Check its rights, and '
                      'the disk') from None
    except UnicodeDecodeError as error:
        raise AnnotationError(f'{path}, {place}: not UTF-8 text ({error}). {_MEND}') from None
    except (ValueError, RecursionError) as error:
        reason = 'brackets in brackets without end' if isinstance(error, RecursionError) else error
        raise AnnotationError(f'{path}, {place}: not JSON, or cut short ({reason}). {_MEND}') from None
    if metainfo is None or not seen:
        lacking = 'metainfo' if metainfo is None else 'data_list with at least one study'
        raise AnnotationError(f'{path}: it lacks {lacking}; wanted: {{"metainfo": {{"schema": "{SCHEMA}", ...}}, '
                              f'"data_list": [...]}}. {_MEND}')
    return StudyTable(metainfo, packed, ends)
