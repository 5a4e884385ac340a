"""Report drafts as a task: the config gives, by way of the runner, what the loaded model gives by itself."""
from pathlib import Path

import pytest
from mmengine.config import Config
from tiny_model import ALIGNMENT, tiny_checkpoint

from prior_mm.engine.launch import build_runner, load_config
from prior_mm.inference.draft_figures import evaluate_drafts

CONFIG = Path(__file__).parents[2] / 'configs/downstream/demo/report_drafts.py'


def settings(folder: Path, checkpoint: Path, model: dict, work_dir: Path) -> Config:
    """The demo's config on the tiny model and its studies."""
    config = load_config(str(CONFIG), work_dir=str(work_dir))
    config.test_dataloader.update(num_workers=0, batch_size=5)
    config.merge_from_dict(dict(model=dict(model, _delete_=True), visualizer=dict(vis_backends=[])))
    config.test_dataloader.dataset.update(data_root=str(folder / 'data'))
    for step in config.test_dataloader.dataset.pipeline[:2]:
        step.update(size=(32, 32) if step['type'] == 'ResizeRadiograph' else 32)
    config.test_dataloader.dataset.pipeline[2].update(tokenizer=str(folder / 'data/vocab.txt'))
    config.test_cfg.archive.update(data_root=str(folder / 'data'))
    config.update(load_from=str(checkpoint), experiment_name=work_dir.name)
    return config


@pytest.mark.slow
def test_as_the_loaded_model(home, model, tmp_path):
    """Same drafts, same baselines, same intervals; the chance beside a figure is that of a random report."""
    runner = build_runner(settings(home, home / 'run/epoch_6.pth', model.info.config['model'], tmp_path))
    # Predictions of random weights are nearer to zero, "no sentence", than to any: larger ones say something.
    hooks = [method.sentence_decoder.register_forward_hook(lambda module, inputs, output: 100 * output)
             for method in (runner.model, model.encoder.method)]
    found = runner.test()
    expected, _ = evaluate_drafts(model, model.archive, home / 'data/annotations/test.json')
    for hook in hooks:
        hook.remove()
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert found['draft/sentences'] > 0 and found['draft/protocol'] == 'demo/1'
    assert found['draft/f1_micro_chance'] == found['random/f1_micro']


@pytest.mark.slow
def test_needs_the_last_stage(model, tmp_path):
    """A model whose sentence decoder was not trained is refused, not measured."""
    checkpoint = tiny_checkpoint(tmp_path, ALIGNMENT)
    runner = build_runner(settings(tmp_path, checkpoint, model.info.config['model'], tmp_path / 'work'))
    with pytest.raises(ValueError, match='sentence decoder was not trained'):
        runner.test()
