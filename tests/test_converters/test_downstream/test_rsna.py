"""RSNA: boxes come right into COCO files, class lists and masks, which the toolboxes read; faults name their line."""
import json

import numpy as np
import pytest
from made_up_downstream import PIXELS, RSNA_HEADER, dicom, write_csv, write_file, write_rsna
from rich.console import Console

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.downstream.binary_images import BinaryOptions
from prior_mm.converters.downstream.masks import read_mask
from prior_mm.converters.downstream.rsna import convert_rsna, read_boxes
from prior_mm.converters.downstream.settings import DownstreamSettings
from prior_mm.converters.layout_error import LayoutError


def convert(root, output=None, check_images=True, **options):
    settings = DownstreamSettings(root, root, output or root, check_images=check_images)
    return convert_rsna(settings, BinaryOptions(**{'pixels': PIXELS, **options}), Console(quiet=True))


@pytest.fixture
def rsna(tmp_path):
    return write_rsna(tmp_path / 'rsna')


def test_files(rsna):
    """Every image is in one class list, every box in one COCO file, and masks are what the boxes cover."""
    tally, splits = convert(rsna)
    assert tally.kept == dict(train=28, val=6, test=6)
    boxes, labels = {}, {}
    for split in splits.names:
        listed = json.loads((rsna / f'annotations/classification/{split}.json').read_text())
        assert listed['metainfo']['classes'] == ['no pneumonia', 'pneumonia'] and not listed['metainfo']['synthetic']
        labels.update({entry['image_id']: entry['gt_label'] for entry in listed['data_list']})
        coco = json.loads((rsna / f'annotations/detection/{split}.json').read_text())
        names = {image['id']: image['file_name'] for image in coco['images']}
        assert len(names) == len(listed['data_list']) and coco['info']['sources'].keys() == {'stage_2_train_labels.csv'}
        for box in coco['annotations']:
            boxes.setdefault(names[box['image_id']], []).append(box['bbox'])
        lines = (rsna / f'annotations/segmentation/{split}.txt').read_text().split()
        assert lines == [name.removesuffix('.dcm') for name in names.values()]
    assert labels == {f'p{number:02d}': int(number < 10) for number in range(40)}
    assert boxes == {f'stage_2_train_images/p{number:02d}.dcm': [[40, 8, 10, 20]] * (number == 0) + [[4, 6, 10, 12]]
                     for number in range(10)}
    mask = read_mask(rsna / 'masks/stage_2_train_images/p00.png')
    assert mask.shape == (64, 64) and mask.sum() == 10 * 20 + 10 * 12 and mask[8:28, 40:50].all()
    assert not read_mask(rsna / 'masks/stage_2_train_images/p39.png').any()
    assert not list(rsna.rglob('*.part'))


def test_the_toolboxes_read_them(rsna):
    """MMPretrain's own data set takes the class list, pycocotools the COCO file."""
    convert(rsna)
    from mmpretrain.datasets import BaseDataset
    data = BaseDataset('annotations/classification/train.json', data_root=str(rsna))
    assert data.CLASSES == ['no pneumonia', 'pneumonia'] and len(data) == 28 and data.metainfo['split'] == 'train'
    assert data.get_data_info(0)['img_path'].startswith(str(rsna)) and sum(data.get_gt_labels()) == 7
    pycocotools = pytest.importorskip('pycocotools.coco')  # comes with MMDetection
    coco = pycocotools.COCO(rsna / 'annotations/detection/train.json')
    assert len(coco.getImgIds()) == 28 and coco.loadCats(1) == [dict(id=1, name='pneumonia')]
    assert all(len(coco.getAnnIds(image)) <= 2 for image in coco.getImgIds())


def test_positives_only(rsna, tmp_path):
    """Detection and segmentation keep images with boxes alone, classification all; the files say so."""
    convert(rsna, tmp_path / 'out', positives_only=True)
    annotations = tmp_path / 'out/annotations'
    coco = json.loads((annotations / 'detection/train.json').read_text())
    assert len(coco['images']) == coco['info']['images'] == 7 and coco['info']['options']['positives_only'] is True
    listed = json.loads((annotations / 'classification/train.json').read_text())
    assert len(listed['data_list']) == 28 and listed['metainfo']['options']['positives_only'] is False
    assert len(list((tmp_path / 'out/masks').rglob('*.png'))) == 10 and not (rsna / 'annotations').exists()


def test_labels_alone(rsna, tmp_path):
    """Without images and masks, the same ids come to the same splits."""
    convert(rsna)
    convert(rsna, tmp_path / 'out', check_images=False, with_masks=False)
    for name in ('splits/train.txt', 'splits/train_10.txt', 'splits/test.txt'):
        assert (tmp_path / 'out/annotations' / name).read_bytes() == (rsna / 'annotations' / name).read_bytes()
    listed = json.loads((tmp_path / 'out/annotations/classification/train.json').read_text())
    assert listed['metainfo']['images_checked'] is False and not (tmp_path / 'out/masks').exists()


def test_images_that_cannot_be_used(rsna):
    """Missing, empty, damaged and unknown images are counted; the splits stay as they were."""
    before = convert(rsna)[1]
    for name, content in (('p10', None), ('p11', b''), ('p12', dicom()[:200]), ('p13', b'text')):
        (rsna / f'stage_2_train_images/{name}.dcm').unlink()
        if content is not None:
            write_file(rsna / f'stage_2_train_images/{name}.dcm', content)
    write_file(rsna / 'stage_2_train_images/new.dcm')
    tally, after = convert(rsna)
    dropped = [tally.summary(split)['dropped'] for split in (*after.names, '')]
    assert sum(found.get('image missing or empty', 0) for found in dropped) == 2
    assert sum(found.get('image unreadable', 0) for found in dropped) == 2
    assert dropped[-1] == {'not in the table': 1} and sum(tally.kept.values()) == 36 and after.of == before.of
    listed = (rsna / 'annotations/left_out.csv').read_text().splitlines()
    assert listed[0] == 'image,split,reason' and len(listed) == 5
    assert sum('image unreadable' in line for line in listed) == 2


@pytest.mark.parametrize('rows, message', [
    ([('a', '1', '2', '3', '', '1')], 'line 2: .* wanted are four numbers'),
    ([('a', '', '', '', '', '1')], 'line 2'), ([('a', '1', '2', '3', '4', '0')], 'line 2'),
    ([('a', 'nan', '2', '3', '4', '1')], 'line 2'), ([('a', '60', '2', '5', '4', '1')], 'line 2: .*--pixels'),
    ([('a', '1', '2', '0', '4', '1')], 'not within'), ([('a', '1', '-2', '3', '4', '1')], 'not within'),
    ([('a', '', '', '', '', '0')] * 2, 'line 3: a is there with a box and with Target 0'),
    ([('a', '', '', '', '', '0'), ('a', '1', '2', '3', '4', '1')], 'line 3'),
    ([('a', '1', '2', '3', '4', '1')] * 2, 'line 3: the same box'),
    ([('../a', '', '', '', '', '0')], 'the name of a file'),
    ([], 'no row')])
def test_faults_of_the_table(tmp_path, rows, message):
    """Half a box, one beyond the image, one that contradicts its Target: file, line and mend."""
    with pytest.raises(TableError, match=message):
        read_boxes(write_csv(tmp_path / 'labels.csv', [RSNA_HEADER, *rows]), PIXELS)


def test_images_of_another_size(rsna):
    """Resized images with the original boxes would be learned wrong: it stops, and names --pixels."""
    write_file(rsna / 'stage_2_train_images/p20.dcm', dicom(32, 32))
    with pytest.raises(ValueError, match='p20.dcm: 32 x 32 px, .*64 x 64.*--pixels 32'):
        convert(rsna)


def test_all_that_is_missing_at_once(tmp_path):
    """Table, images, lists and patients are missing: one message, nothing written; a packed table is found."""
    settings = DownstreamSettings(tmp_path, tmp_path, tmp_path, split_dir=tmp_path / 'none')
    with pytest.raises(LayoutError) as caught:
        convert_rsna(settings, BinaryOptions(patients=tmp_path / 'p.csv'), Console(quiet=True))
    assert all(f'  - {part}' in str(caught.value) for part in ('labels: ', 'images: ', '--split-dir: ', '--patients: '))
    assert not list(tmp_path.iterdir())
    write_file(tmp_path / 'stage_2_train_labels.csv.zip', b'PK')
    with pytest.raises(LayoutError, match='unpack .*stage_2_train_labels.csv.zip'):
        convert(tmp_path)


def test_images_in_the_folder_itself(rsna):
    """Images beside the table are found; masks of the first run are not taken for images by the second one."""
    for path in (rsna / 'stage_2_train_images').iterdir():
        path.rename(rsna / path.name)
    (rsna / 'stage_2_train_images').rmdir()
    assert sum(convert(rsna)[0].kept.values()) == sum(convert(rsna)[0].kept.values()) == 40
    assert (rsna / 'masks/p00.png').is_file()


def test_images_of_another_data_set(rsna):
    """None of the table's images is there: told before any work."""
    for path in (rsna / 'stage_2_train_images').iterdir():
        path.rename(path.with_name(f'x{path.name}'))
    with pytest.raises(LayoutError, match='none of 40 .* such as p00.dcm'):
        convert(rsna)


def test_patients(rsna):
    """With a table of patients, none is in two splits."""
    table = write_csv(rsna / 'patients.csv', [('image_id', 'patient_id'),
                                              *((f'p{number:02d}', number // 4) for number in range(40))])
    splits = convert(rsna, patients=table)[1]
    assert all(len({splits.of[f'p{number:02d}'] for number in range(first, first + 4)}) == 1
               for first in range(0, 40, 4))
    found = json.loads((rsna / 'annotations/classification/train.json').read_text())
    assert 'patients.csv' in found['metainfo']['sources']
    assert np.isclose(len(found['data_list']), 28, atol=4)
