"""Labelled radiographs without reports: what is read, what is refused."""
import json

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from prior_mm.datasets import AnnotationError, LabelledRadiographs, Visit, collate_studies
from prior_mm.datasets.downstream_schemas import CLASSIFICATION

CLASSES = ['Atelectasis', 'Edema', 'Pleural Effusion']
PIPELINE = [dict(type='LoadRadiograph', size=32, view='first'), dict(type='ResizeRadiograph', size=(32, 32)),
            dict(type='PackStudy')]


def content(count: int = 6) -> dict:
    entries = [dict(img_path=f'train/{number}.png', gt_label=number % 3, image_id=f'i{number}')
               for number in range(count)]
    metainfo = dict(schema=CLASSIFICATION, dataset='made up', classes=CLASSES, synthetic=True)
    return dict(metainfo=metainfo, data_list=entries)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('labelled')
    (root / 'train').mkdir()
    rng = np.random.default_rng(0)
    for number in range(6):
        cv2.imwrite(str(root / f'train/{number}.png'), rng.integers(0, 256, (40, 48), dtype=np.uint8))
    (root / 'list.json').write_text(json.dumps(content()))
    return root


def test_batch_without_reports(root):
    """Images, ids and classes reach the batch; there are no reports, and nothing stands for them."""
    dataset = LabelledRadiographs('list.json', root, PIPELINE, classes=CLASSES, indices=4)
    batch = collate_studies([dataset[Visit(index)] for index in range(len(dataset))])
    assert batch['inputs'].shape == (4, 1, 32, 32) and batch['reports'] is None
    assert [sample['label_index'] for sample in batch['data_samples']] == [0, 1, 2, 0]
    assert [sample['study_id'] for sample in batch['data_samples']] == ['i0', 'i1', 'i2', 'i3']
    assert dataset.metainfo['synthetic'] is True and dataset.metainfo['classes'] == CLASSES
    assert torch.equal(dataset[1]['image'], dataset[Visit(1, epoch=3, seed=9)]['image'])  # nothing is random


def test_other_classes(root):
    """Classes in another order than the file's would swap the labels: an error that shows both."""
    with pytest.raises(AnnotationError, match="'Edema', 'Atelectasis'"):
        LabelledRadiographs('list.json', root, classes=['Edema', 'Atelectasis', 'Pleural Effusion'])


def test_missing_files(root):
    """A missing list or folder of images is an error that says what makes it."""
    with pytest.raises(FileNotFoundError, match=r'chexpert_5x200\.py'):
        LabelledRadiographs('nowhere.json', root)
    with pytest.raises(FileNotFoundError, match='image_prefix'):
        LabelledRadiographs('list.json', root, image_prefix='elsewhere')


@pytest.mark.parametrize(('key', 'value', 'message'), [
    ('gt_label', 3, 'gt_label'), ('gt_label', -1, 'gt_label'), ('gt_label', True, 'gt_label'),
    ('gt_label', [0], 'gt_label'), ('img_path', '../secret.png', 'below the image root'), ('img_path', '', 'img_path'),
    ('img_path', '/etc/passwd', 'below the image root'), ('image_id', 'i0', 'twice'), ('image_id', 5, 'image_id')])
def test_bad_entry(root, tmp_path, key, value, message):
    """A label that is no class, a path that leads elsewhere, an image that is there twice: refused, with the place."""
    broken = content()
    broken['data_list'][2][key] = value
    (tmp_path / 'list.json').write_text(json.dumps(broken))
    with pytest.raises(AnnotationError, match=rf'data_list\[2\].*{message}'):
        LabelledRadiographs(str(tmp_path / 'list.json'), root)


_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(),
                     lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                         st.sampled_from(['metainfo', 'data_list', 'schema', 'classes', 'img_path']), inner))


@given(_JSON)
def test_any_other_json(tmp_path_factory, value):
    """Whatever else the file holds is refused in words, not by an accident of Python."""
    path = tmp_path_factory.getbasetemp() / 'any.json'
    path.write_text(json.dumps(value))
    with pytest.raises(AnnotationError, match='any.json'):
        LabelledRadiographs(str(path))


def test_cut_short(root, tmp_path):
    """A file that was cut is named as such."""
    (tmp_path / 'cut.json').write_text((root / 'list.json').read_text()[:-20])
    with pytest.raises(AnnotationError, match='cut short'):
        LabelledRadiographs(str(tmp_path / 'cut.json'), root)
