"""Which column of a table is what: as the user says, or guessed from the names that are common."""
import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..csv_tables import TableError
from ..downstream.chexpert_labels import FINDINGS

#: Written in place of a column's name: there is none, whatever could be guessed.
NOTHING = 'none'
#: Names by role, likelier ones first; case, blanks and punctuation do not count.
COMMON: Mapping[str, tuple[str, ...]] = dict(
    image=('image', 'image index', 'image path', 'img path', 'path', 'image file', 'file name', 'file', 'image id',
           'dicom id', 'image name', 'filepath'),
    report=('report', 'report text', 'report path', 'report file', 'text', 'notes', 'clinical notes'),
    findings=('findings', 'findings text'),
    impression=('impression', 'impressions', 'conclusion'),
    study=('study', 'study id', 'studyid', 'study instance uid', 'exam', 'exam id', 'accession number'),
    patient=('patient', 'patient id', 'subject', 'subject id', 'patient number'),
    view=('view', 'view position', 'projection', 'frontal/lateral'),
    split=('split', 'fold', 'subset', 'partition'),
    names=('finding labels', 'labels', 'label', 'diagnosis', 'diagnoses', 'finding', 'class name', 'class'))
#: Findings that a column each may give, beside CheXpert's: NIH ChestX-ray14's.
_FINDINGS = (*FINDINGS, 'Infiltration', 'Effusion', 'Mass', 'Nodule', 'Emphysema', 'Fibrosis', 'Hernia',
             'Pleural Thickening', 'COVID-19')


@dataclass(frozen=True)
class Columns:
    """Names of the columns, as they stand in the table; ``None`` where there is none.

    Attributes:
        image: Paths or names of images.
        report: Text of reports, or paths of text files.
        findings: Text of the findings alone.
        impression: Text of the impression alone.
        study: Images of one study share what stands here.
        patient: Images of one patient share what stands here.
        view: AP, PA, lateral ...
        split: Name of the split.
        names: Names of all findings of an image, with separators.
        labels: A column each for the findings: yes, no, uncertain.
        guessed: Roles of those that the user did not name.
    """
    image: str
    report: str | None = None
    findings: str | None = None
    impression: str | None = None
    study: str | None = None
    patient: str | None = None
    view: str | None = None
    split: str | None = None
    names: str | None = None
    labels: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()

    @property
    def has_reports(self) -> bool:
        """Whether there is a column of reports."""
        return any((self.report, self.findings, self.impression))

    def describe(self) -> Iterator[str]:
        """A line for each column that is used, and whether it was guessed."""
        for role in ('image', *OPTIONS):
            name = getattr(self, role)
            if name:
                shown = ', '.join(name) if role == 'labels' else name
                yield (f'  {role:<11}{shown}' + (' (guessed)' if role in self.guessed else ''))


#: Roles beside the image, by what ``--help`` says of them.
OPTIONS: Mapping[str, str] = dict(
    report='text of the report, or path of a text file',
    findings='text of the findings, where the table keeps it apart',
    impression='text of the impression, where the table keeps it apart',
    study='images of one study share its value (default: each image is a study)',
    patient='images of one patient share its value (default: each study is of a patient of its own)',
    view='AP, PA, lateral ...; lateral ones are left out, unless --all-views',
    split='train, val, test: splits that are given (default: they are drawn)',
    names='names of all findings of an image, see --separator',
    labels='a column each for the findings: 1, 0, -1 (uncertain), yes, no ...')


def choose_columns(table: Path, header: Sequence[str], given: Mapping[str, str | None],
                   labels: Sequence[str] | None = None) -> Columns:
    """The columns that are named, and a guess at the others.

    Args:
        table: For messages.
        header: Of the table.
        given: Name by role, ``none`` for no column; roles that are missing or None are guessed.
        labels: The columns of findings; None guesses them, ``['none']`` takes none.

    Raises:
        TableError: If a column is not in the table, or none can be the image's; the message names those there are.
    """
    chosen: dict[str, str | None] = {}
    for role in ('image', *OPTIONS):
        if role == 'labels':
            continue
        name = given.get(role)
        chosen[role] = None if name == NOTHING else _find(table, header, name, role) if name else _guess(header, role)
    guessed = [role for role, name in chosen.items() if name and not given.get(role)]
    if labels is None:
        known = {plain(name) for name in _FINDINGS}
        # Names of findings are headings of columns in one kind of table, and what stands in a column in another.
        found = [] if chosen['names'] else [name for name in header if plain(name) in known]
        guessed += ['labels'] if found else []
    else:
        found = [] if list(labels) == [NOTHING] else [_find(table, header, name, 'labels') for name in labels]
        if found and 'names' in guessed:
            chosen['names'] = None
    image = chosen.pop('image')
    if image is None:
        raise TableError(f'{table}: none of its columns ({", ".join(header[:20])}) is called as those of images are '
                         f'({", ".join(COMMON["image"][:5])} ...). Name it with --image')
    if chosen['names'] and found:
        raise TableError(f'{table}: findings from a column each ({", ".join(found[:3])} ...) and from one of names '
                         f'({chosen["names"]}): leave one out with --labels none or --names none')
    return Columns(image, labels=tuple(found), guessed=tuple(role for role in guessed if role == 'image'
                                                             or role == 'labels' or chosen.get(role)), **chosen)


def _guess(header: Sequence[str], role: str) -> str | None:
    by_name = {plain(name): name for name in reversed(header)}
    return next((by_name[plain(name)] for name in COMMON[role] if plain(name) in by_name), None)


def _find(table: Path, header: Sequence[str], name: str, role: str) -> str:
    by_name = {column.lower(): column for column in reversed(header)}
    if name.lower() in by_name:
        return by_name[name.lower()]
    near = difflib.get_close_matches(name, header, 1)
    hint = f'Is {near[0]!r} meant?' if near else f'It has {", ".join(header[:20])}'
    raise TableError(f'--{role}: {table} has no column {name!r}. {hint}')


def other_spelling(names: Iterable[str], classes: Sequence[str]) -> str:
    """What is wrong if a name is none of the classes, but for case, blanks or punctuation; '' if nothing is."""
    spelt = {plain(name): name for name in classes if plain(name)}
    return next((f'{name!r} is none of the classes, {spelt[plain(name)]!r} is. If that is meant, spell it alike in the '
                 'table and in --classes; if not, name both with --classes'
                 for name in sorted(names) if name not in classes and plain(name) in spelt), '')


def plain(name: str) -> str:
    """A name without what people write in several ways: case, blanks and punctuation."""
    return ''.join(letter for letter in name.lower() if letter.isalnum())
