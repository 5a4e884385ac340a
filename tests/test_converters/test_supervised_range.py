"""Files of 12 bits in 16 among the supervised data sets: seen by each converter, and mended until training."""
import io
import json
from pathlib import Path

import numpy as np
import pytest
from made_up_downstream import chexpert_row, write_chexpert, write_rsna, write_siim
from made_up_table import own_rows, write_own
from PIL import Image
from rich.console import Console

from prior_mm.converters.downstream.binary_images import BinaryOptions
from prior_mm.converters.downstream.chexpert import ChexpertOptions, convert_chexpert
from prior_mm.converters.downstream.chexpert_5x200 import convert_5x200
from prior_mm.converters.downstream.chexpert_labels import COMPETITION
from prior_mm.converters.downstream.options import downstream_parser, settings_of
from prior_mm.converters.downstream.rsna import convert_rsna
from prior_mm.converters.downstream.settings import DownstreamSettings
from prior_mm.converters.downstream.siim import convert_siim
from prior_mm.converters.grounding.convert import convert_grounding
from prior_mm.converters.grounding.phrase import GroundedPhrase
from prior_mm.converters.mimic_5x200 import Mimic5x200Options, convert_mimic_5x200
from prior_mm.converters.table.convert import TableOptions, convert_table
from prior_mm.datasets import PhraseGrounding, StudyDataset
from prior_mm.datasets.images import PixelRange, read_radiograph
from prior_mm.datasets.labelled_radiographs import LabelledRadiographs
from prior_mm.dependencies import has_compiled_mmcv
from prior_mm.downstream import LoadRadiographFile

CASE = Path(__file__).parents[1] / 'data' / 'dicom' / 'i_12_bit_in_16_bit.png'  # 64 x 64 px, as the made-up layouts
RAMP = np.tile(np.arange(0, 4096, 64), (64, 1)) / 4095
TWELVE = PixelRange(bits=12)
LOAD = [dict(type='LoadRadiograph', view='first')]


def write_table(root):
    rows = [dict(row, mask='masks/a.png' if number % 2 else '', boxes='[["Mass", 4, 6, 8, 8]]' if number % 3 else '')
            for number, row in enumerate(own_rows(20))]
    write_own(root, rows)
    (root / 'masks').mkdir()
    Image.fromarray(np.tri(64, dtype=np.uint8) * np.uint8(255)).save(root / 'masks/a.png')


def write_many(root):
    write_chexpert(root, [chexpert_row(number, **{name.replace(' ', '_'): '1.0'}) for number, name in
                          enumerate(COMPETITION * 4, 1)])


LAYOUTS = dict(
    rsna=(write_rsna, lambda settings, console: convert_rsna(settings, BinaryOptions(pixels=64), console)),
    siim=(write_siim, lambda settings, console: convert_siim(settings, BinaryOptions(pixels=64), console)),
    chexpert=(write_many, lambda settings, console: convert_chexpert(settings, ChexpertOptions(), console)),
    chexpert_5x200=(write_many, lambda settings, console: convert_5x200(settings, dict(drawn=0), console, per_class=2)),
    table=(write_table, lambda settings, console: convert_table(settings, TableOptions('mine'), console)))


def made(root, name):
    """The layout, whose images are the 12-bit PNG, whatever their names say."""
    LAYOUTS[name][0](root)
    for path in root.rglob('*'):
        if path.suffix in ('.dcm', '.png', '.jpg') and 'masks' not in path.parts:
            path.write_bytes(CASE.read_bytes())
    return root


def convert(root, name, **options):
    """What is printed."""
    console = Console(file=io.StringIO(), width=1000)
    LAYOUTS[name][1](DownstreamSettings(root, root, root, workers=1, **options), console)
    return console.file.getvalue()


def said(root):
    """Each annotation file's description of itself."""
    found = [json.loads(path.read_text()) for path in sorted((root / 'annotations').rglob('*.json'))]
    return [content.get('metainfo') or content['info'] for content in found]


@pytest.mark.parametrize('name', LAYOUTS)
def test_the_converters_warn_and_mend(tmp_path, name):
    """Each says which table it read, warns of nearly black images, and writes the option into each of its files."""
    root = made(tmp_path, name)
    printed = convert(root, name)
    assert 'WARNING: of these 16-bit images white is hardly used' in printed and '--bits 12 ' in printed
    assert f'Read: {next(path for path in root.iterdir() if path.suffix == ".csv")}' in printed
    assert not any('pixel_range' in metainfo for metainfo in said(root))
    printed = convert(root, name, pixel_range=TWELVE)
    assert '16-bit images (' in printed and 'WARNING' not in printed
    assert [metainfo['pixel_range'] for metainfo in said(root)] == [dict(bits=12)] * len(said(root))
    assert len(said(root)) > 2 or name == 'chexpert_5x200'
    assert 'gray values' not in convert(root, name, check_images=False)  # nothing is looked at


def test_copies_are_scaled_once(tmp_path):
    """The copies of a table's images hold the option, which is noted and not applied again."""
    root = made(tmp_path, 'table')
    convert(root, 'table', pixel_range=TWELVE, short_side=32)
    assert all(metainfo['copied_with_pixel_range'] == dict(bits=12) and 'pixel_range' not in metainfo
               for metainfo in said(root))
    assert read_radiograph(root / 'resized_32_bits12/images/f0.jpg').max() > 240


def test_tiff(tmp_path):
    """TIFF films are found, looked at, warned of and mended as PNG ones."""
    root = write_own(tmp_path, [dict(row, file=row['file'].replace('png', 'tif')) for row in own_rows(12)])
    for path in (root / 'images').iterdir():
        Image.fromarray(np.round(RAMP * 4095).astype(np.uint16)).save(path)
    assert '--bits 12 ' in convert(root, 'table')
    assert 'WARNING' not in convert(root, 'table', pixel_range=TWELVE)
    assert sum(metainfo['images'] for metainfo in said(root) if 'multi_label' in metainfo['schema']) == 12


def downstream_data_sets(root):
    from prior_mm.downstream.classification import RadiographClassification
    places = dict(data_root=str(root), pipeline=[LoadRadiographFile()])
    yield RadiographClassification(ann_file='annotations/own/seed0/classification/train.json', **places)
    if has_compiled_mmcv():
        from prior_mm.downstream.detection import DetectionDataset
        from prior_mm.downstream.segmentation import RadiographSegmentation
        yield RadiographSegmentation(ann_file='annotations/own/seed0/segmentation/train.json',
                                     data_prefix=dict(img_path='', seg_map_path='masks'), **places)
        yield DetectionDataset(ann_file='annotations/own/seed0/detection/train.json', data_prefix=dict(img=''),
                               metainfo=dict(classes=('Mass', )), **places)


def test_training_obeys(tmp_path):
    """Each data set of a table reads black to white without a word in a config; a share, filled late, does, too."""
    pytest.importorskip('mmpretrain')
    root = made(tmp_path, 'table')
    convert(root, 'table', pixel_range=TWELVE)
    for data in downstream_data_sets(root):
        np.testing.assert_allclose(data[0]['img'] / 255, RAMP, atol=1e-5)
    own = 'annotations/own/seed0/'
    from prior_mm.downstream.classification import RadiographClassification
    late = RadiographClassification(ann_file=f'{own}classification/train.json', data_root=str(root), lazy_init=True,
                                    ids=f'{own}classification/train_10.txt', pipeline=[LoadRadiographFile()])
    late.full_init()
    np.testing.assert_allclose(late[0]['img'] / 255, RAMP, atol=1e-5)
    for data in (StudyDataset(f'{own}pretraining/train.json', str(root), LOAD),
                 LabelledRadiographs(f'{own}zero_shot/train.json', str(root), LOAD)):
        np.testing.assert_allclose(data[0]['image'] / 65535, RAMP, atol=1e-5)


def test_phrases_obey(tmp_path):
    """Phrase grounding, too: the converter warns, and the data set reads what it wrote."""
    (tmp_path / 'a.png').write_bytes(CASE.read_bytes())
    phrases = [GroundedPhrase('a.png', 'There is a mass.', 'Mass', boxes=((1, 2, 3, 4), ), width=64, height=64,
                              patient='p', split='test')]
    for chosen in (None, TWELVE):
        console = Console(file=io.StringIO(), width=1000)
        settings = DownstreamSettings(tmp_path, tmp_path, tmp_path, pixel_range=chosen)
        convert_grounding('x', phrases, [], settings, console)
        assert ('WARNING' in console.file.getvalue()) == (chosen is None)
    data = PhraseGrounding('annotations/grounding/test.json', str(tmp_path), pipeline=LOAD)
    np.testing.assert_allclose(data[0]['image'] / 65535, RAMP, atol=1e-5)


def test_mimic_5x200_carries_it_over(tmp_path):
    """Lists that are made of annotation files read the images as those do."""
    studies = [dict(study_id=f's{number}', subject_id=f'p{number}', images=['a.png'], views=['AP'],
                    sentences=['No change.'], labels={name: 1}) for number, name in enumerate(COMPETITION)]
    path = tmp_path / 'annotations/test.json'
    path.parent.mkdir()
    path.write_text(json.dumps(dict(metainfo=dict(schema='prior_mm.studies/1', dataset='x', synthetic=True,
                                                  pixel_range=dict(bits=12)),
                                    data_list=studies)))
    (tmp_path / 'a.png').write_bytes(CASE.read_bytes())
    convert_mimic_5x200(dict(mimic_5x200=0), Mimic5x200Options((path, ), tmp_path, per_class=1))
    data = StudyDataset('annotations/mimic_5x200.json', str(tmp_path), LOAD)
    np.testing.assert_allclose(data[0]['image'] / 65535, RAMP, atol=1e-5)


@pytest.mark.parametrize(('given', 'wanted'), [
    ('', None), ('--bits 12', TWELVE), ('--percentile 0.5', PixelRange(percentile=.5)), ('--bits 16', 'invalid choice'),
    ('--percentile 50', 'from 0 to less than 50'), ('--percentile x', 'from 0 to less than 50'),
    ('--bits 12 --percentile 1', 'not allowed with')])
def test_options(given, wanted, capsys):
    """The options of all converters become the settings' range; what makes no sense is refused as it is typed."""
    for dataset in ('', 'rsna'):
        parser = downstream_parser('x', dataset)
        if isinstance(wanted, str):
            with pytest.raises(SystemExit):
                parser.parse_args(['root', *given.split()])
            assert wanted in capsys.readouterr().err
        else:
            assert settings_of(parser.parse_args(['root', *given.split()])).pixel_range == wanted
