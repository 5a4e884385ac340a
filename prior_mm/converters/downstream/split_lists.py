"""Splits by published lists of ids, a text file each."""
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from pathlib import Path

from prior_mm.protocols import overlap_in_words

from ..csv_tables import TableError, read_lines
from .splits import Splits, in_order, label_subsets

_LIST = re.compile(r'(?P<split>[A-Za-z0-9][A-Za-z0-9-]{0,63})(?:_(?P<percent>[0-9]+(?:\.[0-9]+)?))?\.txt')


def read_split_lists(folder: Path, labels: Mapping[str, frozenset[str]], percents: Sequence[float], seed: int,
                     table: Path, names_of: Mapping[str, str] | None = None, allow_overlap: bool = False) -> Splits:
    """Read lists of ids, ``train.txt``, ``val.txt``, ``test.txt``, and ``train_1.txt`` for 1 percent of the labels.

    Smaller sets are drawn as for :func:`.draw_splits` if the folder has no list of any.

    Args:
        folder: Of the lists; each ``<name>.txt`` in it is a split.
        labels: Findings of each image of the data set, by its id.
        percents: Of the smaller sets, if they are drawn.
        seed: Of the smaller sets, if they are drawn.
        table: Where the data set's ids come from, for the messages.
        names_of: The data set's id by a list's name for it, where the lists have names of their own.
        allow_overlap: Whether an image may be in several splits, as published lists have it; ``origin`` says then how
            many are.

    Raises:
        TableError: If an id is not one of the data set, is there twice or in two splits, or if a smaller set is no
            part of its split; the message names file, line and mend.
    """
    found = {path: match for path in sorted(folder.glob('*.txt')) if (match := _LIST.fullmatch(path.name))}
    of: dict[str, str] = {}
    more: dict[str, tuple[str, ...]] = {}
    first = ''
    names = in_order([match['split'] for match in found.values() if not match['percent']])
    if not names:
        raise TableError(f'{folder} holds no list of ids. Wanted are train.txt, val.txt and test.txt')
    subsets: dict[str, list[str]] = {}
    for path, match in sorted(found.items(), key=lambda item: bool(item[1]['percent'])):
        ids = _read_list(path, labels, table, names_of or {}, allow_overlap)
        if not match['percent']:
            for line, image in ids.items():
                if image in of:
                    first = first or f'{path}, line {line}: {image} is in {of[image]}.txt, too'
                    more[image] = (*more.get(image, ()), match['split'])
                of.setdefault(image, match['split'])
            continue
        for line, image in ids.items():
            if match['split'] not in (of.get(image), *more.get(image, ())):
                raise TableError(f'{path}, line {line}: {image} is not in {match["split"]}.txt, of which this list '
                                 'must be a part. Remove the line, or do these lists belong together?')
        subsets[path.stem] = list(ids.values())
    overlap = _overlap(of, more, names)
    if first and not allow_overlap:
        raise TableError(f'{first}. An image must be in one split ({overlap_in_words(overlap)}): remove one of the two '
                         'lines. Lists that were published so are taken as they are with --allow-overlap, and each '
                         'result then says that images of the test were trained on')
    ordered = {image: of[image] for image in labels if image in of}
    origin: dict[str, object] = dict(splits='lists', lists=[path.name for path in found],
                                     **(dict(overlap=overlap) if overlap else {}))
    if not subsets:
        trained = {image: 'train' if 'train' in more.get(image, ()) else split for image, split in ordered.items()}
        subsets = label_subsets(trained, labels, names, percents, seed)
        origin.update(seed=seed, label_percents=list(percents))
    return Splits(ordered, names, subsets, origin, tuple(found), more)


def _overlap(of: Mapping[str, str], more: Mapping[str, tuple[str, ...]], names: Sequence[str]) -> dict[str, int]:
    """How many images are in two splits, by pair."""
    pairs = Counter(pair for image, others in more.items()
                    for pair in combinations(sorted({of[image], *others}, key=names.index), 2))
    return {' and '.join(pair): pairs[pair] for pair in combinations(names, 2) if pairs[pair]}


def _read_list(path: Path, known: Collection[str], table: Path, names_of: Mapping[str, str],
               as_published: bool) -> dict[int, str]:
    """Ids by line; of an id that a list as it was published has twice, the first."""
    lines = enumerate(read_lines(path), 1)
    ids = {number: names_of.get(line.strip(), line.strip()) for number, line in lines if line.strip()}
    if not ids:
        raise TableError(f'{path}: the list is empty. Fetch it again, or remove it')
    seen: dict[str, int] = {}
    for number, image in ids.items():
        if image not in known:
            raise TableError(f'{path}, line {number}: {image[:80]!r} is not in {table}. Is it a list of this data set, '
                             'and the table complete? Names of another copy are translated by its table, --list-names')
        if seen.setdefault(image, number) != number and not as_published:
            raise TableError(f'{path}, line {number}: {image} is there twice. Remove one of the two lines')
    return {number: image for image, number in seen.items()}
