"""The supervised demo data on disk: raw layouts that the converters of the real data sets read."""
import csv
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from demo_reports import made_up_mask
from PIL import Image

from prior_mm.converters.downstream.chexpert_5x200 import draw_list
from prior_mm.converters.downstream.chexpert_labels import COMPETITION, read_chexpert
from prior_mm.converters.downstream.masks import read_mask
from prior_mm.converters.downstream.run_lengths import decode_run_lengths, encode_run_lengths
from prior_mm.datasets.images import read_radiograph
from prior_mm.demo.downstream import RealAnnotations, write_demo_downstream
from prior_mm.demo.downstream.annotations import scale_run_lengths
from prior_mm.demo.downstream.chexpert import plan_chexpert
from prior_mm.demo.downstream.rsna import plan_rsna

ROOT = Path(__file__).parents[3]
SIZE, IMAGES = 64, 12


def run_lengths(top: int, left: int, height: int, width: int) -> str:
    mask = np.zeros((1024, 1024), np.uint8)
    mask[top:top + height, left:left + width] = 1
    return encode_run_lengths(mask)


REAL = RealAnnotations(
    boxes={'p1': [(200., 300., 180., 200.)], 'p2': [(180., 420., 150., 180.), (640., 400., 160., 220.)], 'p3': [],
           'p4': [(620., 260., 200., 180.)]},
    run_lengths={'i1': [run_lengths(220, 190, 300, 90)], 'i2': [], 'i3': [run_lengths(180, 720, 120, 80),
                                                                       run_lengths(350, 770, 200, 50)]})


def write(root: Path, seed: int = 0, **options):
    return write_demo_downstream(root, seed, SIZE, IMAGES, real=REAL, masks=[made_up_mask()], **options)


def contents(root: Path) -> dict[str, str]:
    """What every file holds, by its path."""
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(root.rglob('*')) if path.is_file()}


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text())))


@pytest.fixture(scope='module')
def demo(tmp_path_factory):
    root = tmp_path_factory.mktemp('demo') / 'data'
    write(root, workers=1)
    return root


def test_same_seed_same_bytes(demo, tmp_path):
    """However many workers there are, DICOM files included; another seed gives other images."""
    write(tmp_path / 'two', workers=2)
    assert contents(tmp_path / 'two') == contents(demo)
    write(tmp_path / 'other', seed=1, workers=1)
    ours, others = contents(demo), contents(tmp_path / 'other')
    images = [name for name in ours if name.endswith(('.dcm', '.jpg'))]
    assert len(images) == 3 * IMAGES and not {ours[name] for name in images} & set(others.values())


def test_same_bytes_on_every_machine(demo):
    """The tables and a DICOM file for a seed are these, whatever the processor and the versions of the libraries."""
    films = sorted(demo.glob('rsna/stage_2_train_images/*.dcm'))
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in (
        demo / 'rsna/stage_2_train_labels.csv', demo / 'siim/train-rle.csv', demo / 'chexpert/train.csv', films[0])}
    assert found == {
        'stage_2_train_labels.csv': '97f72a330e4e', 'train-rle.csv': '0ad9d491f057', 'train.csv': '08acadc3d94a',
        '074e0312-2670-37d1-8d20-4c5a0f50cb5b.dcm': '907505266b34'}


def test_goes_on_where_it_was_stopped(demo, tmp_path):
    """Images that are there are not drawn again, those that are missing are; half-written files do not stay."""
    root = tmp_path / 'data'
    write(root, workers=1)
    kept, lost = sorted(root.rglob('*.dcm'))[:2]
    time = kept.stat().st_mtime_ns
    lost.rename(lost.with_name(lost.name + '.part'))
    (root / 'siim/train-rle.csv').unlink()
    write(root, workers=1)
    assert kept.stat().st_mtime_ns == time and contents(root) == contents(demo)


def test_refuses_other_data(demo, tmp_path):
    """A folder with something else, or with demo data of another seed or number, is left alone."""
    (tmp_path / 'precious.txt').write_text('mine')
    with pytest.raises(ValueError, match='not empty'):
        write(tmp_path)
    with pytest.raises(ValueError, match='another seed'):
        write(demo, seed=7)
    with pytest.raises(ValueError, match='another seed, size or number'):
        write_demo_downstream(demo, 0, SIZE, IMAGES + 1, real=REAL, masks=[made_up_mask()])
    with pytest.raises(ValueError, match='at least'):
        write_demo_downstream(tmp_path / 'none', images=0)
    assert contents(tmp_path).keys() == {'precious.txt'}


def convert(tool: str, root: Path, out: Path, *options: str) -> Path:
    command = [str(ROOT / f'tools/dataset_converters/{tool}.py'), str(root), '--out', str(out), *options]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_rsna_converter_takes_it(demo, tmp_path):
    """Boxes come through scaled, masks are those of the boxes, and the files say that the images are synthetic."""
    out = convert('rsna', demo / 'rsna', tmp_path, '--pixels', str(SIZE), '--shares', 'train=100')
    coco = json.loads((out / 'annotations/detection/train.json').read_text())
    assert coco['info']['synthetic'] is True and len(coco['images']) == IMAGES
    boxes = {tuple(box['bbox']) for box in coco['annotations']}
    real = {tuple(value * SIZE / 1024 for value in box) for found in REAL.boxes.values() for box in found}
    assert boxes and boxes <= real
    listed = json.loads((out / 'annotations/segmentation/train.json').read_text())['data_list']
    assert sum(entry['gt_label'] for entry in listed) == IMAGES * 35 // 100
    for entry in listed:
        assert read_mask(out / 'masks' / entry['seg_map_path']).any() == bool(entry['gt_label'])


def test_siim_converter_takes_it(demo, tmp_path):
    """Masks come through as the real ones at the demo's size; in them films are darker than around."""
    out = convert('siim', demo / 'siim', tmp_path, '--pixels', str(SIZE), '--shares', 'train=100')
    data = json.loads((out / 'annotations/segmentation/train.json').read_text())
    assert data['metainfo']['synthetic'] is True and len(data['data_list']) == IMAGES
    real = {tuple(scale_run_lengths(texts, SIZE)) for texts in REAL.run_lengths.values() if texts}
    wanted = [sum(decode_run_lengths(text, SIZE, SIZE) for text in texts) for texts in real]
    darker = []
    for entry in data['data_list']:
        mask = read_mask(out / 'masks' / entry['seg_map_path']) > 0
        if entry['gt_label']:
            assert any(np.array_equal(mask, texts > 0) for texts in wanted)
            film = read_radiograph(demo / 'siim' / entry['img_path']).astype(float)
            darker.append(film[mask].mean() - film[mask[:, ::-1]].mean())
    assert len(darker) == IMAGES * 35 // 100 and np.mean(darker) < -10


def test_chexpert_converter_takes_it(demo, tmp_path):
    """Frontal views of both tables come through, those of valid.csv as a split of their own."""
    out = convert('chexpert', demo / 'chexpert', tmp_path, '--shares', 'train=100')
    counts = {split: json.loads((out / f'annotations/{split}.json').read_text()) for split in ('train', 'valid')}
    assert all(data['metainfo']['synthetic'] is True for data in counts.values())
    frontal = [row for name in counts for row in table(demo / f'chexpert/{name}.csv')
               if row['Frontal/Lateral'] == 'Frontal']
    assert sum(len(data['data_list']) for data in counts.values()) == len(frontal)


def test_dicom_files_say_that_they_are_synthetic(demo):
    """Headers are RSNA's, name no person, and hold no date; the pixels are those of an 8-bit film, bone bright."""
    path = next(demo.glob('rsna/stage_2_train_images/*.dcm'))
    data = pydicom.dcmread(path)
    assert data.PatientID == path.stem and str(data.PatientName) == 'SYNTHETIC' and 'SYNTHETIC' in data.ImageComments
    assert not [element for element in data.iterall() if element.VR in ('DA', 'TM', 'DT')]
    assert data.PhotometricInterpretation == 'MONOCHROME2' and data.pixel_array.shape == (SIZE, SIZE)
    assert np.array_equal(read_radiograph(path), data.pixel_array)
    siim = next(demo.glob('siim/dicom-images-train/*/*/*.dcm'))
    assert pydicom.dcmread(siim).SOPInstanceUID == siim.stem


def test_layout(demo):
    """Tables have the real ones' columns, the leading blank of SIIM's included, and images lie where they say."""
    for name, header in (('rsna/stage_2_train_labels.csv', 'patientId,x,y,width,height,Target'),
                         ('siim/train-rle.csv', 'ImageId, EncodedPixels')):
        assert (demo / name).read_text().splitlines()[0] == header
    for name in ('rsna', 'siim', 'chexpert'):
        about = json.loads((demo / name / 'dataset.json').read_text())
        assert about['synthetic'] is True and about['images'] == IMAGES
        assert 'SYNTHETIC' in (demo / name / 'README.txt').read_text()
    for split in ('train', 'valid'):
        for row in table(demo / f'chexpert/{split}.csv'):
            prefix, path = row['Path'].split('/', 1)
            with Image.open(demo / 'chexpert' / path) as image:
                assert prefix == 'CheXpert-v1.0-small' and image.mode == 'L' and image.size == (SIZE, SIZE)
            assert row['AP/PA'] in (('AP', 'PA') if row['Frontal/Lateral'] == 'Frontal' else ('', ))


def test_chexpert_plan(tmp_path):
    """The 5x200 rule finds 100 images a class, all values of a cell occur, and no patient is in both tables."""
    plan = plan_chexpert(2000, seed=0)
    (header, train), (_, valid) = plan.tables['train.csv'], plan.tables['valid.csv']
    rows = [dict(zip(header, row, strict=True)) for row in train]
    with (tmp_path / 'train.csv').open('w', newline='') as file:
        csv.writer(file).writerows([header, *train])
    chosen = draw_list(read_chexpert(tmp_path / 'train.csv', COMPETITION), seed=0, per_class=100)
    assert [sum(item.label == number for item in chosen) for number in range(5)] == [100] * 5
    assert all({row[name] for row in rows} == {'1.0', '0.0', '-1.0', ''} for name in COMPETITION)
    assert len(train) + len(valid) == 2000 and {row['Frontal/Lateral'] for row in rows} == {'Frontal', 'Lateral'}
    assert not {row[0].split('/')[2] for row in train} & {row[0].split('/')[2] for row in valid}
    assert {cell for row in valid for cell in row[5:]} == {'1.0', '0.0'}


def test_place_of_the_chest_tells_nothing():
    """Films without a finding have their chest placed for boxes, too, and half of them show something else."""
    films = plan_rsna({f'p{number}': [(200. + number, 300., 180., 200.)] for number in range(500)}, 400, 0, 256).films
    negative = [film for film in films if not film.boxes]
    assert len(negative) == 260 and all(film.like_boxes for film in films)
    assert 0.4 < np.mean([bool(film.findings) for film in negative]) < 0.6
    kinds = {finding.kind for film in films for finding in film.findings}
    assert {'cardiomegaly', 'effusion', 'atelectasis'} <= kinds and not {'opacity', 'consolidation', 'edema'} & kinds


def test_real_annotations_are_needed(tmp_path, monkeypatch):
    """Without the package that carries them, the message says what to install."""
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(FileNotFoundError, match='pip install --no-deps torchxrayvision'):
        write_demo_downstream(tmp_path / 'data')
