"""What the log says of the prototypes' use: of the whole epoch, also when the run was stopped within it."""
import json
from collections import Counter
from math import exp, log
from types import SimpleNamespace

import pytest
import torch
from tiny_methods import batch, tiny
from tiny_run import tiny_config
from torch import nn
from torch.nn.functional import cosine_similarity

from prior_mm.engine import PrototypeUsageHook
from prior_mm.engine.hooks import prototype_usage_hook as module
from prior_mm.registry import MODELS

STEPS = [torch.eye(4)[[place]] for place in (0, 2, 2, 0, 1, 1)]  # two epochs of three


@pytest.fixture
def runner():
    """Of a model with a bank, and what it logs."""
    said, model = [], nn.Module()
    model.prototype_bank = nn.Linear(2, 4)
    model.prototype_bank.usage = None
    return SimpleNamespace(model=model, iter=0, epoch=0, train_dataloader=range(3), said=said,
                           logger=SimpleNamespace(info=said.append),
                           message_hub=SimpleNamespace(update_scalars=lambda figures: None))


def train(runner, hook, stop=6):
    """Go on until a step, and give what a checkpoint would hold."""
    while runner.iter < stop:
        hook.before_train_epoch(runner)
        for step in range(runner.iter, min(stop, 3 * (runner.epoch + 1))):
            runner.model.prototype_bank.usage.add(STEPS[step])
            runner.iter += 1
        if runner.iter == 3 * (runner.epoch + 1):
            hook.after_train_epoch(runner)
            runner.epoch += 1
    return json.loads(json.dumps(hook.state_dict()))


@pytest.mark.parametrize('stop', [1, 2, 3, 4, 5])
def test_a_resumed_epoch_is_counted_whole(runner, stop):
    """Wherever it was stopped, the figures are those of the run that was not."""
    state = train(runner, PrototypeUsageHook(), stop)
    resumed = PrototypeUsageHook()
    resumed.load_state_dict(state)
    train(runner, resumed)
    assert runner.said == ['prototypes: perplexity 1.9, 2 dead of 4', 'prototypes: perplexity 1.9, 2 dead of 4']


@pytest.mark.parametrize(('world', 'known'), [(2, True), (1, False)])
def test_a_part_of_an_epoch_is_called_so(runner, monkeypatch, world, known):
    """With several processes, or a checkpoint that holds no counts, the log says what was counted."""
    monkeypatch.setattr(module, 'get_world_size', lambda: world)
    state, resumed = train(runner, PrototypeUsageHook(), 2), PrototypeUsageHook()
    if known:
        resumed.load_state_dict(state)
    train(runner, resumed)
    assert runner.said == ['prototypes: perplexity 1.0, 3 dead of 4 (of the last 1 of 3 steps)',
                           'prototypes: perplexity 1.9, 2 dead of 4']


def test_counts_of_another_epoch_are_not_taken(runner):
    """A checkpoint of the end of an epoch, or of a stage without prototypes, adds nothing."""
    for state in (dict(first=0, counts=[9., 0., 0., 0.]), dict(first=3, counts=None)):
        runner.iter, runner.epoch, hook = 3, 1, PrototypeUsageHook()
        hook.load_state_dict(state)
        train(runner, hook)
    assert runner.said == ['prototypes: perplexity 1.9, 2 dead of 4'] * 2


def in_stage(stage: int, folder) -> nn.Module:
    """A tiny PRIOR, without the dropout of its text encoder."""
    config = tiny_config(folder / 'data', folder)
    config.model.text_encoder.config.update(hidden_dropout_prob=0., attention_probs_dropout_prob=0.)
    torch.manual_seed(0)
    return MODELS.build(dict(config.model, loss_weights=config.train_cfg.stages[stage - 1].losses))


@pytest.mark.parametrize(('name', 'stage'), [('PRIOR', 2), ('PRIOR', 3), ('MGCA', 1)])
def test_nearest_prototypes_by_hand(runner, name, stage, tmp_path):
    """In training the sentences (PRIOR) or the images and reports (MGCA) are counted, in evaluation nothing.

    What the last stage predicts of sentences is not counted.
    """
    prior = name == 'PRIOR'
    model = runner.model = (in_stage(stage, tmp_path) if prior else tiny(name)).train()
    table = (model.prototype_bank if prior else model.prototypes).prototypes.weight
    batches = [batch([[2, 4], [2, 2, 2], [4]]), batch([[2], [6, 1, 1, 2]], seed=1)]
    batches = [(images, reports._replace(token_ids=reports.token_ids % 15)) for images, reports in batches]
    nearest = Counter()
    for images, reports in batches:
        study = model(images, reports)
        for vector in study.sentences[study.sentence_mask] if prior else [*study.image, *study.report]:
            fits = [(vector @ row if prior else cosine_similarity(vector, row, dim=0)).item() for row in table]
            nearest[fits.index(max(fits))] += 1
    figures, hook, runner.train_dataloader = {}, PrototypeUsageHook(), batches
    runner.message_hub.update_scalars = figures.update
    hook.before_train_epoch(runner)
    for images, reports in batches:
        model(images, reports, mode='loss')
        runner.iter += 1
    model.eval()(*batches[0], mode='loss')
    hook.after_train_epoch(runner)
    shares = [count / nearest.total() for count in nearest.values()]
    assert len(nearest) > 1 and figures == {
        'prototypes/perplexity': pytest.approx(exp(-sum(share * log(share) for share in shares))),
        'prototypes/dead': len(table) - len(nearest), 'prototypes/all': len(table)}
