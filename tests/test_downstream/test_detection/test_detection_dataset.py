"""The COCO data set with what the converters write: no image is lost, and the file's words are kept."""
import json

import numpy as np
import pytest

from prior_mm.datasets.errors import AnnotationError
from prior_mm.dependencies import has_compiled_mmcv

if not has_compiled_mmcv():
    pytest.skip('needs mmcv with compiled operators', allow_module_level=True)
from mmengine.dataset import pseudo_collate
from mmengine.registry import MODELS as MODELS_OF_ALL
from mmengine.registry import init_default_scope

from prior_mm.datasets.visit import Visit
from prior_mm.downstream.detection import DetectionDataset
from prior_mm.engine.launch import load_config


@pytest.fixture
def built(raw_rsna, demo_config):
    """A data set of the demo config's, by the name of its loader."""
    init_default_scope('prior_mm')
    config = load_config(str(demo_config))

    def build(loader: str, **options) -> DetectionDataset:
        changed = dict(config[f'{loader}_dataloader'].dataset, data_root=str(raw_rsna), **options)
        changed.pop('type')
        changed['ann_file'] = f'annotations/demo/seed0/{changed["ann_file"]}'
        return DetectionDataset(**changed)

    return build


@pytest.mark.parametrize('loader', ['train', 'val', 'test'])
def test_images_without_boxes_stay(raw_rsna, built, loader):
    """All images of the file are there, with and without boxes, and come through the pipeline as one channel."""
    file = json.loads((raw_rsna / f'annotations/demo/seed0/detection/{loader}.json').read_text())
    dataset = built(loader)
    boxes = [len(dataset.get_data_info(index)['instances']) for index in range(len(dataset))]
    assert len(dataset) == len(file['images']) and sum(boxes) == len(file['annotations'])
    assert min(boxes) == 0 and max(boxes) > 0
    for index in (boxes.index(0), boxes.index(max(boxes))):
        sample = dataset[Visit(index, 0, 0)]
        assert tuple(sample['inputs'].shape) == (1, 32, 32)
        if loader == 'train':
            assert len(sample['data_samples'].gt_instances.bboxes) == boxes[index]
        else:
            assert len(sample['data_samples'].instances) == boxes[index]
    assert dataset.metainfo['classes'] == ('pneumonia', ) and dataset.metainfo['split'] == loader
    assert dataset.metainfo['protocol'] == 'demo/1' and 'sources' in dataset.metainfo


def test_boxes_follow_the_image(built):
    """Halved images have halved boxes; a flipped one has its boxes flipped."""
    dataset = built('train')
    index = next(index for index in range(len(dataset)) if dataset.get_data_info(index)['instances'])
    truth = np.array([instance['bbox'] for instance in dataset.get_data_info(index)['instances']]) / 2
    flipped = truth.copy()
    flipped[:, [0, 2]] = 32 - truth[:, [2, 0]]
    seen = set()
    for epoch in range(12):
        sample = dataset[Visit(index, epoch, 0)]['data_samples']
        assert np.allclose(sample.gt_instances.bboxes.tensor, flipped if sample.flip else truth)
        seen.add(sample.flip)
    assert seen == {True, False}


def test_normalised_as_in_pre_training(built, demo_config):
    """What reaches the backbone is one channel, (pixel / 255 - mean) / std of the pre-training."""
    init_default_scope('prior_mm')
    preprocessor = MODELS_OF_ALL.build(dict(load_config(str(demo_config)).model.data_preprocessor, _scope_='mmdet',
                                            type='mmdet.DetDataPreprocessor'))
    batch = pseudo_collate([built('test')[index] for index in range(2)])
    inputs = preprocessor(batch)['inputs']
    expected = (np.stack([image.numpy() for image in batch['inputs']]) / 255 - 0.4755) / 0.3011
    assert tuple(inputs.shape) == (2, 1, 32, 32) and np.allclose(inputs, expected, atol=1e-5)


def test_share_of_the_labels(raw_rsna, built):
    """A list of ids keeps those images, with and without boxes."""
    ids = [line[:-4].split('/')[-1] for line in
           (image['file_name'] for image in
            json.loads((raw_rsna / 'annotations/demo/seed0/detection/train.json').read_text())['images'])][::3]
    (raw_rsna / 'some.txt').write_text('\n'.join(ids))
    dataset = built('train', ids='some.txt')
    assert sorted(dataset.get_data_info(index)['img_path'].split('/')[-1][:-4] for index in range(len(dataset))) \
        == sorted(ids)


def test_other_classes(built):
    """A file without the wanted class is refused: MMDetection would see images without boxes."""
    with pytest.raises(AnnotationError, match='not all of the classes nodule'):
        built('train', metainfo=dict(classes=('nodule', )))
