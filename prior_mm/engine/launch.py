"""From a config to a runner, on one process or many, with or without a GPU."""
import atexit
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import find_latest_checkpoint

from .runner import PriorRunner


def load_config(path: str, options: dict | None = None, work_dir: str | None = None) -> Config:
    """Read a config and change it as the command line asks.

    Args:
        path: The config file.
        options: Changes, ``{'optim_wrapper.optimizer.lr': 1e-4}``.
        work_dir: Where results go; by default what the config says, or ``work_dirs/<config's name>``.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    if not Path(path).is_file() and '::' not in path:
        raise FileNotFoundError(f'there is no config {path}; configs/ has those of the project')
    config = Config.fromfile(path)
    if options:
        config.merge_from_dict(options)
    config.work_dir = work_dir or config.get('work_dir') or str(Path('work_dirs', Path(path).stem))
    return config


def build_runner(config: Config, launcher: str = 'none') -> PriorRunner:
    """Build the runner; on many processes without a GPU, over gloo.

    Args:
        config: The config.
        launcher: ``'none'``, ``'pytorch'`` (torchrun), ``'slurm'`` or ``'mpi'``.
    """
    config.launcher = launcher
    if launcher != 'none' and not torch.cuda.is_available():
        if launcher != 'pytorch':
            raise ValueError(f'--launcher {launcher} needs GPUs; without them: tools/dist_train.sh (torchrun, gloo)')
        # MMEngine would ask for a GPU here whatever the backend; a group that is there already it leaves alone.
        if not dist.is_initialized():
            dist.init_process_group('gloo')
        config.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False,
            find_unused_parameters=config.get('find_unused_parameters', False))
        config.sync_bn = None  # PyTorch's SyncBatchNorm runs on GPUs only
    init_default_scope(config.get('default_scope', 'prior_mm'))
    return PriorRunner.from_cfg(config)


def find_checkpoint(work_dir: str, config: str) -> str:
    """The best checkpoint of a run, else its last.

    Raises:
        FileNotFoundError: If there is none; the message says what to run.
    """
    best = sorted(Path(work_dir).glob('best_*.pth'), key=lambda path: path.stat().st_mtime)
    if best:
        return str(best[-1])
    last = find_latest_checkpoint(work_dir) if Path(work_dir).is_dir() else None
    # The file names a path that is wrong after the folder was moved.
    for candidate in (last, last and str(Path(work_dir, Path(last).name))):
        if candidate and Path(candidate).is_file():
            return candidate
    raise FileNotFoundError(f'there is no checkpoint in {work_dir}. Train first (python tools/train.py {config}), name '
                            'a checkpoint after the config, or give `none` for random weights')


@contextmanager
def errors_as_messages(tool: str) -> Iterator[None]:
    """End a tool with the message of an error that its user can mend, without a traceback.

    ``PRIOR_TRACEBACK=1`` in the environment shows the traceback.
    """
    try:
        yield
    except (OSError, ValueError, ImportError, FloatingPointError) as error:
        if os.environ.get('PRIOR_TRACEBACK'):
            raise
        sys.exit(f'{tool}: {error}')


def end_gloo_processes() -> None:
    """End processes joined over gloo together and at once; without such a group, nothing happens.

    gloo's threads live as long as the model, and now and then abort a process whose modules are torn down under them
    ("terminate called without an active exception"), even after ``destroy_process_group``. Here every process waits
    for the others, does what Python does at an exit, and leaves without the tearing down.
    """
    if not (dist.is_available() and dist.is_initialized() and dist.get_backend() == 'gloo'):
        return
    dist.barrier()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
