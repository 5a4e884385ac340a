"""Boxes and masks of a table: from columns, COCO files, folders and run lengths, in pixels of the files used."""
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_table import SHAPE, own_rows, write_own
from PIL import Image
from rich.console import Console

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.downstream.look import Size
from prior_mm.converters.downstream.masks import Box, read_mask
from prior_mm.converters.downstream.run_lengths import encode_run_lengths
from prior_mm.converters.downstream.settings import DownstreamSettings
from prior_mm.converters.table.any_table import Row
from prior_mm.converters.table.boxes import BoxOptions, TableBoxes, guess_boxes, scaled_size
from prior_mm.converters.table.convert import TableOptions, convert_table
from prior_mm.converters.table.labels import LabelOptions
from prior_mm.converters.table.masks import MaskOptions, TableMasks
from prior_mm.converters.table.table_images import TableImage
from prior_mm.datasets.errors import ImageError

HEIGHT, WIDTH = SHAPE
BOX = [6, 4, 12, 10]
VIEWS = ('frontal', 'lateral')


def convert(root, short_side=None, **options):
    (repeat, tally), = convert_table(DownstreamSettings(root, root, root, workers=1, short_side=short_side),
                                     TableOptions('mine', **options), Console(quiet=True))
    return tally


def files(root, task):
    """Content of the annotation files of a task."""
    return [json.loads(path.read_text()) for path in sorted(root.glob(f'annotations/own/seed0/{task}/*.json'))]


def boxed_rows():
    """Every third image shows a mass; of these every other one is boxed, and some of them have two boxes."""
    rows = own_rows(36, ('Mass', ))
    for number, row in enumerate(rows):
        found = [['Mass', *BOX]] + ([['Nodule', 20, 20, 5, 8]] if number % 12 == 0 else [])
        row['boxes'] = json.dumps(found) if number % 6 == 0 else ''
    return rows


def test_boxes_of_several_classes(tmp_path):
    """Images without boxes take part unless a label says that there is something to box; shares are of these images."""
    tally = convert(write_own(tmp_path, boxed_rows()))
    assert sum(tally.summary(split)['labels']['a box'] for split in ('train', 'val', 'test')) == 6
    found = files(tmp_path, 'detection')
    assert all(content['info']['classes'] == ['Mass', 'Nodule'] for content in found)
    names = {image['image_id']: image for content in found for image in content['images']}
    assert set(names) == {f'f{number}.png' for number in range(36) if number % 3 or number % 6 == 0}
    boxes = [(item['category_id'], item['bbox']) for content in found for item in content['annotations']]
    assert sorted(boxes) == [(1, BOX)] * 6 + [(2, [20, 20, 5, 8])] * 3
    listed = (tmp_path / 'annotations/own/seed0/detection/train_10.txt').read_text().split()
    assert listed and set(listed) <= set(names)


def test_boxes_of_copies(tmp_path):
    """Of copies of half the size, boxes are half as large; `boxes_96` are for images twice as large as those there."""
    rows = [{('boxes_96' if name == 'boxes' else name): value for name, value in row.items()} for row in boxed_rows()]
    convert(write_own(tmp_path, rows), short_side=20)
    found = files(tmp_path, 'detection')
    assert {(image['width'], image['height']) for content in found for image in content['images']} == {(24, 20)}
    assert [1.5, 1., 3., 2.5] in [item['bbox'] for content in found for item in content['annotations']]


def test_a_row_a_box_and_coco(tmp_path):
    """The same boxes from rows, from corners and from a COCO file give the same files."""
    rows = boxed_rows()
    convert(write_own(tmp_path / 'list', rows))
    expected = [(content['images'], content['annotations']) for content in files(tmp_path / 'list', 'detection')]
    by_rows, by_corners = [], []
    for row in rows:
        kept = {name: value for name, value in row.items() if name not in ('boxes', 'Finding Labels')}
        for name, x, y, width, height in json.loads(row['boxes'] or '[]') or [(row['Finding Labels'], '', '', '', '')]:
            by_rows.append(dict(kept, label=name, x=x, y=y, w=width, h=height))
            far = (x + width, y + height) if width else ('', '')
            by_corners.append(dict(kept, label=name, x_min=x, y_min=y, x_max=far[0], y_max=far[1]))
    for name, table in (('rows', by_rows), ('corners', by_corners)):
        convert(write_own(tmp_path / name, table))
        found = files(tmp_path / name, 'detection')
        assert [content['annotations'] for content in found] and sorted(
            str(item['bbox']) for content in found for item in content['annotations']) == sorted(
            str([float(value) for value in item['bbox']]) for _, items in expected for item in items)
    coco = dict(categories=[dict(id=7, name='Mass'), dict(id=9, name='Nodule')], images=[], annotations=[])
    for number, row in enumerate(rows):
        coco['images'].append(dict(id=number, file_name=f'somewhere/{row["file"]}', width=WIDTH, height=HEIGHT))
        for name, *box in json.loads(row.pop('boxes') or '[]'):
            coco['annotations'].append(dict(id=0, image_id=number, category_id=7 if name == 'Mass' else 9, bbox=box))
    root = write_own(tmp_path / 'coco', rows)
    (root / 'boxes.json').write_text(json.dumps(coco))
    convert(root, boxes=BoxOptions(coco=root / 'boxes.json'))
    assert [(content['images'], content['annotations']) for content in files(root, 'detection')] == expected


def two_views(root):
    """Films of two views, in two folders, under the same names."""
    rows = [dict(row, file=f'{view}/{number}.png', view=view.upper())
            for number, row in enumerate(own_rows(12)) for view in VIEWS]
    for view in VIEWS:
        write_own(root, [row for row in rows if row['view'] == view.upper()], folder=view)
    return write_own(root, rows)


def test_coco_of_two_views(tmp_path):
    """A COCO file's image is the one in the folder of its name; the last of a name had all boxes, and its own size."""
    root = two_views(tmp_path)
    images = [dict(id=number, file_name=f'train/{view}/{number % 12}.png', width=WIDTH * (1 + number // 12),
                   height=HEIGHT * (1 + number // 12)) for number in range(24) for view in [VIEWS[number // 12]]]
    coco = dict(categories=[dict(id=1, name='Mass')], images=images, annotations=[
        dict(image_id=image['id'], category_id=1, bbox=[0, 0, 2 + image['id'], 8]) for image in images])

    def boxes(**options):
        (root / 'boxes.json').write_text(json.dumps(coco))
        convert(root, boxes=BoxOptions(coco=root / 'boxes.json'), **options)
        found = files(root, 'detection')
        names = {image['id']: image['image_id'] for content in found for image in content['images']}
        return {names[item['image_id']]: item['bbox'][2] for content in found for item in content['annotations']}

    frontal = {f'frontal/{number}.png': 2 + number for number in range(12)}
    assert boxes() == frontal
    assert boxes(all_views=True) == frontal | {f'lateral/{number}.png': (14 + number) / 2 for number in range(12)}
    images[0]['file_name'] = '0.png'
    with pytest.raises(ValueError, match='boxes.json: 0.png may be of frontal/0.png or of lateral/0.png'):
        boxes()
    images[0]['file_name'] = images[1]['file_name']
    with pytest.raises(ValueError, match='train/frontal/1.png and train/frontal/1.png may both be of frontal/1.png'):
        boxes()
    for image in images:
        image['file_name'] = f'another/{image["id"]}.png'
    with pytest.raises(TableError, match='names none of the images of the table, such as frontal/0.png; folders'):
        boxes()


@given(st.integers(20, 60), st.integers(20, 60), st.integers(10, 99))
def test_scaled_boxes(width, height, long_side):
    """A box that is the whole of the image that it is for is the whole of any copy."""
    meant = scaled_size(Size(width, height), long_side)
    boxes = TableBoxes(('Mass', ), dict(a=[('Mass', Box(0, 0, *meant))]), pixels=long_side)
    (number, box), = boxes.scaled('a', Size(width, height), Size(31, 17))
    assert number == 0 and box == pytest.approx((0, 0, 31, 17))


def test_boxes_that_are_none(tmp_path):
    """Text that is no list, a box outside, and classes of which there is no box or that are spelt otherwise."""
    rows = boxed_rows()
    for text, message in (('[["Mass", 1, 2]]', 'line 2: boxes is'), ('[["Mass", 1, 2, 0, 4]]', 'line 2: boxes is'),
                          ('[["Mass", 30, 2, 40, 4]]', 'is not within 48 x 40 px')):
        rows[0]['boxes'] = text
        with pytest.raises(ValueError, match=message):
            convert(write_own(tmp_path, rows))
    with pytest.raises(TableError, match='there is no box'):
        convert(write_own(tmp_path, [dict(row, boxes='') for row in rows]))
    rows[0]['boxes'] = '[["mass", 1, 2, 3, 4]]'
    with pytest.raises(TableError, match='boxes: .mass. is none of the classes, .Mass. is'):
        convert(write_own(tmp_path, rows), labels=LabelOptions(classes=('Mass', )))
    assert guess_boxes(['image', 'boxes_1024'], BoxOptions()).pixels == 1024
    assert not guess_boxes(['image', 'x', 'y'], BoxOptions())


def mask_of(number):
    mask = np.zeros(SHAPE, np.uint8)
    mask[4:4 + number, 6:20] = 1
    return mask


@pytest.mark.parametrize('kind', ['column', 'folder', 'relative runs', 'absolute runs'])
def test_masks(tmp_path, kind):
    """Files of 0 and 255, a folder of them, and run lengths give the same masks; images without one are left out."""
    rows = own_rows(24)
    root = write_own(tmp_path, rows)
    (root / 'lungs').mkdir()
    for number, row in enumerate(rows[:20]):
        mask = mask_of(number)
        runs = encode_run_lengths(mask)
        if kind == 'absolute runs' and number:
            steps = list(map(int, runs.split()))
            ends = np.cumsum(steps)
            runs = ' '.join(f'{ends[place] + 1} {steps[place + 1]}' for place in range(0, len(steps), 2))
        row['mask'] = runs if 'runs' in kind else f'lungs/f{number}.png' if kind == 'column' else ''
        if 'runs' not in kind:
            Image.fromarray(mask * 255).save(root / f'lungs/f{number}.png')
    for row in rows[20:]:
        row['mask'] = ''
    write_own(root, rows)
    masks = MaskOptions(folder=root / 'lungs') if kind == 'folder' else \
        MaskOptions('mask', name='lungs', absolute=kind.startswith('absolute'))
    tally = convert(root, masks=masks)
    assert sum(tally.summary(split)['labels']['a mask'] for split in ('train', 'val', 'test')) == 20
    seen = {}
    for content in files(root, 'segmentation'):
        assert content['metainfo']['classes'] == ['background', 'lungs']
        for entry in content['data_list']:
            mask, number = read_mask(root / 'masks' / entry['seg_map_path']), int(entry['image_id'][1:-4])
            assert np.array_equal(mask, mask_of(number)) and entry['gt_label'] == int(number > 0)
            seen[number] = entry
    assert set(seen) == set(range(20))


def test_masks_of_two_views(tmp_path):
    """A mask is of the image in the folder of its name; the other view's was taken, where the names are the same."""
    root = two_views(tmp_path / 'films')
    for view in VIEWS:
        (tmp_path / 'lungs' / view).mkdir(parents=True)
        for number in range(10):
            Image.fromarray(mask_of(number + 10 * (view == 'lateral')) * 255).save(
                tmp_path / f'lungs/{view}/{number}.png')
    (tmp_path / 'lungs/frontal/2.png').unlink()
    convert(root, masks=MaskOptions(folder=tmp_path / 'lungs'), all_views=True)
    seen = {entry['image_id']: read_mask(root / 'masks' / entry['seg_map_path']).any(1).sum()
            for content in files(root, 'segmentation') for entry in content['data_list']}
    assert seen == {f'{view}/{number}.png': number + 10 * (view == 'lateral')
                    for view in VIEWS for number in range(10) if (number, view) != (2, 'frontal')}
    Image.fromarray(mask_of(5) * 255).save(tmp_path / 'lungs/11.png')
    with pytest.raises(ValueError, match='lungs: 11.png may be of frontal/11.png or of lateral/11.png'):
        convert(root, masks=MaskOptions(folder=tmp_path / 'lungs'))  # though lateral views are left out


def test_masks_of_no_image(tmp_path):
    """A folder of which no mask fits is an error: with --unmasked empty all images had been such that show nothing."""
    image = TableImage('p1/a.png', 'a', 'a', 'frontal', '', (), ())
    (tmp_path / 'p2').mkdir()
    Image.fromarray(mask_of(5)).save(tmp_path / 'p2/a.png')
    with pytest.raises(ValueError, match='no mask there is called as an image of the table, such as p1/a.png; folders'):
        TableMasks(tmp_path, {'p1/a.png': image}, MaskOptions(folder=tmp_path, unmasked='empty'), 0)


def test_masks_of_copies_and_without(tmp_path):
    """A mask has the size of the copy; --unmasked empty takes images without one for such that show nothing."""
    runs = encode_run_lengths(mask_of(8))
    rows = [dict(row, rle=runs if number % 2 else '') for number, row in enumerate(own_rows())]
    convert(write_own(tmp_path, rows), short_side=20, masks=MaskOptions('rle', unmasked='empty'))
    entries = [entry for content in files(tmp_path, 'segmentation') for entry in content['data_list']]
    assert len(entries) == 40 and sum(entry['gt_label'] for entry in entries) == 20
    for entry in entries:
        assert read_mask(tmp_path / 'masks' / entry['seg_map_path']).shape == (20, 24)


def test_masks_that_cannot_be_used(tmp_path):
    """Missing, of another shape, of several values: listed, and the image still serves the other tasks."""
    rows = [dict(row, mask=f'masks_of_mine/{number}.png') for number, row in enumerate(own_rows())]
    root = write_own(tmp_path, rows)
    (root / 'masks_of_mine').mkdir()
    for number in range(1, 40):
        mask = mask_of(5) * 255 if number != 2 else np.arange(HEIGHT * WIDTH).reshape(SHAPE).astype(np.uint8)
        Image.fromarray(mask if number != 3 else mask[:20]).save(root / f'masks_of_mine/{number}.png')
    convert(root)
    listed = (root / 'annotations/own/seed0/left_out.csv').read_text()
    assert listed.count('mask cannot be used') == 3 and 'not of one shape' in listed and 'wanted are two' in listed
    assert sum(len(content['data_list']) for content in files(root, 'segmentation')) == 37
    assert sum(content['metainfo']['images'] for content in files(root, 'classification')) == 40


@pytest.mark.parametrize('values', [(1, 2), (1, ), (128, 255)])
def test_masks_without_zero(tmp_path, values):
    """Where all else is 1 and the finding is 2, the whole image would be taken for the finding."""
    Image.fromarray(np.resize(np.array(values, np.uint8), (16, 16))).save(tmp_path / 'm.png')
    image = TableImage('a', 'a', 'a', 'frontal', '', (), (Row(2, dict(mask='m.png')), ))
    with pytest.raises(ImageError, match=f'm.png: the mask holds {" and ".join(map(str, values))} and no 0'):
        TableMasks(tmp_path, dict(a=image), MaskOptions('mask'), 0).draw('a', Size(16, 16), Size(16, 16))


def test_runs_that_are_none():
    """Run lengths that overlap, or are an odd number of numbers, are told with the option that may mend them."""
    for text in ('5 3 6 2', '5 3 6'):
        image = TableImage('a', 'a', 'a', 'frontal', '', (), (Row(2, dict(rle=text)), ))
        masks = TableMasks(Path('.'), dict(a=image), MaskOptions('rle', absolute=True), 0)
        with pytest.raises(ValueError, match='--absolute-runs'):
            masks.draw('a', Size(8, 8), Size(8, 8))
