"""From a config's ``downstream`` to its model and its data loaders: each choice of a supervised task in one place."""
from pathlib import Path
from typing import Any

from mmengine.config import Config

from prior_mm.checkpoints.as_trained import check_unseen, differing_splits
from prior_mm.checkpoints.backbone_weights import is_far
from prior_mm.checkpoints.checkpoint import latest_checkpoint, read_meta
from prior_mm.checkpoints.others import OtherWeights, read_other
from prior_mm.files.file_hash import sha256
from prior_mm.files.fingerprint import config_differences, fingerprint
from prior_mm.protocols import CHOSEN

from .choices import Downstream, read_settings
from .fit_backbone import fit_backbone
from .own_classes import apply_own_classes
from .tricks import apply_tricks

__all__ = ['Downstream', 'apply_settings', 'check_same_normalisation', 'check_same_repeat', 'read_settings',
           'trained_otherwise']

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
EVALUATORS = ('val_evaluator', 'test_evaluator')
_OF_TRAINING = ('optim_wrapper', 'param_scheduler', 'randomness', 'train_cfg', 'train_dataloader')
_AT_RUN_TIME = ('optim_wrapper.type', 'optim_wrapper.dtype', 'train_dataloader.dataset.ids')  # --amp; the share's list
_CONVERTERS = dict(rsna='rsna.py', siim='siim.py', chexpert='chexpert.py')


def apply_settings(config: Config, training: bool = True) -> Downstream:
    """Write the settings of a config into its model, data loaders and evaluators.

    - Data sets: ``data_root``, and the repeat's folder before ``ann_file`` (``classification/train.json``); of those
      of evaluators (MMDetection's) both. The training's ``ids`` for a share of the labels.
    - Images: whatever equals the config's ``image_size`` in pipelines and data preprocessor becomes the size.
    - Weights of others (:mod:`prior_mm.checkpoints.others`): their backbone, and mean and deviation of their images,
      unless ``normalise`` says otherwise.
    - Backbone: the weights, strictly, and none that were pre-trained on another set of splits of these data;
      ``frozen_stages`` and ``norm_eval`` (batch normalisation by the statistics of pre-training) for a frozen one,
      neither from scratch. A pre-trained one that is fine-tuned normalises as its config says: MMDetection's by those
      statistics.
    - ``normalise``: mean and deviation of the data preprocessor, whatever the weights were trained with; warned of
      where the deviation is more than three times theirs, or less than a third.
    - The tricks, see :func:`.tricks.apply_tricks`.
    - ``when_frozen`` of the config, nested as the config itself, is merged into it for a frozen backbone.
    - A data set of one's own: the classes of its annotation files, in heads and data sets (:mod:`.own_classes`).
    - ``downstream`` itself: what was left open, and the SHA-256 of the weights, so that a run's checkpoints say it.

    Args:
        config: Changed in place.
        training: Without it neither weights nor lists are looked for: the run's own checkpoint holds all.

    Raises:
        ValueError: If the settings contradict each other, or files are not there; the message says what makes them.
    """
    settings = read_settings(config)
    for loader in LOADERS:
        if config.get(loader):
            _set_dataset(_innermost(config[loader].dataset), settings, loader)
    for name in EVALUATORS:
        if config.get(name):
            for evaluator in config[name] if isinstance(config[name], (list, tuple)) else [config[name]]:
                if evaluator.get('ann_file'):
                    evaluator.ann_file = str(Path(settings.data_root, _placed(evaluator.ann_file, settings)))
    _set_size(config, settings.size)
    files = _check_files(config, settings, training)
    if settings.setting.splits == CHOSEN:
        settings = apply_own_classes(config, settings, files)
    if settings.ids and training:
        _innermost(config.train_dataloader.dataset).ids = settings.ids
    file = _find_pretrained(settings) if training else None
    if file and settings.setting.splits == CHOSEN and Path(file).suffix == '.pth':
        check_unseen(read_meta(file), dict(dataset=settings.dataset, protocol=settings.protocol,
                                           repeat=settings.repeat), file)
    other = _read_other(settings, file)
    if other:
        fit_backbone(config, other.architecture, settings.task)
    _set_normalisation(config, settings, other)
    _set_backbone(config, settings, file)
    apply_tricks(config, settings)
    if settings.frozen and config.get('when_frozen'):
        config.merge_from_dict(config.when_frozen.to_dict())
    config.downstream = dict(vars(settings), pretrained_sha256=None, weights=_said(settings, other))
    if file:
        config.downstream.update(pretrained=file)
        if hashed := next((path for path in (Path(file), Path(file, 'model.safetensors'),
                                             Path(file, 'pytorch_model.bin')) if path.is_file()), None):
            config.downstream.pretrained_sha256 = sha256(hashed)
    return settings


def check_same_repeat(config: Config, meta: dict[str, Any], checkpoint: str) -> None:
    """Refuse to test a checkpoint on another split of the data set that it was trained on: it has seen those images.

    Args:
        config: With its settings applied.
        meta: Of the checkpoint.
        checkpoint: Its file, for the message.

    Raises:
        ValueError: If protocol or repeat differ.
    """
    trained = (meta.get('config') or {}).get('downstream') or {}
    tested = config.downstream
    if differing_splits(trained, tested):
        raise ValueError(
            f'{checkpoint} was trained on {trained["dataset"]} with {trained["protocol"]}, {trained["repeat"]}; the '
            f'test images of {tested.protocol}, {tested.repeat}, may be among those it has seen. Test it with '
            f'--protocol {trained["protocol"]} --repeat {trained["repeat"]}')


def check_same_normalisation(config: Config, meta: dict[str, Any], checkpoint: str) -> None:
    """Refuse to test a checkpoint on images that are normalised otherwise than those that it was trained on.

    Weights of others bring their mean and deviation; where they have been moved since, a test does not see them.

    Args:
        config: With its settings applied.
        meta: Of the checkpoint.
        checkpoint: Its file, for the message.

    Raises:
        ValueError: If mean or deviation differ.
    """
    trained, tested = (_normalisation(side) for side in (meta.get('config') or {}, config))
    if trained and tested and trained != tested:
        raise ValueError(
            f'{checkpoint} was trained on images with mean and std {trained}, and this test would take {tested}: give '
            'it the same --pretrained, whose file must still be there, or --cfg-options '
            f'model.data_preprocessor.mean={trained[0]} model.data_preprocessor.std={trained[1]}')


def _normalisation(config: Any) -> tuple[list[float], list[float]] | None:
    """Mean and deviation of a task's images, of its model or of its config."""
    said = (config.get('model') or {}).get('data_preprocessor') or config.get('data_preprocessor') or {}
    return None if said.get('mean') is None or said.get('std') is None else (
        [float(value) for value in said['mean']], [float(value) for value in said['std']])


def trained_otherwise(config: Config, meta: dict[str, Any]) -> list[str]:
    """In what the training of a checkpoint differed from what config and options say now; nothing if it does not say.

    Args:
        config: With its settings applied.
        meta: Of the checkpoint.
    """
    there = meta.get('fingerprint')
    if not isinstance(there, dict):
        return []
    here = fingerprint(config.to_dict(), training=True)
    trained, asked = ({name: value for name, value in side.get('config', {}).items()
                       if name.startswith(_OF_TRAINING) and name not in _AT_RUN_TIME} for side in (there, here))
    return config_differences(trained, asked)


def _innermost(dataset: Any) -> Any:
    """The data set within wrappers such as MMEngine's RepeatDataset."""
    while 'dataset' in dataset:
        dataset = dataset.dataset
    return dataset


def _placed(ann_file: str, settings: Downstream) -> str:
    """An annotation file as configs name it, in the repeat's folder; one that names its folder is left alone."""
    return ann_file if 'annotations' in Path(ann_file).parts else str(settings.annotations / ann_file)


def _set_dataset(dataset: Any, settings: Downstream, loader: str) -> None:
    if not dataset.get('ann_file'):
        raise ValueError(f"{loader}.dataset names no ann_file, such as '{settings.task}/train.json'")
    dataset.data_root = settings.data_root
    dataset.ann_file = _placed(dataset.ann_file, settings)


def _set_size(config: Config, size: int) -> None:
    old, new = config.get('image_size'), (size, size)
    if old is None or tuple(old) == new:
        return

    def replaced(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return new if tuple(value) == tuple(old) else type(value)(map(replaced, value))
        return {key: replaced(item) for key, item in value.items()} if isinstance(value, dict) else value

    for loader in LOADERS:
        if config.get(loader):
            config[loader].dataset = replaced(config[loader].dataset.to_dict())
            _check_crop(_innermost(config[loader].dataset).get('pipeline') or (), size)
    if config.model.get('data_preprocessor'):
        config.model.data_preprocessor = replaced(config.model.data_preprocessor.to_dict())
    config.image_size = new


def _check_crop(pipeline: Any, size: int) -> None:
    """Refuse a size that is larger than what it is cut out of.

    Raises:
        ValueError: If it is.
    """
    read = [min(step['size']) for step in pipeline if step['type'].endswith('LoadRadiographFile') and step.get('size')]
    cut = [min(step['crop_size']) for step in pipeline if step.get('crop_size')]
    if read and cut and cut[0] > read[0]:
        raise ValueError(f'downstream.size={size}: the config cuts its images out of {read[0]} pixels, and cannot cut '
                         f'{cut[0]} out of them')


def _check_files(config: Config, settings: Downstream, training: bool) -> list[Path]:
    """The annotation files that are needed, all of which are there."""
    loaders = LOADERS[:2] if training else LOADERS[2:]
    files = {_innermost(config[name].dataset).ann_file for name in loaders if config.get(name)}
    missing = sorted(file for file in files if not Path(settings.data_root, file).is_file())
    own = settings.setting.splits == CHOSEN
    convert = (f'python tools/dataset_converters/{_CONVERTERS.get(settings.dataset or "", "table.py")} '
               f'{settings.data_root}' + ('' if own else f' --protocol {settings.protocol}'))
    if missing:
        demo = ', once python tools/dataset_converters/demo_downstream.py has drawn the images' \
            if settings.protocol.startswith('demo/') else ''
        raise ValueError(f'there is no {Path(settings.data_root, missing[0])}. It is written by\n    {convert}\n{demo}'
                         'or check --data-root, --protocol and --repeat')
    if training and settings.ids and not Path(settings.data_root, settings.ids).is_file():
        raise ValueError(f'there is no list of {settings.labels} % of the labels, '
                         f'{Path(settings.data_root, settings.ids)}. It is written by\n    {convert} --label-shares '
                         f'1 10 {settings.labels:g}')
    return [Path(settings.data_root, file) for file in sorted(files)]


def _find_pretrained(settings: Downstream) -> str | None:
    """The file of the weights."""
    source = settings.pretrained
    if source is None or source.startswith('torchvision://') or Path(source).is_file():
        return source
    if Path(source).is_dir() and (latest := latest_checkpoint(source)):
        return str(latest)
    if Path(source, 'config.json').is_file():  # of timm or Hugging Face
        return source
    run = next((part for part in (Path(source).name, Path(source).parent.name)
                if Path('configs/prior', f'{part}.py').is_file()), 'pretrain_mimic')
    raise ValueError(f'there are no pre-trained weights at {source}. They are made by\n    python tools/train.py '
                     f'configs/prior/{run}.py\n--pretrained names others, --pretrained none --finetune starts from '
                     'random weights')


def _read_other(settings: Downstream, file: str | None) -> OtherWeights | None:
    """Weights that others trained, or that are of no ResNet; for a test, too, as long as they are there."""
    if settings.pretrained is None or settings.pretrained.startswith('torchvision://') or settings.prefix is not None:
        return None
    path = Path(file or settings.pretrained)
    if file is None and path.is_dir() and not (path / 'config.json').is_file():
        path = latest_checkpoint(path) or path
    return read_other(path) if path.is_file() or (path / 'config.json').is_file() else None


def _set_normalisation(config: Config, settings: Downstream, other: OtherWeights | None) -> None:
    preprocessor = config.model.get('data_preprocessor') or config.get('data_preprocessor')
    mean, std = settings.normalise or ((other.mean, other.std) if other else (None, None))
    if mean is not None and std is not None:
        preprocessor.update(mean=[mean * 255], std=[std * 255])


def _said(settings: Downstream, other: OtherWeights | None) -> dict[str, Any] | None:
    """What a result records of others' weights, with a ``warning`` if the protocol's deviation is far from theirs."""
    if other is None or other.std is None or settings.normalise is None:
        return other.said if other else None
    if not is_far(settings.normalise[1], other.std):
        return other.said
    factor = settings.normalise[1] / other.std
    warning = (f'downstream.normalise divides images by {settings.normalise[1]:.4g}, and {other.source} was trained '
               f'with {other.std:.4g}: its inputs are {max(factor, 1 / factor):.0f} times too '
               f'{"small" if factor > 1 else "large"}')
    return dict(other.said, warning=warning)


def _set_backbone(config: Config, settings: Downstream, file: str | None) -> None:
    model, backbone = config.model, config.model.backbone
    preprocessor = model.get('data_preprocessor') or config.get('data_preprocessor') or {}
    mean, std = (list(preprocessor.get(key) or ()) for key in ('mean', 'std'))
    if backbone.get('in_channels', 3) != 1 or len(mean) != 1 or len(std) != 1:
        raise ValueError('a radiograph has one channel: set model.backbone.in_channels=1, and one mean and one std in '
                         'model.data_preprocessor')
    model.pop('pretrained', None)  # the toolboxes' base configs load ImageNet's weights here or in init_cfg
    backbone.pop('pretrained', None)
    backbone.pop('init_cfg', None)  # from scratch is as the toolbox does it
    if file:
        backbone.init_cfg = dict(type='prior_mm.PretrainedBackbone', checkpoint=file, prefix=settings.prefix,
                                 **({} if settings.normalise else dict(mean=mean[0] / 255, std=std[0] / 255)))
    backbone.frozen_stages = backbone.get('num_stages', 4) if settings.frozen else -1
    if settings.frozen or settings.pretrained is None:  # from scratch there are no statistics to go by
        backbone.norm_eval = settings.frozen
