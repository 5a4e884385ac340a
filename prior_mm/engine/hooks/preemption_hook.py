"""A checkpoint and a clean end when the scheduler, or somebody at the keyboard, wants the machine back."""
import os
import signal

import torch
import torch.distributed as dist
from mmengine.dist import barrier, get_rank, get_world_size
from mmengine.hooks import EMAHook, Hook

from prior_mm.checkpoints.checkpoint import PREEMPTED, note_checkpoint
from prior_mm.registry import HOOKS

from ..stop_signals import StopSignals


class Preempted(SystemExit):
    """Training was asked to stop, and everything is saved.

    Args:
        number: The signal's.

    Attributes:
        status: What the process ends with, 128 + the signal's number, as in a shell.
    """

    def __init__(self, number: int) -> None:
        self.status = 128 + number
        super().__init__(self.status)


@HOOKS.register_module()
class PreemptionHook(Hook):
    """At a SIGTERM or SIGINT, writes ``preempted.pth`` when the present step is done, and ends with 143 or 130.

    ``--resume`` goes on from there. A second signal ends the process at once. During validation it is the present
    batch that is finished; a resumed run validates again.

    All processes stop at the same step, whichever of them got the signal and when. For that they exchange one number
    while the next step runs, over gloo: no step waits for it. The price is that many processes stop one step later.
    All must validate equally many batches, as samplers of MMEngine and of this project see to.

    Args:
        grace: Seconds in which more signals count as the same, on many processes. See :class:`StopSignals`.
    """

    priority = 'LOWEST'  # after CheckpointHook: the notes name the later of two checkpoints last

    def __init__(self, grace: float = 5.) -> None:
        self.grace = grace
        self.signals: StopSignals | None = None
        self._group = None
        self._exchange: tuple | None = None

    def before_train(self, runner) -> None:
        """Listen to the signals."""
        many = get_world_size() > 1
        self._group = dist.new_group(backend='gloo') if many else None
        self._exchange = None
        message = 'saving at the end of this step, then stopping; another one stops at once'
        self.signals = StopSignals(self.grace if many or 'TORCHELASTIC_RUN_ID' in os.environ else 0.,
                                   message if get_rank() == 0 else '')
        self.signals.install()

    def release(self, runner) -> None:
        """Listen no more; the runner calls it when training ends, however it ends."""
        if self.signals is not None:
            self.signals.restore()
            self.signals = None

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Stop here, if that is asked for."""
        self._stop_if_asked(runner, runner.iter + 1)

    def after_val_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Stop here, if that is asked for; only within a training."""
        if self.signals is not None:
            self._stop_if_asked(runner, runner.iter, validating=True)

    def _stop_if_asked(self, runner, step: int, validating: bool = False) -> None:
        number = self._agreed()
        if number and runner.optim_wrapper.should_update():  # a checkpoint holds no gradients: not between two updates
            for hook in runner.hooks if validating else ():
                if isinstance(hook, EMAHook) and getattr(hook, 'evaluate_on_ema', True):
                    hook._swap_ema_parameters()  # the model holds the averaged weights while it is validated
            self._stop(runner, number, step)

    def _agreed(self) -> int:
        """The signal that any process had got when it asked last; the same on all of them."""
        assert self.signals is not None
        if self._group is None:
            return self.signals.received
        agreed = 0
        if self._exchange is not None:
            work, number = self._exchange
            work.wait()
            agreed = int(number)
            if agreed:
                self.signals.received = agreed
        number = torch.tensor(self.signals.received, dtype=torch.int32)
        self._exchange = dist.all_reduce(number, dist.ReduceOp.MAX, self._group, async_op=True), number
        return agreed

    def _stop(self, runner, number: int, step: int) -> None:
        assert self.signals is not None
        runner.save_checkpoint(runner.work_dir, PREEMPTED, meta=dict(epoch=runner.epoch, iter=step))
        path = os.path.join(runner.work_dir, PREEMPTED)
        if get_rank() == 0:
            note_checkpoint(runner.work_dir, path)
        runner.logger.warning(f'{signal.Signals(number).name}: stopped after step {step}, which is saved as {path}. '
                              'Go on with --resume')
        runner.visualizer.close()
        barrier()  # whoever ended first would have the launcher stop the one that saves
        self.signals.ignore()
        raise Preempted(number)
