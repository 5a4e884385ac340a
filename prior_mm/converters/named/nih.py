"""NIH ChestX-ray14: 112,120 frontal films of 30,805 patients with 14 labels, and 984 boxes on 880 of them.

Wang et al., CVPR 2017; the labels were mined from reports, the boxes are radiologists'. ``train_val_list.txt`` and
``test_list.txt`` are the official lists, patients apart; all boxes lie on films of the test list.
"""
import csv
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from prior_mm.files.text_files import no_text, open_text

from ..csv_tables import TableError, read_lines, read_rows
from .run import NamedTable, find_file

CLASSES = ('Atelectasis', 'Cardiomegaly', 'Effusion', 'Infiltration', 'Mass', 'Nodule', 'Pneumonia', 'Pneumothorax',
           'Consolidation', 'Edema', 'Emphysema', 'Fibrosis', 'Pleural_Thickening', 'Hernia')
TABLES = ('Data_Entry_2017_v2020.csv', 'Data_Entry_2017.csv', 'Data_Entry_2017_v2020.csv.gz')
BOXES = ('BBox_List_2017.csv', 'BBox_List_2017.csv.gz')
LISTS = {'train': 'train_val_list.txt', 'test': 'test_list.txt'}
_NAMES = {'Infiltrate': 'Infiltration'}  # as the boxes call it
_PIXELS = 1024  # of the published films, and of the boxes


def read_nih(root: Path, table: Path | None = None, boxes: Path | None = None, boxed: bool = False,
             official: bool = True) -> NamedTable:
    """Read labels and lists; or boxes alone, on the films that have one, for detection.

    Args:
        root: Folder of the tables, the lists, and ``images*/``.
        table: ``Data_Entry_2017*.csv``, if it lies elsewhere.
        boxes: ``BBox_List_2017.csv``, if it lies elsewhere.
        boxed: Take the films with boxes. They have no official split: it is drawn, by patients.
        official: Take the official lists, which then have to be there; other lists need none of them.

    Raises:
        LayoutError: If a file is missing.
        TableError: If a file is damaged, or the lists do not go with the table.
    """
    path = find_file(root, table, TABLES, '--table', 'labels')
    rows = {row['Image Index']: row for _, row in read_rows(
        path, ('Image Index', 'Finding Labels', 'Patient ID', 'View Position'))}
    if boxed:
        of = read_nih_boxes(find_file(root, boxes, BOXES, '--bbox-list', 'boxes'))
        if strange := [image for image in of if image not in rows]:
            raise TableError(f'{path} lacks the image {strange[0]}, which has a box. Fetch both again')
        return NamedTable([dict(_entry(rows[image]), boxes=found) for image, found in of.items()], CLASSES, _PIXELS)
    split_of: dict[str, str] = {}
    for split, name in LISTS.items() if official else ():
        listed = find_file(root, None, [name], '--split-dir with lists of your own', 'splits')
        for image in ' '.join(read_lines(listed)).split():
            if image not in rows or split_of.setdefault(image, split) != split:
                raise TableError(f'{listed}: {image} is not in {path.name}, or in both lists. Fetch them again')
    return NamedTable([dict(_entry(row), split=split_of.get(image, '')) for image, row in rows.items()], CLASSES)


def read_nih_boxes(path: Path) -> dict[str, list[list]]:
    """Boxes by image: ``[class, x, y, width, height]``, in pixels of films of 1024 x 1024.

    Raises:
        TableError: If a line is none; the message names it.
    """
    found: dict[str, list[list]] = {}
    for line, row in enumerate(_lines(path), 1):
        if line == 1 or not row:
            continue
        try:
            image, name, *box = row[:6]
            name = _NAMES.get(name, name)
            if name not in CLASSES or len(box) != 4:
                raise ValueError
            found.setdefault(image, []).append([name, *map(float, box)])
        except ValueError:
            raise TableError(f'{path}, line {line}: no box: {", ".join(row[:6])}. Wanted are the image, a finding and '
                             'four numbers') from None
    return found


def _lines(path: Path) -> Iterator[list[str]]:
    """Rows of the list, whose header has three columns more than they."""
    try:
        with open_text(path, newline='') as file:
            yield from csv.reader(file)
    except UnicodeError as error:
        raise TableError(f'{path}: {no_text(error)}') from None
    except (EOFError, zlib.error, gzip.BadGzipFile, csv.Error) as error:
        raise TableError(f'{path}: damaged, or no CSV file ({error}). Fetch it again') from None


def _entry(row: dict[str, str]) -> dict[str, str]:
    return dict(image=row['Image Index'], patient=row['Patient ID'], view=row['View Position'],
                finding=row['Finding Labels'])
