"""Any input (docs/any_input.md): a clear message or an entry in a list at the end, whatever a user's files hold."""
import csv
import gzip
import io
import json
import os
import pickle
import re
import runpy
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from any_input_page import PAGE, normalised, page, table
from broken_files import (
    IMAGES,
    NO_RIGHTS,
    PATIENT,
    SIDE,
    CannotDropRights,
    folder_for_all,
    open_to_all,
    without_rights,
)
from made_up_downstream import chexpert_row, write_chexpert, write_csv, write_rsna, write_siim
from made_up_mimic import REPORT, Study, write_mimic, write_table
from PIL import Image
from tiny_run import tiny_config, write_studies

from prior_mm.converters.raw_study import RawStudy
from prior_mm.converters.study_conversion import ConversionOptions, convert_study, read_report
from prior_mm.datasets import ImageError, StudyDataset
from prior_mm.datasets.images import read_radiograph
from prior_mm.datasets.study_table import read_studies

pytestmark = pytest.mark.slow  # conversions and trainings of hundreds of broken files

ROOT = Path(__file__).parents[1]
READ, LEFT_OUT, STOPS = 'read', 'left out', 'stops'


@pytest.fixture
def call(monkeypatch, capsys):
    """Calls a tool in this process: exit status, and all that it printed."""
    def run(tool, *arguments):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        monkeypatch.setenv('COLUMNS', '120')
        try:
            runpy.run_path(str(ROOT / 'tools' / tool), run_name='__main__')
            status = 0
        except SystemExit as end:
            status = end.code
        printed = capsys.readouterr()
        if isinstance(status, str):  # a message
            return 1, printed.out, status
        return status or 0, printed.out, printed.err

    return run


def tool(name, *arguments, cwd=None):
    """Calls a tool as a user does."""
    return subprocess.run([sys.executable, str(ROOT / 'tools' / name), *map(str, arguments)], capture_output=True,
                          text=True, cwd=cwd, timeout=240, env={**os.environ, 'OMP_NUM_THREADS': '1', 'COLUMNS': '120'})


def left_out(root):
    """Of left_out.csv: reason and detail by study."""
    with (root / 'annotations' / 'left_out.csv').open(encoding='utf-8', newline='') as file:
        return {row['study_id']: (row['reason'], row['detail']) for row in csv.DictReader(file)}


# --------------------------------------------------------------------------------------------------------------- images


def image_file(name):
    """Where the image of a case lies, in the layout of MIMIC-CXR."""
    return Study(2 * list(IMAGES).index(name), ('PA', )).image()


@pytest.fixture(scope='module')
def layout(tmp_path_factory):
    """MIMIC-CXR's layout, a study for each kind of image and of report, converted with and without copies."""
    root = tmp_path_factory.mktemp('any') / 'mimic'
    write_mimic(root, [Study(2 * number, ('PA', )) for number in range(len(IMAGES))]
                + [Study(200 + 2 * number, views, content) for number, (content, views, _) in
                   enumerate(REPORTS.values())])
    for name, (make, _) in IMAGES.items():
        content = make()
        (root / image_file(name)).unlink()
        if content is not None:
            (root / image_file(name)).write_bytes(content)
    return root


@pytest.fixture(scope='module')
def converted(layout, tmp_path_factory):
    """By option: what was left out, what was kept, and what was printed. To make copies, it runs as a user runs it."""
    found = {}
    for options in ((), ('--resize', '32')):
        out = tmp_path_factory.mktemp('out')
        name, arguments = 'dataset_converters/mimic_cxr.py', (layout, '--out', out, '--examples', 20, *options)
        if options:
            run = tool(name, *arguments, '--workers', 2)
            assert run.returncode == 0 and run.stderr == '', run.stderr
            printed = run.stdout
        else:
            with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as text:
                patch.setattr(sys, 'argv', [name, *map(str, arguments), '--workers', '1'])
                with pytest.raises(SystemExit, match='0'):
                    runpy.run_path(str(ROOT / 'tools' / name), run_name='__main__')
            printed = text.getvalue()
        studies = read_studies(out / 'annotations' / 'train.json')
        found[options] = left_out(out), {studies[i]['study_id']: studies[i] for i in range(len(studies))}, printed
    return found


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A training over good studies and one for each kind of image, with on_error='skip' and two workers."""
    folder = tmp_path_factory.mktemp('skip')
    config = tiny_config(folder / 'data', folder / 'run', **{
        'train_dataloader.dataset.on_error': 'skip', 'train_dataloader.num_workers': 2,
        'train_dataloader.batch_size': 24,
        'default_hooks.skipped_studies': dict(type='SkippedStudiesHook'), 'experiment_name': 'skip'})
    config.train_cfg.stages = [dict(config.train_cfg.stages[0], epochs=1)]
    path = folder / 'data' / 'annotations' / 'train.json'
    file = json.loads(path.read_text())
    good = file['data_list'][0]
    studies = [dict(good, study_id=f'good{number}') for number in range(72 - len(IMAGES))]
    for number, (name, (make, _)) in enumerate(IMAGES.items()):
        image = f'files/case_{number}.jpg'
        if (content := make()) is not None:
            (folder / 'data' / image).write_bytes(content)
        studies.append(dict(good, study_id=name, images=[image], views=['PA']))
    path.write_text(json.dumps(dict(file, data_list=studies)))
    config.dump(str(folder / 'skip.py'))
    return folder, tool('train.py', folder / 'skip.py', '--no-validate')


@pytest.fixture(scope='module')
def image_section(layout, converted, trained):
    """The table of images."""
    listed = dict(line.split('\t')[1:] for line in (trained[0] / 'run/skipped_studies.txt').read_text().splitlines())
    rows = []
    for name, (_, readable) in IMAGES.items():
        try:
            image = read_radiograph(layout / image_file(name))
            what, message = f'read, {8 * image.dtype.itemsize} bits', ''
        except ImageError as error:
            what, message = STOPS, normalised(str(error), layout)
        cells = [LEFT_OUT if name in listed else READ]
        for lost, kept, _ in converted.values():
            study = Study(2 * list(IMAGES).index(name)).study_id
            cells.append(LEFT_OUT if study in lost else READ if study in kept else '?')
        rows.append([name, what, cells[0], cells[2], 'not opened' if cells[1] == READ else cells[1], message])
        assert (what != STOPS) is readable, name
    rows.append(rights_of_an_image())
    return table('Images', ['image', 'training, evaluation', "with `on_error='skip'`", '`mimic_cxr.py --resize`',
                            '`mimic_cxr.py`', 'message'], rows)


def rights_of_an_image():
    """An image that this user may not read: reader and converter, in this process."""
    with folder_for_all() as folder:
        image = folder / 'a.png'
        Image.new('L', (SIDE, SIDE)).save(image)
        report = folder / 's1.txt'
        report.write_text(REPORT)
        study = RawStudy('s1', 'p1', 'train', report, ('a.png', ), ('PA', ))
        try:
            with without_rights(image):
                with pytest.raises(ImageError) as refused:
                    read_radiograph(image)
                outcomes = [convert_study(study, ConversionOptions(folder, short_side=side, copies_root=folder))
                            for side in (32, None)]
        except CannotDropRights:
            pytest.skip('this user reads every file')
        assert all(outcome.entry is None and 'Permission denied' in outcome.detail for outcome in outcomes)
        return [NO_RIGHTS, STOPS, LEFT_OUT, LEFT_OUT, LEFT_OUT, normalised(str(refused.value), folder)]


def test_images_in_training(trained):
    """on_error='skip': the run ends well, counts and lists what it left out, in the log and in a file, with reasons."""
    folder, run = trained
    assert run.returncode == 0, run.stderr[-3000:]
    broken = [name for name, (_, readable) in IMAGES.items() if not readable]
    lines = (folder / 'run/skipped_studies.txt').read_text().splitlines()
    assert [line.split('\t')[:2] for line in lines] == [['train', name] for name in broken]
    end = (run.stdout + run.stderr).rsplit(f'train: {len(broken)} of 72 studies were left out as broken', 1)[1]
    for number, name in enumerate(IMAGES):
        assert (f'  {name}: ' in end) is (name in broken)
        assert (f'case_{number}.jpg: ' in end) is (name in broken)
    assert 'Traceback' not in run.stdout + run.stderr


def test_images_in_the_converter(converted):
    """Copies are made of all that can be read; the rest is counted, named at the end, and listed with the reason."""
    lost, kept, printed = converted['--resize', '32']
    for name, (_, readable) in IMAGES.items():
        study = Study(2 * list(IMAGES).index(name)).study_id
        assert (study in kept) is readable and (study in lost) is not readable, name
        assert readable or (lost[study][0] == 'unreadable' and Path(image_file(name)).name in lost[study][1])
        assert readable or f'  {study}: ' in printed
    assert 'left_out.csv' in printed


def test_no_header_of_a_dicom_is_written(layout, converted, trained):
    """A patient's name that stands in the images' headers is in nothing that a converter or a training writes."""
    name = PATIENT.split('^')[0].encode()
    assert name in (layout / image_file('NaN in a DICOM')).read_bytes()
    folders = [trained[0] / 'run', *layout.parent.parent.glob('out*')]
    written = [path for folder in folders for path in folder.rglob('*') if path.is_file()]
    assert {'.jpg', '.json', '.csv', '.txt', '.log', '.pth'} <= {path.suffix for path in written}
    for path in written:
        assert name not in path.read_bytes(), path
    printed = [out for _, _, out in converted.values()] + [trained[1].stdout, trained[1].stderr]
    assert not any(name.decode() in text for text in printed)


def test_a_worker_that_meets_a_broken_image(trained, tmp_path):
    """Without on_error='skip' a worker's error is its message alone, which names the option."""
    run = tool('train.py', trained[0] / 'skip.py', '--no-validate', '--work-dir', tmp_path, '--cfg-options',
               'train_dataloader.dataset.on_error=raise')
    assert run.returncode == 1
    message = run.stderr[run.stderr.index('tools/train.py: '):]
    assert re.search(r"case_\d+\.jpg: .*on_error='skip'", message) and 'Traceback' not in run.stdout + run.stderr


# -------------------------------------------------------------------------------------------------------------- reports

LONG = 'FINDINGS:\n' + 'The heart is not enlarged.\n' * 5000
#: By name: the file, the views of the study, and what becomes of it.
REPORTS = {
    'missing': (None, ('PA', ), 'no report'),
    'empty': ('', ('PA', ), 'no section'),
    'binary': (bytes(range(256)) * 9, ('PA', ), 'unreadable'),
    'UTF-16': (REPORT.encode('utf-16'), ('PA', ), None),
    'UTF-16, cut within a letter': (REPORT.encode('utf-16')[:-1], ('PA', ), 'unreadable'),
    'Latin (cp1252) instead of UTF-8': (REPORT.replace('cough', 'tos\u00e9').encode('cp1252'), ('PA', ), None),
    'UTF-8 with a byte order mark': (REPORT.encode('utf-8-sig'), ('PA', ), None),
    'one word': ('Normal', ('PA', ), 'too few sentences'),
    '5,000 sentences': (LONG, ('PA', ), None),
    'more than a million bytes': ('The heart is normal. ' * 60000, ('PA', ), 'unreadable'),
    'a million blanks': (' ' * 10**6, ('PA', ), 'no section'),
    'no heading: the last paragraph is taken': (
        'CHEST, TWO VIEWS\n\nThe heart is normal. Lungs are clear. No effusion. No mass.\n', ('PA', ), None),
    'no section': ('EXAMINATION: CHEST\n\nINDICATION: ___\n', ('PA', ), 'no section'),
    'only a lateral view': (REPORT, ('LATERAL', ), 'no frontal view'),
}


@pytest.fixture(scope='module')
def report_section(layout, converted):
    """The table of reports."""
    lost, kept, _ = converted[()]
    rows = []
    for number, (name, (_, _, reason)) in enumerate(REPORTS.items()):
        study = Study(200 + 2 * number).study_id
        assert (study in kept) is (reason is None) and lost.get(study, [None])[0] == reason, name
        if reason is None:
            rows.append([name, f'{READ}, {len(kept[study]["sentences"]):,} sentences', ''])
        else:
            rows.append([name, f'{LEFT_OUT}: {reason}', normalised(lost[study][1], layout)])
    with folder_for_all() as folder:
        report = folder / 's1.txt'
        report.write_text(REPORT)
        try:
            with without_rights(report):
                outcome = convert_study(RawStudy('s1', 'p1', 'train', report, ('a.png', ), ('PA', )),
                                        ConversionOptions(folder, check_images=False))
        except CannotDropRights:
            pytest.skip('this user reads every file')
        rows.append([NO_RIGHTS, f'{LEFT_OUT}: {outcome.reason.value}', normalised(outcome.detail, folder)])
    return table('Reports, in `mimic_cxr.py`', ['report', 'what happens', 'in the list'], rows)


def test_long_reports_are_cut_in_whole_sentences(converted, tmp_path):
    """Of 5,000 sentences, training takes as many as fit into max_length."""
    from prior_mm.datasets import TokenizeReport
    study = next(study for study in converted[()][1].values() if len(study['sentences']) == 5000)
    write_studies(tmp_path / 'data')
    step = TokenizeReport(str(tmp_path / 'data' / 'vocab.txt'), max_length=64)
    results = step.transform(dict(study))
    assert len(results['token_ids']) <= 64 and 1 < len(results['sentences']) < 20


def test_latin_letters(layout):
    """A report in Windows' Latin keeps its letters."""
    number = list(REPORTS).index('Latin (cp1252) instead of UTF-8')
    assert 'tos\u00e9' in read_report(layout / f'{Study(200 + 2 * number).folder}.txt')


# --------------------------------------------------------------------------------------------------------------- tables

METADATA, SPLIT, LABELS = (f'mimic-cxr-2.0.0-{name}.csv.gz' for name in ('metadata', 'split', 'chexpert'))
HEADER = ('dicom_id', 'subject_id', 'study_id', 'ViewPosition')
ROW = ('00000000-00000000', '10000000', '50000000', 'PA')


def zipped(*rows):
    return lambda path: write_table(path, rows)


def content(data):
    return lambda path: path.write_bytes(data)


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def wide(path):
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).decode().encode('utf-16')))


def with_mark(path):
    path.write_bytes(gzip.compress(b'\xef\xbb\xbf' + gzip.decompress(path.read_bytes())))


#: Case, table, what is done to it.
TABLES = [
    ('missing column', METADATA, zipped(HEADER[:3], ROW[:3])),
    ('an image twice', METADATA, zipped(HEADER, ROW, ROW)),
    ('a study with two patients', METADATA, zipped(HEADER, ROW, ('b', '10000001', '50000000', 'AP'))),
    ('a study in two splits', SPLIT, zipped(('study_id', 'split'), ('50000000', 'train'), ('50000000', 'test'))),
    ('a study with two sets of labels', LABELS, zipped(('study_id', 'Edema'), ('50000000', '1'), ('50000000', '0'))),
    ('an id that is none', METADATA, zipped(HEADER, (*ROW[:2], 'fifty', 'PA'))),
    ('an image id that leads elsewhere', METADATA, zipped(HEADER, ('../../etc/passwd', *ROW[1:]))),
    ('a label that is none', LABELS, zipped(('study_id', 'Edema'), ('50000000', 'maybe'))),
    ('a split that leads elsewhere', SPLIT, zipped(('study_id', 'split'), ('50000000', '../train'))),
    ('a row cut short', METADATA, zipped(HEADER, ROW[:2])),
    ('byte order mark', METADATA, with_mark),
    ('gzip cut short', METADATA, cut),
    ('plain text that is called .gz', SPLIT, content(b'study_id,split\n50000000,train\n')),
    ('empty', METADATA, content(b'')),
    ('binary', METADATA, content(bytes(range(256)) * 9)),
    ('UTF-16', METADATA, wide),
    ('UTF-16 without a byte order mark', METADATA, content(','.join(HEADER).encode('utf-16-le'))),
    ('gzip of a line without an end', METADATA, content(gzip.compress(bytes(5 * 10**6), mtime=0))),
]


@pytest.fixture
def table_section(call, tmp_path):
    """The table of tables; an earlier conversion stays as it was."""
    root = write_mimic(tmp_path / 'mimic', [Study(0, ('PA', ), labels=('1.0', ''))])
    mimic = ('dataset_converters/mimic_cxr.py', root, '--workers', 1)
    assert call(*mimic)[0] == 0
    whole = {path: path.read_bytes() for path in root.rglob('*') if path.is_file()}
    rows = []
    for name, file, damage in TABLES:
        damage(root / file)
        rows.append([name, '`mimic_cxr.py`', *result(call(*mimic), root)])
        (root / file).write_bytes(whole[root / file])
        assert whole == {path: path.read_bytes() for path in root.rglob('*') if path.is_file()}, name
    for name, where, make, damage in (
            ('a box and Target 0', 'rsna.py', write_rsna, lambda folder: write_csv(
                folder / 'stage_2_train_labels.csv', [('patientId', 'x', 'y', 'width', 'height', 'Target'),
                                                      ('p00', '1', '1', '9', '9', '1'), ('p00', '', '', '', '', '0')])),
            ('a box that is no number', 'rsna.py', write_rsna, lambda folder: write_csv(
                folder / 'stage_2_train_labels.csv', [('patientId', 'x', 'y', 'width', 'height', 'Target'),
                                                      ('p00', 'left', '1', '9', '9', '1')])),
            ('run lengths that leave the image', 'siim.py', write_siim, lambda folder: write_csv(
                folder / 'train-rle.csv', [('ImageId', ' EncodedPixels'), ('1.2.3', '9000 5')])),
            ('run lengths cut short', 'siim.py', write_siim, lambda folder: write_csv(
                folder / 'train-rle.csv', [('ImageId', ' EncodedPixels'), ('1.2.3', '9 5 7')])),
            ('an image twice', 'chexpert.py', lambda folder: write_chexpert(folder, [chexpert_row(1, Edema='1.0')]),
             lambda folder: write_chexpert(folder, [chexpert_row(1, Edema='1.0')] * 2)),
            ('a label that is none', 'chexpert.py', lambda folder: write_chexpert(folder, [chexpert_row(1)]),
             lambda folder: write_chexpert(folder, [chexpert_row(1, Edema='yes')]))):
        folder = tmp_path / f'{len(rows)}'
        make(folder)
        damage(folder)
        pixels = () if where == 'chexpert.py' else ('--pixels', 64)
        rows.append([name, f'`{where}`', *result(call(f'dataset_converters/{where}', folder, *pixels), folder)])
        assert not (folder / 'annotations').exists()
    return table('Tables (CSV)', ['table', 'where it is met', 'what happens', 'message'], rows)


def result(called, *roots):
    """What a tool did, and its message, for the page."""
    status, out, err = called
    assert 'Traceback' not in out + err
    assert (status, err) == (0, '') or (status == 1 and err.strip())
    return [READ, ''] if status == 0 else [STOPS, normalised(err, *roots)]


# ----------------------------------------------------------------------------------------------------- annotation files


def changed(**changes):
    """The file with another first study; ``None`` takes the entry away."""
    def change(file):
        study = {key: value for key, value in {**file['data_list'][0], **changes}.items() if value is not None}
        return json.dumps(dict(file, data_list=[study, *file['data_list'][1:]])).encode()
    return change


class Payload:
    def __reduce__(self):
        return (open, (str(Path.cwd() / 'payload ran'), 'w'))


ANNOTATIONS = [
    ('missing', lambda file: None),
    ('empty', lambda file: b''),
    ('cut short', lambda file: json.dumps(file).encode()[:-300]),
    ('binary', lambda file: bytes(range(256)) * 9),
    ('a pickle', lambda file: pickle.dumps(Payload())),
    ('brackets in brackets without end', lambda file: b'[' * 10**5),
    ('another schema', lambda file: json.dumps(dict(file, metainfo=dict(schema='coco'))).encode()),
    ('without metainfo', lambda file: json.dumps(dict(data_list=file['data_list'])).encode()),
    ('a list of studies alone', lambda file: json.dumps(file['data_list']).encode()),
    ('no study', lambda file: json.dumps(dict(file, data_list=[])).encode()),
    ('a study without sentences', changed(sentences=None)),
    ('a study without images', changed(images=[])),
    ('sentences of the wrong type', changed(sentences=[7])),
    ('an empty sentence', changed(sentences=['The heart is normal.', ' '])),
    ('a study twice', changed(study_id='s1')),
    ('labels of the wrong type', changed(labels={'Edema': 'yes'})),
    ("a path with '..'", changed(images=['files/../../secret.png'], views=['PA'])),
    ('an absolute path', changed(images=['/etc/passwd'], views=['PA'])),
    ('a path of Windows', changed(images=['C:\\secret.png'], views=['PA'])),
    ('images that are not there', lambda file: json.dumps(dict(file, data_list=[
        dict(study, images=['nowhere.png'], views=['PA']) for study in file['data_list']])).encode()),
]


@pytest.fixture
def annotation_section(call, tmp_path, monkeypatch):
    """The table of annotation files; tools/train.py says of some of them, and no more, what their reader does."""
    monkeypatch.chdir(tmp_path)
    config = tiny_config(tmp_path / 'data', tmp_path / 'run')
    config.dump(str(tmp_path / 'tiny.py'))
    path = tmp_path / 'data' / 'annotations' / 'train.json'
    file, rows = json.loads(path.read_text()), []
    for number, (name, damage) in enumerate(ANNOTATIONS):
        written = damage(file)
        path.unlink(missing_ok=True)
        if written is not None:
            path.write_bytes(written)
        with pytest.raises((ValueError, OSError)) as refused:
            StudyDataset('annotations/train.json', str(tmp_path / 'data'))
        err = str(refused.value)
        if number % 10 == 0:
            status, _, said = call('train.py', 'tiny.py', '--no-validate', '--work-dir', tmp_path / f'run {number}',
                                   '--cfg-options', f'experiment_name=any_annotation_{number}')
            assert (status, said) == (1, f'tools/train.py: {err}'), name
        assert ('train.json' in err) is (name != 'images that are not there')
        rows.append([name, STOPS, normalised(err, tmp_path)])
    assert not (tmp_path / 'payload ran').exists()
    with folder_for_all() as folder:
        write_studies(folder / 'data')
        open_to_all(folder)
        path = folder / 'data' / 'annotations' / 'train.json'
        try:
            with without_rights(path), pytest.raises(OSError) as refused:
                read_studies(path)
        except CannotDropRights:
            pytest.skip('this user reads every file')
        rows.append([NO_RIGHTS, STOPS, normalised(str(refused.value), folder)])
    return table('Annotation files, in training and evaluation', ['file', 'what happens', 'message'], rows)


def test_the_page_is_true(image_section, report_section, table_section, annotation_section):
    """docs/any_input.md says what the tools do now, case by case."""
    text = page([image_section, report_section, table_section, annotation_section])
    if os.environ.get('PRIOR_WRITE_DOCS'):
        PAGE.write_text(text, encoding='utf-8')
    assert PAGE.read_text(encoding='utf-8') == text, 'write it anew: PRIOR_WRITE_DOCS=1 pytest tests/test_any_input.py'
