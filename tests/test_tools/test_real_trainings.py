"""Pre-training on notes and segmentation of lungs in the benchmark of real radiographs, on made-up films."""
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from made_up_real import write_notes
from PIL import Image
from real import notes
from real.cache import Cache
from real.films import SIZE, Film, folds, pixels
from real.probe import backbone, check_start
from real.tables import read_films

from prior_mm.dependencies import has_compiled_mmcv

needs_mmseg = pytest.mark.skipif(not has_compiled_mmcv(), reason='segmentation needs the compiled mmcv')


@pytest.fixture
def films(tmp_path):
    write_notes(tmp_path / 'root/notes')
    found = read_films(tmp_path / 'root')
    pixels(found, tmp_path / 'whole')
    return found


@given(st.lists(st.integers(0, 6), min_size=2, max_size=40), st.integers(0, 3))
def test_no_film_keeps_a_note_of_its_patient(patients, seed):
    """The control has each note once, and none beside a film of whose patient it tells: else it could learn, too."""
    films = [Film(f'f{number}', None, f'p{patient}', notes=f'{patient} {number}')
             for number, patient in enumerate(patients)]
    if 2 * max(Counter(patients).values()) > len(patients):
        with pytest.raises(ValueError, match='of one patient'):
            notes.shuffled(films, seed)
        return
    given_notes = notes.shuffled(films, seed)
    assert sorted(given_notes) == sorted(film.notes for film in films)
    assert all(note.split()[0] != film.patient[1:] for film, note in zip(films, given_notes, strict=True))
    assume(len(set(patients)) > 4)
    assert any(notes.shuffled(films, other) != given_notes for other in range(seed + 1, seed + 20))


def test_losses_by_stage(monkeypatch):
    """The means of a stage's first and last epoch, also of a loss that only a later stage has."""
    monkeypatch.setattr(notes, 'EPOCHS', (2, 1, 3))
    whole, late = np.arange(18.), 100 + np.arange(9.)  # 3 steps an epoch; ``late`` comes with the third stage
    buffers = {'train/loss': whole, 'train/loss_kl': late, 'train/lr': whole, 'val/loss': whole}
    runner = SimpleNamespace(train_dataloader=range(3), message_hub=SimpleNamespace(log_scalars={
        name: SimpleNamespace(data=(values, None)) for name, values in buffers.items()}))
    assert notes._losses(runner) == [dict(loss=[1., 4.]), dict(loss=[7., 7.]),
                                     dict(loss=[10., 16.], loss_kl=[101., 107.])]


def test_other_backbones_are_refused_at_once(tmp_path):
    """A file of another network is named before anything is computed, not after the trainings that need no file."""
    weights = backbone(None, 0).state_dict()
    torch.save(dict(state_dict={f'backbone.{name}': value for name, value in weights.items()}), tmp_path / 'good.pth')
    check_start(tmp_path / 'good.pth')
    weights.pop('conv1.weight')
    torch.save(dict(state_dict=weights), tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='other.pth lacks 1 of'):
        check_start(tmp_path / 'other.pth')
    with pytest.raises(FileNotFoundError, match='none.pth'):
        check_start(tmp_path / 'none.pth')


@pytest.mark.slow
def test_pre_training_on_notes(films, tmp_path, monkeypatch):
    """Three stages and a retrieval of patients apart; the weights start another training; done once and kept."""
    monkeypatch.setattr(notes, 'EPOCHS', (1, 1, 1))
    films, cache = [*films[:20], *(replace(film, kept_back=True) for film in films[20:])], Cache(tmp_path / 'out')
    found = notes.pretrained(films, notes.SHUFFLED, 0, tmp_path / 'whole', cache)
    fold = folds(films)[0]
    assert (found['train'], found['test'], found['kept_back']['test']) == (len(fold.train), len(fold.test), 4)
    assert (found['retrieval']['studies'], found['kept_back']['retrieval']['studies']) == (len(fold.test), 4)
    assert [len(stage) for stage in found['losses']] == sorted(len(stage) for stage in found['losses'])
    assert all(np.isfinite(value).all() for stage in found['losses'] for value in stage.values())
    assert 0 < found['retrieval']['image_to_text/recall@1_chance'] <= 1
    check_start(tmp_path / 'out/notes/shuffled_pairs_0.pth')
    again = notes.pretrained(films, notes.SHUFFLED, 0, tmp_path / 'whole', Cache(tmp_path / 'out', reuse=True))
    assert again == found and not (tmp_path / 'out/notes/work_shuffled_pairs_0').exists()
    assert notes.pretrained(films, notes.PAIRS, 0, tmp_path / 'whole', Cache(tmp_path / 'out', reuse=True)) is None


@needs_mmseg
def test_masks_at_the_copies_size(films, tmp_path):
    """A pixel is of the lungs where half of what it covers is, and the masks lie over the copies."""
    from real.lungs import write_masks
    masked = [film for film in films if film.mask]
    folder = write_masks(films, tmp_path / 'masks')
    assert {path.stem for path in folder.iterdir()} == {film.name for film in masked}
    small = np.asarray(Image.open(folder / f'{masked[0].name}.png'))
    whole = np.asarray(Image.open(masked[0].mask)) > 0
    centres = [((np.arange(SIZE) + .5) * length / SIZE).astype(int) for length in whole.shape]
    assert small.shape == (SIZE, SIZE) and set(np.unique(small)) == {0, 1}
    assert (small == whole[np.ix_(*centres)]).mean() > 0.97  # but for the edges
    image = pixels(masked[:1], tmp_path / 'whole')[0]
    assert image[small == 1].mean() > image[small == 0].mean() + 90


@needs_mmseg
@pytest.mark.slow
def test_lungs_are_found_and_kept(films, tmp_path, monkeypatch):
    """Dice of patients apart, and a mask for each film that has none, the same when asked again."""
    from real import lungs
    monkeypatch.setattr(lungs, 'STEPS', 4)
    masked, others = ([film for film in films if bool(film.mask) is there] for there in (True, False))
    masked[-3:] = [replace(film, kept_back=True) for film in masked[-3:]]
    images, masks = tmp_path / 'whole', lungs.write_masks(films, tmp_path / 'masks')
    for cache in (Cache(tmp_path / 'out'), Cache(tmp_path / 'out', reuse=True)):
        found = lungs.dice(masked, None, 1, images, masks, cache)
        assert len(found) == 1 and 0 <= found[0]['dice'] <= 1 and 0 <= found[0]['dice_pooled'] <= 1
        assert (found[0]['images'], found[0]['kept_back']['images']) == (len(folds(masked)[0].test), 3)
        predicted = lungs.predicted_masks(masked, others, images, masks, cache)
        assert {name: (mask.shape, mask.dtype) for name, mask in predicted.items()} == {
            film.name: ((SIZE, SIZE), bool) for film in others}
    assert lungs.dice(masked, None, 2, images, masks, Cache(tmp_path / 'out', reuse=True)) == found
