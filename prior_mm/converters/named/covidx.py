"""COVIDx: films of several collections, by the lists of its versions (Wang et al., Scientific Reports 2020).

A line of ``train.txt``, ``val.txt`` or ``test.txt`` (also ``train_COVIDx9B.txt`` and the like) is patient, file, class
and source. Versions up to 7 and those called A have the classes normal, pneumonia and COVID-19; B and CXR-4 have
positive and negative. The films lie in ``train/``, ``val/`` and ``test/``.
"""
from pathlib import Path

from ..csv_tables import TableError, read_lines
from ..layout_error import LayoutError
from .run import NamedTable

COVID, PNEUMONIA, NOTHING = 'COVID-19', 'Pneumonia', 'No finding'
_CLASSES = {'positive': COVID, 'negative': NOTHING, 'covid-19': COVID, 'pneumonia': PNEUMONIA, 'normal': NOTHING}
_SPLITS = ('train', 'val', 'test')


def read_covidx(root: Path, version: str = '') -> NamedTable:
    """Read the lists.

    Args:
        root: Folder of the lists and the films.
        version: Such as ``COVIDx9B``, where the lists of several lie there.

    Raises:
        LayoutError: If there are no lists, or those of several versions.
        TableError: If a line is none, or a film is in two lists.
    """
    entries, named = [], set()
    seen: dict[str, int] = {}  # the line of each film
    for split in _SPLITS:
        for line, text in enumerate(_list(root, split, version), 1):
            words = text.split()
            place = next((number for number in (len(words) - 1, len(words) - 2)
                          if number >= 2 and words[number].lower() in _CLASSES), 0)
            if not words:
                continue
            if not place:
                raise TableError(f'{root}, list of {split}, line {line}: wanted are patient, file, class '
                                 f'({", ".join(_CLASSES)}) and source, there is {text[:80]!r}')
            image, source = f'{split}/{" ".join(words[1:place])}', ' '.join(words[place + 1:])
            if seen.setdefault(image, line) != line:
                raise TableError(f'{root}, list of {split}, line {line}: {image} is in line {seen[image]}, too')
            finding = _CLASSES[words[place].lower()]
            named.add(finding)
            entries.append(dict(image=image, patient=f'{source} {words[0]}'.strip(), split=split, finding=finding))
    return NamedTable(entries, tuple(name for name in (PNEUMONIA, COVID) if name in named))


def _list(root: Path, split: str, version: str) -> list[str]:
    fitting = [path for path in sorted(root.glob(f'{split}*.txt')) + sorted(root.glob(f'*/{split}*.txt'))
               if not version or version.lower() in path.name.lower()]
    if len(fitting) > 1:
        raise LayoutError([f'{root} holds the lists {", ".join(path.name for path in fitting)}. Say which with '
                           '--version'])
    if not fitting and split != 'val':
        raise LayoutError([f'{root} holds no {split}{f"_{version}" if version else ""}.txt. The lists come with the '
                           'data set'])
    return read_lines(fitting[0]) if fitting else []
