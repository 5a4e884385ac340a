"""The configs of other projects' protocols: they read, build, and say what the protocol says."""
from pathlib import Path

import pytest
import torch

from prior_mm.dependencies import has_compiled_mmcv
from prior_mm.downstream.settings import read_settings
from prior_mm.engine.launch import load_config

CONFIGS = Path(__file__).parents[2] / 'configs/downstream'
PATHS = sorted(path for folder in ('benchx', 'lovt', 'mgca', 'mrm') for path in (CONFIGS / folder).glob('*.py'))
needs_mmcv = pytest.mark.skipif(not has_compiled_mmcv(), reason='needs mmcv with compiled operators')


@pytest.mark.parametrize('path', [*PATHS, CONFIGS / 'rsna_det_yolo.py'],
                         ids=lambda path: f'{path.parent.name}-{path.stem}')
def test_configs(path):
    """Each is of its folder's protocol, on its file's data set; its schedule ends where the training does."""
    if '_cls' not in path.stem and not has_compiled_mmcv():
        pytest.skip('needs mmcv with compiled operators')
    from mmengine.registry import init_default_scope

    from prior_mm.registry import MODELS
    config = load_config(str(path))
    settings = read_settings(config)
    assert settings.dataset == path.stem.split('_')[0]
    assert path.parent.name in (settings.protocol.split('/')[0], 'downstream')
    init_default_scope('prior_mm')
    model = MODELS.build(config.model)
    assert model.backbone.conv1.weight.shape[1] == 1
    best = config.default_hooks.checkpoint.save_best
    assert best == (settings.setting.figure or best) and best.split('/')[0] == settings.task
    if settings.task != 'detection':
        assert torch.isfinite(model.eval()(torch.randn(1, 1, 64, 64), mode='tensor')[0]).all()


@needs_mmcv
def test_benchx_segmentation():
    """What BenchX's configs say, number by number."""
    siim, rsna = (load_config(str(CONFIGS / f'benchx/{name}_seg.py')) for name in ('siim', 'rsna'))
    assert read_settings(siim).frozen and siim.image_size == (512, 512) and siim.train_dataloader.batch_size == 8
    assert siim.downstream.normalise == (0.4978, 0.2449) and siim.train_cfg.max_iters == 20000
    assert (siim.optim_wrapper.optimizer.lr, rsna.optim_wrapper.optimizer.lr) == (1e-3, 1e-4)
    assert siim.optim_wrapper.optimizer.weight_decay == 0.05 == rsna.optim_wrapper.optimizer.weight_decay
    assert siim.model.decode_head.channels == 512 and siim.model.auxiliary_head.loss_decode.loss_weight == 0.4
    assert siim.model.decode_head.loss_decode[0].type == 'mmseg.CrossEntropyLoss'
    warm_up, decay = siim.param_scheduler
    assert (warm_up.start_factor, warm_up.end, decay.type, decay.power) == (1e-6, 1500, 'PolyLR', 1.)


def test_benchx_of_many_findings():
    """NIH and VinDr stop early on the AUROC that their tables show, at the rates and batches of BenchX's configs."""
    for name, rate, batch in (('nih', 1e-5, 32), ('vindr', 5e-5, 64)):
        config = load_config(str(CONFIGS / f'benchx/{name}_cls.py'))
        (stop, ) = (hook for hook in config.custom_hooks if hook.type == 'EarlyStoppingHook')
        assert stop.monitor == 'classification/auroc' == config.default_hooks.checkpoint.save_best
        settings = read_settings(config)
        assert config.optim_wrapper.optimizer.lr * settings.backbone_rate == pytest.approx(rate)
        assert config.train_dataloader.batch_size == batch and settings.setting.training_seeds == (42, 0, 1)


def test_benchx_and_mgca_classification():
    """BenchX stops early on F1; MGCA's probe has one rate."""
    benchx, mgca = (load_config(str(CONFIGS / f'{name}/rsna_cls.py')) for name in ('benchx', 'mgca'))
    stop, = (hook for hook in benchx.custom_hooks if hook.type == 'EarlyStoppingHook')
    assert stop.monitor == 'classification/f1' and stop.patience == 10 and read_settings(benchx).backbone_rate == 0.1
    assert benchx.param_scheduler[0].end == 50 and not read_settings(benchx).frozen
    assert mgca.train_dataloader.batch_size == 48 and not mgca.param_scheduler and read_settings(mgca).frozen
    assert (mgca.optim_wrapper.optimizer.lr, mgca.optim_wrapper.optimizer.weight_decay) == (5e-4, 1e-6)
    assert not mgca.when_frozen


@needs_mmcv
@pytest.mark.slow
def test_yolo_learns():
    """The anchors fit the neck's maps, also for an image without boxes; a frozen backbone gets no gradient."""
    from mmdet.structures import DetDataSample
    from mmengine.registry import init_default_scope
    from mmengine.structures import InstanceData

    from prior_mm.registry import MODELS
    init_default_scope('prior_mm')
    model = MODELS.build(dict(load_config(str(CONFIGS / 'rsna_det_yolo.py')).model.to_dict()))
    samples = []
    for boxes in ([[10., 20., 60., 90.]], []):
        sample = DetDataSample(metainfo=dict(img_shape=(224, 224), pad_shape=(224, 224), batch_input_shape=(224, 224),
                                             scale_factor=(1., 1.), ori_shape=(224, 224)))
        sample.gt_instances = InstanceData(bboxes=torch.tensor(boxes).reshape(-1, 4),
                                           labels=torch.zeros(len(boxes), dtype=torch.long))
        samples.append(sample)
    losses = model(torch.randn(2, 1, 224, 224), samples, mode='loss')
    sum(value for part in losses.values() for value in part).backward()
    assert all(torch.isfinite(value).all() for part in losses.values() for value in part)
    assert model.backbone.conv1.weight.grad.abs().sum() > 0
