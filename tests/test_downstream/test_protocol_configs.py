"""The configs of other projects' protocols: they read, build, and say what the protocol says."""
from pathlib import Path

import numpy as np
import pytest
import torch

from prior_mm.dependencies import has_compiled_mmcv
from prior_mm.downstream.as_protocol import protocol_config
from prior_mm.downstream.settings import read_settings
from prior_mm.engine.launch import load_config
from prior_mm.protocols import protocol

CONFIGS = Path(__file__).parents[2] / 'configs/downstream'
PATHS = sorted(path for folder in ('benchx', 'lovt', 'mgca', 'mrm') for path in (CONFIGS / folder).glob('*.py')
               if 'retrieval' not in path.stem)
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
    assert best in (settings.setting.figures or (best, )) and best.split('/')[0] == settings.task
    assert protocol_config(config.downstream, CONFIGS.parent).filename == config.filename or path.parent == CONFIGS
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


def test_benchx_retrieval():
    """The published list and the protocol's name, so that its figures may stand beside it; one list, not five."""
    config = load_config(str(CONFIGS / 'benchx/mimic_cxr_retrieval.py'))
    assert not config.draws and config.test_dataloader.dataset.ann_file == 'annotations/mimic_5x200.json'
    assert config.test_evaluator.protocol == 'benchx/2' and {1, 5, 10} <= {*config.test_evaluator.class_cutoffs}
    assert protocol('benchx/2').setting('mimic_cxr', 'retrieval').figures


@needs_mmcv
@pytest.mark.parametrize(('name', 'rate', 'steps', 'mean'), [
    ('rsna_det_yolo', 1e-4, 250, .4899), ('rsna_seg_linear', 1e-2, 250, .4899), ('siim_seg_unet', 3e-5, 112, .5043)])
def test_lovt(name, rate, steps, mean):
    """What LoVT's configs and job say: Adam, batch 64, no augmentation, the rate halved after 3 epochs, 50 at most."""
    config = load_config(str(CONFIGS / f'lovt/{name}.py'))
    best = config.default_hooks.checkpoint.save_best
    assert config.optim_wrapper.optimizer == dict(type='Adam', lr=rate, weight_decay=1e-6)
    assert config.train_dataloader.batch_size == 64 and config.downstream.normalise[0] == mean
    assert (config.train_cfg.max_iters, config.train_cfg.val_interval) == (50 * steps, steps)
    assert not any('Random' in step.type for step in config.train_dataloader.dataset.pipeline)
    plateau, = config.param_scheduler
    assert plateau == dict(type='ReduceOnPlateauLR', monitor=best, rule='greater', factor=.5, patience=3)
    assert config.custom_hooks[1].monitor == best and config.custom_hooks[1].patience == 10
    if name == 'rsna_det_yolo':
        assert config.when_frozen.optim_wrapper.optimizer.lr == 1e-3
    else:
        assert [loss.type for loss in config.model.decode_head.loss_decode] == ['prior_mm.BatchDiceLoss']


@needs_mmcv
def test_mgca_augmentation_keeps_the_image_and_its_mask_together():
    """Turned as one, of one size, nothing ignored; a gray film stays gray."""
    import mmseg.datasets.transforms  # noqa: F401
    from mmengine.registry import init_default_scope

    from prior_mm.registry import TRANSFORMS
    init_default_scope('prior_mm')
    step, = (step for step in load_config(str(CONFIGS / 'mgca/rsna_seg.py')).train_dataloader.dataset.pipeline
             if 'Rotate' in step.type)
    mask = np.zeros((64, 64), np.uint8)
    mask[20:50, 10:30] = 1
    turned = TRANSFORMS.build(dict(step, prob=1., degree=(20, 20)))(dict(  # a drawn angle may be next to none
        img=mask * 200, gt_seg_map=mask, seg_fields=['gt_seg_map']))
    assert turned['img'].shape == turned['gt_seg_map'].shape == (64, 64)
    assert {*turned['gt_seg_map'].ravel()} == {0, 1} and (turned['gt_seg_map'] != mask).any()
    assert ((turned['img'] > 100) != (turned['gt_seg_map'] == 1)).mean() < .02


def test_mgca_probe_cuts_its_images():
    """224 of 256 px, in training anywhere and in a test the centre."""
    pytest.importorskip('mmpretrain')
    from mmengine.registry import init_default_scope

    from prior_mm.registry import TRANSFORMS
    init_default_scope('prior_mm')
    config = load_config(str(CONFIGS / 'mgca/rsna_cls.py'))
    for loader in ('train', 'val', 'test'):
        load, crop, _ = config[f'{loader}_dataloader'].dataset.pipeline
        assert load.size == (256, 256)
        seen = TRANSFORMS.build(crop)(dict(img=np.arange(256 * 256, dtype=np.float32).reshape(256, 256)))['img']
        assert seen.shape == (224, 224) and (loader == 'train' or seen[0, 0] == 16 * 256 + 16)


@needs_mmcv
@pytest.mark.slow
@pytest.mark.parametrize('name', ['mgca/rsna_seg', 'lovt/rsna_seg_linear', 'lovt/siim_seg_unet'])
def test_segmentation_learns(name):
    """Each loss of these configs counts, on the CPU, too; a frozen backbone gets no gradient from it."""
    from mmengine.registry import init_default_scope
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample

    from prior_mm.registry import MODELS
    init_default_scope('prior_mm')
    config = load_config(str(CONFIGS / f'{name}.py'))
    config.model.backbone.update(depth=18, frozen_stages=4)
    channels = [64, 128, 256, 512]
    config.model.decode_head.in_channels = channels if 'UNet' in config.model.decode_head.type else 512
    if 'UNet' not in config.model.decode_head.type:
        config.model.decode_head.channels = 512
    model = MODELS.build(config.model).train()
    mask = torch.zeros(1, 64, 64, dtype=torch.long)
    mask[:, 20:40, 20:40] = 1
    samples = [SegDataSample(gt_sem_seg=PixelData(data=mask), metainfo=dict(img_shape=(64, 64)))] * 2
    losses = {key: value for key, value in model(torch.randn(2, 1, 64, 64), samples, mode='loss').items()
              if 'loss' in key}
    assert len(losses) == len(config.model.decode_head.loss_decode)
    sum(losses.values()).backward()
    assert model.decode_head.conv_seg.weight.grad.abs().sum() > 0 and model.backbone.conv1.weight.grad is None


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
