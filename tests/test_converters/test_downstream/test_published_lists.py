"""The lists of BenchX, LoVT, MRM and MGCA on the whole real label files, where both are there; labels alone."""
import zipfile

import pytest
from test_real_annotations import QUIET, carried, shared

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.downstream.binary_images import BinaryOptions
from prior_mm.converters.downstream.rsna import convert_rsna_by_protocols
from prior_mm.converters.downstream.settings import DownstreamSettings
from prior_mm.converters.downstream.siim import convert_siim_by_protocols


def rsna(folder, protocol, lists=None):
    """Sizes by repeat."""
    with zipfile.ZipFile(carried('kaggle_stage_2_train_labels.csv.zip')) as file:
        file.extract('stage_2_train_labels.csv', folder)
    settings = DownstreamSettings(folder, folder, folder, split_dir=lists, check_images=False)
    written = convert_rsna_by_protocols(settings, BinaryOptions(with_masks=False), [protocol], QUIET)
    return {repeat.folder: (tuple(tally.kept[name] for name in ('train', 'val', 'test')), repeat.splits)
            for repeat, tally in written}


def siim(folder, protocol, lists, **options):
    settings = DownstreamSettings(folder, folder, folder, split_dir=lists, check_images=False, **options)
    written = convert_siim_by_protocols(settings, BinaryOptions(
        table=carried('siim-pneumothorax-train-rle.csv.gz'), with_masks=False), [protocol], QUIET)
    (repeat, tally), = written
    return tuple(tally.kept[name] for name in ('train', 'val', 'test')), repeat.splits


@pytest.mark.slow
@pytest.mark.parametrize(('protocol', 'lists', 'sizes', 'smaller'), [
    ('lovt/1', 'lovt_rsna', (16_010, 5_337, 5_337), None),
    ('benchx/2', 'rsna', (18_678, 4_003, 4_003), dict(train_1=186, train_10=1_867))])
def test_rsna(tmp_path, protocol, lists, sizes, smaller):
    """All ids are in the label file, and the smaller sets are parts of train."""
    (seen, splits), = rsna(tmp_path, protocol, shared(f'splits/{lists}')).values()
    assert seen == sizes
    if smaller:
        assert {name: len(ids) for name, ids in splits.subsets.items()} == smaller


@pytest.mark.slow
def test_rsna_as_mrm_splits_it(tmp_path):
    """Its test is the challenge's own, which the table lacks: refused, and with its labels taken."""
    lists, table = shared('splits/mrm_rsna'), tmp_path / 'stage_2_train_labels.csv'
    with pytest.raises(TableError, match='test.txt, line 1: .* is not in .*stage_2_train_labels.csv'):
        rsna(tmp_path, 'mrm/1', lists)
    made_up = ''.join(f'{image},,,,,0\n' for image in (lists / 'test.txt').read_text().split())
    settings = DownstreamSettings(tmp_path, tmp_path, tmp_path, split_dir=lists, check_images=False)
    table.write_text(table.read_text() + made_up)
    (repeat, tally), = convert_rsna_by_protocols(settings, BinaryOptions(with_masks=False), ['mrm/1'], QUIET)
    assert tuple(tally.kept[name] for name in ('train', 'val', 'test')) == (25_184, 1_500, 3_000)
    assert {name: len(ids) for name, ids in repeat.splits.subsets.items()} == dict(train_1=251, train_10=2_518)


@pytest.mark.slow
def test_rsna_as_mgca_splits_it(tmp_path):
    """The splits that mgca/2 draws are those that its code makes, to the id."""
    written = rsna(tmp_path, 'mgca/2')
    for folder, lists in (('mgca-2/seed0', 'mgca_rsna'), ('mgca-2/seed0-60-20-20', 'mgca_rsna_detection')):
        for name in ('train', 'val', 'test'):
            theirs = (shared(f'splits/{lists}') / f'{name}.txt').read_text().split()
            assert {image for image, split in written[folder][1].of.items() if split == name} == set(theirs)


@pytest.mark.slow
def test_siim(tmp_path):
    """LoVT's lists are taken; MRM's and MGCA's share images, and are refused with the numbers."""
    assert siim(tmp_path, 'lovt/1', shared('splits/lovt_siim'))[0] == (7_229, 2_409, 2_409)
    with pytest.raises(TableError, match='478 images in train and val, 494 in train and test, 124 in val and test'):
        siim(tmp_path, 'mrm/1', shared('splits/mrm_siim'))
    sizes, splits = siim(tmp_path, 'mrm/1', shared('splits/mrm_siim'), allow_overlap=True)
    assert sizes == (7_969, 1_898, 1_904) and len(splits.subsets['train_10']) == 797
    _, splits = siim(tmp_path, 'mgca/2', shared('splits/mgca_siim_rows'), allow_overlap=True)
    assert splits.origin['overlap']['train and test'] == 154
