"""A result is used again only if settings, code, files and weights are those of now."""
import argparse
import json

import pytest
import torch

from prior_mm.checkpoints.checkpoint import note_checkpoint, read_meta, save_checkpoint
from prior_mm.downstream.command_line import add_run_options, read_run
from prior_mm.downstream.done_before import Stand, stand_of
from prior_mm.files import fingerprint as module
from prior_mm.files.file_hash import sha256
from prior_mm.files.fingerprint import fingerprint

CONFIG = '''
optim_wrapper = dict(optimizer=dict(lr=1e-4))
model = dict(tokenizer='vocab.txt')
test_dataloader = dict(batch_size=4)
'''


def options(*words):
    """As train.py and test.py read them."""
    parser = argparse.ArgumentParser()
    add_run_options(parser)
    return parser.parse_args(['a.py', '--work-dir', 'run', *words])


@pytest.fixture
def done(tmp_path, monkeypatch):
    """A run that was trained and tested: a checkpoint and a result."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'a.py').write_text(CONFIG)
    (tmp_path / 'vocab.txt').write_text('a')
    said = {training: fingerprint(read_run(options(), training)[0].to_dict(), training) for training in (True, False)}
    save_checkpoint(dict(state_dict=dict(w=torch.zeros(1)), meta=dict(fingerprint=said[True])), 'run/epoch_1.pth')
    note_checkpoint('run', 'run/epoch_1.pth')
    (tmp_path / 'a.json').write_text(json.dumps(dict(
        checkpoint_sha256=sha256('run/epoch_1.pth'), fingerprint=dict(training=said[True], test=said[False]))))
    return tmp_path


def how_far(root, *words):
    """Of the run with these options."""
    return stand_of(root / 'a.json', options(*words), options(*words), weights=True)


def test_the_same(done):
    """Same settings, same files: nothing to do; also once its checkpoints were removed to save room."""
    assert how_far(done) == how_far(done, '--cfg-options', 'log_level=DEBUG') == Stand(tested=True, trained=True)
    (done / 'run/epoch_1.pth').unlink()
    assert how_far(done).tested
    assert not how_far(done, '--work-dir', 'elsewhere').otherwise


@pytest.mark.parametrize(('words', 'change', 'message'), [
    (('--cfg-options', 'optim_wrapper.optimizer.lr=1e-3'), None, 'optim_wrapper.optimizer.lr is 0.0001 there, 0.001'),
    (('--seed', '3'), None, 'randomness.seed is not given there, 3 here'),
    ((), lambda root, patch: (root / 'vocab.txt').write_text('b'), 'the content of model.tokenizer is '),
    ((), lambda root, patch: patch.setattr(module, 'code_hash', lambda: 'f' * 64), 'the code is '),
    ((), lambda root, patch: (root / 'a.json').write_text('{"metrics": {}}'), 'it has no fingerprint'),
], ids=['another rate', 'another seed', 'another vocabulary', 'other code', 'an old result'])
def test_otherwise(done, monkeypatch, words, change, message):
    """Named: neither trained on from, nor tested, nor used; with a result and with a checkpoint alone."""
    if change is not None:
        change(done, monkeypatch)
    found = how_far(done, *words)
    assert found.otherwise.startswith(f'{done / "a.json"} is of another run: ') and message in found.otherwise
    assert not found.tested and not found.trained
    if 'a.json' not in message and 'no fingerprint' not in message:
        (done / 'a.json').unlink()
        assert 'run/epoch_1.pth is of another run: ' in how_far(done, *words).otherwise


def test_the_test_alone(done):
    """Another batch size of the test, or another checkpoint than was tested: tested again, not trained."""
    assert how_far(done, '--cfg-options', 'test_dataloader.batch_size=9') == Stand(trained=True)
    save_checkpoint(dict(state_dict=dict(w=torch.ones(1)), meta=read_meta('run/epoch_1.pth')), 'run/epoch_2.pth')
    note_checkpoint('run', 'run/epoch_2.pth')
    assert how_far(done) == Stand()


def test_without_training(done):
    """A test of a run's checkpoint is done again if that is another one, or with other settings."""
    assert stand_of(done / 'a.json', None, options(), weights=True).tested
    assert not stand_of(done / 'a.json', None, options('--cfg-options', 'test_dataloader.batch_size=1'), True).tested
    save_checkpoint(dict(state_dict=dict(w=torch.ones(1))), 'run/epoch_1.pth')
    assert not stand_of(done / 'a.json', None, options(), weights=True).tested
    assert stand_of(done / 'a.json', None, options(), weights=False).tested  # random weights


def test_nothing_yet(done):
    """Nothing there, nothing refused; a damaged result is an error that says what to do."""
    (done / 'a.json').unlink()
    assert how_far(done) == Stand()
    (done / 'a.json').write_text('{')
    with pytest.raises(ValueError, match='a.json is not JSON .* Remove it'):
        how_far(done)
