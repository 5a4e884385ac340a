"""Archives: what is embedded, what is kept in files, and whose archive it is."""
import json
import shutil

import numpy as np
import pytest
from rounding import rounding
from tiny_model import ALIGNMENT, tiny_checkpoint

import prior_mm
from prior_mm.inference import Archive, vector_tables
from prior_mm.inference.draft_figures import evaluate_drafts
from prior_mm.inference.stored_studies import StoredStudies
from prior_mm.inference.vector_tables import StoredTable, write_table


def test_vectors_are_the_model_s(model, home):
    """Each study has the vectors of its first image and of its report; each sentence stands once, with its mean."""
    archive = model.archive
    studies = json.loads((home / 'data/annotations/train.json').read_text())['data_list']
    assert archive.studies == [study['study_id'] for study in studies] and not archive.failed
    assert archive.images == [study['images'][0] for study in studies]
    images = model.embed_images([home / 'data' / name for name in archive.images])
    np.testing.assert_allclose(archive.image_vectors, images.vectors, atol=1e-5)
    texts = model.embed_texts(archive.reports)
    np.testing.assert_allclose(archive.report_vectors, texts.vectors, atol=1e-5)
    table = archive.sentences
    assert sorted(table.texts) == sorted({text for study in studies for text in study['sentences'][:5]})  # Q
    sums = {text: [] for text in table.texts}
    for study in studies:
        embedded, sentences = model.encoder.embed_reports([study['sentences']])
        for place, text in enumerate(sentences[0][:5]):
            sums[text].append((embedded.sentences[0, place].numpy(), place / (len(sentences[0]) - 1)))
    for number, text in enumerate(table.texts):
        vectors, places = zip(*sums[text], strict=True)
        assert table.counts[number] == len(vectors)
        np.testing.assert_allclose(table.vectors[number], np.mean(vectors, axis=0), atol=1e-5)
        assert table.places[number] == pytest.approx(np.mean(places), abs=rounding(10))


@pytest.mark.parametrize('broken', [False, True])
def test_two_studies_of_one_image(model, home, tmp_path, broken):
    """Both are in the archive, each with its report, and both are listed where the image cannot be used."""
    content = json.loads((home / 'data/annotations/train.json').read_text())
    studies = content['data_list']
    shared = studies[0]['images'][0]
    studies[1].update(images=[shared], views=['PA'])
    (tmp_path / 'annotations').mkdir()
    (tmp_path / 'annotations/train.json').write_text(json.dumps(content))
    shutil.copytree(home / 'data/files', tmp_path / 'files')
    if broken:
        (tmp_path / shared).write_bytes(b'nothing')
    archive = model.index(tmp_path / 'annotations/train.json')
    kept = studies[2:] if broken else studies
    assert archive.studies == [study['study_id'] for study in kept] and len(archive.failed) == 12 - len(kept)
    assert archive.reports == [study['sentences'] for study in kept]
    drafted, failed = evaluate_drafts(model, model.archive, tmp_path / 'annotations/train.json')
    assert drafted['draft/studies'] == len(kept) and len(failed) == 12 - len(kept)


def test_files(model, tmp_path):
    """Written and read, it is the same, and pandas' and others' readers find plain columns."""
    from pyarrow import parquet
    archive = model.archive
    written = archive.save(tmp_path / 'a')
    read = Archive.read(tmp_path / 'a')
    assert {path.name for path in written} == {path.name for path in (tmp_path / 'a').iterdir()}
    assert (read.studies, read.images, read.reports, read.about) == (archive.studies, archive.images, archive.reports,
                                                                     archive.about)
    for name in ('image_vectors', 'report_vectors'):
        assert np.array_equal(getattr(read, name), getattr(archive, name))
    assert read.sentences.texts == archive.sentences.texts
    assert np.array_equal(read.sentences.vectors, archive.sentences.vectors)
    table = parquet.read_table(tmp_path / 'a' / 'studies.parquet')
    assert table.column_names == ['id', 'path', 'sentences', 'vector', 'report']


def test_search_on_the_disk(model, home, tmp_path):
    """Of an archive on the disk the same studies are found as in memory, mapped or not, wherever their rows stand."""
    archive, image = model.archive, home / 'data/files/test_0_0.png'
    archive.save(tmp_path / 'a')
    for by in ('image', 'report'):
        expected = model.similar(image=image, by=by, k=12)
        assert model.similar(image=image, archive=tmp_path / 'a', by=by, k=12) == expected
    stored = StoredStudies(tmp_path / 'a')
    assert stored.vectors('image').base is not None, 'mapped'
    for path in (tmp_path / 'a').glob('*.npy'):  # an archive of an earlier version has none
        path.unlink()
    assert model.similar(image=image, archive=tmp_path / 'a', by='report', k=12) == expected
    with pytest.raises(ValueError, match="not by 'nonsense'"):
        stored.vectors('nonsense')
    with pytest.raises(ValueError, match='was made with the model'):
        stored.check('0' * 64)


def test_groups_of_rows(tmp_path, monkeypatch):
    """Rows are found across the groups that they are written in; vectors of another table are refused."""
    monkeypatch.setattr(vector_tables, '_ROWS', 3)
    vectors = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
    write_table(tmp_path / 'a.parquet', dict(id=list('abcdefgh')), dict(vector=vectors), dict(x=1), mapped=True)
    stored = StoredTable(tmp_path / 'a.parquet')
    assert [row['id'] for row in stored.rows([7, 0, 3, 2])] == ['h', 'a', 'd', 'c'] and stored.meta == dict(x=1)
    np.testing.assert_array_equal(stored.vectors('vector'), vectors)
    np.save(tmp_path / 'a_vector.npy', vectors[:5])
    with pytest.raises(ValueError, match='of another table'):
        stored.vectors('vector')
    write_table(tmp_path / 'a.parquet', dict(id=list('abcdefgh')), dict(vector=vectors), {})
    assert not (tmp_path / 'a_vector.npy').exists()
    np.testing.assert_array_equal(StoredTable(tmp_path / 'a.parquet').vectors('vector'), vectors)


@pytest.mark.parametrize('name', ['studies.parquet', 'sentences.parquet'])
def test_damaged_files(model, tmp_path, name):
    """A cut, missing or foreign table is refused in a message."""
    model.archive.save(tmp_path / 'a')
    path = tmp_path / 'a' / name
    content = path.read_bytes()
    for broken in (content[:len(content) // 2], b'', b'nonsense'):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match='damaged'):
            Archive.read(tmp_path / 'a')
    path.unlink()
    with pytest.raises(FileNotFoundError, match='prior-mm index'):
        Archive.read(tmp_path / 'a')


def test_of_another_model(home, tmp_path):
    """An archive is of one model: another refuses it."""
    tiny_checkpoint(tmp_path, ALIGNMENT)
    with pytest.raises(ValueError, match='made with the model'):
        prior_mm.load(tmp_path / 'run', archive=home / 'index')


def test_broken_studies_are_left_out(tmp_path):
    """A study without its image is listed; annotation files without any image are an error."""
    tiny_checkpoint(tmp_path)
    model = prior_mm.load(tmp_path / 'run', progress=False)
    (tmp_path / 'data/files/train_2_0.png').write_bytes(b'nothing')
    archive = model.index(tmp_path / 'data/annotations/train.json')
    assert len(archive) == 11 and archive.failed[0].name.endswith('train_2_0.png')
    assert 's2' not in archive.studies
    with pytest.raises(FileNotFoundError, match='none of the images'):
        model.index(tmp_path / 'data/annotations/train.json', tmp_path)
    with pytest.raises(FileNotFoundError, match='no annotation file'):
        model.index(tmp_path / 'none.json')
