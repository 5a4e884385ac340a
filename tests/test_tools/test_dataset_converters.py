"""The converters as a user calls them: MIMIC-CXR and Open-i, faults, resized copies, and stops in the middle."""
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made_up_mimic import REPORT, SENTENCES, Study, jpeg, write_mimic, write_table, write_tables
from PIL import Image
from printed_table import rows

from prior_mm.datasets import StudyDataset
from prior_mm.datasets.images import read_radiograph

ROOT = Path(__file__).parents[2]
MANY, PART = 160, 32


def annotations(root):
    return {path.name: path.read_bytes() for path in (root / 'annotations').glob('*.json')}


FEW = 'FINDINGS:\n The lungs are clear.\n'
GOLDEN = [Study(0, ('PA', 'LATERAL', 'AP'), labels=('1.0', '')), Study(2, split='validate'), Study(4, split='test'),
          Study(6, ('LATERAL', )), Study(8, report=None), Study(10, report='\n'), Study(12, report=FEW),
          Study(14, report=b'\0\1\2' * 99), Study(16, images=False), Study(18, split=None)]


def test_mimic(tmp_path, convert):
    """Each kind of study comes where it belongs, the table counts it, examples name it, and StudyDataset reads it."""
    root = write_mimic(tmp_path / 'mimic', GOLDEN)
    status, out, err = convert('mimic_cxr.py', root, '--workers', 1, '--examples', 5)
    assert (status, err) == (0, '')
    assert rows(out) == {
        'kept': 3, 'their frontal images': 4, 'dropped: not in the split file': 1, 'dropped: no frontal view': 1,
        'dropped: no report': 1, 'dropped: no section': 1, 'dropped: too few sentences': 1, 'dropped: unreadable': 2}
    for number in (6, 8, 10, 12, 14, 16, 18):
        assert f'  s500000{number:02d}' in out
    assert 'all of MIMIC-CXR-JPG is 377,110 of 227,827' in out
    assert sorted(annotations(root)) == ['test.json', 'train.json', 'validate.json']
    dataset = StudyDataset('annotations/train.json', str(root))
    assert dataset.metainfo['dataset'] == 'mimic-cxr' and dataset.metainfo['synthetic'] is False
    study, = [dataset.get_data_info(index) for index in range(len(dataset))]
    assert study == dict(study_id='s50000000', subject_id='p10000000', labels={'Edema': 1}, sentences=SENTENCES,
                         images=[GOLDEN[0].image(0), GOLDEN[0].image(2)], views=['PA', 'AP'])
    assert (root / study['images'][0]).is_file()


def test_two_workers_and_fewer_sentences(tmp_path, convert):
    """Two workers write the same bytes as one; --min-sentences lets shorter reports in."""
    root = write_mimic(tmp_path / 'mimic', GOLDEN)
    for workers in (1, 2):
        assert convert('mimic_cxr.py', root, '--workers', workers, '--out', tmp_path / str(workers))[0] == 0
    assert annotations(tmp_path / '1') == annotations(tmp_path / '2')
    _, out, _ = convert('mimic_cxr.py', root, '--workers', 1, '--min-sentences', 1)
    assert rows(out)['kept'] == 4 and 'at least 4 sentences' not in out


def test_resized_copies(tmp_path, convert):
    """--resize names copies that are there, of the right size, much smaller, and the originals stay as they were."""
    root = write_mimic(tmp_path / 'mimic', GOLDEN[:3])
    status, out, _ = convert('mimic_cxr.py', root, '--workers', 1, '--resize', 64, '--out', tmp_path / 'small')
    assert status == 0 and f'relative to {tmp_path}/small (data_root)' in out
    dataset = StudyDataset('annotations/train.json', str(tmp_path / 'small'))
    assert dataset.metainfo['resized_short_side'] == 64
    for image in dataset.get_data_info(0)['images']:
        copy = tmp_path / 'small' / image
        assert read_radiograph(copy).shape == (64, 77) and copy.stat().st_size < len(jpeg()) / 2
    assert len(list((tmp_path / 'small').rglob('*.jpg'))) == 4
    assert (root / GOLDEN[0].image()).read_bytes() == jpeg()


def test_demo_data_are_marked(tmp_path, convert):
    """Data that say that they are synthetic give annotation files that say so, and are not compared with MIMIC-CXR."""
    root = write_mimic(tmp_path / 'demo', GOLDEN[:2])
    (root / 'README.txt').write_text('The radiographs are SYNTHETIC.')
    _, out, _ = convert('mimic_cxr.py', root, '--workers', 1)
    metainfo = StudyDataset('annotations/train.json', str(root)).metainfo
    assert (metainfo['dataset'], metainfo['synthetic']) == ('demo', True) and 'MIMIC-CXR-JPG' not in out


@pytest.mark.parametrize('tool, parts', [
    ('mimic_cxr.py', ('images: ', 'metadata: ', 'reports: ')), ('openi.py', ('reports: ', 'images: '))])
def test_layout_errors(tmp_path, convert, tool, parts):
    """An empty folder: everything that is missing in one go, no traceback, nothing written."""
    status, out, err = convert(tool, tmp_path)
    assert status == 1 and out == '' and all(f'  - {part}' in err for part in parts)
    assert 'Traceback' not in err and not list(tmp_path.iterdir())


def test_table_errors(tmp_path, convert):
    """A table cut short is told by name, before any work."""
    root = write_mimic(tmp_path, GOLDEN[:1])
    table = root / 'mimic-cxr-2.0.0-split.csv.gz'
    table.write_bytes(table.read_bytes()[:-10])
    status, _, err = convert('mimic_cxr.py', root)
    assert status == 1 and 'split.csv.gz' in err and 'cut short' in err and not (root / 'annotations').exists()


@pytest.mark.parametrize('arguments, message', [
    (('mimic_cxr.py', '.', '--resize', '0'), '--resize: must be a whole number of at least 1'),
    (('mimic_cxr.py', '.', '--workers', 'x'), '--workers: must be a whole number of at least 1'),
    (('mimic_cxr.py', '.', '--resize', '64', '--no-images'), 'not allowed with'),
    (('openi.py', '.', '--known-views-only'), 'needs --views')])
def test_usage_errors(convert, arguments, message):
    """Options that make no sense are refused before anything is read."""
    status, _, err = convert(*arguments)
    assert status == 2 and message in err


def test_without_images(tmp_path, convert):
    """Reports alone are an error, and with --no-images they are converted, which the output and the file say."""
    root = write_mimic(tmp_path, [Study(number, images=False) for number in range(3)])
    assert convert('mimic_cxr.py', root)[0] == 1
    status, out, _ = convert('mimic_cxr.py', root, '--no-images', '--workers', 1)
    assert status == 0 and rows(out)['kept'] == 3 and '(--no-images)' in out
    assert json.loads((root / 'annotations/train.json').read_text())['metainfo']['images_checked'] is False


def openi_xml(number, findings, images):
    return (f'<eCitation><uId id="CXR{number}"/><AbstractText Label="FINDINGS">{findings}</AbstractText><AbstractText '
            'Label="IMPRESSION">No acute cardiopulmonary process.</AbstractText>'
            + ''.join(f'<parentImage id="{image}"/>' for image in images) + '</eCitation>')


@pytest.fixture
def openi(tmp_path):
    """Twelve reports with two images each, one damaged, one short, one without images."""
    root = tmp_path / 'openi'
    (root / 'ecgen-radiology').mkdir(parents=True)
    (root / 'NLMCXR_png').mkdir()
    png = io.BytesIO()
    Image.open(io.BytesIO(jpeg())).save(png, 'PNG')
    for number in range(1, 13):
        images = [f'CXR{number}_IM-0001-{view}001' for view in (1, 2)]
        findings = f'The heart is normal. Lungs of volume {number}. No pleural effusion.'
        text = openi_xml(number, '' if number == 2 else findings, [] if number == 3 else images)
        (root / f'ecgen-radiology/{number}.xml').write_text(text[:90] if number == 4 else text)
        for image in images:
            (root / f'NLMCXR_png/{image}.png').write_bytes(png.getvalue())
    write_table(root / 'views.csv.gz', [('imageid', 'View Position'), ('CXR1_IM-0001-1001', 'LL'),
                                        ('CXR1_IM-0001-2001', 'PA')])
    return root


def test_openi(openi, convert):
    """Reports and images of each split, the same table as for MIMIC-CXR; what is guessed is said."""
    status, out, _ = convert('openi.py', openi, '--workers', 1, '--examples', 3)
    assert status == 0
    assert rows(out) == {'kept': 9, 'their frontal images': 9, 'dropped: no frontal view': 1, 'dropped: no report': 0,
                         'dropped: no section': 0, 'dropped: too few sentences': 1, 'dropped: unreadable': 1}
    assert 'No --views were given' in out and 'drawn by the reports, seed 0' in out and '  4.xml: ' in out
    found = {}
    for name in annotations(openi):
        dataset = StudyDataset(f'annotations/{name}', str(openi))
        assert dataset.metainfo['dataset'] == 'open-i'
        found.update({study['study_id']: study for study in map(dataset.get_data_info, range(len(dataset)))})
    assert found['CXR1'] == dict(
        study_id='CXR1', subject_id='CXR1', images=['NLMCXR_png/CXR1_IM-0001-1001.png'], views=['frontal'], labels={},
        sentences=['No acute cardiopulmonary process.', 'The heart is normal.', 'Lungs of volume 1.',
                   'No pleural effusion.'])
    assert all((openi / image).is_file() for study in found.values() for image in study['images'])


def test_openi_options(openi, convert, tmp_path):
    """Views and split by tables, resized copies of PNG images, and only views that are known."""
    write_table(tmp_path / 'split.csv', [('study_id', 'split'), *((number, 'test') for number in range(1, 13))])
    options = (openi, '--views', openi / 'views.csv.gz', '--split', tmp_path / 'split.csv', '--workers', 1)
    assert convert('openi.py', *options, '--resize', 64)[0] == 0
    dataset = StudyDataset('annotations/test.json', str(openi))
    assert len(dataset) == 9
    assert dataset.get_data_info(0)['images'] == ['resized_64/NLMCXR_png/CXR1_IM-0001-2001.jpg']
    assert dataset.get_data_info(0)['views'] == ['PA']
    assert read_radiograph(openi / dataset.get_data_info(0)['images'][0]).shape == (64, 77)
    status, out, _ = convert('openi.py', *options, '--known-views-only')
    assert status == 0 and rows(out)['kept'] == 1 and rows(out)['dropped: no frontal view'] == 10


@pytest.fixture(scope='module')
def many(tmp_path_factory):
    """Five parts of studies, and what an undisturbed conversion writes of them, in ``undisturbed``."""
    root = tmp_path_factory.mktemp('many')
    studies = [Study(number, ('PA', )) for number in range(MANY)]
    for name, content in (('image', jpeg()), ('report', REPORT.encode())):
        (root / name).write_bytes(content)
    for study in studies:
        (root / study.folder).mkdir(parents=True)
        os.link(root / 'image', root / study.image())
        os.link(root / 'report', root / f'{study.folder}.txt')
    write_tables(root, studies)
    return root


def stop_in_the_middle(root, out, how):
    """End the converter and its two workers by a signal, one of them in the middle of its part: the image that it
    reads is a pipe that nobody writes to."""
    image = root / Study(MANY // 2, ('PA', )).image()
    image.unlink()
    os.mkfifo(image)
    command = [sys.executable, ROOT / 'tools/dataset_converters/mimic_cxr.py', root, '--out', out, '--resize', '64',
               '--workers', '2']
    # A shell that runs the tests in the background has SIGINT ignored, and children inherit that.
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        while len(list(out.rglob('part-*.jsonl'))) < MANY // PART - 1:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        workers = Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text().split()
        process.send_signal(how)
        if how == signal.SIGINT:
            image.open('wb').close()  # the worker ends its part, without this image
        _, err = process.communicate(timeout=120)
    finally:
        process.kill()
    image.unlink()
    os.link(root / 'image', image)
    return process.returncode, err, workers


def is_gone(pid):
    try:
        return Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] == 'Z'
    except OSError:
        return True


@pytest.mark.slow
@pytest.mark.skipif(not Path('/proc/self/task').is_dir(), reason='looks for the workers in /proc')
@pytest.mark.parametrize('how', [signal.SIGINT, signal.SIGKILL])
def test_stop_and_go_on(many, tmp_path, convert, how):
    """Ctrl-C or a kill in the middle: no worker stays, nothing half done is seen, the next run says what it reuses and
    ends with the bytes of an undisturbed one."""
    status, err, workers = stop_in_the_middle(many, tmp_path, how)
    assert len(workers) == 2
    assert status == (130 if how == signal.SIGINT else -signal.SIGKILL)
    assert ('Stopped. What is done is kept' in err) is (how == signal.SIGINT) and 'Traceback' not in err
    assert not list(tmp_path.rglob('*.json'))
    deadline = time.monotonic() + 120
    while not all(map(is_gone, workers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert all(map(is_gone, workers))
    options = (many, '--resize', 64, '--workers', 1)
    status, out, _ = convert('mimic_cxr.py', *options, '--out', tmp_path)
    assert status == 0 and rows(out)['kept'] == MANY
    assert f'{MANY - PART} of these studies were done before the last stop.' in out
    undisturbed = many / 'undisturbed'
    if not undisturbed.exists():
        assert 'last stop' not in convert('mimic_cxr.py', *options, '--out', undisturbed)[1]
    assert annotations(tmp_path) == annotations(undisturbed)
    copies = {path.relative_to(tmp_path) for path in tmp_path.rglob('resized_64/**/*.jpg')}
    assert copies == {path.relative_to(undisturbed) for path in undisturbed.rglob('*.jpg')} and len(copies) == MANY
