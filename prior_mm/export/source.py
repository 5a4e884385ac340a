"""The checkpoint that is exported, and what it says of itself."""
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config
from torch import Tensor

from prior_mm.checkpoints.checkpoint import load_checkpoint, load_state_dict
from prior_mm.engine.stages import losses_of
from prior_mm.files.file_hash import sha256


@dataclass(frozen=True)
class Source:
    """A checkpoint of PRIOR.

    Attributes:
        name: File name, without its folder, which is of one machine.
        sha256: Of the file, in hexadecimal digits.
        weights: All parameters by name.
        config: The config of the run, as nested plain data. Nothing in it is executed or built unchecked.
        meta: What the checkpoint says of itself: ``epoch``, ``seed``, ``preprocessing``, ``dataset_meta`` ...
    """
    name: str
    sha256: str
    weights: dict[str, Tensor]
    config: dict[str, Any]
    meta: dict[str, Any]

    @property
    def model(self) -> dict[str, Any]:
        """The config of the model."""
        return self.config['model']

    @property
    def data(self) -> dict[str, Any]:
        """``metainfo`` of the training data; empty if the checkpoint does not say."""
        return self.meta.get('dataset_meta') or {}

    @property
    def preprocessing(self) -> dict[str, Any]:
        """``size``, ``mean``, ``std``, ``pixel_range`` and ``channels`` of the images that the model takes."""
        if 'preprocessing' in self.meta:
            return dict(self.meta['preprocessing'])
        given = self.model.get('data_preprocessor') or {}
        size = given.get('size')
        return dict(size=list(size) if size else None, mean=given.get('mean', 0.4755), std=given.get('std', 0.3011),
                    pixel_range=[0.0, 1.0], channels=1)

    @property
    def losses(self) -> dict[str, float] | None:
        """The losses of the stage that the checkpoint is of; None if it does not say, as converted weights do not."""
        return losses_of({**self.meta, 'config': self.config})

    def part(self, prefix: str) -> dict[str, Tensor]:
        """Parameters whose names begin so, without the beginning, contiguous and on the CPU.

        Raises:
            ValueError: If there are none.
        """
        found = {name.removeprefix(prefix): value.detach().cpu().contiguous() for name, value in self.weights.items()
                 if name.startswith(prefix)}
        if not found:
            raise ValueError(f'{self.name} holds no {prefix}*: its names begin with '
                             f'{sorted({name.split(".")[0] for name in self.weights})}. A checkpoint of PRIOR is '
                             'needed, as tools/train.py or tools/model_converters/published.py writes it')
        return found

    def tokenizer(self) -> dict[str, Any]:
        """Arguments of the run's ``TokenizeReport``; empty if it has none."""
        # The pipelines that stand loose in a config are not what its loaders have, once options change these.
        places = [self.config.get('train_dataloader'), self.config]
        return next((step for step in _dicts(places) if step.get('type') == 'TokenizeReport'), {})


def read_source(checkpoint: str | Path, config: str | None = None) -> Source:
    """Read a checkpoint as data.

    Args:
        checkpoint: The file.
        config: A config file to go by instead of what the checkpoint says; converted weights do not say.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged or unsafe, or no config is known.
    """
    path = Path(checkpoint)
    content = load_checkpoint(path)
    meta = content.get('meta')
    meta = meta if isinstance(meta, dict) else {}
    known = Config.fromfile(config).to_dict() if config else meta.get('config')
    if not isinstance(known, dict) or not isinstance(known.get('model'), dict):
        raise ValueError(f'{path} does not say which model it is of: name the config with --config, for example '
                         '--config configs/prior/pretrain_mimic.py')
    weights = {name.removeprefix('module.'): value for name, value in load_state_dict(path).items()}
    return Source(path.name, sha256(path), weights, known, meta)


def _dicts(value: Any) -> Iterator[dict]:
    """All dicts within nested data, outermost first."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _dicts(item)
