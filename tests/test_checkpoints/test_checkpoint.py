"""Checkpoints are data: nothing else is written, nothing is executed, nothing that stood there is lost."""
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.checkpoints.checkpoint import load_checkpoint, load_state_dict, save_checkpoint


class Payload:
    """Writes a file when it is unpickled."""

    def __init__(self, target) -> None:
        self.target = str(target)

    def __reduce__(self):
        return (open, (self.target, 'w'))


def test_round_trip(tmp_path):
    """Plain containers and tensors come back as they were."""
    checkpoint = dict(meta=dict(epoch=3, name='run', ok=True, nothing=None, rates=[0.1, (1, 2)]), w=torch.randn(3))
    save_checkpoint(checkpoint, tmp_path / 'sub' / 'a.pth')
    loaded = load_checkpoint(tmp_path / 'sub' / 'a.pth')
    assert loaded['meta'] == checkpoint['meta'] and torch.equal(loaded['w'], checkpoint['w'])
    assert [path.name for path in (tmp_path / 'sub').iterdir()] == ['a.pth']


def test_only_plain_data_is_written(tmp_path):
    """An object in a checkpoint is an error that names its place, before the old file is touched."""
    save_checkpoint(dict(a=1), tmp_path / 'a.pth')
    with pytest.raises(TypeError, match=r"checkpoint\['meta'\]\[0\] is of type Payload"):
        save_checkpoint(dict(meta=[Payload('x')]), tmp_path / 'a.pth')
    assert load_checkpoint(tmp_path / 'a.pth') == dict(a=1)


def test_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    """A disk that fills up in the middle of writing leaves the previous checkpoint, and no rubbish."""
    save_checkpoint(dict(a=1), tmp_path / 'a.pth')

    def full(checkpoint, file):
        file.write(b'half')
        raise OSError('No space left on device')

    monkeypatch.setattr(torch, 'save', full)
    with pytest.raises(OSError, match='No space'):
        save_checkpoint(dict(a=2), tmp_path / 'a.pth')
    assert load_checkpoint(tmp_path / 'a.pth') == dict(a=1)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize('write', [
    lambda value, path: torch.save(value, path),
    lambda value, path: path.write_bytes(pickle.dumps(value)),
], ids=['torch', 'bare pickle'])
def test_code_is_refused(tmp_path, write):
    """A file with a pickle payload runs nothing, and is refused in a message that says why."""
    write(dict(state_dict=dict(w=torch.zeros(1)), evil=Payload(tmp_path / 'ran')), tmp_path / 'evil.pth')
    with pytest.raises(ValueError, match='evil.pth'):
        load_checkpoint(tmp_path / 'evil.pth')
    assert not (tmp_path / 'ran').exists()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 900))
def test_damaged_files(tmp_path_factory, noise, cut):
    """Whatever bytes stand in a file, the error is one of ours and names it."""
    folder = tmp_path_factory.mktemp('damaged')
    save_checkpoint(dict(state_dict=dict(w=torch.zeros(4))), folder / 'a.pth')
    whole = (folder / 'a.pth').read_bytes()
    (folder / 'a.pth').write_bytes(whole[:cut] + noise)
    with pytest.raises(ValueError, match='a.pth'):
        load_checkpoint(folder / 'a.pth')


def test_state_dicts(tmp_path):
    """Parameters are found in MMEngine's, Lightning's, plain and safetensors files; elsewhere it is an error."""
    from safetensors.torch import save_file
    weights = dict(a=torch.ones(2))
    torch.save(dict(state_dict=weights, meta={}), tmp_path / 'mm.pth')
    torch.save(weights, tmp_path / 'plain.pth')
    torch.save(dict(model=weights, epoch=1), tmp_path / 'model.pth')
    save_file(weights, tmp_path / 'a.safetensors')
    for path in tmp_path.iterdir():
        assert load_state_dict(path).keys() == weights.keys(), path
    torch.save(dict(epoch=1), tmp_path / 'none.pth')
    with pytest.raises(ValueError, match='holds no parameters'):
        load_state_dict(tmp_path / 'none.pth')
    with pytest.raises(FileNotFoundError, match='there is no checkpoint'):
        load_state_dict(tmp_path / 'missing.pth')


def test_torchvision_weights_offline(tmp_path, monkeypatch):
    """Where they cannot be fetched, the message says which file goes where."""
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))

    def offline(*args):
        raise OSError('Name or service not known')

    monkeypatch.setattr(torch.hub, 'download_url_to_file', offline)
    with pytest.raises(FileNotFoundError, match=r'resnet50-\w+\.pth into .*checkpoints.*PRIOR_IMAGE_ENCODER'):
        load_state_dict('torchvision://resnet50')
    with pytest.raises(ValueError, match='resnet51'):
        load_state_dict('torchvision://resnet51')
