"""SIIM: several rows an image become one mask, ids with dots stay whole, and faults name their line."""
import json

import numpy as np
import pytest
from made_up_downstream import PIXELS, siim_id, write_csv, write_file, write_siim
from rich.console import Console

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.downstream.binary_images import BinaryOptions
from prior_mm.converters.downstream.masks import read_mask
from prior_mm.converters.downstream.settings import DownstreamSettings
from prior_mm.converters.downstream.siim import convert_siim, read_run_lengths
from prior_mm.dependencies import has_compiled_mmcv


def convert(root, **options):
    settings = DownstreamSettings(root, root, root)
    return convert_siim(settings, BinaryOptions(pixels=PIXELS, **options), Console(quiet=True))


def test_files(tmp_path):
    """Masks lie where the images do, cover the runs of all rows, and MMSegmentation's lists find both."""
    root = write_siim(tmp_path)
    tally, splits = convert(root)
    assert tally.kept == dict(train=28, val=6, test=6)
    assert tally.summary('train')['labels'] == {'pneumothorax': 7, 'no pneumothorax': 21}
    for split in splits.names:
        for line in (root / f'annotations/segmentation/{split}.txt').read_text().split():
            assert (root / f'{line}.dcm').is_file()
            mask = read_mask(root / f'masks/{line}.png')
            number = int(line.split('/')[1][1:])
            expected = {(place % 64, place // 64) for place in [2, 3, 4, 9, 10, 11]} if number < 10 else set()
            if number == 0:
                expected |= {(place % 64, place // 64) for place in range(100, 105)}
            assert set(zip(*(axis.tolist() for axis in np.nonzero(mask)), strict=True)) == expected
    found = json.loads((root / 'annotations/segmentation/train.json').read_text())
    assert found['metainfo']['classes'] == ['background', 'pneumothorax'] and found['metainfo']['images'] == 28
    entry = found['data_list'][0]
    assert entry['seg_map_path'] == entry['img_path'].replace('.dcm', '.png')
    assert entry['img_path'].endswith(f'{entry["image_id"]}.dcm')


def test_mmsegmentation_reads_them(tmp_path):
    """MMSegmentation's own data set takes the list of paths, ids with dots and all."""
    if not has_compiled_mmcv():
        pytest.skip('MMSegmentation needs the compiled mmcv')
    from mmseg.datasets import BaseSegDataset
    root = write_siim(tmp_path)
    convert(root, positives_only=True)
    data = BaseSegDataset(
        'annotations/segmentation/train.txt', img_suffix='.dcm', data_root=str(root), lazy_init=False,
        metainfo=dict(classes=('background', 'pneumothorax')), pipeline=[],
        data_prefix=dict(img_path='', seg_map_path='masks'))
    assert len(data) == 7
    read_mask(tmp_path / data.get_data_info(0)['seg_map_path'])


@pytest.mark.parametrize('rows, message', [
    ([('a', '-1'), ('a', '1 2')], 'line 3: a is there with -1'), ([('a', '1 2'), ('a', '-1')], 'line 3: a is there'),
    ([('a', '1 2'), ('a', '1 2')], 'line 3: .*twice'), ([('a', '1 2 3')], 'line 2: EncodedPixels of a: there are 3'),
    ([('a', '')], 'line 2: .*no run lengths'), ([('a', '4000 97')], 'line 2: .*pixel 4,097, .*--pixels'),
    ([('a/b', '-1')], 'the name of a file'), ([], 'no row')])
def test_faults_of_the_table(tmp_path, rows, message):
    """Broken run lengths and rows that contradict each other: file, line and mend."""
    path = write_csv(tmp_path / 'rle.csv', [('ImageId', ' EncodedPixels'), *rows])
    with pytest.raises(TableError, match=message):
        read_run_lengths(path, PIXELS)


def test_two_images_of_one_name(tmp_path):
    """Two files of one id: which one is meant cannot be known."""
    root = write_siim(tmp_path)
    write_file(root / f'dicom-images-train/again/{siim_id(3)}.dcm')
    with pytest.raises(ValueError, match='two images are called'):
        convert(root)


def test_several_formats(tmp_path):
    """MMSegmentation takes one ending for all images."""
    root = write_siim(tmp_path)
    write_file(root / 'dicom-images-train/other.png')
    with pytest.raises(ValueError, match='several formats'):
        convert(root)
