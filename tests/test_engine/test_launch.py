"""From a config file to a config that the runner can build from."""
from pathlib import Path

import pytest
import torch
from tiny_run import tiny_config

from prior_mm.engine.launch import build_runner, load_config, resume


def test_a_base_of_the_installed_configs(tmp_path):
    """`prior_mm::...` as a base leaves no note of the package where MMEngine would hand it on as an argument."""
    path = tmp_path / 'mine.py'
    path.write_text("_base_ = ['prior_mm::prior/pretrain_own_small.py']\nwork_dir = 'runs/mine'\n")
    config = load_config(str(path))
    assert config.work_dir == 'runs/mine'
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        assert config[name].collate_fn == dict(type='collate_studies')


def test_an_installed_config(tmp_path, monkeypatch):
    """`prior_mm::...` on a command line is that config of the package, from any folder; what is not there is said."""
    monkeypatch.chdir(tmp_path)
    config = load_config('prior_mm::prior/pretrain_own_small.py')
    assert Path(config.filename).is_absolute()
    assert config.model.type == 'PRIOR'
    with pytest.raises(FileNotFoundError, match='no config prior_mm::prior/nothing.py; .*has those of prior_mm'):
        load_config('prior_mm::prior/nothing.py')
    with pytest.raises(FileNotFoundError, match='no package no_such_package is installed'):
        load_config('no_such_package::prior/nothing.py')


@pytest.mark.skipif(not hasattr(torch.backends.cuda, 'enable_cudnn_sdp'), reason='this PyTorch has no such attention')
def test_no_attention_that_is_planned_anew(tmp_path):
    """Training and testing leave out cuDNN's attention, which plans for seconds at each new length of reports."""
    torch.backends.cuda.enable_cudnn_sdp(True)
    build_runner(tiny_config(tmp_path / 'data', tmp_path / 'run'))
    assert not torch.backends.cuda.cudnn_sdp_enabled()


def test_resume_where_there_is_nothing_yet(tmp_path):
    """`--resume` of a run that has written no checkpoint begins as the run would, from its `load_from`."""
    (tmp_path / 'c.py').write_text("load_from = 'weights.pth'\nresume = False\n")
    config = load_config(str(tmp_path / 'c.py'), work_dir=str(tmp_path / 'run'))
    resume(config)
    assert (config.resume, config.load_from) == (False, 'weights.pth')
    (tmp_path / 'run').mkdir()
    torch.save({}, tmp_path / 'run' / 'epoch_1.pth')
    (tmp_path / 'run' / 'last_checkpoint').write_text('epoch_1.pth')
    resume(config)
    assert (config.resume, config.load_from) == (True, None)
    resume(config, 'other.pth')
    assert (config.resume, config.load_from) == (True, 'other.pth')
