"""The configs of supervised classification: they build, fit the pre-trained encoders, and learn from a batch."""
from pathlib import Path

import pytest
import torch

pytest.importorskip('mmpretrain')
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from mmpretrain.structures import DataSample

CONFIGS = Path(__file__).parents[3] / 'configs'
CLASSES = dict(rsna=1, siim=1, chexpert=5)


@pytest.mark.parametrize(('folder', 'pretraining', 'dataset'), [
    (folder, pretraining, dataset) for dataset in CLASSES
    for folder, pretraining in (('downstream', 'pretrain_mimic'), ('downstream/demo', 'prior_demo_grounded'))])
def test_config_builds(folder, pretraining, dataset):
    """The backbone is that of the pre-training, so that its weights fit, and every class's weights get gradients."""
    config = Config.fromfile(CONFIGS / folder / f'{dataset}_cls.py')
    init_default_scope(config.default_scope)
    assert config.downstream.pretrained == f'work_dirs/{pretraining}'
    assert config.default_hooks.checkpoint.interval == config.train_cfg.val_interval
    theirs = dict(Config.fromfile(CONFIGS / 'prior' / f'{pretraining}.py').model.image_encoder.backbone)
    model = MODELS.build(config.model)
    shapes = {name: value.shape for name, value in model.backbone.state_dict().items()}
    assert shapes == {name: value.shape for name, value in MODELS.build(theirs).state_dict().items()}
    labels = torch.tensor([[1., 0., 0., 1., 0.], [0., 1., -1., 0., 1.]])[:, :CLASSES[dataset]]
    data = dict(inputs=[torch.zeros(1, 64, 64), torch.full((1, 64, 64), 255.)],
                data_samples=[DataSample().set_gt_score(label) for label in labels])
    model(**model.data_preprocessor(data), mode='loss')['loss'].backward()
    assert (model.head.fc.weight.grad.abs().sum(dim=1) > 0).all()
    assert model.head.fc.out_features == CLASSES[dataset]
