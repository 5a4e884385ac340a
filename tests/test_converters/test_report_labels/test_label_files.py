"""Reports of a folder, a table and an annotation file become labels in the form that the converters read."""
import csv
import gzip
import io
import json

import pytest
from made_up_table import own_rows, write_own
from rich.console import Console

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.layout_error import LayoutError
from prior_mm.converters.mimic_cxr import decode_labels, read_mimic_labels
from prior_mm.converters.report_labels.label import COLUMNS, label_reports
from prior_mm.datasets.study_table import read_studies

ENLARGED = {'Cardiomegaly': 1, 'Edema': 0, 'Pneumothorax': 0, 'Pleural Effusion': 0}  # what made_up_table's notes say


def label(source, output, **columns):
    return label_reports(source, output, Console(file=io.StringIO()), columns)


def folder(root):
    """Two reports in MIMIC-CXR's layout, one of another name, and one without text."""
    texts = {'p10/p10000001/s50000001': 'FINDINGS: The heart is enlarged.\n\nIMPRESSION: Possible pneumonia.',
             'p10/p10000001/s50000002': 'IMPRESSION: No acute process.', 'other': 'FINDINGS: Pleural effusion.',
             'p10/p10000001/s50000003': 'EXAMINATION: CHEST'}
    for name, text in texts.items():
        path = root / f'{name}.txt'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_folder(tmp_path):
    """The table is MIMIC-CXR-JPG's, so that its reader takes it; what has no text is left out, and listed."""
    root, out = folder(tmp_path / 'files'), tmp_path / 'labels.csv.gz'
    found = label(root, out)
    assert list(found.left_out) == ['50000003'] and found.labels['other'] == {'Pleural Effusion': 1}
    with gzip.open(out, 'rt') as file:
        rows = list(csv.reader(file))
    assert rows[0] == ['subject_id', 'study_id', *COLUMNS] and rows[0][2:4] == ['Atelectasis', 'Cardiomegaly']
    assert [row[:2] for row in rows[1:]] == [['', 'other'], ['10000001', '50000001'], ['10000001', '50000002']]
    assert '50000003' in (tmp_path / 'labels_left_out.csv').read_text()
    (root / 'other.txt').unlink()
    label(root, out)
    names, labels = read_mimic_labels(out)
    assert decode_labels(names, labels['s50000001']) == {'Cardiomegaly': 1, 'Pneumonia': -1}
    assert decode_labels(names, labels['s50000002']) == {'No Finding': 1}


def test_table(tmp_path):
    """Rows stay as they are, with a column more a finding; rows of one study share its report."""
    rows = own_rows(6)
    for number, row in enumerate(rows):
        row['study'] = f's{number // 2}'
        row['report'] = row['report'] if number % 2 else ''
    rows[0]['report'], rows[1]['report'] = '', ''
    root = write_own(tmp_path / 'mine', rows)
    found = label(root / 'films.csv', root / 'labelled.csv')
    with (root / 'labelled.csv').open() as file:
        written = list(csv.DictReader(file))
    assert [{name: row[name] for name in rows[0]} for row in written] == rows
    assert list(found.left_out) == ['s0'] and not any(written[0][name] for name in COLUMNS)
    assert {name: float(written[2][name]) for name in COLUMNS if written[2][name]} == ENLARGED
    assert all(written[2][name] == written[3][name] for name in COLUMNS)
    with pytest.raises(TableError, match='has labels, in the column Atelectasis'):
        label(root / 'labelled.csv', root / 'again.csv')


def test_annotation_file(tmp_path):
    """Entries stay as they are but for their labels, old ones included; as a table, too."""
    entries = [dict(study_id=f's{number}', subject_id='p1', images=['a.png'], sentences=[text], labels={'Fracture': 1})
               for number, text in enumerate(['The heart is enlarged.', 'Edema is not seen.'])]
    source = tmp_path / 'test.json'
    source.write_text(json.dumps(dict(metainfo=dict(schema='prior_mm.studies/1', dataset='x', synthetic=False),
                                      data_list=entries)))
    label(source, tmp_path / 'out.json')
    table = read_studies(tmp_path / 'out.json')
    assert table[0] == dict(entries[0], labels={'Cardiomegaly': 1})
    assert table[1]['labels'] == {'No Finding': 1, 'Edema': 0}
    assert table.metainfo['report_labels']['sources'].keys() == {'test.json'}
    label(source, tmp_path / 'out.csv')
    assert (tmp_path / 'out.csv').read_text().splitlines()[1].startswith('p1,s0,,1.0,')


def test_messages(tmp_path):
    """What is wrong is said before anything is written."""
    root = write_own(tmp_path / 'mine')
    for source, output, error, words in (
            (tmp_path / 'none', 'a.csv', LayoutError, 'there is no'), (root, 'a.csv', LayoutError, 'no *.txt file'),
            (root / 'films.csv', 'a.json', ValueError, 'an annotation file is written of one'),
            (root / 'films.csv', 'a.txt', ValueError, 'to a .csv, .csv.gz or .json file')):
        with pytest.raises(error) as caught:
            label(source, tmp_path / output)
        assert words in str(caught.value)
    with pytest.raises(ValueError, match='Name it with --report'):
        label(root / 'films.csv', tmp_path / 'a.csv', report='none')
    with pytest.raises(ValueError, match='none of 40 reports can be labelled, such as line 2'):
        empty = write_own(tmp_path / 'no', [dict(row, report='') for row in own_rows()])
        label(empty / 'films.csv', tmp_path / 'a.csv')
    assert not list(tmp_path.glob('a*'))
