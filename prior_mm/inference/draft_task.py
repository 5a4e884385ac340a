"""Report drafts as a task of ``tools/test.py``: an archive of the training's studies, then drafts of held-out ones."""
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.evaluator import BaseMetric
from mmengine.runner import TestLoop

from prior_mm.engine.unwrapped import unwrapped
from prior_mm.files.file_hash import sha256
from prior_mm.registry import LOOPS, METRICS

from .draft import needed_to_draft
from .draft_figures import SYSTEMS, draft_all, figures_of_systems
from .encoder import Encoder
from .model import Model
from .opened import Opened


@LOOPS.register_module()
class DraftLoop(TestLoop):
    """Embeds the studies of the training with the runner's model, then drafts the reports of the test's studies.

    Args:
        runner: The runner.
        dataloader: Of the test's studies.
        evaluator: With a :class:`DraftMetric`.
        archive: ``data_root`` and ``ann_file`` of the training's studies.
        seed: Of the baseline that draws a report at random.
        fp16: See :class:`mmengine.runner.TestLoop`; drafts are made in float32.
    """

    def __init__(self, runner: Any, dataloader: Any, evaluator: Any, archive: dict[str, str], seed: int = 0,
                 fp16: bool = False) -> None:
        super().__init__(runner, dataloader, evaluator, fp16)
        self.where, self.seed = archive, seed

    def run(self) -> dict[str, Any]:
        """The figures.

        Raises:
            FileNotFoundError: If the annotation file of the archive is not there.
            ValueError: If the model's sentence decoder was not trained.
        """
        root = Path(self.where['data_root'])
        self.model = Model(Encoder(_opened(self.runner), method=unwrapped(self.runner.model)))
        needed_to_draft(self.model.encoder)  # rather now than after the archive
        self.archive = self.model.index(root / self.where['ann_file'], root)
        return super().run()

    def run_iter(self, idx: int, data_batch: dict[str, Any]) -> None:
        """Draft the reports of a batch."""
        self.runner.call_hook('before_test_iter', batch_idx=idx, data_batch=data_batch)
        samples = data_batch['data_samples']
        made = draft_all(self.model, self.archive, data_batch['inputs'], [one['study_id'] for one in samples],
                         self.seed)
        outputs = [{**sample, 'drafts': drafts} for sample, drafts in zip(samples, made, strict=True)]
        self.evaluator.process(data_samples=outputs, data_batch=data_batch)
        self.runner.call_hook('after_test_iter', batch_idx=idx, data_batch=data_batch, outputs=outputs)


@METRICS.register_module()
class DraftMetric(BaseMetric):
    """BLEU-4, ROUGE-L and F1 of findings of drafts and of three baselines, with 95 % intervals.

    See :func:`.figures_of_systems`. Beside each figure of the drafts stands that of a random report, as its chance.

    Args:
        draws: Of the bootstrap.
        seed: Of the draws.
        protocol: Name and version of the protocol that the config follows; it stands in the results.
        collect_device: See :class:`mmengine.evaluator.BaseMetric`.
        prefix: See there; none by default, the systems are what figures are grouped by.
    """

    default_prefix = ''

    def __init__(self, draws: int = 1000, seed: int = 0, protocol: str = 'unnamed', collect_device: str = 'cpu',
                 prefix: str | None = None) -> None:
        super().__init__(collect_device, prefix)
        self.draws, self.seed, self.protocol = draws, seed, protocol

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep texts.

        Args:
            data_batch: Not used.
            data_samples: Studies with ``drafts``, sentences by system, ``sentences`` and ``subject_id``.
        """
        self.results += [dict(drafts=sample['drafts'], report=sample['sentences'], patient=sample['subject_id'])
                         for sample in data_samples]

    def compute_metrics(self, results: list[dict]) -> dict[str, Any]:
        """The figures of all studies, as plain numbers."""
        metrics = figures_of_systems(
            {name: [result['drafts'][name] for result in results] for name in SYSTEMS},
            [result['report'] for result in results], [result['patient'] for result in results], self.draws, self.seed)
        for figure in ('bleu4', 'rouge_l', 'f1_micro', 'f1_macro'):
            metrics[f'draft/{figure}_chance'] = metrics[f'random/{figure}']
        return {**{f'{name}/protocol': self.protocol for name in SYSTEMS}, **metrics}


def _opened(runner: Any) -> Opened:
    """What the runner tests, as an opened model, whose weights are in the runner's model."""
    config, model, meta = runner.cfg, unwrapped(runner.model), getattr(runner, 'loaded_meta', {})
    step = next(step for step in config.test_dataloader.dataset.pipeline if step['type'] == 'TokenizeReport')
    path = Path(config.load_from or 'random weights')
    return Opened(path, sha256(path) if path.is_file() else 'none', config.model.to_dict(), {}, step['tokenizer'],
                  {key: step[key] for key in ('max_length', 'lowercase') if step.get(key) is not None},
                  model.data_preprocessor.describe(), dict(data=meta.get('dataset_meta') or {}), {})
