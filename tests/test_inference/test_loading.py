"""A model is loaded from whatever holds one, as data, with what its training says of images and texts."""
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from tiny_model import ALIGNMENT, tiny_checkpoint

import prior_mm
from prior_mm.checkpoints.checkpoint import latest_checkpoint, load_checkpoint, note_checkpoint, save_checkpoint
from prior_mm.converters.range_options import range_said
from prior_mm.converters.resized_copies import write_resized
from prior_mm.datasets.images import PixelRange
from prior_mm.export import export

TOUCHED = Path('/tmp/prior_mm_inference_was_here')


def changed(home, tmp_path, change):
    """A copy of the checkpoint with something changed."""
    content = load_checkpoint(home / 'run/epoch_6.pth')
    change(content)
    save_checkpoint(content, tmp_path / 'changed.pth')
    return tmp_path / 'changed.pth'


def test_each_source(home, model, tmp_path):
    """The folder of the run, its checkpoint, and an export as folder or file answer alike."""
    export(home / 'run/epoch_6.pth', tmp_path / 'joint', 'joint')
    image = home / 'data/files/test_0_0.png'
    expected = model.embed_images(image).vectors
    for source in (home / 'run/epoch_6.pth', tmp_path / 'joint', tmp_path / 'joint/model.safetensors'):
        loaded = prior_mm.load(source, progress=False)
        np.testing.assert_allclose(loaded.embed_images(image).vectors, expected, atol=1e-6)
        np.testing.assert_allclose(loaded.embed_texts('heart large .').vectors,
                                   model.embed_texts('heart large .').vectors, atol=1e-6)
        assert loaded.info.synthetic is True and loaded.info.losses == model.info.losses and loaded.info.epoch == 6
    assert str(home / 'run/epoch_6.pth') == model.info.path  # the fixture's is that of the folder


def test_a_run_that_was_stopped(home, tmp_path):
    """Of a run stopped on its way the last regular checkpoint counts; what it stopped with, only if that is all."""
    run = tmp_path / 'run'
    run.mkdir()
    shutil.copy(home / 'run/epoch_6.pth', run / 'preempted.pth')
    note_checkpoint(run, '/moved/away/preempted.pth', [])
    assert prior_mm.load(run, progress=False).info.path == str(run / 'preempted.pth')
    shutil.copy(home / 'run/epoch_6.pth', run / 'epoch_2.pth')
    note_checkpoint(run, '/moved/away/preempted.pth', ['/moved/away/epoch_2.pth'])
    assert prior_mm.load(run, progress=False).info.path == str(run / 'epoch_2.pth')
    assert prior_mm.load(run / 'preempted.pth', progress=False).info.path == str(run / 'preempted.pth')
    assert str(latest_checkpoint(run)) == str(run / 'preempted.pth'), '--resume goes on from where it stopped'


def test_an_export_is_of_its_stage(tmp_path):
    """An export of the first stage does not take sentences for prototypes that were never trained."""
    path = tiny_checkpoint(tmp_path, ALIGNMENT)
    export(path, tmp_path / 'joint', 'joint')
    one, other = prior_mm.load(path, progress=False), prior_mm.load(tmp_path / 'joint', progress=False)
    assert not other.encoder.method.needs('prototype')
    np.testing.assert_allclose(one.embed_texts('heart').vectors, other.embed_texts('heart').vectors, atol=1e-6)


def test_stages_of_earlier_checkpoints(home, tmp_path):
    """A checkpoint that tells its epoch alone is of the stage in which that lies."""
    def forget(content):
        content['meta'].pop('losses')
        content['meta']['epoch'] = 2
    loaded = prior_mm.load(changed(home, tmp_path, forget), progress=False)
    assert set(loaded.info.losses) == set(ALIGNMENT)


def test_converted_weights(home, model, tmp_path):
    """Weights that say nothing of themselves need a config, and then are as any."""
    path = changed(home, tmp_path, lambda content: content.update(meta=dict(converted_from='a.ckpt')))
    with pytest.raises(ValueError, match='name the config'):
        prior_mm.load(path)
    config = tmp_path / 'own.py'
    config.write_text('\n'.join(f'{key} = {model.info.config[key]!r}' for key in ('model', 'train_dataloader')))
    loaded = prior_mm.load(path, config=str(config), progress=False)
    image = home / 'data/files/test_0_0.png'
    np.testing.assert_allclose(loaded.embed_images(image).vectors, model.embed_images(image).vectors, atol=1e-6)


@pytest.mark.parametrize(('kind', 'says'), [
    ('os.system', 'not trusted'), ('builtins.exec', 'not trusted'), ('torch.load', 'not trusted'),
    ('StudyPreprocessor', 'no method of pre-training')])
def test_types_of_a_checkpoint_are_not_trusted(home, tmp_path, kind, says):
    """What a checkpoint names as its model is built only if it is a method of this project."""
    def poison(content):
        content['meta']['config']['model']['type'] = kind
        content['meta']['config']['model']['command'] = f'touch {TOUCHED}'
    with pytest.raises(ValueError, match=says):
        prior_mm.load(changed(home, tmp_path, poison))
    assert not TOUCHED.exists()


def test_what_cannot_be_loaded(home, tmp_path):
    """Folders without a model, parts of one, other sizes and broken files are refused in a message."""
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'broken.pth').write_bytes(b'nothing')
    export(home / 'run/epoch_6.pth', tmp_path / 'image', 'image')
    shutil.copytree(home / 'run', tmp_path / 'half')
    content = load_checkpoint(home / 'run/epoch_6.pth')
    content['state_dict'] = {name: value for name, value in content['state_dict'].items() if 'text' not in name}
    save_checkpoint(content, tmp_path / 'half.pth')
    for source, error, says in (
            (tmp_path / 'none', FileNotFoundError, 'there is no'),
            (tmp_path / 'empty', FileNotFoundError, 'no checkpoint'),
            (tmp_path / 'broken.pth', ValueError, 'is refused|cannot be read'),
            (tmp_path / 'image', ValueError, 'no export of a joint model'),
            (tmp_path / 'half.pth', ValueError, 'holds no text_encoder|do not fit')):
        with pytest.raises(error, match=says):
            prior_mm.load(source)


def test_ranges_of_gray_values(home, tmp_path):
    """The training's pixel range is applied, unless another is named."""
    path = changed(home, tmp_path, lambda content: content['meta']['dataset_meta'].update(pixel_range=dict(bits=12)))
    assert prior_mm.load(path, progress=False).encoder.pixel_range == PixelRange(bits=12)
    own = prior_mm.load(path, pixel_range=PixelRange(percentile=1), progress=False)
    assert own.encoder.pixel_range == PixelRange(percentile=1)
    gray = np.random.default_rng(0).integers(0, 4096, (40, 40)).astype(np.uint16)
    found = prior_mm.load(path, progress=False).embed_images(gray).vectors
    same = prior_mm.load(home / 'run', progress=False).embed_images(gray / 4095.).vectors
    np.testing.assert_allclose(found, same, atol=1e-3)


@pytest.mark.parametrize('white', [PixelRange(bits=12), PixelRange(percentile=.5)])
def test_ranges_of_copies(home, tmp_path, white):
    """Trained on resized copies, a model reads films by the range that these were written with; the copies as before.

    Those that an annotation file lists are not scaled once more. A copy alone is, which says nothing of its origin:
    bits change none, a percentile cuts what little lies beyond it again.
    """
    shutil.copytree(home / 'data', tmp_path / 'data')
    said = range_said(white, 32)
    path = changed(home, tmp_path, lambda content: content['meta']['dataset_meta'].update(said))
    model, plain = (prior_mm.load(one, progress=False) for one in (path, home / 'run'))
    assert model.encoder.pixel_range == white and model.info.pixel_range == white.describe()
    film, copy = tmp_path / 'film.png', tmp_path / 'data/copy.jpg'
    smooth = cv2.resize(np.random.default_rng(0).random((8, 8)), (64, 64), interpolation=cv2.INTER_CUBIC)
    Image.fromarray((np.clip(smooth, 0, 1) * 4000).astype(np.uint16)).save(film)
    write_resized(film, copy, 32, white)
    trained = plain.encoder.prepare(copy)
    assert np.abs(model.encoder.prepare(film) - trained).mean() < .01
    assert np.abs(model.encoder.prepare(copy) - trained).max() <= (0 if white.bits else .03)
    annotations = tmp_path / 'data/annotations/train.json'
    content = json.loads(annotations.read_text())
    content['metainfo'].update(said)
    content['data_list'] = [dict(study, images=['copy.jpg'], views=['PA']) for study in content['data_list'][:1]]
    annotations.write_text(json.dumps(content))
    np.testing.assert_array_equal(model.index(annotations).image_vectors, plain.index(annotations).image_vectors)


def test_loading_draws_no_numbers(home):
    """The generator of the caller stands where it stood."""
    torch.manual_seed(7)
    before = torch.get_rng_state()
    prior_mm.load(home / 'run', progress=False)
    assert torch.equal(before, torch.get_rng_state())


def test_other_methods(tmp_path):
    """Another method of the project is loaded as itself, scores prompts, and says what it has not."""
    def other(config):
        model = {key: config['model'][key] for key in ('data_preprocessor', 'image_encoder', 'text_encoder',
                                                       'embed_dims')}
        return json.loads(json.dumps(dict(model, type='ConVIRT')))
    from mmengine.registry import init_default_scope
    from tiny_run import tiny_config

    from prior_mm.registry import MODELS
    config = tiny_config(tmp_path / 'data', tmp_path / 'run').to_dict()
    config['model'] = other(config)
    init_default_scope('prior_mm')
    model = MODELS.build(dict(config['model']))
    meta = dict(config=json.loads(json.dumps(config)), losses=model.loss_weights)
    save_checkpoint(dict(state_dict=model.state_dict(), meta=meta), tmp_path / 'convirt.pth')
    loaded = prior_mm.load(tmp_path / 'convirt.pth', progress=False)
    image = tmp_path / 'data/files/test_0_0.png'
    found = loaded.score(image, ['heart large', 'no effusion'])
    assert loaded.info.method == 'ConVIRT'
    np.testing.assert_allclose(found.scores, found.cosines, atol=1e-6)
    assert loaded.heatmap(image, 'heart').patches.shape == (2, 2)
    with pytest.raises(ValueError, match='gives no reconstruction'):
        loaded.reconstruct(image, 'heart')
