"""CheXpert: each policy does what it says to uncertain and missing labels; patients are never on both sides."""
import json

import pytest
from made_up_downstream import CHEXPERT_HEADER, chexpert_row, write_chexpert, write_csv
from rich.console import Console

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.downstream.chexpert import ChexpertOptions, convert_chexpert
from prior_mm.converters.downstream.chexpert_labels import COMPETITION, FINDINGS, make_policy, read_chexpert
from prior_mm.converters.downstream.settings import DownstreamSettings
from prior_mm.converters.layout_error import LayoutError

ROWS = [chexpert_row(number // 2, study=number % 2 + 1, Edema='1.0' if number % 3 else '0.0',
                     Atelectasis='-1.0' if number % 5 == 0 else '') for number in range(60)]
ROWS.append(chexpert_row(1, 'Lateral', Edema='1.0'))
VALID = [chexpert_row(900 + number, folder='valid', Cardiomegaly='1.0') for number in range(4)]


def convert(root, check_images=True, **options):
    settings = DownstreamSettings(root, root, root, check_images=check_images)
    return convert_chexpert(settings, ChexpertOptions(**options), Console(quiet=True))


def read(root, name):
    return json.loads((root / f'annotations/{name}.json').read_text())


def test_files(tmp_path):
    """Frontal images of train.csv in three files, patient-wise; valid.csv in one of its own; labels as published."""
    root = write_chexpert(tmp_path, ROWS, VALID)
    tally, splits, names = convert(root)
    assert names == ('train', 'val', 'test', 'valid') and sum(tally.kept.values()) == 64 and tally.kept['valid'] == 4
    assert tally.summary('')['dropped'] == {'not a frontal view': 1}
    owners = [{entry['patient_id'] for entry in read(root, name)['data_list']} for name in names]
    assert sum(map(len, owners)) == len(set.union(*owners)) == 34
    found = {entry['img_path']: entry for name in names for entry in read(root, name)['data_list']}
    assert found['train/patient00000/study1/view1_frontal.jpg'] == dict(
        img_path='train/patient00000/study1/view1_frontal.jpg', gt_label=[0], labels=[1, 0, 0, 0, 0],
        image_id='train/patient00000/study1/view1_frontal.jpg', patient_id='patient00000')
    assert found['train/patient00002/study2/view1_frontal.jpg']['gt_label'] == [0, 3]
    assert all((root / path).is_file() for path in found)
    metainfo = read(root, 'valid')['metainfo']
    assert metainfo['classes'] == list(COMPETITION) and metainfo['sources'].keys() == {'train.csv', 'valid.csv'}
    assert metainfo['images'] == 4 and metainfo['summary']['labels']['Cardiomegaly'] == 4


def test_mmpretrain_reads_them(tmp_path):
    """MMPretrain's own multi-label data set takes the file."""
    root = write_chexpert(tmp_path, ROWS)
    convert(root)
    from mmpretrain.datasets import MultiLabelDataset
    data = MultiLabelDataset('annotations/train.json', data_root=str(root))
    assert tuple(data.CLASSES) == COMPETITION and len(data) == 42
    listed = [entry['gt_label'] for entry in read(root, 'train')['data_list']]
    assert [data.get_cat_ids(number) for number in range(42)] == listed


@pytest.mark.parametrize('uncertain, missing, expected', [
    ('published', 'zeros', [1, 0, 0, 1, 1]), ('ones', 'zeros', [1, 1, 1, 1, 1]), ('zeros', 'zeros', [0, 0, 0, 0, 0]),
    ('ignore', 'zeros', [-1, -1, -1, -1, -1])])
def test_policies(uncertain, missing, expected):
    """What each makes of five uncertain labels; what is certain stays, what is missing follows its own policy."""
    policy = make_policy(COMPETITION, uncertain, missing=missing)
    assert policy.labels([-1] * 5) == expected
    assert policy.labels([1, 0, None, 1, 0]) == [1, 0, 0, 1, 0]
    assert make_policy(uncertain=uncertain, missing='ignore').labels([1, 0, None, 1, 0]) == [1, 0, -1, 1, 0]


def test_single_classes():
    """One class may have a policy of its own; without one, a class of which nothing is published is an error."""
    policy = make_policy(['Edema', 'Pneumonia'], 'published', {'Pneumonia': 'ignore'})
    assert policy.labels([-1, -1]) == [1, -1]
    with pytest.raises(ValueError, match="nothing is published .* Pneumonia. .*--uncertain-of 'Pneumonia'=ignore"):
        make_policy(['Edema', 'Pneumonia'])
    assert make_policy(FINDINGS, 'zeros').labels([-1] * 14) == [0] * 14


@pytest.mark.parametrize('arguments, message', [
    ((['Oedema'], ), "'Oedema' is none of the classes"), ((['Edema', 'Edema'], ), 'each class once'),
    (([], ), 'each class'),
    ((['Edema'], 'maybe'), 'policy for uncertain'), ((['Edema'], 'ones', {'Pneumonia': 'ones'}), 'none of the classes'),
    ((['Edema'], 'ones', {'Edema': 'no'}), 'policy for uncertain'), ((['Edema'], 'ones', {}, 'ones'), 'not mentioned')])
def test_policies_that_are_none(arguments, message):
    """Names with typing errors are refused, not passed over."""
    with pytest.raises(ValueError, match=message):
        make_policy(*arguments)


def test_nothing_is_known(tmp_path):
    """An image of which every label is ignored teaches nothing: dropped and counted; ignored labels are counted."""
    root = write_chexpert(tmp_path, [*ROWS, chexpert_row(800), chexpert_row(801, Edema='-1.0')])
    tally, splits, _ = convert(root, policy=make_policy(uncertain='ignore', missing='ignore'))
    dropped = [tally.summary(split)['dropped'] for split in splits.names]
    assert sum(found.get('no label is known', 0) for found in dropped) == 2
    assert read(root, 'train')['metainfo']['ignored']['Consolidation'] == tally.kept['train']


@pytest.mark.parametrize('row, message', [
    (chexpert_row(1, Edema='2.0'), "line 3: Edema is '2.0', .* 1.0, 0.0, -1.0"), (ROWS[0], 'line 3: .* there twice'),
    (('x.jpg', *ROWS[0][1:]), "line 3: the path 'x.jpg'"), (chexpert_row(1, 'Oblique'), "the view is 'Oblique'")])
def test_faults_of_the_table(tmp_path, row, message):
    """A label, path or view that is none, an image twice: file, line and mend."""
    path = write_csv(tmp_path / 'train.csv', [CHEXPERT_HEADER, ROWS[0], row])
    with pytest.raises(TableError, match=message):
        read_chexpert(path, COMPETITION)


def test_a_patient_in_both_tables(tmp_path):
    """Somebody trained on may not be in the official validation."""
    root = write_chexpert(tmp_path, ROWS, [chexpert_row(3, folder='valid')])
    with pytest.raises(TableError, match='valid.csv, line 2: patient00003 is in .*train.csv, too'):
        convert(root)


def test_layout(tmp_path):
    """Everything that is missing at once; images in an inner folder are pointed at."""
    with pytest.raises(LayoutError) as caught:
        convert(tmp_path, valid_csv=tmp_path / 'none.csv')
    assert all(part in str(caught.value) for part in ('labels: ', '--valid-csv: ', 'images: '))
    write_chexpert(tmp_path / 'CheXpert-v1.0-small', ROWS)
    with pytest.raises(LayoutError, match='there is one in .*CheXpert-v1.0-small'):
        convert(tmp_path)


def test_missing_images(tmp_path):
    """Missing images are counted; without a look at the images all are kept."""
    root = write_chexpert(tmp_path, ROWS)
    (root / 'train/patient00003/study1/view1_frontal.jpg').unlink()
    (root / 'train/patient00004/study1/view1_frontal.jpg').write_bytes(b'')
    assert sum(convert(root)[0].kept.values()) == 58
    listed = (root / 'annotations/left_out.csv').read_text().splitlines()[1:]
    assert sorted(line.split(',')[0].split('/')[1] for line in listed) == ['patient00003', 'patient00004']
    assert sum(convert(root, check_images=False)[0].kept.values()) == 60
    assert not (root / 'annotations/left_out.csv').exists()
