"""Checkpoints of which one is whole at any moment."""
import os
from collections import deque
from pathlib import Path
from typing import Any

from mmengine import hooks
from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend

from prior_mm.checkpoints.checkpoint import PREEMPTED, forget_checkpoints, note_checkpoint
from prior_mm.files.whole_files import PARTIAL
from prior_mm.registry import HOOKS

_ALL = 1 << 30  # how many are kept without a limit
_GREATER = ('auroc', 'dice', 'recall', 'f1', 'kappa', 'hit@')  # beside those of which MMEngine knows the rule


@HOOKS.register_module()
class CheckpointHook(hooks.CheckpointHook):
    """MMEngine's, so that a crash at any moment leaves a whole checkpoint, and the notes of which is the last one.

    It takes the same arguments. What differs: a checkpoint, also a best one, is removed once a newer one stands, not
    before; the notes are written whole or not at all, and also name the checkpoints before the last; what a crash left
    half written is removed at the start; a run that starts from the beginning forgets those of an earlier run in the
    same folder, so that it is never resumed from them. A checkpoint holds no gradients: one that is due between two
    updates is written at the next update.
    """

    args: dict[str, Any]
    file_backend: Any
    greater_keys: Any
    _is_due = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.args:  # MMEngine's passes them on, and they would fail at the first checkpoint
            raise TypeError(f'CheckpointHook.__init__() got an unexpected keyword argument {next(iter(self.args))!r}')

    def before_train(self, runner) -> None:
        """Tidy up what a crash or an earlier run left."""
        super().before_train(runner)
        if self.max_keep_ckpts <= 0:
            info = runner.message_hub.runtime_info
            self.keep_ckpt_ids = deque(info.get('keep_ckpt_ids', ()))
        self.last_ckpt = runner.message_hub.runtime_info.get('last_ckpt')  # a new best one writes it again
        if not is_main_process():
            return
        for path in Path(self.out_dir).glob(f'*.pth{PARTIAL}'):
            path.unlink()
            runner.logger.info(f'removed {path}, which a crash left half written')
        if not runner.resumes_latest and (last := forget_checkpoints(runner.work_dir)):
            runner.logger.warning(f'{last} is of an earlier run in this folder: --resume will not take it by itself')

    def every_n_train_iters(self, runner, n: int, start: int = 0) -> bool:
        """Whether a checkpoint by steps is to be written now: it is due, and no gradients wait for an update."""
        self._is_due |= super().every_n_train_iters(runner, n, start)
        now = self._is_due and runner.optim_wrapper.should_update()
        self._is_due &= not now
        return now

    def _save_checkpoint_with_step(self, runner, step: int, meta: dict) -> None:
        """Write, note, and only then remove what is one too many."""
        kept = [number for number in self.keep_ckpt_ids if number != step] + [step]
        limit = self.max_keep_ckpts if self.max_keep_ckpts > 0 else _ALL
        name = self.filename_tmpl.format(step)
        self.last_ckpt = os.path.join(self.out_dir, name)
        # With the ones too many: if the process dies before it has removed them, the resumed one does.
        runner.message_hub.update_info('keep_ckpt_ids', kept)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir, name, save_optimizer=self.save_optimizer, save_param_scheduler=self.save_param_scheduler,
            meta=meta, by_epoch=self.by_epoch, backend_args=self.backend_args, **self.args)
        self.keep_ckpt_ids = deque(kept[-limit:])
        runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        if not is_main_process():
            return
        note_checkpoint(runner.work_dir, self.last_ckpt, [self._path(number) for number in self.keep_ckpt_ids][:-1])
        for number in kept[:-limit]:
            Path(self._path(number)).unlink(missing_ok=True)
        Path(runner.work_dir, PREEMPTED).unlink(missing_ok=True)

    def _save_best_checkpoint(self, runner, metrics: dict) -> None:
        """As MMEngine's, but the last best one goes when the new one stands.

        Raises:
            ValueError: If a metric that ``save_best`` names is not there, or ``'auto'`` finds none to go by.
        """
        if not self.save_best:
            return
        # Texts (a protocol's name) and tables stand among the metrics, too; of them nothing is the best.
        metrics = {name: value for name, value in metrics.items()
                   if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))}
        if 'auto' in self.key_indicators:
            self.greater_keys = [*self.greater_keys, *_GREATER]
            words = [word.lower() for word in (*self.greater_keys, *self.less_keys)]
            first = [name for name, value in metrics.items() if isinstance(value, float) and any(
                word in name.lower() for word in words)]
            metrics = {name: metrics[name] for name in [*first[:1], *metrics]}
        lacking = [name for name in self.key_indicators if name not in metrics and name != 'auto']
        if lacking or ('auto' in self.key_indicators and not first):
            raise ValueError(f'default_hooks.checkpoint.save_best={self.save_best} finds nothing to go by; name one of '
                             f'{sorted(metrics)}, and rule=\'greater\' or \'less\'')
        backend: Any = self.file_backend
        self.file_backend = later = _RemoveLater()
        try:
            super()._save_best_checkpoint(runner, metrics)
        finally:
            self.file_backend = backend
        best = {getattr(self, 'best_ckpt_path', None), *getattr(self, 'best_ckpt_path_dict', {}).values()}
        for path in later.removed - best:
            if Path(path).absolute().parent == Path(self.out_dir).absolute():  # not of the folder it was resumed from
                Path(path).unlink(missing_ok=True)

    def _path(self, step: int) -> str:
        return os.path.join(self.out_dir, self.filename_tmpl.format(step))


class _RemoveLater(LocalBackend):
    """Local files that are only marked when they are to be removed."""

    def __init__(self) -> None:
        self.removed: set[str] = set()

    def remove(self, filepath) -> None:
        self.removed.add(str(filepath))
