"""The configs that users start from."""
from pathlib import Path
from string import ascii_letters

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from prior_mm.engine import Stages
from prior_mm.models.prior import PUBLISHED_LOSSES
from prior_mm.registry import METRICS, MODELS

CONFIGS = sorted((Path(__file__).parents[1] / 'configs' / 'prior').glob('*.py'))
#: The losses that an ablation is without, in every stage.
MISSING = {
    'without_lam': {'local_image', 'local_text'},
    'without_spb': {'prototype', 'kl'},
    'without_ccr': {'image_reconstruction', 'sentence_prototype', 'kl', 'global_prediction'},
}
#: Beyond the paper.
STAGES = {
    'demo_global_alone': ['alignment'],
    'prior_demo_grounded': ['alignment', 'grounding'],
    'prior_mimic_grounded': ['alignment', 'grounding', 'prototypes', 'reconstruction'],
}


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_config_builds(path, tmp_path):
    """The model builds, its stages name losses that there are, and an ablation leaves out its part's and no others."""
    init_default_scope('prior_mm')
    config = Config.fromfile(path)
    vocabulary = tmp_path / 'vocab.txt'
    vocabulary.write_text('\n'.join(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', *ascii_letters,
                                     *(f'##{letter}' for letter in ascii_letters)]))  # no prompt is unknown
    if 'pretrained' in config.model.text_encoder:  # not on this machine; its width is what the others must fit
        config.model.text_encoder = dict(type='TextEncoder', config=dict(num_hidden_layers=1))
    config.model.text_encoder['vocab_file'] = str(vocabulary)
    if 'prompts' in config.model:
        config.model.tokenizer = str(vocabulary)
    model = MODELS.build(config.model)
    stages = Stages.from_config(config.train_cfg.stages)
    names = [stage.name for stage in stages.stages]
    assert names == STAGES.get(path.stem, ['alignment', 'prototypes', 'reconstruction'])
    present = set(PUBLISHED_LOSSES) - MISSING.get(path.stem.removeprefix('demo_'), set())
    for stage in stages.stages:
        model.set_losses(stage.losses)
        assert set(model.loss_weights) == set(stage.losses) & present
    evaluators = config.test_evaluator if isinstance(config.test_evaluator, list) else [config.test_evaluator]
    assert all(METRICS.build(evaluator) for evaluator in evaluators)


def test_published_run():
    """The published run is the paper's: 150 epochs, 98 studies a GPU, seed, peaks of the learning rate."""
    config = Config.fromfile(next(path for path in CONFIGS if path.stem == 'pretrain_mimic'))
    stages = Stages.from_config(config.train_cfg.stages)
    assert [stage.epochs for stage in stages.stages] == [20, 30, 100] and config.randomness.seed == 114514
    assert [stage.lr for stage in stages.stages] == [1e-5, 1e-5, 5e-6] and config.train_dataloader.batch_size == 98
    assert dict(stages.stages[2].losses) == PUBLISHED_LOSSES


def test_ablations_are_three_lines():
    """An ablation says what it leaves out and nothing else."""
    for name in (*MISSING, *(f'demo_{name}' for name in MISSING)):
        lines = next(path for path in CONFIGS if path.stem == name).read_text().splitlines()
        assert len(lines) == 3
