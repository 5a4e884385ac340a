"""PadChest-GR: sentences of reports with boxes, in shares of the image."""
from collections.abc import Iterator
from pathlib import Path

from ..csv_tables import read_rows
from ..downstream.masks import Box
from .ms_cxr import read_json
from .phrase import GroundedPhrase, PhraseError, check_box

REPORTS, TABLE = 'grounded_reports_20240819.json', 'master_table.csv'


def read_padchest_gr(path: Path, table: Path | None = None) -> list[GroundedPhrase]:
    """The English sentences that have a box, of all studies.

    Args:
        path: ``grounded_reports_*.json``: a list of studies with ``StudyID``, ``ImageID`` and ``findings``, each with
            ``sentence_en``, ``boxes`` (x1, y1, x2, y2 in shares of the image) and ``labels``, of which the first is
            taken for the finding.
        table: ``master_table.csv``, with ``StudyID``, ``split`` and, if it has one, ``PatientID``.

    Raises:
        TableError: If the table is damaged.
        PhraseError: If the reports are of another form.
    """
    known = {row['StudyID']: row for _, row in read_rows(table, ('StudyID', 'split'), others=True)} if table else {}
    content = read_json(path)
    if not isinstance(content, list):
        raise PhraseError(f'{path}: wanted is a list of studies. Is it the right file?')
    return [phrase for number, study in enumerate(content)
            for phrase in _phrases(f'{path}, study {number}', study, known)]


def _phrases(place: str, study: dict, known: dict[str, dict[str, str]]) -> Iterator[GroundedPhrase]:
    try:
        row = known.get(study['StudyID'], {})
        for item in study['findings']:
            boxes = tuple(check_box(place, Box(x1, y1, x2 - x1, y2 - y1), 1, 1)
                          for x1, y1, x2, y2 in item.get('boxes') or [])
            if boxes:
                yield GroundedPhrase(
                    study['ImageID'], ' '.join(item['sentence_en'].split()), (item.get('labels') or ['unnamed'])[0],
                    boxes, None, None, row.get('PatientID') or study['StudyID'], row.get('split', ''))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, PhraseError):
            raise
        raise PhraseError(f'{place}: wanted are StudyID, ImageID and findings, each with sentence_en and boxes of four '
                          f'numbers ({error!r}). Is it the right file?') from None
