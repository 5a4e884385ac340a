"""Slips in configs and options: each is a line that names the nearest known name, and nothing is swallowed."""
import argparse
import subprocess
from pathlib import Path

import pytest
from mmengine.registry import OPTIMIZERS
from mmengine.runner import LogProcessor
from nothing_silent_page import says
from tiny_run import tiny_config
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader
from warm_process import ROOT

from prior_mm.dependencies import has_compiled_mmcv
from prior_mm.engine.config_names import Options, check_names, explain_argument
from prior_mm.engine.launch import build_runner, errors_as_messages, load_config
from prior_mm.registry import HOOKS, MODELS

SECTION = 'Loud, but in the way'


@pytest.fixture
def config(tmp_path) -> Path:
    tiny_config(tmp_path / 'data', tmp_path / 'run').dump(str(tmp_path / 'tiny.py'))
    return tmp_path / 'tiny.py'


@pytest.mark.parametrize(('options', 'message'), [
    ({'load_form': 'a.pth'}, "has no 'load_form'; the nearest is 'load_from'"),
    ({'train_dataloder.batch_size': 2}, "has no 'train_dataloder'; the nearest is 'train_dataloader'"),
    ({'optim_wraper.dtype': 'float32'}, "the nearest is 'optim_wrapper'"),
    ({'xyz': 1}, "the config has no 'xyz'"),
    ({'custom_hooks.9.type': 'EMAHook'}, 'custom_hooks.9.type=.* does not fit into the config'),
    ({'train_dataloader.batch_size.x': 2}, 'does not fit into the config'),
])
def test_options_that_nobody_reads(config, options, message):
    """An option of a part that is not there does not make one that nobody reads."""
    with pytest.raises(ValueError, match=message) as error:
        load_config(str(config), options)
    if 'load_form' in options:
        says(SECTION, 'a misspelt name', '`--cfg-options load_form=a.pth`', str(error.value), config.parent)


def test_names_in_a_config(config):
    """A slip for a name that is read is an error; names for the config's own use are not, nor is any of the project."""
    config.write_text(config.read_text() + '\nload_form = "a.pth"\n')
    with pytest.raises(ValueError, match="nothing reads 'load_form'; 'load_from' is meant") as error:
        load_config(str(config))
    says(SECTION, 'a misspelt name', '`load_form = ...` in a config', str(error.value), config.parent)
    config.write_text(config.read_text().replace('load_form = "a.pth"', ''))
    for options, message in (
            ({'env_cfg.cudnn_benchmrk': True}, "nothing reads env_cfg.cudnn_benchmrk; .* 'cudnn_benchmark'"),
            ({'randomness.seed': 'abc'}, "randomness.seed must be a whole number, it is 'abc'"),
            ({'randomness.sed': 1}, "nothing reads randomness.sed; the nearest is 'seed'"),
            ({'default_hooks.chekpoint.interval': 1}, "default_hooks.chekpoint; the nearest is 'checkpoint'"),
            ({'optim_wrapper.paramwise_cfg': dict(norm_decay_mul=0.)}, "the nearest is 'norm_decay_mult'")):
        with pytest.raises(ValueError, match=message) as error:
            load_config(str(config), options)
        if 'randomness.sed' in options:
            says(SECTION, 'a misspelt name', '`--cfg-options randomness.sed=1`', str(error.value), config.parent)
    for path in (ROOT / 'configs').rglob('*.py'):
        if '_base_' not in path.parts and (has_compiled_mmcv() or not {'seg', 'det'} & set(path.stem.split('_'))):
            check_names(load_config(str(path)))


def test_a_config_that_is_no_python(tmp_path):
    """File, line and what is wrong, instead of a traceback."""
    (tmp_path / 'broken.py').write_text('a = 1\nmodel = dict(\n')
    with pytest.raises(ValueError, match=r'broken\.py, line 2: this is no Python'):
        load_config(str(tmp_path / 'broken.py'))


@pytest.mark.parametrize(('words', 'message'), [
    (['a'], "'a' is not of the form key=value"), (['a', '=', '1'], "'a' is not of the form"),
    (['a=[1,2'], "the brackets of 'a=[1,2' do not match"), (['a b=1'], 'is not of the form key=value')])
def test_words_that_are_no_options(capsys, words, message):
    """What is no option ends the tool with a line."""
    parser = argparse.ArgumentParser('train.py')
    parser.add_argument('--cfg-options', nargs='+', action=Options)
    with pytest.raises(SystemExit):
        parser.parse_args(['--cfg-options', *words])
    printed = capsys.readouterr().err
    assert message in printed
    if words == ['a=[1,2']:
        says(SECTION, 'an option that is none', '`--cfg-options a=[1,2`', printed.splitlines()[-1])


def test_options_are_read():
    """Numbers, texts, lists and nested brackets, as MMEngine reads them."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=Options)
    words = ['a.b=1', 'c=[1,2]', 'd=x=y', 'e=1e-4', 'f=[(1,2),(3,4)]', 'g-h=None']
    assert parser.parse_args(['--cfg-options', *words]).cfg_options == {
        'a.b': 1, 'c': [1, 2], 'd': 'x=y', 'e': 1e-4, 'f': [(1, 2), (3, 4)], 'g-h': None}


def test_misspelt_argument(config):
    """A class that does not know an argument is named, with the nearest argument it knows."""
    changed = load_config(str(config), {'model.embed_dim': 3})
    with pytest.raises(SystemExit, match="type='PRIOR' in the config has no argument 'embed_dim'; the nearest is "
                                         "'embed_dims'") as error, errors_as_messages('tools/train.py'):
        build_runner(changed)
    says(SECTION, 'a misspelt argument', '`--cfg-options model.embed_dim=3`', str(error.value))
    for registry, given, message in (
            (HOOKS, dict(type='CheckpointHook', intervall=3), "'CheckpointHook' .* 'intervall'; .* is 'interval'"),
            (MODELS, dict(type='mmpretrain.ResNet', depht=18), "'ResNet' .* 'depht'; the nearest is 'depth'")):
        with pytest.raises(SystemExit, match=message), errors_as_messages('tools/train.py'):
            registry.build(given)
    with pytest.raises(SystemExit, match="a data loader has no argument 'batchsize'; the nearest is 'batch_size'"), \
            errors_as_messages('tools/train.py'):
        DataLoader([], batchsize=3)
    with pytest.raises(SystemExit, match="log_processor has no argument 'window'; the nearest is 'window_size'"), \
            errors_as_messages('tools/train.py'):
        LogProcessor(window=3)
    with pytest.raises(SystemExit, match="optim_wrapper.clip_grad has no argument 'max_nrm'; the nearest is 'max_norm'"
                       ), errors_as_messages('tools/train.py'):
        clip_grad_norm_([], max_nrm=3)
    assert explain_argument(TypeError('something else')) is None
    assert explain_argument(TypeError("own() got an unexpected keyword argument 'a'")) is None


@pytest.mark.parametrize(('registry', 'config', 'line'), [
    (OPTIMIZERS, dict(type='AdmW', lr=1),
     "type='AdmW' in the config: there is no such optimizer; the nearest is 'AdamW'"),
    (MODELS, dict(type='mmpretrain.ResNet', depth=19), 'invalid depth 19 for resnet')])
def test_misspelt_type(registry, config, line):
    """A component that there is none of, and a value that one refuses by a KeyError, are a line without a traceback."""
    with pytest.raises(SystemExit) as stop, errors_as_messages('tools/train.py'):
        registry.build(config)
    assert str(stop.value) == f'tools/train.py: {line}'
    with pytest.raises(KeyError), errors_as_messages('tools/train.py'):
        {}['of our own']
    if registry is OPTIMIZERS:
        says(SECTION, 'a misspelt name', '`--cfg-options optim_wrapper.optimizer.type=AdmW`', line)


def test_no_workers(config):
    """Without workers none persists: the setting that a config has for more of them is passed over."""
    runner = build_runner(load_config(str(config), {'train_dataloader.persistent_workers': True,
                                                    'train_dataloader.num_workers': 0, 'experiment_name': 'none'}))
    loader = runner.build_dataloader(runner._train_dataloader)
    assert loader.num_workers == 0 and not loader.persistent_workers
    says(SECTION, 'settings for each other', '`num_workers=0` beside persistent_workers=True', 'read without workers')


@pytest.mark.parametrize('tool', ['train', 'test'])
def test_port_that_is_taken(tool):
    """One line with the mend, instead of torchrun's forty."""
    import socket
    import sys
    with socket.socket() as place:
        place.bind(('', 0))
        place.listen()
        port = place.getsockname()[1]
        result = subprocess.run(['bash', str(ROOT / f'tools/dist_{tool}.sh'), 'a.py', 'a.pth', '2'],
                                capture_output=True, text=True, env=dict(
                                    PATH=f'{Path(sys.executable).parent}:/usr/bin:/bin', PORT=str(port)))
    line = result.stderr.strip()
    assert result.returncode == 1 and '\n' not in line and f'PORT={port + 1} tools/dist_{tool}.sh' in line
    if tool == 'train':
        says(SECTION, 'a taken port', '`tools/dist_train.sh` beside another run',
             line.replace(str(port + 1), '29501').replace(str(port), '29500'))
