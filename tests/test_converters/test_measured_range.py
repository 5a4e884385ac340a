"""Files of 12 bits in 16: seen by the converter, mended by an option that reaches whatever reads the images."""
import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from made_up_dicom import write_dicom
from made_up_mimic import Study, write_mimic
from PIL import Image

from prior_mm.converters.measured_range import measure_range
from prior_mm.converters.resized_copies import resized_path, write_resized
from prior_mm.datasets import AnnotationError, ImageError, StudyDataset
from prior_mm.datasets.images import PixelRange, read_pixel_range, read_radiograph
from prior_mm.downstream import LoadRadiographFile
from prior_mm.models.study_preprocessor import StudyPreprocessor

CASE = Path(__file__).parents[1] / 'data' / 'dicom' / 'i_12_bit_in_16_bit.png'
TOOL = Path(__file__).parents[2] / 'tools' / 'dataset_converters' / 'mimic_cxr.py'
RAMP = np.tile(np.arange(0, 4096, 64), (64, 1))
TWELVE = PixelRange(bits=12)


def convert(root, *options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', [str(TOOL), str(root), '--workers', '1', *options])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(TOOL), run_name='__main__')
    return end.value.code


@pytest.fixture
def root(tmp_path):
    """MIMIC-CXR's layout, whose images are the 12-bit PNG."""
    studies = [Study(2 * number, ('PA', )) for number in range(3)]
    write_mimic(tmp_path, studies)
    for study in studies:
        (tmp_path / study.image()).write_bytes(CASE.read_bytes())
    return tmp_path


def test_the_converter_warns_and_mends(root, capsys, monkeypatch):
    """Nearly black images are seen, the option stands in the file, and training reads them from black to white."""
    monkeypatch.setenv('COLUMNS', '200')
    assert convert(root) == 0
    printed = ' '.join(capsys.readouterr().out.split())
    assert 'WARNING: of these 16-bit images white is hardly used' in printed and '--bits 12' in printed
    pipeline = [dict(type='LoadRadiograph', view='first')]
    open_it = lambda: StudyDataset('annotations/train.json', str(root), pipeline)  # noqa: E731
    assert open_it()[0]['image'].max() == 4032
    assert convert(root, '--bits', '12') == 0
    assert 'WARNING: of these' not in ' '.join(capsys.readouterr().out.split())
    assert json.loads((root / 'annotations/train.json').read_text())['metainfo']['pixel_range'] == {'bits': 12}
    np.testing.assert_allclose(open_it()[0]['image'] / 65535, RAMP / 4095, atol=1e-5)
    assert convert(root, '--percentile', '0') == 0
    np.testing.assert_allclose(open_it()[0]['image'] / 65535, RAMP / 4032, atol=1e-5)


def test_resized_copies_are_scaled_once(root):
    """The option is applied as copies are written, which do not lie where those of another range do, and not again."""
    assert convert(root, '--bits', '12', '--resize', '32') == 0
    found = json.loads((root / 'annotations/train.json').read_text())
    assert found['metainfo']['copied_with_pixel_range'] == {'bits': 12} and 'pixel_range' not in found['metainfo']
    image = found['data_list'][0]['images'][0]
    assert image.startswith('resized_32_bits12/')
    copy = StudyDataset('annotations/train.json', str(root), [dict(type='LoadRadiograph')])[0]['image']
    assert copy.dtype == np.uint8 and copy.max() > 240
    assert resized_path('a.png', 32) == 'resized_32/a.jpg'
    write_resized(CASE, root / 'b.jpg', 32, PixelRange(percentile=1.))
    assert read_radiograph(root / 'b.jpg').max() > 240


def test_the_reader(tmp_path):
    """16-bit PNG and TIFF files are scaled, others are not; values that need more bits are refused."""
    tiff = tmp_path / 'a.tif'
    Image.fromarray(RAMP.astype(np.uint16)).save(tiff)
    for path in (CASE, tiff):
        np.testing.assert_allclose(read_radiograph(path, pixel_range=TWELVE) / 65535, RAMP / 4095, atol=1e-5)
        assert read_radiograph(path).max() == 4032
    Image.fromarray((RAMP // 16).astype(np.uint8)).save(tmp_path / 'b.png')
    dicom = write_dicom(tmp_path / 'c.dcm', RAMP.astype(np.uint16))
    for path in (tmp_path / 'b.png', dicom):
        assert np.array_equal(read_radiograph(path, pixel_range=TWELVE), read_radiograph(path))
    with pytest.raises(ImageError, match='reach 4032, more than the 10 bits'):
        read_radiograph(CASE, pixel_range=PixelRange(bits=10))
    black = tmp_path / 'd.png'
    Image.fromarray(np.zeros((20, 20), np.uint16)).save(black)
    assert not read_radiograph(black, pixel_range=PixelRange(percentile=1)).any()


def test_tiff_kinds(tmp_path):
    """An alpha channel is dropped, several images and floating point are refused, WhiteIsZero is obeyed."""
    gray = (RAMP // 16).astype(np.uint8)
    Image.fromarray(gray).convert('RGBA').save(tmp_path / 'alpha.tif')
    assert np.array_equal(read_radiograph(tmp_path / 'alpha.tif'), gray)
    Image.fromarray(gray).save(tmp_path / 'two.tif', save_all=True, append_images=[Image.fromarray(gray)])
    with pytest.raises(ImageError, match='several images'):
        read_radiograph(tmp_path / 'two.tif')
    Image.fromarray(RAMP.astype(np.float32)).save(tmp_path / 'float.tif')
    with pytest.raises(ImageError, match='floating point'):
        read_radiograph(tmp_path / 'float.tif')
    Image.fromarray(RAMP.astype(np.int32) * 32).save(tmp_path / 'wide.tif')
    with pytest.raises(ImageError, match='its values, 0 to .*, are none of 16 bits'):
        read_radiograph(tmp_path / 'wide.tif')
    Image.fromarray(RAMP.astype(np.uint16)).save(tmp_path / 'white.tif', tiffinfo={262: 0})
    assert np.array_equal(read_radiograph(tmp_path / 'white.tif'), 65535 - RAMP)


def test_downstream_reads_it(tmp_path):
    """LoadRadiographFile has it from the config, or from the entry."""
    of_entry, of_config = dict(pixel_range=TWELVE), dict(pixel_range=dict(bits=12))
    for step, more in ((LoadRadiographFile(**of_config), {}), (LoadRadiographFile(), of_entry)):
        image = step.transform(dict(img_path=str(CASE), **more))['img']
        np.testing.assert_allclose(image / 255, RAMP / 4095, atol=1e-5)


@pytest.mark.parametrize('said', [12, dict(bits=8), dict(bits=16), dict(bits=12, percentile=1), dict(percentile=50), {},
                                  dict(bit=12), dict(bits='12'), dict(percentile='1')])
def test_no_pixel_range(said):
    """Anything else in an annotation file is refused with what is wanted."""
    with pytest.raises(AnnotationError, match='pixel_range must be'):
        read_pixel_range(dict(pixel_range=said))
    assert read_pixel_range({}) is None


@pytest.mark.parametrize('bits', [10, 12, 14])
def test_measured(tmp_path, bits):
    """By bit depth and view; where images are dark, the bits needed are named; broken files are passed over."""
    path = tmp_path / 'a.png'
    Image.fromarray((RAMP >> 12 - bits if bits < 12 else RAMP << bits - 12).astype(np.uint16)).save(path)
    lines = list(measure_range([(path, 'PA'), (path, 'AP'), (tmp_path / 'none.png', 'PA')], None))
    groups = [line.split(':')[0] for line in lines if 'WARNING' not in line]
    assert groups == ['1 16-bit images (AP)', '1 16-bit images (PA)']
    assert sum(f'--bits {bits} ' in line for line in lines) == 2
    assert not any('WARNING' in line for line in measure_range([(path, 'PA')], PixelRange(bits=bits)))


def test_the_first_batch_is_compared(monkeypatch):
    """Black, white and inverted-range batches are told once for training and once for inference; usual ones are not."""
    told = []
    monkeypatch.setattr('prior_mm.models.study_preprocessor.print_log', lambda message, **_: told.append(message))
    usual = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    for images, warned in ((usual, 0), (usual / 16, 1), (torch.ones(4, 1, 8, 8), 1)):
        told.clear()
        preprocessor = StudyPreprocessor()
        for _ in range(3):
            for training in (True, False):
                preprocessor(dict(inputs=images), training)
        assert len(told) == 2 * warned, told
    assert 'mean 1.000' in told[0] and '--bits' in told[0]
