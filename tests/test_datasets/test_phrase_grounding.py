"""Phrases with their places: what is read, what is refused, and how places become pixels."""
import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prior_mm.datasets import (
    AnnotationError,
    CropCentre,
    ImageError,
    LoadRadiograph,
    LoadRegion,
    PhraseGrounding,
    collate_studies,
)
from prior_mm.datasets.downstream_schemas import GROUNDING
from prior_mm.datasets.transforms.region import boxes_to_region
from prior_mm.evaluation.heat_maps import to_pixels

PIPELINE = [dict(type='LoadRadiograph', size=32, view='first'), dict(type='ResizeRadiograph', size=(32, 32)),
            dict(type='TokenizeReport', tokenizer='VOCABULARY', max_length=16), dict(type='LoadRegion'),
            dict(type='PackStudy')]


def content(**changes) -> dict:
    entries = [dict(phrase_id=f'p{number}', img_path='a.png', phrase='large heart', finding='heart',
                    boxes=[[4, 2, 10, 20]], width=48, height=40) for number in range(3)]
    entries[1].update(boxes=[], mask_path='mask.png', patient_id='x')
    entries[0].update(changes)
    return dict(metainfo=dict(schema=GROUNDING, dataset='made up', classes=['heart'], synthetic=True),
                data_list=entries)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('phrases')
    cv2.imwrite(str(root / 'a.png'), np.random.default_rng(0).integers(0, 256, (40, 48), dtype=np.uint8))
    mask = np.zeros((40, 48), np.uint8)
    mask[5:9, 7:12] = 255
    cv2.imwrite(str(root / 'mask.png'), mask)
    (root / 'vocab.txt').write_text('\n'.join(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'large', 'heart']))
    (root / 'test.json').write_text(json.dumps(content()))
    return root


def open_set(root, **options):
    steps = [dict(step, tokenizer=str(root / 'vocab.txt')) if 'tokenizer' in step else step for step in PIPELINE]
    return PhraseGrounding('test.json', str(root), pipeline=steps, **options)


def test_batch_has_phrase_and_place(root):
    """The phrase is a report of one sentence; the place, the finding and the patient reach the predictions."""
    batch = collate_studies([open_set(root)[index] for index in range(2)])
    boxed, masked = batch['data_samples']
    assert batch['reports'].token_ids.tolist() == [[2, 5, 6, 3]] * 2
    assert boxed['region'].shape == (40, 48) and boxed['region'].sum() == 200 and boxed['region'][2:22, 4:14].all()
    assert masked['region'].sum() == 20 and masked['region'][5:9, 7:12].all()
    assert (boxed['patient'], masked['patient']) == ('a.png', 'x') and boxed['split'] == 'test'


def test_validation_part_is_marked(root):
    """Its phrases come after the others, and say that they only choose the threshold."""
    dataset = open_set(root, validation_file='test.json')
    assert [dataset.get_data_info(index)['split'] for index in range(len(dataset))] == ['test'] * 3 + ['validate'] * 3


@pytest.mark.parametrize('changes, message', [
    (dict(phrase=' '), 'phrase must be text'), (dict(phrase_id='p1'), 'p1 is there twice'),
    (dict(finding='lung'), "'lung' is none of the classes"), (dict(img_path='../a.png'), 'below the folder'),
    (dict(mask_path='/mask.png'), 'below the folder'), (dict(width=0), 'width and height'),
    (dict(boxes=[[1, 2, 3]]), 'boxes must be'), (dict(boxes=[[1, 2, 0, 4]]), 'boxes must be'),
    (dict(boxes=[]), 'neither boxes nor mask_path')])
def test_bad_entries_are_named(root, tmp_path, changes, message):
    """The message says which entry, what is wrong, and what makes the file anew."""
    (tmp_path / 'test.json').write_text(json.dumps(content(**changes)))
    with pytest.raises(AnnotationError, match=message) as error:
        PhraseGrounding('test.json', str(tmp_path))
    assert 'data_list[' in str(error.value) and 'docs/tasks/grounding.md' in str(error.value)


def test_mask_of_another_size_is_named(root):
    """A mask of another size than the image would be compared with the wrong places."""
    info = dict(boxes=[], mask_path=str(root / 'mask.png'), width=40, height=48)
    with pytest.raises(ImageError, match='48 x 40 px, the annotation file says 40 x 48'):
        LoadRegion()(info)
    with pytest.raises(ValueError, match='region must be one of'):
        LoadRegion('polygon')


@pytest.mark.parametrize(('shape', 'fits'), [((1000, 800), True), ((505, 400), True), ((255, 255), False),
                                             ((525, 400), False), ((800, 1000), False)])
def test_image_of_another_shape_is_named(tmp_path, shape, fits):
    """On a copy that was cut, padded or stretched, the annotated places and the map would not meet."""
    cv2.imwrite(str(tmp_path / 'a.jpg'), np.zeros(shape, np.uint8))
    info = dict(images=['a.jpg'], image_root=str(tmp_path), width=2000, height=2500)
    for size in (None, 32):
        load = LoadRadiograph(size=size, view='first')
        if fits:
            load(dict(info))
        else:
            with pytest.raises(ImageError, match='a.jpg: the image is of another shape.* film of 2000 x 2500 px'):
                load(dict(info))


@given(st.lists(st.tuples(st.integers(-3, 9), st.integers(-3, 7), st.integers(1, 9), st.integers(1, 9)), max_size=4))
def test_boxes_as_the_slow_one(boxes):
    """Pixel by pixel: inside if any box of whole numbers holds it; what lies beyond the image is cut off."""
    region = boxes_to_region(boxes, 8, 10)
    for row in range(8):
        for column in range(10):
            assert region[row, column] == any(x <= column < x + w and y <= row < y + h for x, y, w, h in boxes)


def test_crop_and_map_meet_in_the_original_image():
    """A map of the cropped image, brought back, is bright where the original is, and NaN in what was cut off."""
    image = np.zeros((60, 100), np.uint8)
    image[30:40, 60:70] = 255
    cropped = CropCentre(short_side=30, size=24)(dict(image=image, width=200, height=120))
    assert cropped['image'].shape == (24, 24) and cropped['area'] == (52, 12, 96, 96)
    heat = to_pixels(cropped['image'] / 255, 120, 200, cropped['area'], sigma=0)
    row, column = np.unravel_index(np.nanargmax(heat), heat.shape)
    assert 60 <= row < 80 and 120 <= column < 140 and np.isnan(heat[:, :52]).all() and np.isnan(heat[:12]).all()
    with pytest.raises(ValueError, match='size must be'):
        CropCentre(16, 20)
