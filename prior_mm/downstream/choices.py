"""What a supervised run is trained on, and how: ``downstream`` of a config, checked.

    downstream = dict(task='classification', dataset='rsna', protocol='prior/1', repeat='seed0', data_root='data/rsna',
                      pretrained='work_dirs/pretrain_mimic', labels=100, frozen=None)
"""
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from prior_mm.protocols import ANY, CHOSEN, Setting, protocol

TASKS = ('classification', 'segmentation', 'detection')
_NONE = 'none'


@dataclass(frozen=True)
class Downstream:
    """What a supervised run is trained on, and how.

    Attributes:
        task: One of :data:`TASKS`.
        dataset: As protocols call it: ``rsna``, ``siim``, ``chexpert``; or a name of one's own, by the protocol
            ``own/1``. None in a config stands for what the annotation files say.
        protocol: Name and version, see :mod:`prior_mm.protocols`.
        repeat: Which of the protocol's repeats; None in a config stands for its first.
        data_root: Folder of the data set.
        pretrained: Checkpoint of the backbone: a file, the folder of a run (its last checkpoint), or
            ``torchvision://<model>``. None starts from random weights.
        labels: Percent of the training labels, or a list file with an image id a line.
        frozen: Whether the backbone stays as it is; None in a config stands for what the protocol says.
        size: Height and width of the images that the model gets, in pixels; None in a config stands for what the
            protocol says.
        prefix: What stands before the backbone's names in the checkpoint; None looks for it.
        classes: Of a data set of one's own; None in a config stands for those of the annotation files.
        normalise: Mean and deviation of the images as shares of the range from black to white, where a protocol fixes
            them for all weights; None stands for those that the weights were trained with.
        backbone_rate: See :func:`.tricks.apply_tricks`, as for the next two.
        head_norm: Whether a layer normalisation stands before the head.
        head_init: ``'truncated_normal'``, or None for the head's own.
    """
    task: str
    dataset: str | None
    protocol: str
    repeat: str
    data_root: str
    pretrained: str | None
    labels: float | str
    frozen: bool
    size: int
    prefix: str | None = None
    classes: tuple[str, ...] | None = None
    normalise: tuple[float, float] | None = None
    backbone_rate: float | None = None
    head_norm: bool | None = None
    head_init: str | None = None

    @property
    def setting(self) -> Setting:
        """What the protocol says of the task."""
        return protocol(self.protocol).setting(self.dataset or ANY, self.task)

    @property
    def repeats(self) -> tuple[str, ...]:
        """The protocol's repeats; of a data set of one's own, those that were written."""
        return self.setting.repeats or written_repeats(self.data_root, self.protocol)

    @property
    def annotations(self) -> Path:
        """Folder of the repeat's annotation files, from :attr:`data_root`."""
        return Path('annotations', protocol(self.protocol).folder, self.repeat)

    @property
    def ids(self) -> str | None:
        """The list of the training images, from :attr:`data_root`; None for all."""
        if self.labels == 100:
            return None
        if isinstance(self.labels, str):
            return str(Path(self.labels).absolute())
        # Of one's own data each task has its own images: not all have labels, boxes and a mask.
        folder = self.task if self.setting.splits == CHOSEN else 'splits'
        return str(self.annotations / folder / f'train_{self.labels:g}.txt')

    def run_name(self, seed: int) -> str:
        """Name of the run's folder: other settings, another folder."""
        labels = Path(self.labels).stem if isinstance(self.labels, str) else f'{self.labels:g}'
        size = [] if self.size == self.setting.size else [f'{self.size}px']
        own = [re.sub(r'[^\w.-]+', '-', self.dataset)] if self.setting.splits == CHOSEN and self.dataset else []
        tricks = [*([] if self.backbone_rate is None else [f'rate{self.backbone_rate:g}']),
                  *(['normed'] if self.head_norm else []), *(['truncated'] if self.head_init else [])]
        return '_'.join([*own, self.protocol.replace('/', '-'), self.repeat, f'labels{labels}', *size, *tricks,
                         'frozen' if self.frozen else 'finetune', _short(self.pretrained), f'seed{seed}'])


def read_settings(config: Config) -> Downstream:
    """The settings of a config.

    Raises:
        ValueError: If there are none, or one is unknown or contradicts another; the message says which.
    """
    given = dict(config.get('downstream') or {})
    if not given:
        raise ValueError(f'{config.filename or "the config"} has no `downstream`: it is of no supervised task')
    for said in ('pretrained_sha256', 'weights'):
        given.pop(said, None)
    unknown = given.keys() - Downstream.__dataclass_fields__.keys()
    missing = {'task', 'dataset', 'protocol', 'data_root'} - given.keys()
    if unknown or missing:
        raise ValueError(f'downstream: unknown are {sorted(unknown)}, missing are {sorted(missing)}; wanted are '
                         f'{list(Downstream.__dataclass_fields__)}')
    if given['task'] not in TASKS:
        raise ValueError(f'downstream.task must be one of {TASKS}, not {given["task"]!r}')
    setting = protocol(given['protocol']).setting(given['dataset'] or ANY, given['task'])
    repeats = setting.repeats or written_repeats(given['data_root'], given['protocol'])
    repeat = given.get('repeat') or next(iter(repeats), 'seed0')
    if repeats and repeat not in repeats:
        raise ValueError(f'downstream.repeat: the protocol {given["protocol"]} has for {given["task"]} on '
                         f'{given["dataset"] or given["data_root"]} {", ".join(repeats)}, not {repeat!r}')
    pretrained, frozen = given.get('pretrained'), given.get('frozen')
    pretrained = None if pretrained in (None, '', _NONE) else str(pretrained)
    if frozen not in (None, True, False):
        raise ValueError(f'downstream.frozen must be True, False or None (what the protocol says), not {frozen!r}')
    if pretrained is None and frozen is None and setting.frozen:
        raise ValueError(f'{given["protocol"]} has the backbone frozen, and without weights it is random: --frozen '
                         '(downstream.frozen=True) leaves it so, --finetune trains it from scratch')
    size = given.get('size') or setting.size
    if not isinstance(size, int) or size < 32:
        raise ValueError(f'downstream.size must be a whole number of at least 32 pixels, not {size!r}')
    return Downstream(
        task=given['task'], dataset=given['dataset'], protocol=given['protocol'], repeat=repeat,
        data_root=str(given['data_root']), pretrained=pretrained, labels=_labels(given.get('labels', 100)),
        frozen=bool(setting.frozen if frozen is None else frozen), size=size, prefix=given.get('prefix'),
        classes=tuple(given['classes']) if given.get('classes') else None, normalise=_normalise(given.get('normalise')),
        backbone_rate=_rate(given.get('backbone_rate')), head_norm=given.get('head_norm') or None,
        head_init=_head_init(given.get('head_init')))


def written_repeats(data_root: str, name: str) -> tuple[str, ...]:
    """The repeats of a protocol of which there are annotation files, in the order of their numbers."""
    folders = [path for path in Path(data_root, 'annotations', protocol(name).folder).glob('*') if path.is_dir()]
    return tuple(sorted((path.name for path in folders), key=lambda text: (len(text), text)))


def _normalise(given: Any) -> tuple[float, float] | None:
    if given is None:
        return None
    if not (isinstance(given, (list, tuple)) and len(given) == 2 and 0 <= given[0] <= 1 and 0 < given[1] <= 1):
        raise ValueError('downstream.normalise: wanted are a mean and a deviation from 0 to 1, shares of the range '
                         f'from black to white, not {given!r}')
    return float(given[0]), float(given[1])


def _rate(given: Any) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 < given <= 1:
        raise ValueError("downstream.backbone_rate is a share of the head's rate, above 0 and at most 1, not "
                         f'{given!r}')
    return float(given)


def _head_init(given: Any) -> str | None:
    if given not in (None, 'truncated_normal'):
        raise ValueError(f"downstream.head_init is 'truncated_normal' or None (the head's own), not {given!r}")
    return given


def _labels(labels: Any) -> float | str:
    try:
        percent = float(labels)
    except (TypeError, ValueError):
        if isinstance(labels, str) and Path(labels).is_file():
            return labels
        raise ValueError(f'downstream.labels: {labels!r} is neither a percentage nor a list file that is there') \
            from None
    if not 0 < percent <= 100:
        raise ValueError(f'downstream.labels is more than 0 and at most 100 percent, not {labels!r}')
    return int(percent) if percent.is_integer() else percent


def _short(pretrained: str | None) -> str:
    """The weights in a folder's name."""
    if pretrained is None:
        return 'scratch'
    path = Path(pretrained)
    parts = [path.parent.name, path.stem] if path.suffix else [path.name]
    return '-'.join(['pretrained', *filter(None, parts)])
