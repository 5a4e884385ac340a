"""Whether a training was its protocol's is told by what was trained, not by the protocol's name."""
from pathlib import Path

import pytest

from prior_mm.downstream.as_protocol import left_protocol
from prior_mm.downstream.settings import apply_settings
from prior_mm.engine.launch import load_config
from prior_mm.files.fingerprint import fingerprint

CONFIGS = Path(__file__).parents[2] / 'configs'


@pytest.fixture
def run(tmp_path):
    """From a config, changes and settings of a run to what its test finds."""
    for folder in ('benchx-2/official', 'demo/seed0', 'prior/seed0'):
        for split in ('train', 'val', 'test'):
            path = tmp_path / f'annotations/{folder}/classification/{split}.json'
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text('{"metainfo": {}, "data_list": []}')
    (tmp_path / 'annotations/benchx-2/official/splits').mkdir()
    (tmp_path / 'annotations/benchx-2/official/splits/train_1.txt').write_text('a\n')

    def run(name, changes=None, seed=7, **downstream):
        made = []
        for training in (True, False):
            config = load_config(str(CONFIGS / f'downstream/{name}.py'), changes)
            config.downstream.update(dict(data_root=str(tmp_path), pretrained='none', frozen=False, **downstream))
            config.randomness.seed = seed
            apply_settings(config, training)
            made.append(config)
        return left_protocol(made[1], dict(fingerprint=fingerprint(made[0].to_dict(), training=True)), CONFIGS)
    return run


def test_its_own_config(run):
    """Seed, share of the labels, weights, tricks and how precise numbers are belong to a run."""
    as_it_is = dict(than='benchx/2', differences={})
    assert run('benchx/rsna_cls') == as_it_is
    assert run('benchx/rsna_cls', {'optim_wrapper.dtype': 'float32'}, labels=1, repeat='official', backbone_rate=1,
               head_norm=True, head_init='truncated_normal') == as_it_is


def test_another_config_by_the_same_name(run):
    """``--protocol benchx/2`` on a config that trains otherwise, and a change to the protocol's, are seen."""
    left = run('rsna_cls', protocol='benchx/2', repeat='official')
    assert left['than'] == 'benchx/2' and left['differences']['optim_wrapper.optimizer.type'] == 'AdamW'
    assert {'train_cfg.max_iters', 'train_dataloader.batch_size', 'model.data_preprocessor.mean'} < \
        left['differences'].keys()
    changed = run('benchx/rsna_cls', {'optim_wrapper.optimizer.lr': .02})
    assert changed['differences'] == {'optim_wrapper.optimizer.lr': .02}
    assert 'train_dataloader.dataset.pipeline.1.scale' in run('benchx/rsna_cls', size=96)['differences']
    assert run('benchx/rsna_cls', normalise=None)['differences'].keys() == {'model.data_preprocessor.mean',
                                                                           'model.data_preprocessor.std'}


def test_without_a_config_of_the_protocol(run):
    """The config's own file is what a run is compared with, whatever size or normalisation it was given."""
    assert run('rsna_cls', size=64, normalise=(.5, .5)) == dict(than='rsna_cls.py', differences={})
    assert run('rsna_cls', {'optim_wrapper.optimizer.weight_decay': .5})['differences'] == {
        'optim_wrapper.optimizer.weight_decay': .5}
    assert run('demo/rsna_cls') == dict(than='demo/1', differences={})


def test_a_checkpoint_that_says_nothing():
    """Nothing is known, which is not the same as nothing differs."""
    assert left_protocol(load_config(str(CONFIGS / 'downstream/demo/rsna_cls.py')), {}, CONFIGS) is None
