"""The data set: what it reads, keeps and refuses."""
import json

import pytest

from prior_mm.datasets.errors import AnnotationError
from prior_mm.dependencies import has_compiled_mmcv

if not has_compiled_mmcv():
    pytest.skip('segmentation needs compiled mmcv', allow_module_level=True)

from prior_mm.downstream.segmentation import RadiographSegmentation

METAINFO = dict(schema='prior_mm.segmentation/1', dataset='siim-pneumothorax', classes=['background', 'pneumothorax'],
                split='train', synthetic=True, protocol='demo/1')


def open_data(root, metainfo=None, **options):
    (root / 'annotations').mkdir(exist_ok=True)
    entries = [dict(img_path=f'images/{name}.dcm', seg_map_path=f'images/{name}.png', gt_label=number % 2,
                    image_id=name)
               for number, name in enumerate('abcd')]
    (root / 'annotations/train.json').write_text(json.dumps(dict(metainfo=metainfo or METAINFO, data_list=entries)))
    return RadiographSegmentation(data_root=str(root), ann_file='annotations/train.json', pipeline=[],
                                  data_prefix=dict(img_path='', seg_map_path='masks'), **options)


@pytest.mark.parametrize('test_mode', [False, True])
def test_entries_and_metainfo(tmp_path, test_mode):
    """Paths from both folders, no label map and no ignored class, and what the file says of itself."""
    data = open_data(tmp_path, test_mode=test_mode)
    first = data.get_data_info(1)
    assert first['img_path'] == str(tmp_path / 'images/b.dcm')
    assert first['seg_map_path'] == str(tmp_path / 'masks/images/b.png')
    assert (first['gt_label'], first['image_id'], first['seg_fields']) == (1, 'b', [])
    assert data.metainfo['classes'] == ['background', 'pneumothorax'] and data.metainfo['label_map'] is None
    assert data.metainfo['synthetic'] is True and data.metainfo['protocol'] == 'demo/1'
    assert len(data.metainfo['palette']) == 2


def test_a_share_of_the_labels(tmp_path):
    """Only listed images are kept."""
    (tmp_path / 'few.txt').write_text('d\nb\n')
    data = open_data(tmp_path, ids='few.txt')
    assert [data.get_data_info(index)['image_id'] for index in range(len(data))] == ['b', 'd']


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(schema='prior_mm.classification/1'), "'prior_mm.classification/1', wanted is 'prior_mm.segmentation/1'"),
    (dict(classes=['a', 'b', 'c']), 'the background and the finding')])
def test_another_file(tmp_path, changes, message):
    """A file of another task is not read as if its images had no masks."""
    with pytest.raises(AnnotationError, match=message):
        open_data(tmp_path, {**METAINFO, **changes})


def test_no_file(tmp_path):
    """The message says what writes it."""
    with pytest.raises(FileNotFoundError, match='train.json.*dataset_converters'):
        RadiographSegmentation(data_root=str(tmp_path), ann_file='train.json', pipeline=[])
