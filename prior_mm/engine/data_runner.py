"""What our runners have in common: checkpoints that are data."""
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import EMAHook
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner

from prior_mm.checkpoints.checkpoint import latest_checkpoint, open_checkpoint, parameters_of, save_checkpoint
from prior_mm.checkpoints.model_weights import Loaded
from prior_mm.checkpoints.text_side import check_text_side, text_side
from prior_mm.files.fingerprint import fingerprint

from .checkpoint_content import checkpoint_content, remembered
from .hook_state import close_profilers
from .loaded_weights import check_to_predict, check_to_start
from .resumed_run import resume_run
from .schedules import check_schedules
from .stop_signals import shield_workers

if TYPE_CHECKING:  # for the type checker it is a runner; at run time the class beside it is
    from mmengine.runner import Runner as _Base
else:
    _Base = object


class DataRunner(_Base):
    """A runner whose checkpoints hold plain data only, are written whole or not at all, and never run code.

    It stands before one of MMEngine's runners among the bases of a class, and asks of that class where weights and
    optimizer are (``state_of_training``, ``take_weights``, ``take_optimizer``, ``reseed``).

    A checkpoint holds ``state_dict``, ``optimizer``, and in ``meta`` the epoch and step, the seed, the config as nested
    dicts, the preprocessing of the images and the summary of the training data. Nothing in it is ever executed:
    MMEngine's own resume parses the config text of a checkpoint as Python, which this one neither writes nor reads.
    """

    optim_wrapper: OptimWrapper
    param_schedulers: Any
    #: ``meta`` of the checkpoint whose weights were loaded last.
    loaded_meta: dict[str, Any] = {}
    #: What these weights lacked for a test, by part of the model, in words.
    loaded_missing: dict[str, str] = {}
    #: Whether a test goes on with random numbers where the checkpoint has none.
    allow_missing = False
    #: Whether a step is done that is not counted yet.
    within_step = False
    #: What makes word pieces in this run, and what settings, files and code it has; see :mod:`.checkpoint_content`.
    text_side: dict[str, Any] | None = None
    fingerprint: dict[str, Any] | None = None
    _predicts = False
    _before_validation: dict[str, Any] | None = None

    def call_hook(self, fn_name: str, **kwargs) -> None:
        """As MMEngine's, and keep in mind whether the present step is done but not counted yet.

        A resumed run repeats a validation that is due. So what is written while one goes on, or because of its figures,
        holds what schedules and hooks remembered before it.
        """
        self.within_step = fn_name == 'after_train_iter'
        if fn_name == 'before_val':
            self._before_validation = remembered(self)
        super().call_hook(fn_name, **kwargs)
        if fn_name == 'after_val':
            self._before_validation = None

    @property
    def remembered(self) -> dict[str, Any]:
        """States of schedules and hooks that a checkpoint holds, as plain data."""
        return self._before_validation or remembered(self)

    @property
    def resumes_latest(self) -> bool:
        """Whether the run goes on from the last checkpoint of its folder, if there is one."""
        return self._resume and self._load_from is None

    def train(self) -> torch.nn.Module:
        """Train as the config says; see :class:`PreemptionHook` for what ends it early."""
        self.text_side = text_side(self.cfg, 'train_dataloader', 'val_dataloader')
        self.fingerprint = fingerprint(self.cfg.to_dict(), training=True)
        try:
            return super().train()
        finally:
            self.call_hook('release')
            close_profilers(self.hooks)

    def val(self) -> dict:
        """Validate; all that a prediction needs must be in the checkpoint, as in :meth:`test`."""
        self._predicts, self.text_side = True, text_side(self.cfg, 'val_dataloader')
        return super().val()

    def test(self) -> dict:
        """Test; all that a prediction needs must be in the checkpoint, unless :attr:`allow_missing` is set.

        Raises:
            ValueError: If parameters are missing; in words.
        """
        self._predicts, self.text_side = True, text_side(self.cfg, 'test_dataloader')
        return super().test()

    def register_default_hooks(self, hooks: dict | None = None) -> None:
        """MMEngine's, and :class:`PreemptionHook`; ``default_hooks=dict(preemption=None)`` leaves it out."""
        hooks = dict(preemption=dict(type='prior_mm.PreemptionHook')) | dict(hooks or {})
        if hooks['preemption'] is None:
            del hooks['preemption']
        super().register_default_hooks(hooks)

    @staticmethod
    def build_dataloader(dataloader: Any, seed: int | None = None, diff_rank_seed: bool = False) -> Any:
        """As MMEngine's; the workers outlive a signal that asks the run to stop."""
        if isinstance(dataloader, dict) and not dataloader.get('num_workers'):  # no worker that could persist
            dataloader = {key: value for key, value in dataloader.items()
                          if key not in ('persistent_workers', 'prefetch_factor', 'timeout', 'multiprocessing_context')}
        built = Runner.build_dataloader(dataloader, seed, diff_rank_seed)
        return built if built is dataloader else shield_workers(built)

    def state_of_training(self, with_optimizer: bool) -> dict[str, Any]:
        """``state_dict``, on the CPU, and ``optimizer``, whole; all processes ask, only the first has to get them."""
        raise NotImplementedError

    def take_weights(self, weights: dict[str, torch.Tensor], source: str, strict: bool,
                     fitting: bool = False) -> Loaded:
        """Load whole weights into the model; see :func:`prior_mm.checkpoints.model_weights.load_weights`."""
        raise NotImplementedError

    def take_optimizer(self, state: dict) -> None:
        """Load the whole state of the optimizer."""
        raise NotImplementedError

    def reseed(self, seed: int) -> None:
        """Go on with another seed than the config's."""
        raise NotImplementedError

    def save_checkpoint(self, out_dir: str, filename: str, file_client_args: dict | None = None,
                        save_optimizer: bool = True, save_param_scheduler: bool = True, meta: dict | None = None,
                        by_epoch: bool = True, backend_args: dict | None = None) -> None:
        """Write a checkpoint to a local folder; called by ``CheckpointHook``, on all processes.

        Args:
            out_dir: The folder.
            filename: Name of the file in it.
            file_client_args: Not supported; see ``backend_args``.
            save_optimizer: Also what is needed to resume.
            save_param_scheduler: Also the state of parameter schedulers, if there are any.
            meta: More plain data to store; its entries come before what is found here.
            by_epoch: Whether it is called at the end of an epoch (or of a step).
            backend_args: Not supported: checkpoints are local files.

        Raises:
            ValueError: If it should be written elsewhere than to a local folder.
            OSError: If it cannot be written; the message names the checkpoint before it, which is untouched.
        """
        if file_client_args or backend_args:
            raise ValueError('checkpoints are written to local folders only; leave backend_args out of the hook')
        checkpoint = self.state_of_training(save_optimizer)
        if not is_main_process():
            return
        checkpoint.update(checkpoint_content(self, meta or {}, by_epoch, save_optimizer, save_param_scheduler))
        self.call_hook('before_save_checkpoint', checkpoint=checkpoint)
        try:
            save_checkpoint(checkpoint, f'{out_dir}/{filename}')
        except OSError as error:
            last = latest_checkpoint(self.work_dir)
            there = next(path for path in (Path(out_dir), *Path(out_dir).absolute().parents) if path.is_dir())
            raise OSError(
                f'{out_dir}/{filename} could not be written: {error.strerror or error}; '
                f'{shutil.disk_usage(there).free >> 20} MB are free there. '
                + (f'The checkpoint before it, {last}, is whole' if last else 'There is no checkpoint before it')
                + '. Make room, then go on with --resume') from error

    def load_or_resume(self) -> None:
        """Load or resume what the config says; without a file, the last whole checkpoint of the work folder.

        Raises:
            ValueError: If all checkpoints of the folder are damaged.
        """
        if self._has_loaded or not self.resumes_latest:
            super().load_or_resume()
            return
        found: list[str | None] = [None, None]
        if is_main_process():
            try:
                latest = latest_checkpoint(self.work_dir)
                found[0] = str(latest) if latest else None
            except ValueError as error:
                found[1] = str(error)
        broadcast_object_list(found)  # all go on from the same, also where one sees a folder of its own
        if found[1]:
            raise ValueError(found[1])
        if found[0]:
            self.resume(found[0])
        else:
            self.logger.info(f'{self.work_dir} holds no checkpoint to resume: from the beginning')

    def load_checkpoint(self, filename: str, map_location: Any = 'cpu', strict: bool = False,
                        revise_keys: Any = ()) -> dict:
        """Load weights into the model; a training with ``load_fitting=True`` passes over those of another shape.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is damaged, unsafe, or fits the model nowhere, or not everywhere and ``strict`` is set; or
                if it is nearly nothing of what a training starts from.
        """
        content = open_checkpoint(filename)
        weights = parameters_of(content, filename)
        self.loaded_meta = content['meta'] if isinstance(content.get('meta'), dict) else {}
        check_text_side(self.text_side, self.loaded_meta, filename)
        checkpoint = dict(state_dict={key.removeprefix('module.'): value for key, value in weights.items()})
        self.tell_hooks(checkpoint)
        fitting = not self._predicts and bool(self.cfg.get('load_fitting'))
        loaded = self.take_weights(checkpoint['state_dict'], filename, strict, fitting)
        self.logger.info(loaded.text)
        self._has_loaded = True
        if self._predicts:
            self.loaded_missing = check_to_predict(self, filename, checkpoint['state_dict'])
        else:
            check_to_start(self, filename, loaded)
        return checkpoint

    def resume(self, filename: str, resume_optimizer: bool = True, resume_param_scheduler: bool = True,
               map_location: Any = 'cpu') -> None:
        """Go on from a checkpoint, wherever in a stage or an epoch it was written.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is damaged, unsafe, of another model, has no optimizer state, or counts other steps. The
                model's weights may be the checkpoint's by then.
        """
        resume_run(self, filename, map_location)
        self._has_loaded = True

    def build_param_scheduler(self, scheduler: Any) -> Any:
        """As MMEngine's; see :func:`.schedules.check_schedules`."""
        check_schedules(scheduler, self.max_epochs, self.max_iters)
        return super().build_param_scheduler(scheduler)

    def tell_hooks(self, checkpoint: dict[str, Any]) -> None:
        """Call ``after_load_checkpoint``; a test loads before EMAHook has copied the model, and then it copies this."""
        for hook in self.hooks:
            if not isinstance(hook, EMAHook) or hasattr(hook, 'ema_model'):
                hook.after_load_checkpoint(self, checkpoint)
