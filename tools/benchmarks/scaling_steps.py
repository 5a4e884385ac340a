"""Real training steps on one process or many, one core each, taken when they are told to; see ``scaling.py``.

A step is that of the training loop: MMEngine's ``train_step`` with the project's model, preprocessing, gather,
autocast and optimizer, in ``MMDistributedDataParallel`` where there are several processes.
"""
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from scaling_model import Counter
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from train_step import ROOT, VOCABULARY, matrix_peak, random_studies

from prior_mm.engine.launch import end_gloo_processes
from prior_mm.registry import MODELS

CONFIGS = dict(published='configs/prior/pretrain_mimic.py', demo='configs/prior/pretrain_demo.py')
COLLECTIVES = ('all_gather', 'all_gather_into_tensor', 'all_reduce', 'all_to_all', 'broadcast', 'reduce',
               'reduce_scatter', 'reduce_scatter_tensor')
BUCKET = 25 * 2**20  # bytes; DDP's own default


class Setup(NamedTuple):
    """What is trained: a model of :data:`CONFIGS`, a stage from 1 on, studies, and the type of autocast."""

    model: str
    stage: int
    batch: int
    dtype: str


class Call(NamedTuple):
    """A collective that was called from Python, or the optimizer: bytes handed over, and seconds that it blocked."""

    name: str
    size: int
    seconds: float


class Steps:
    """A process's model, optimizer and batches."""

    def __init__(self, setup: Setup, rank: int, processes: int) -> None:
        config = Config.fromfile(ROOT / CONFIGS[setup.model])
        init_default_scope('prior_mm')
        torch.manual_seed(0)
        text = dict(type='TextEncoder', config=dict(config.model.text_encoder.get('config', {}), vocab_size=VOCABULARY))
        self.model = MODELS.build({**config.model, 'text_encoder': text}).train()  # random weights
        self.model.set_losses(config.stages[setup.stage - 1].losses)
        for parameter in self.model.unused_parameters():  # as in the training loop
            parameter.requires_grad_(False)
        # Parts with a learning rate of their own would each be logged, and change no time.
        options = {**config.optim_wrapper, 'dtype': setup.dtype, 'paramwise_cfg': None}
        self.optim: Any = build_optim_wrapper(self.model, options)
        self.processes, self.width = processes, config.model.embed_dims
        images, reports = random_studies(setup.batch, config.model.data_preprocessor.size[0], seed=setup.stage)
        # `whole` is the same for every process, so that weak scaling compares equal work. It is counted last, when
        # the optimizer has its state.
        self.batches = {name: dict(inputs=images[part], reports=type(reports)(*(tensor[part] for tensor in reports)))
                        for name, part in dict(shared=slice(rank, None, processes), whole=slice(None)).items()}
        self.calls: list[Call] = []
        self.wrapped: Any = self.model
        self._count()
        if processes > 1:
            self.wrapped = MMDistributedDataParallel(self.model, broadcast_buffers=False)
        self._note()

    def _count(self) -> None:
        """Count the work of a step.

        Attention is counted in its plain form: PyTorch's counter does not know the fused one of CPUs.
        """
        self.work = {}
        for name, batch in self.batches.items():
            counter, optimizer = Counter(), Counter()
            with counter, FlopCounterMode(display=False) as flops, sdpa_kernel(SDPBackend.MATH):
                with self.optim.optim_context(self.model):
                    losses = self.model(**self.model.data_preprocessor(batch, training=True), mode='loss')
                self.optim.backward(self.model.parse_losses(losses)[0])
            with optimizer:
                self.optim.step()
            self.work[name] = dict(flops=flops.get_total_flops(), bytes=counter.bytes, optimizer=optimizer.bytes,
                                   operators=counter.operators + optimizer.operators)
            self.optim.zero_grad()

    def _note(self) -> None:
        """Note each collective that Python calls from now on, and the optimizer's step."""
        self._barrier = dist.barrier
        for name in COLLECTIVES:
            setattr(dist, name, self._noted(name, getattr(dist, name)))
        self.optim.step = self._noted('optimizer', self.optim.step)

    def _noted(self, name: str, function: Callable) -> Callable:
        def call(*args, **kwargs):
            tensors = [argument for argument in args if isinstance(argument, torch.Tensor)]
            size = tensors[-1].numel() * tensors[-1].element_size() if tensors else 0
            start = time.perf_counter()
            result = function(*args, **kwargs)
            if kwargs.get('async_op'):
                result = _Pending(result, lambda seconds: self.calls.append(Call('wait', size, seconds)))
            else:
                self.calls.append(Call(name, size, time.perf_counter() - start))
            return result
        return call

    # ------------------------------------------------------------------------------------------------ what is asked

    def step(self, batch: str, share: bool = True) -> tuple[float, list[Call]]:
        """A training step on one of the batches: its seconds, and what was noted.

        Args:
            batch: ``'whole'`` or ``'shared'``.
            share: Whether DDP shares the gradients.
        """
        if self.processes > 1:
            self._barrier()
        self.calls.clear()
        with nullcontext() if share else self.wrapped.no_sync():
            start = time.perf_counter()
            self.wrapped.train_step(dict(self.batches[batch]), self.optim)
            return time.perf_counter() - start, list(self.calls)

    def all_reduce(self, size: int) -> float:
        """Seconds of an all-reduce of so many bytes, with nothing else to do; the fastest of five."""
        tensor, times = torch.zeros(size // 4), []
        for _ in range(6):
            self._barrier()
            start = time.perf_counter()
            dist.all_reduce(tensor)
            times.append(time.perf_counter() - start)
        return min(times[1:])

    def peak(self) -> float:
        """FLOP/s of a square matrix product in the type of the training."""
        return matrix_peak(self.optim.dtype)

    def facts(self) -> dict[str, Any]:
        """What was counted, and what DDP sends; asked after some steps, when DDP has settled its buckets."""
        logged = self.wrapped._get_ddp_logging_data() if self.processes > 1 else {}
        sizes = logged.get('rebuilt_bucket_sizes') or logged.get('bucket_sizes') or ''
        return dict(work=self.work, width=self.width, dtype=str(self.optim.dtype).removeprefix('torch.'),
                    buckets=[int(size) for size in sizes.split(',') if size],
                    norms=[module.num_features for module in self.model.modules()
                           if isinstance(module, torch.nn.BatchNorm2d) and module.weight.requires_grad])


class _Pending:
    """Work of a collective that was called without waiting; notes how long it is waited for."""

    def __init__(self, work: dist.Work, note: Callable[[float], None]) -> None:
        self.work, self.note = work, note

    def wait(self) -> None:
        start = time.perf_counter()
        self.work.wait()
        self.note(time.perf_counter() - start)


class Team:
    """Processes that do the same at the same time, each on a core of its own; between orders they sleep.

    Raises:
        ValueError: If there are more processes than cores.
    """

    def __init__(self, processes: int, setup: Setup) -> None:
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < processes:
            raise ValueError(f'{processes} processes need as many cores, and {len(cores)} may be used: take a machine '
                             'with more, or widen the mask (`taskset`)')
        context = multiprocessing.get_context('forkserver')
        context.set_forkserver_preload(['mmengine.runner', 'mmpretrain.models',
                                        'transformers.models.bert.modeling_bert'])
        self._folder = tempfile.TemporaryDirectory()
        self._pipes: list[Any] = []
        self._members: list[Any] = []
        for rank in range(processes):
            pipe, end = context.Pipe()
            member = context.Process(target=_serve, daemon=True, args=(
                end, cores[rank], f'{self._folder.name}/meeting', setup, rank, processes))
            member.start()
            end.close()
            self._pipes.append(pipe)
            self._members.append(member)

    def ask(self, order: str, *arguments: Any) -> list[Any]:
        """What each process answers to an order, the name of a method of :class:`Steps`.

        Raises:
            RuntimeError: If a process has ended.
        """
        try:
            for pipe in self._pipes:
                pipe.send((order, arguments))
            return [pipe.recv() for pipe in self._pipes]
        except (EOFError, OSError) as error:
            raise RuntimeError(f'a process of {len(self._pipes)} ended at `{order}`; its error stands above, or it was '
                               'killed for want of memory: take a smaller --batch-size') from error

    def __enter__(self) -> 'Team':
        return self

    def __exit__(self, *error: object) -> None:
        for pipe in self._pipes:
            pipe.close()  # an order that never comes ends them
        for member in self._members:
            member.join(10)
            member.kill()
        self._folder.cleanup()


def _serve(pipe: Any, core: int, meeting: str, setup: Setup, rank: int, processes: int) -> None:
    """Do what is asked, on one core and one thread, until nobody can ask any more."""
    os.sched_setaffinity(0, {core})
    torch.set_num_threads(1)
    if processes > 1:
        dist.init_process_group('gloo', init_method=Path(meeting).as_uri(), rank=rank, world_size=processes)
    steps = Steps(setup, rank, processes)
    try:
        while True:
            order, arguments = pipe.recv()
            pipe.send(getattr(steps, order)(*arguments))
    except EOFError:
        end_gloo_processes()
