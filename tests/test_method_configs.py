"""The configs of the methods beside PRIOR."""
from pathlib import Path
from string import ascii_letters

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from prior_mm.engine import Stages
from prior_mm.registry import METRICS, MODELS, TRANSFORMS

FOLDER = Path(__file__).parents[1] / 'configs'
METHODS = ('afloc', 'convirt', 'cxr_clip', 'gloria', 'mgca', 'siglip')


@pytest.mark.parametrize('path', [path for method in METHODS for path in sorted((FOLDER / method).glob('*.py'))],
                         ids=lambda path: f'{path.parent.name}-{path.stem}')
def test_config_builds(path, tmp_path):
    """Model and pipelines build, with every published loss of the method in the one stage."""
    init_default_scope('prior_mm')
    config = Config.fromfile(path)
    vocabulary = tmp_path / 'vocab.txt'
    vocabulary.write_text('\n'.join(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', *ascii_letters,
                                     *(f'##{letter}' for letter in ascii_letters)]))  # no prompt is unknown
    text = config.model.text_encoder
    if 'pretrained' in text:  # not on this machine; its width is what the others must fit
        config.model.text_encoder = {**{key: value for key, value in text.items() if key != 'pretrained'},
                                     'config': dict(num_hidden_layers=text.get('last_layers', 1))}
    config.model.text_encoder['vocab_file'] = str(vocabulary)
    if 'prompts' in config.model:
        config.model.tokenizer = str(vocabulary)
    model = MODELS.build(config.model)
    (stage, ) = Stages.from_config(config.train_cfg.stages).stages
    assert stage.losses == model.PUBLISHED_LOSSES == model.loss_weights
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        for step in loader.dataset.pipeline:
            for inner in step.get('transforms', [step]):
                if inner.type == 'TokenizeReport':
                    inner['tokenizer'] = str(vocabulary)
            TRANSFORMS.build(step)
    evaluators = config.test_evaluator if isinstance(config.test_evaluator, list) else [config.test_evaluator]
    assert all(METRICS.build(evaluator) for evaluator in evaluators)


def test_no_two_methods_train_in_one_folder():
    """What one method's training writes, no other one's takes for its own."""
    folders = [Config.fromfile(path).get('work_dir') for method in METHODS
               for path in (FOLDER / method).glob('pretrain_*.py')]
    assert None not in folders and len(set(folders)) == len(folders)
