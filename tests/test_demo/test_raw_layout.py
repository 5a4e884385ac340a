"""The demo data set on disk: MIMIC-CXR's layout, which the converter of MIMIC-CXR reads."""
import csv
import gzip
import hashlib
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from demo_reports import made_up_mask, made_up_reports
from PIL import Image

from prior_mm.datasets import StudyDataset
from prior_mm.datasets.reports import report_sentences
from prior_mm.demo import CHEXPERT, plan_studies, write_demo

ROOT = Path(__file__).parents[2]


def write(root: Path, seed: int = 0, **options):
    return write_demo(root, seed, size=48, reports=made_up_reports(), masks=[made_up_mask()], **options)


def contents(root: Path) -> dict[str, str]:
    """What every file holds, by its path."""
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(root.rglob('*')) if path.is_file()}


@pytest.fixture(scope='module')
def demo(tmp_path_factory):
    root = tmp_path_factory.mktemp('demo') / 'data'
    return root, write(root, workers=1)


def test_same_seed_same_bytes(demo, tmp_path):
    """However many workers there are; another seed gives other images."""
    write(tmp_path / 'two', workers=2)
    assert contents(tmp_path / 'two') == contents(demo[0])
    write(tmp_path / 'other', seed=1, workers=1)
    ours, others = contents(demo[0]), contents(tmp_path / 'other')
    images = [name for name in ours.keys() & others.keys() if name.endswith('.jpg')]
    assert images and all(ours[name] != others[name] for name in images)


def test_goes_on_where_it_was_stopped(demo, tmp_path):
    """Images that are there are not drawn again, those that are missing are; half-written files do not stay."""
    root = tmp_path / 'data'
    write(root, workers=1)
    kept, lost = sorted(root.rglob('*.jpg'))[:2]
    time = kept.stat().st_mtime_ns
    lost.rename(lost.with_name(lost.name + '.part'))
    write(root, workers=1)
    assert kept.stat().st_mtime_ns == time and contents(root) == contents(demo[0])


def test_refuses_other_data(demo, tmp_path):
    """A folder with something else, or with demo data of another seed, is left alone."""
    (tmp_path / 'precious.txt').write_text('mine')
    with pytest.raises(ValueError, match='not empty'):
        write(tmp_path)
    with pytest.raises(ValueError, match='another seed'):
        write(demo[0], seed=7)
    assert contents(tmp_path).keys() == {'precious.txt'}


def test_layout(demo):
    """Folders, names and tables are those of MIMIC-CXR-JPG; labels stand in CheXpert's columns."""
    root, studies = demo
    tables = {}
    for name in ('metadata', 'split', 'chexpert'):
        with gzip.open(root / f'mimic-cxr-2.0.0-{name}.csv.gz', 'rt') as file:
            tables[name] = list(csv.DictReader(file))
    for row in tables['metadata']:
        folder = root / 'files' / f'p{row["subject_id"][:2]}' / f'p{row["subject_id"]}'
        with Image.open(folder / f's{row["study_id"]}' / f'{row["dicom_id"]}.jpg') as image:
            assert image.mode == 'L' and image.size == (int(row['Columns']), int(row['Rows'])) == (48, 48)
        assert (folder / f's{row["study_id"]}.txt').is_file()
    assert {row['ViewPosition'] for row in tables['metadata']} == {'PA', 'AP', 'LATERAL'}
    assert list(tables['chexpert'][0]) == ['subject_id', 'study_id', *CHEXPERT]
    assert len(tables['chexpert']) == len(studies) == 20
    assert [row['Cardiomegaly'] for row in tables['chexpert'][:3]] == ['', '1.0', '']
    assert 'SYNTHETIC' in (root / 'README.txt').read_text()


def test_reports_that_say_the_same_share_a_split():
    """No report of the training split is met again, word for word, in the test split."""
    splits = defaultdict(set)
    for study in plan_studies(made_up_reports(400), seed=0):
        splits[study.report.impression].add(study.split)
    assert len(splits) == 320 and all(len(names) == 1 for names in splits.values())
    assert set().union(*splits.values()) == {'train', 'validate', 'test'}


def test_reports_are_read_back(demo):
    """The sections in MIMIC-CXR's dress give the sentences that the real report holds, impression first."""
    root, studies = demo
    text = (root / f'{studies[0].folder}.txt').read_text()
    assert report_sentences(text) == ['Finding number 0.', 'The heart is normal in size.', 'The lungs are clear.',
                                      'There is no pleural effusion.', 'No pneumothorax is seen.']


def test_converter_takes_it(demo):
    """The converter that a user runs on MIMIC-CXR makes annotation files of it, marked as synthetic."""
    root, studies = demo
    tool = ROOT / 'tools/dataset_converters/mimic_cxr.py'
    subprocess.run([sys.executable, str(tool), str(root), '--out', str(root.parent)], check=True, capture_output=True)
    dataset = StudyDataset('annotations/train.json', str(root.parent), image_prefix='data')
    assert dataset.metainfo['synthetic'] is True and dataset.metainfo['dataset'] == 'demo'
    assert len(dataset) == sum(study.split == 'train' for study in studies)
    first = next(study for study in studies if study.split == 'train')
    info = dataset.get_data_info(0)
    assert info['study_id'] == f's{first.study_id}' and len(info['sentences']) == 5
    assert len(info['images']) == sum(view != 'LATERAL' for view in first.views)
