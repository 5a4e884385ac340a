"""A vision transformer in place of the ResNet: the three stages train, and its checkpoint goes on to the tasks."""
import pytest
import torch
from tiny_run import short_config

from prior_mm.checkpoints.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint
from prior_mm.checkpoints.others import read_other
from prior_mm.downstream.fit_backbone import fit_backbone
from prior_mm.engine.launch import build_runner

VIT = dict(type='ImageEncoder', out_channels=32, stride=16, grid=(2, 2), backbone=dict(
    type='TimmBackbone', architecture='vit_tiny_patch16_224',
    model_args=dict(img_size=32, embed_dim=32, depth=4, num_heads=2)))


@pytest.mark.slow
def test_pre_training_and_on(tmp_path):
    """All stages with all losses move the whole transformer; a task builds the same one from the checkpoint."""
    from mmengine.config import Config, ConfigDict

    from prior_mm.checkpoints.backbone_weights import load_backbone
    from prior_mm.registry import MODELS
    config = short_config(tmp_path)
    config.model.image_encoder = ConfigDict(VIT)
    runner = build_runner(config, 'none')
    before = {name: value.detach().clone() for name, value in runner.model.image_encoder.backbone.named_parameters()}
    runner.train()
    still = [name for name, value in runner.model.image_encoder.backbone.named_parameters()
             if torch.equal(value, before[name])]
    assert not still
    last = latest_checkpoint(config.work_dir)
    other = read_other(last)
    assert other.source == 'prior_mm' and other.architecture.config['model_args']['num_heads'] == 2
    task = Config(dict(model=dict(backbone=dict(type='mmpretrain.ResNet', depth=50, in_channels=1),
                                  head=dict(in_channels=2048))))
    fit_backbone(task, other.architecture, 'classification')
    backbone = MODELS.build(task.model.backbone)
    meta = load_backbone(backbone, last)
    assert meta['preprocessing']['mean'] == pytest.approx(0.4755) and task.model.head.in_channels == 32
    trained = load_checkpoint(last)['state_dict']
    assert all(torch.equal(value, trained[f'image_encoder.backbone.{name}'])
               for name, value in backbone.state_dict().items())
    partial = load_checkpoint(last)
    del partial['state_dict']['image_encoder.backbone.model.blocks.1.mlp.fc2.bias']
    save_checkpoint(partial, tmp_path / 'partial.pth')
    with pytest.raises(ValueError, match='a half-fit is refused: model.blocks.1.mlp.fc2.bias missing'):
        load_backbone(backbone, tmp_path / 'partial.pth')
    config = short_config(tmp_path, experiment_name='partial', load_from=str(tmp_path / 'partial.pth'))
    config.model.image_encoder = ConfigDict(VIT)
    with pytest.raises(ValueError, match=r'lacks what this task needs: image_encoder: 1 of .*blocks.1.mlp.fc2.bias'):
        build_runner(config, 'none').test()
