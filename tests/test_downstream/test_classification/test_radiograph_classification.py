"""The data set of classification: classes, labels that are not known, and files of another kind."""
import json

import cv2
import numpy as np
import pytest
import torch

pytest.importorskip('mmpretrain')
from mmengine.registry import DATASETS, DefaultScope

from prior_mm.datasets.errors import AnnotationError, ImageError
from prior_mm.datasets.visit import Visit
from prior_mm.downstream.classification import RadiographClassification

ONE = dict(schema='prior_mm.classification/1', classes=['no pneumonia', 'pneumonia'], protocol='demo/1', synthetic=True)
SEVERAL = dict(schema='prior_mm.multi_label/1', classes=['a', 'b', 'c'])


def data_set(root, metainfo=ONE, entries=None, **options) -> RadiographClassification:
    entries = [dict(img_path=f'files/{number}.png', gt_label=number % 2, image_id=str(number)) for number in range(4)] \
        if entries is None else entries
    (root / 'train.json').write_text(json.dumps(dict(metainfo=metainfo, data_list=entries)))
    with DefaultScope.overwrite_default_scope('prior_mm'):
        return DATASETS.build(dict(type='RadiographClassification', data_root=str(root), ann_file='train.json',
                                   **options))


def test_one_finding(tmp_path):
    """The finding is the one class; the file's description comes along, for results."""
    data = data_set(tmp_path)
    assert data.metainfo['classes'] == ('pneumonia', ) and data.metainfo['synthetic'] is True
    assert [data.get_data_info(index)['gt_score'].tolist() for index in range(4)] == [[0], [1], [0], [1]]
    assert data.get_data_info(1)['img_path'] == str(tmp_path / 'files/1.png')


def test_several_findings(tmp_path):
    """Labels that are not known, however they are written, are -1 and never a negative."""
    data = data_set(tmp_path, SEVERAL, [dict(img_path='a.png', labels=[1, -1, 0], image_id='a'),
                                        dict(img_path='b.png', labels=[None, float('nan'), 1], image_id='b')])
    assert [data.get_data_info(index)['gt_score'].tolist() for index in (0, 1)] == [[1, -1, 0], [-1, -1, 1]]
    assert data.metainfo['classes'] == ('a', 'b', 'c')


@pytest.mark.parametrize(('metainfo', 'entry', 'message'), [
    (dict(ONE, schema='prior_mm.segmentation/1'), dict(gt_label=1), 'schema'),
    (dict(ONE, classes=['a', 'b', 'c']), dict(gt_label=1), 'schema'),
    (ONE, dict(gt_label=2), r'data_list\[0\]: the labels are \[2\]'),
    (SEVERAL, dict(labels=[1, 0]), 'wanted are 3'),
    (SEVERAL, dict(labels=[1, 0, 0.5]), 'wanted are 3'),
])
def test_other_files_are_errors(tmp_path, metainfo, entry, message):
    """Files of another task and labels that are none are refused, with the place."""
    with pytest.raises(AnnotationError, match=message):
        data_set(tmp_path, metainfo, [dict(img_path='a.png', **entry)])


def test_classes_must_be_the_configs(tmp_path):
    """Another order of the classes would give each label to another one."""
    with pytest.raises(AnnotationError, match='same order'):
        data_set(tmp_path, SEVERAL, [dict(img_path='a.png', labels=[1, 0, 0])], classes=['b', 'a', 'c'])
    with pytest.raises(FileNotFoundError, match='no annotation file'):
        RadiographClassification(ann_file=str(tmp_path / 'missing.json'))


def test_through_the_pipeline(tmp_path):
    """One channel comes out, the same for the same visit; a file that cannot be read is named, not replaced."""
    (tmp_path / 'files').mkdir()
    for number in range(3):
        cv2.imwrite(str(tmp_path / f'files/{number}.png'),
                    np.random.default_rng(number).integers(0, 256, (40, 40), np.uint8))
    data = data_set(tmp_path, pipeline=[
        dict(type='LoadRadiographFile', size=(32, 32)),
        dict(type='mmpretrain.RandomResizedCrop', scale=(32, 32), crop_ratio_range=(0.8, 1.)),
        dict(type='mmpretrain.RandomFlip', prob=0.5),
        dict(type='mmpretrain.PackInputs', meta_keys=('img_path', ))])
    first, again = data[Visit(1, 2, 3)], data[Visit(1, 2, 3)]
    assert first['inputs'].shape == (1, 32, 32) and torch.equal(first['inputs'], again['inputs'])
    assert not torch.equal(first['inputs'], data[Visit(1, 3, 3)]['inputs'])
    assert first['data_samples'].gt_score.tolist() == [1]
    with pytest.raises(ImageError, match=r'files/3.png'):
        data[Visit(3)]
