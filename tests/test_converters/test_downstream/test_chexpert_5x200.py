"""CheXpert 5x200: drawn lists follow the rule and the seed, published ones are compared with train.csv."""
import json

import pytest
from made_up_downstream import CHEXPERT_HEADER, chexpert_row, write_csv
from rich.console import Console

from prior_mm.converters.downstream.chexpert_5x200 import (
    ListError,
    check_list,
    convert_5x200,
    draw_list,
    exclusive_class,
    read_list,
)
from prior_mm.converters.downstream.chexpert_images import find_image
from prior_mm.converters.downstream.chexpert_labels import COMPETITION, read_chexpert
from prior_mm.converters.downstream.settings import DownstreamSettings
from prior_mm.converters.layout_error import LayoutError

NAMES = [name.replace(' ', '_') for name in COMPETITION]
ROWS = [chexpert_row(number, **{NAMES[number % 5]: '1.0'}) for number in range(40)]


@pytest.fixture
def table(tmp_path):
    return write_csv(tmp_path / 'train.csv', [CHEXPERT_HEADER, *ROWS])


@pytest.mark.parametrize('view, labels, expected', [
    ('Frontal', dict(Edema='1.0'), 3), ('Lateral', dict(Edema='1.0'), None), ('Frontal', dict(), None),
    ('Frontal', dict(Edema='-1.0'), 3), ('Frontal', dict(Cardiomegaly='-1.0'), None),
    ('Frontal', dict(Edema='1.0', Consolidation='-1.0'), 3), ('Frontal', dict(Edema='1.0', Atelectasis='-1.0'), None),
    ('Frontal', dict(Pleural_Effusion='1.0', Fracture='1.0', Cardiomegaly='0.0'), 4)])
def test_rule(tmp_path, view, labels, expected):
    """Frontal, exactly one of the five, "uncertain" as published; other findings do not matter."""
    path = write_csv(tmp_path / 'train.csv', [CHEXPERT_HEADER, chexpert_row(1, view, **labels)])
    row, = read_chexpert(path, COMPETITION)
    assert exclusive_class(row) == expected


def test_drawn(table):
    """So many of each class, no image twice, the same for the same seed, others for another."""
    rows = read_chexpert(table, COMPETITION)
    chosen = draw_list(rows, 0, 3)
    assert [item.label for item in chosen] == [number for number in range(5) for _ in range(3)]
    assert len({item.path for item in chosen}) == 15 and all(rows[item.row].path == item.path for item in chosen)
    assert chosen == draw_list(rows, 0, 3) != draw_list(rows, 1, 3)
    check_list(table, chosen, table, rows)
    with pytest.raises(ValueError, match='9 images a class .* Atelectasis 8, .*--per-class'):
        draw_list(rows, 0, 9)


def published(path, **changes):
    entry = dict(image_path='train/patient00003/study1/view1_frontal.jpg', label=[0, 0, 0, 1, 0])
    path.write_text(json.dumps({'3': {**entry, **changes}}))
    return path


def test_files(tmp_path, table):
    """A published list and drawn ones: annotation files and lists of ids; without a table nothing is compared."""
    settings = DownstreamSettings(tmp_path, tmp_path, tmp_path / 'out', check_images=False)
    lists = dict(listed=published(tmp_path / 'list.json'), drawn=7)
    tally, compared = convert_5x200(settings, lists, Console(quiet=True), per_class=2)
    assert tally.kept == dict(listed=1, drawn=10) and compared
    found = json.loads((tmp_path / 'out/annotations/listed.json').read_text())
    assert found['data_list'] == [dict(img_path='train/patient00003/study1/view1_frontal.jpg', gt_label=3, row=3,
                                       image_id='train/patient00003/study1/view1_frontal.jpg')]
    assert found['metainfo']['sources'].keys() == {'list.json', 'train.csv'}
    drawn = json.loads((tmp_path / 'out/annotations/drawn.json').read_text())
    assert drawn['metainfo']['options'] == dict(seed=7, per_class=2)
    assert len((tmp_path / 'out/annotations/splits/drawn.txt').read_text().split()) == 10
    table.unlink()
    assert convert_5x200(settings, dict(listed=lists['listed']), Console(quiet=True))[1] is False
    with pytest.raises(LayoutError, match='labels: '):
        convert_5x200(settings, lists, Console(quiet=True))


@pytest.mark.parametrize('changes, message', [
    (dict(label=[1, 0, 0, 1, 0]), "entry '3': wanted"), (dict(label=3), "entry '3'"),
    (dict(label=[0, 'x', 0, 1, 0]), "entry '3'"), (dict(image_path=None), "entry '3'"),
    (dict(image_path='../x.jpg'), 'lies elsewhere')])
def test_faults_of_a_list(tmp_path, changes, message):
    """Entries that are none are named."""
    with pytest.raises(ListError, match=message):
        read_list(published(tmp_path / 'list.json', **changes))


@pytest.mark.parametrize('text', ['', '[]', '{}', '{"a": 1}'])
def test_no_list(tmp_path, text):
    """Other files are refused by name."""
    (tmp_path / 'list.json').write_text(text)
    with pytest.raises(ListError, match='list.json'):
        read_list(tmp_path / 'list.json')


@pytest.mark.parametrize('ending', ['jpg', 'JPG', 'jpeg', 'JPEG'])
def test_spelling_of_the_ending(tmp_path, table, ending):
    """A list, and the files, may spell .jpg otherwise: the row is found, and the file under the name that it has."""
    image = tmp_path / f'train/patient00003/study1/view1_frontal.{ending}'
    image.parent.mkdir(parents=True)
    image.write_bytes(b'x')
    for spelling in ('jpg', 'JPG', 'jpeg', 'JPEG'):
        chosen = read_list(published(tmp_path / 'list.json',
                                     image_path=f'C:\\data\\train/patient00003/study1/view1_frontal.{spelling}'))
        assert chosen[0].path == 'train/patient00003/study1/view1_frontal.jpg'
        check_list(tmp_path / 'list.json', chosen, table, read_chexpert(table, COMPETITION))
        assert (tmp_path / find_image(tmp_path, chosen[0].path)).samefile(image)


@pytest.mark.parametrize('changes, message', [
    (dict(image_path='train/patient00004/study1/view1_frontal.jpg'), 'not in row 3 .*line 5'),
    (dict(label=[1, 0, 0, 0, 0]), 'does not follow from .*line 5')])
def test_lists_of_another_table(tmp_path, table, changes, message):
    """An image in another row, or with another label than the rule gives, is told with the table's line."""
    chosen = read_list(published(tmp_path / 'list.json', **changes))
    with pytest.raises(ListError, match=message):
        check_list(tmp_path / 'list.json', chosen, table, read_chexpert(table, COMPETITION))
