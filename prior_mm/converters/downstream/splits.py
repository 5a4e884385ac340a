"""Which image goes to which split: drawn patient by patient, or as a table says."""
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prior_mm.files.whole_files import write_whole
from prior_mm.protocols import overlap_in_words

from ..csv_tables import TableError, read_rows
from .subsets import nested_subsets, stratified_order

#: Percent of the images, as the field splits RSNA and SIIM.
SHARES = {'train': 70., 'val': 15., 'test': 15.}
_ORIGINS = dict(lists='those of the lists', given='those of the table', halved="those of MGCA's code")
#: What people call the three, by what they are called here.
_COMMON = {**dict.fromkeys(('training', 'trn'), 'train'), **dict.fromkeys(('testing', 'tst'), 'test'),
           **dict.fromkeys(('validate', 'validation', 'valid', 'dev', 'tune'), 'val')}
_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9-]{0,63}')


@dataclass(frozen=True)
class Splits:
    """The split of each image, and the smaller sets of training labels.

    Attributes:
        of: Split by image id; images that are not in it belong to none.
        names: The splits, in order.
        subsets: Ids by name of the list, such as ``train_1``: 1 percent of ``train``.
        origin: Where they come from, for the annotation files.
        files: Lists that were read.
        more: The further splits of an image, where published lists overlap and were taken nevertheless.
    """
    of: dict[str, str]
    names: tuple[str, ...]
    subsets: dict[str, list[str]]
    origin: dict[str, object]
    files: tuple[Path, ...] = ()
    more: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def all_of(self, image: str) -> tuple[str, ...]:
        """The splits of an image: one, none, or several where lists overlap."""
        return (self.of[image], *self.more.get(image, ())) if image in self.of else ()

    def describe(self) -> str:
        """A sentence for the end of a conversion: where the splits come from, and the smaller sets with their sizes."""
        by = _ORIGINS.get(str(self.origin['splits'])) or f'drawn, seed {self.origin["seed"]}'
        sizes = ', '.join(f'{name} ({len(ids):,})' for name, ids in self.subsets.items())
        overlap = f' They OVERLAP: {said}.' if (said := overlap_in_words(self.origin.get('overlap'))) else ''
        return f'Splits: {by}.{overlap} Smaller sets of labels: {sizes or "none"}.'

    def write(self, folder: Path) -> None:
        """Write a list for each split and each smaller set: ``train.txt``, ``train_1.txt`` ..., an id a line."""
        lists: dict[str, list[str]] = {name: [] for name in self.names}
        for image in self.of:
            for split in self.all_of(image):
                lists[split].append(image)
        for name, ids in {**lists, **self.subsets}.items():
            write_whole(folder / f'{name}.txt', ''.join(f'{image}\n' for image in ids).encode())


def in_order(names: Collection[str]) -> tuple[str, ...]:
    """Names of splits: train, val and test first."""
    return tuple(sorted(names, key=lambda name: (list(SHARES).index(name) if name in SHARES else len(SHARES), name)))


def parse_shares(text: str) -> dict[str, float]:
    """Percent by name of the split, of ``train=70,val=15,test=15``.

    Raises:
        ValueError: If it is not of this form, a name cannot be a file's, or they do not add up to 100.
    """
    shares: dict[str, float] = {}
    for part in text.split(','):
        name, _, number = (word.strip() for word in part.partition('='))
        try:
            percent = float(number)
        except ValueError:
            percent = 0.
        if not _NAME.fullmatch(name) or not 0 < percent <= 100 or name in shares:
            raise ValueError(f'{part!r} is no share of a split; wanted is such as train=70,val=15,test=15, each name '
                             'once, of letters, digits and hyphens')
        shares[name] = percent
    if abs(sum(shares.values()) - 100) > 1e-6:
        raise ValueError(f'the shares {text} add up to {sum(shares.values()):g} percent; wanted is 100')
    return shares


def draw_splits(labels: Mapping[str, frozenset[str]], patients: Mapping[str, str], shares: Mapping[str, float],
                percents: Sequence[float], seed: int) -> Splits:
    """Draw splits such that all images of a patient are in one, and each holds about the same part of every finding.

    Args:
        labels: Findings of each image. Patients are stratified by all that were found in any of their images.
        patients: The patient of each image; who is not in it is a patient of their own.
        shares: Percent of the images by split.
        percents: Of the smaller sets of labels, see :func:`.subsets.nested_subsets`; they are drawn image by image,
            from ``train``, or from each split if none is called so.
        seed: The same one gives the same splits and sets.
    """
    of = _cut(labels, patients, shares, seed)
    return Splits(of, tuple(shares), label_subsets(of, labels, tuple(shares), percents, seed),
                  dict(splits='drawn', seed=seed, shares=dict(shares), label_percents=list(percents)))


def draw_folds(labels: Mapping[str, frozenset[str]], patients: Mapping[str, str], folds: int, percents: Sequence[float],
               seed: int) -> list[Splits]:
    """Draw folds for cross-validation, as :func:`draw_splits` draws splits.

    Of the k-th item, fold k is ``test``, fold k + 1 (after the last the first) ``val``, and the others are ``train``:
    each image is tested once.

    Args:
        labels: See :func:`draw_splits`.
        patients: See :func:`draw_splits`.
        folds: Their number, at least 3.
        percents: Of the smaller sets of labels, drawn for each item from its ``train``.
        seed: The same one gives the same folds.

    Raises:
        ValueError: If there are fewer than 3.
    """
    if folds < 3:
        raise ValueError(f'cross-validation takes at least 3 folds, to train, validate and test; not {folds}')
    names = [str(fold) for fold in range(folds)]
    fold_of = _cut(labels, patients, dict.fromkeys(names, 100 / folds), seed)
    items = []
    for fold in range(folds):
        role = {names[fold]: 'test', names[(fold + 1) % folds]: 'val'}
        of = {image: role.get(name, 'train') for image, name in fold_of.items()}
        items.append(Splits(of, tuple(SHARES), label_subsets(of, labels, tuple(SHARES), percents, seed),
                            dict(splits='drawn', seed=seed, folds=folds, fold=fold, label_percents=list(percents))))
    return items


def _cut(labels: Mapping[str, frozenset[str]], patients: Mapping[str, str], shares: Mapping[str, float],
         seed: int) -> dict[str, str]:
    """The share of each image: the stratified order of the patients, cut where the images reach the shares."""
    images: dict[str, list[str]] = defaultdict(list)
    for image in labels:
        images[patients.get(image, image)].append(image)
    of_patients = {patient: frozenset[str]().union(*(labels[image] for image in members))
                   for patient, members in images.items()}
    of_image: dict[str, str] = {}
    place, bounds, reached = 0, [], 0.
    for name, percent in shares.items():
        reached += percent
        bounds.append((reached / 100 * len(labels), name))
    for patient in stratified_order(of_patients, seed, 'split'):
        middle = place + len(images[patient]) / 2
        split = next((name for bound, name in bounds if middle < bound), bounds[-1][1])
        of_image.update(dict.fromkeys(images[patient], split))
        place += len(images[patient])
    return {image: of_image[image] for image in labels}


def given_splits(of: Mapping[str, str], labels: Mapping[str, frozenset[str]], percents: Sequence[float], seed: int,
                 where: str) -> Splits:
    """Splits that a table gives, under the names used here: ``validate`` is ``val``, ``training`` is ``train``.

    Args:
        of: The split of each image as the table says, '' for none.
        labels: Findings of each image, in order.
        percents: Of the smaller sets of labels, drawn as for :func:`draw_splits`.
        seed: Of these.
        where: Table and column, for messages.

    Raises:
        TableError: If a name cannot be a file's, or no image is to be trained on.
    """
    named = {image: _COMMON.get(split.lower(), split.lower() if split.lower() in SHARES else split)
             for image in labels if (split := of.get(image, ''))}
    if strange := [name for name in named.values() if not _NAME.fullmatch(name)]:
        raise TableError(f'{where}: the split {strange[0]!r} cannot be the name of a file; wanted are train, val and '
                         'test')
    names = in_order(set(named.values()))
    if 'train' not in names:
        raise TableError(f'{where}: no image is called train, there are {", ".join(names[:10]) or "none"}. Leave the '
                         'column out to draw the splits')
    return Splits(named, names, label_subsets(named, labels, names, percents, seed),
                  dict(splits='given', seed=seed, label_percents=list(percents)))


def with_validation(splits: Splits, labels: Mapping[str, frozenset[str]], patients: Mapping[str, str],
                    percent: float, percents: Sequence[float], seed: int) -> Splits:
    """Splits that lack ``val``, with one drawn from their ``train`` by patients; the test stays as it is.

    Args:
        splits: With ``train``, without ``val``.
        labels: See :func:`draw_splits`.
        patients: See :func:`draw_splits`.
        percent: Of the images of ``train``.
        percents: Of the smaller sets of labels, drawn anew from what is left of it.
        seed: Of both.
    """
    members = {image: labels[image] for image, split in splits.of.items() if split == 'train'}
    cut = _cut(members, patients, dict(train=100 - percent, val=percent), seed)
    of = {image: cut.get(image, split) for image, split in splits.of.items()}
    names = ('train', 'val', *(name for name in splits.names if name != 'train'))
    return Splits(of, names, label_subsets(of, labels, names, percents, seed),
                  dict(splits.origin, seed=seed, label_percents=list(percents), val_of_train=percent), splits.files)


def check_patients(splits: Splits, patients: Mapping[str, str], where: str) -> None:
    """Make sure that all images of a patient are in one split.

    Raises:
        TableError: If not; the message names one.
    """
    first: dict[str, str] = {}
    for image, split in splits.of.items():
        other = first.setdefault(patients.get(image, image), image)
        if splits.of[other] != split:
            raise TableError(f'{where}: the patient {patients[image]} is in {splits.of[other]} ({other}) and in '
                             f'{split} ({image}). A model would be tested on whom it was trained on: correct the '
                             'splits, or leave them out to have them drawn by patients')


def read_patients(path: Path, images: Collection[str]) -> dict[str, str]:
    """Patient of each image, of a table with the columns image_id and patient_id.

    Raises:
        TableError: If the table is damaged, an image has two patients, or an image of the data set is not in it.
    """
    patients: dict[str, str] = {}
    for line, row in read_rows(path, ('image_id', 'patient_id')):
        if patients.setdefault(row['image_id'], row['patient_id']) != row['patient_id']:
            raise TableError(f'{path}, line {line}: the image {row["image_id"]} is of another patient above. Remove '
                             'one of the two lines')
    if missing := [image for image in images if not patients.get(image)]:
        raise TableError(f'{path} has no patient for {len(missing):,} images, such as {missing[0]}. Add them, or leave '
                         'the table out: each image is then a patient of its own')
    return patients


def label_subsets(of: Mapping[str, str], labels: Mapping[str, frozenset[str]], names: Sequence[str],
                  percents: Sequence[float], seed: int) -> dict[str, list[str]]:
    """Smaller sets of ``train``, or of each split if none is called so, by name such as ``train_1``."""
    subsets = {}
    for name in ['train'] if 'train' in names else names:
        members = {image: labels[image] for image, split in of.items() if split == name}
        if members:
            subsets.update({f'{name}_{percent:g}': ids
                            for percent, ids in nested_subsets(members, percents, seed).items() if percent < 100})
    return subsets
