"""Open-i as Kaggle and R2Gen hand it out: texts, frontal images and splits of their files."""
import json
import runpy
import sys
from pathlib import Path

import pytest
from made_up_downstream import write_csv
from made_up_mimic import jpeg

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.layout_error import LayoutError
from prior_mm.converters.openi_handed_out import read_handed_out
from prior_mm.datasets.study_table import read_studies

TOOL = Path(__file__).parents[2] / 'tools' / 'dataset_converters' / 'openi.py'
TEXT = 'The lungs are clear. The heart is normal. No effusion. No edema.'


def write_image(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg())


@pytest.fixture
def kaggle(tmp_path):
    """Two studies, one with two frontal images and a lateral one, and one without a report."""
    names = ('uid', 'MeSH', 'Problems', 'image', 'indication', 'comparison', 'findings', 'impression')
    write_csv(tmp_path / 'indiana_reports.csv', [names, ('1', 'normal', '', 'x', 'Cough', 'None.', TEXT, 'Normal.'),
                                                 ('2', '', '', 'x', '', '', '', '')])
    views = [('1', '1_IM-0001-4001.dcm.png', 'Frontal'), ('1', '1_IM-0001-3001.dcm.png', 'Lateral'),
             ('1', '1_IM-0001-5001.dcm.png', 'Frontal'), ('2', '2_IM-0652-1001.dcm.png', 'Frontal')]
    write_csv(tmp_path / 'indiana_projections.csv', [('uid', 'filename', 'projection'), *views])
    for _, name, _ in views:
        write_image(tmp_path / 'images/images_normalized' / name)
    return tmp_path


@pytest.fixture
def r2gen(tmp_path):
    """A study a split."""
    content = {}
    for number, split in enumerate(('train', 'val', 'test')):
        study = f'CXR{number}_IM-0942'
        content[split] = [dict(id=study, report=TEXT, split=split, image_path=[f'{study}/0.png', f'{study}/1.png'])]
        for name in content[split][0]['image_path']:
            write_image(tmp_path / 'images' / name)
    (tmp_path / 'annotation.json').write_text(json.dumps(content))
    return tmp_path


def test_kaggle(kaggle):
    """Findings and impression by column, frontal images by the other table, the split by the report's words."""
    first, second = sorted(read_handed_out(kaggle, kaggle).studies(), key=lambda study: study.study_id)
    assert (first.study_id, first.report) == ('CXR1', ('Normal.', TEXT))
    assert first.images == tuple(f'images/images_normalized/1_IM-0001-{n}001.dcm.png' for n in (4, 5))
    assert first.views == ('frontal', 'frontal') and not any(second.report)
    write_csv(kaggle / 'own.csv', [('study_id', 'split'), ('1', 'test')])
    own = {study.study_id: study.split for study in read_handed_out(kaggle, kaggle, kaggle / 'own.csv').studies()}
    assert own == {'CXR1': 'test', 'CXR2': ''}


def test_r2gen(r2gen):
    """Its splits, its findings, and the first image of each study."""
    found = read_handed_out(r2gen, r2gen)
    assert found.splits() == ['train', 'validate', 'test']
    assert [study.images for study in found.studies()] == [(f'images/CXR{n}_IM-0942/0.png', ) for n in range(3)]
    assert {study.report for study in found.studies()} == {('', TEXT)}


@pytest.mark.parametrize('copy, kept', [('kaggle', 1), ('r2gen', 3)])
def test_converted(request, copy, kept, monkeypatch, capsys):
    """The command takes the folder as it is, and says which file it went by."""
    root = request.getfixturevalue(copy)
    monkeypatch.setattr(sys, 'argv', [str(TOOL), str(root), '--workers', '1'])
    with pytest.raises(SystemExit, match='0'):
        runpy.run_path(str(TOOL), run_name='__main__')
    files = list((root / 'annotations').glob('*.json'))
    assert sum(len(read_studies(path)) for path in files) == kept
    assert ('indiana_reports.csv' if copy == 'kaggle' else 'annotation.json') in capsys.readouterr().out
    assert all(len(read_studies(path)[0]['sentences']) >= 4 for path in files)


def test_faults(kaggle, tmp_path):
    """A table or all images missing, both copies, another annotation.json, and other folders."""
    assert read_handed_out(tmp_path / 'images', tmp_path) is None
    with pytest.raises(LayoutError, match='images: none of 3'):
        read_handed_out(kaggle, kaggle / 'annotations')
    (kaggle / 'indiana_projections.csv').unlink()
    with pytest.raises(LayoutError, match='indiana_projections.csv: there is no'):
        read_handed_out(kaggle, kaggle)
    (kaggle / 'annotation.json').write_text('{}')
    with pytest.raises(LayoutError, match='annotation.json and .*indiana_reports.csv are two copies of one data set'):
        read_handed_out(kaggle, kaggle)
    (kaggle / 'indiana_reports.csv').unlink()
    for content in ('[]', '{"train": [{"id": 1}]}', '{', '{"train": 3}'):
        (kaggle / 'annotation.json').write_text(content)
        with pytest.raises(TableError, match='annotation.json: wanted'):
            read_handed_out(kaggle, kaggle)
