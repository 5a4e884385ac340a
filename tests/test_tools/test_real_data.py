"""The benchmark of real radiographs: tables, folds, figures and changes, on made-up films."""
import sys

import numpy as np
import pytest
from made_up_real import ROOT, write_nih, write_notes
from PIL import Image
from real.cache import Cache
from real.classify import frozen
from real.differences import bars
from real.figures import auroc, difference, draws, shown
from real.films import SIZE, Film, folds, pixels, read_small
from real.sheet import draw_sheet
from real.tables import keep_back, read_films, read_others, read_table
from real.variants import ANY, OF_LUNGS, PUT_ON, write_variant
from sklearn.metrics import roc_auc_score

REAL = ROOT.parent / 'shared' / 'data' / 'real'


@pytest.fixture(scope='module')
def films(tmp_path_factory):
    root = tmp_path_factory.mktemp('real')
    write_nih(root / 'nih')
    return read_films(root)


def test_tables_of_both_kinds(tmp_path, films):
    """A film of either table has what its columns say: otherwise labels, notes and masks would be of other films."""
    assert {film.label for film in films} == {0, 1} and {film.view for film in films} == {'AP', 'PA'}
    write_notes(tmp_path / 'notes')
    found = read_films(tmp_path)
    assert len(found) == 24 and found[1] == Film(
        'notes_0001', tmp_path / 'notes/images/0001.png', 'notes_p0', 'AP',
        notes='Fever for 1 days. The lungs are clear.', mask=tmp_path / 'notes/lungs/0001.png')
    assert found[0].mask is None and found[0].view == 'PA'
    assert all(film.label is None for film in found)  # their findings go with the hospital
    (tmp_path / 'notes/lungs/0001.png').unlink()
    with pytest.raises(ValueError, match='lungs/0001.png, which is neither in'):
        read_films(tmp_path)
    (tmp_path / 'index.csv').write_text('colour\nx\n')
    with pytest.raises(ValueError, match='--image'):
        read_table(tmp_path, tmp_path / 'index.csv', 'n')


def test_a_table_with_other_columns(tmp_path, capsys):
    """Films of one's own: other names and order of columns, folders below, images that are not there, empty cells."""
    for name in ('x/a.png', 'b.png', 'c.png', 'd.png', 'e.png'):
        (tmp_path / 'films' / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new('L', (32, 32)).save(tmp_path / 'films' / name)
    (tmp_path / 'list.tsv').write_text(
        'diagnoses\tProjection\tsubject_id\tfile\n'
        'Edema; Pneumonia\tAntero-posterior\t00000012\ta\nnormal\tPA\tp7\tb.png\n\tfrontal\t8\tc\n'
        'Mass\tPA\t9\td\nMass\tlateral\t9\te\nMass\tPA\t10\tgone\n')
    found = read_others(tmp_path / 'films', tmp_path / 'list.tsv')
    assert [(film.name.partition('_')[2], film.patient.partition('_')[2], film.view, film.findings, film.label)
            for film in found] == [
        ('x_a', '12', 'AP', {'edema', 'pneumonia'}, 1), ('b', 'p7', 'PA', frozenset(), 0), ('c', '8', '', None, None),
        ('d', '9', 'PA', {'mass'}, None)]
    assert '1 of 5 images are not in' in capsys.readouterr().out
    (tmp_path / 'list.csv').write_text('path,Pneumonia,Edema\na,1,\nb,0,0\nc,0,\nd,-1,1\n')
    again = read_others(tmp_path / 'films', tmp_path / 'list.csv')
    assert [film.label for film in again] == [1, 0, None, None]
    assert not {film.name for film in again} & {film.name for film in found}  # another table has other copies


def test_folds_keep_patients_apart(films):
    """Each film is tested once, by a model that saw none of its patient; a tenth lies within the whole."""
    drawn = folds(films)
    assert sorted(film.name for fold in drawn for film in fold.test) == sorted(film.name for film in films)
    for fold in drawn:
        assert not {film.patient for film in fold.train} & {film.patient for film in fold.test}
        assert len(fold.train) + len(fold.test) == len(films)
        assert set(fold.share(10)) < set(fold.train) and len(fold.share(10)) == len(fold.train) // 10


def test_kept_back_films_are_of_other_patients(films):
    """Other films of a patient that models are trained on would be tested as if they were new."""
    known = Film('other_x', films[0].path, films[0].patient.replace('nih', 'other'), 'AP', frozenset({'No Finding'}))
    new = Film('other_y', films[0].path, 'other_99999', 'AP', frozenset({'No Finding'}))
    kept = keep_back(films, [known, new])
    assert [film.name for film in kept] == ['other_y'] and kept[0].kept_back
    assert all(film.name != 'other_y' for fold in folds([*films, *kept]) for film in (*fold.train, *fold.test))


def test_figures_against_scikit_learn(films):
    """The mean of the repeats' AUROC, and of each draw what drawing whole patients anew gives, the slow way."""
    rng = np.random.default_rng(0)
    labels = {film.name: film.label for film in films}
    found = [{film.name: float(rng.normal() + labels[film.name]) for film in fold.test} for fold in folds(films)]
    figure = auroc(found, films, labels, samples=5)
    single = [roc_auc_score([labels[name] for name in scores], list(scores.values())) for scores in found]
    assert figure['mean'] == pytest.approx(np.mean(single)) and figure['films'] == len(films)
    assert figure['deviation'] == pytest.approx(np.std(single, ddof=1))
    weights = draws([film.patient for film in films], 5)
    by_patient = {}
    for column, film in zip(weights.T, films, strict=True):  # all films of a patient are drawn together
        assert by_patient.setdefault(film.patient, column.tolist()) == column.tolist()
    place = {film.name: number for number, film in enumerate(films)}
    for row, drawn in zip(weights, figure['drawn'], strict=True):
        slow = []
        for scores in found:
            names = [name for name in scores for _ in range(row[place[name]])]
            if len({labels[name] for name in names}) == 2:
                slow.append(roc_auc_score([labels[name] for name in names], [scores[name] for name in names]))
        assert drawn == pytest.approx(np.mean(slow))
    assert difference(figure, figure) == dict(mean=0., low=0., high=0.)
    assert shown(auroc([{films[0].name: 1.}], films, labels)) == '-'  # one film has no AUROC
    assert shown(auroc([], films, labels)) == '-'  # nor has what was not run


def test_changes_change_what_they_say(films, tmp_path):
    """What is said to be masked out is black, whatever was there; what is put on leaves the rest."""
    lungs = np.zeros((SIZE, SIZE), dtype=bool)
    lungs[30:90, 20:50] = lungs[30:90, 70:110] = True
    image = np.random.default_rng(0).integers(1, 255, (SIZE, SIZE)).astype(np.uint8)
    changed = {name: change(image, lungs) for name, change in {**ANY, **OF_LUNGS, **PUT_ON}.items()}
    assert all(one.shape == image.shape and one.dtype == np.uint8 for one in changed.values())
    assert not changed['lungs masked out'][lungs].any()
    assert not changed['the box around the lungs masked out'][30:90, 20:110].any()
    assert np.array_equal(changed['the lungs alone'] > 0, lungs)
    assert not (changed['the border alone'].astype(bool) & changed['all but the border'].astype(bool)).any()
    assert np.array_equal(changed['the border alone'] | changed['all but the border'], image)
    assert len(np.unique(changed['brightness at 8 x 8 pixels'])) <= 64
    assert np.array_equal(changed['a white frame'][4:-4, 4:-4], image[4:-4, 4:-4])
    assert 0 < (changed['letters burnt in'] != image).mean() < 0.05
    folder = write_variant(films[:2], tmp_path / 'whole', tmp_path / 'frame', PUT_ON['a white frame'])
    assert (pixels(films[:2], folder)[:, 0] == 255).all()


def test_bars_are_counted():
    """Each edge that is black or white all over counts; marks on a gray one do not."""
    image = np.full((SIZE, SIZE), 90, np.uint8)
    image[:8, :20] = 255  # a letter
    assert bars(image) == 0
    image[-8:], image[:, :6] = 0, 250
    assert bars(image) == 2


@pytest.mark.slow
def test_frozen_features_are_asked_once(films, tmp_path):
    """The scores are those of a film's own features, the second time too; without them nothing is computed."""
    labels = {film.name: film.label for film in films}
    pixels(films, tmp_path / 'whole')
    assert frozen('a', films, labels, None, 100, tmp_path / 'whole', Cache(tmp_path, reuse=True), 2) == []
    found = frozen('a', films, labels, None, 100, tmp_path / 'whole', Cache(tmp_path), 2)
    assert found == frozen('a', films, labels, None, 100, tmp_path / 'whole', Cache(tmp_path, reuse=True), 2)
    assert auroc(found, films, labels)['mean'] > 0.95  # pneumonia is brighter here


@pytest.mark.slow
@pytest.mark.skipif(not (REAL / 'nih').is_dir(), reason='the real films are no part of the project')
def test_colour_and_alpha_do_not_matter_on_real_films(tmp_path):
    """A film saved in colour, with an alpha channel or a palette is the same film."""
    for film in read_films(REAL)[::60]:
        gray = Image.open(film.path)
        alpha = gray.convert('RGBA')
        alpha.putalpha(Image.linear_gradient('L').resize(gray.size))
        gray.save(tmp_path / 'gray.png')
        wanted = read_small(tmp_path / 'gray.png')
        for name, image in dict(rgb=gray.convert('RGB'), rgba=alpha, la=alpha.convert('LA')).items():
            image.save(tmp_path / f'{name}.png')
            assert np.array_equal(read_small(tmp_path / f'{name}.png'), wanted), (film.name, name)


def test_sheet_has_every_film(films, tmp_path):
    """A film that is not drawn is not looked at."""
    row = draw_sheet(films, tmp_path / 'whole', tmp_path / 'sheet.png')
    sheet = np.asarray(Image.open(tmp_path / 'sheet.png'))
    cells = sheet.reshape(sheet.shape[0] // 64, 64, -1, 64).std(axis=(1, 3)).ravel()
    assert row['films'] == len(films) == (cells > 5).sum() and row['flat'] == 0


def test_missing_root_is_said(tmp_path, monkeypatch, capsys):
    """Without the films the tool says so and ends well: they are no part of the project."""
    import runpy
    monkeypatch.setattr(sys, 'argv', ['real_data.py', '--root', str(tmp_path / 'none')])
    runpy.run_path(str(ROOT / 'tools/benchmarks/real_data.py'), run_name='__main__')
    assert 'skipped' in capsys.readouterr().out
