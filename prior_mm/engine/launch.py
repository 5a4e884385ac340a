"""From a config to a runner, on one process or many, with or without a GPU."""
import atexit
import importlib.util
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import init_default_scope

from prior_mm.checkpoints.checkpoint import PREEMPTED, latest_checkpoint, load_checkpoint, read_meta
from prior_mm.dependencies import check_toolboxes_of
from prior_mm.files.fingerprint import config_differences
from prior_mm.files.whole_files import first_whole
from prior_mm.registry import RUNNERS

from .config_names import check_names, explain_argument, explain_type, merge_options
from .data_runner import DataRunner
from .hooks import Preempted


def load_config(path: str, options: dict | None = None, work_dir: str | None = None) -> Config:
    """Read a config and change it as the command line asks.

    Args:
        path: The config file, or ``prior_mm::prior/pretrain_mimic.py``, that of an installed package.
        options: Changes, ``{'optim_wrapper.optimizer.lr': 1e-4}``.
        work_dir: Where results go; by default what the config says, or ``work_dirs/<config's name>``.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If a package that the config's task needs is missing; in one line.
    """
    file = _config_file(path)
    try:
        config = Config.fromfile(file)
    except ImportError as error:  # MMEngine wraps it in advice on PYTHONPATH
        check_toolboxes_of(str(error))
        while isinstance(error.__context__, ImportError):
            error = error.__context__
        raise error from None
    except SyntaxError as error:
        # MMEngine puts the parser's error, which knows the line, into one of its own.
        first = error.__context__ if isinstance(error.__context__, SyntaxError) else error
        raise ValueError(f'{path}, line {first.lineno}: this is no Python: {first.msg}') from error
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        # MMEngine notes the package of a base such as prior_mm::prior/pretrain_mimic.py in each dict with a type, and
        # then takes the note for an argument of this function.
        if isinstance(collate := (config.get(name) or {}).get('collate_fn'), dict):
            collate.pop('_scope_', None)
    merge_options(config, options or {})
    check_names(config)
    config.work_dir = work_dir or config.get('work_dir') or str(Path('work_dirs', Path(path).stem))
    return config


def _config_file(path: str) -> Path:
    package, _, name = path.rpartition('::')
    folder = None
    if package:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise FileNotFoundError(f'there is no config {path}: no package {package} is installed')
        folder = Path(spec.origin).parent / '.mim' / 'configs'
    file = folder / name if folder else Path(path)
    if not file.is_file():
        raise FileNotFoundError(f'there is no config {path}; {folder or "configs/"} has those of '
                                f'{package or "the project"}')
    return file


def build_runner(config: Config, launcher: str = 'none') -> DataRunner:
    """Build the runner that ``runner_type`` names; on many processes without a GPU, over gloo.

    Args:
        config: The config.
        launcher: ``'none'``, ``'pytorch'`` (torchrun), ``'slurm'`` or ``'mpi'``.

    Raises:
        ValueError: If the runner is not one of ours, whose checkpoints are data, or something it needs is missing.
    """
    config.launcher = launcher
    if launcher != 'none' and not torch.cuda.is_available():
        if launcher != 'pytorch':
            raise ValueError(f'--launcher {launcher} needs GPUs; without them: tools/dist_train.sh (torchrun, gloo)')
        # MMEngine would ask for a GPU here whatever the backend; a group that is there already it leaves alone.
        if not dist.is_initialized():
            seconds = ((config.get('env_cfg') or {}).get('dist_cfg') or {}).get('timeout', 1800)
            dist.init_process_group('gloo', timeout=timedelta(seconds=seconds))
        config.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False,
            find_unused_parameters=config.get('find_unused_parameters', False))
        config.sync_bn = None  # PyTorch's SyncBatchNorm runs on GPUs only
    leave_out_cudnn_attention()
    init_default_scope(config.get('default_scope', 'prior_mm'))
    name = config.get('runner_type', 'PriorRunner')
    runner = RUNNERS.get(name)
    if not (isinstance(runner, type) and issubclass(runner, DataRunner)):
        raise ValueError(f"runner_type must be 'PriorRunner' or 'PriorFlexibleRunner', got {name!r}: other runners run "
                         'what a checkpoint holds as code')
    if 'strategy' in config and name == 'PriorRunner':
        raise ValueError("strategy is for FlexibleRunner: set runner_type='PriorFlexibleRunner', or leave it out")
    return runner.from_cfg(config)


def leave_out_cudnn_attention() -> None:
    """Have attention computed by PyTorch's own kernels.

    cuDNN plans its attention anew for each length of reports, a tenth of a second and more (docs/gpu.md).
    """
    if hasattr(torch.backends.cuda, 'enable_cudnn_sdp'):
        torch.backends.cuda.enable_cudnn_sdp(False)


def resume(config: Config, checkpoint: str = 'auto') -> None:
    """Make a run go on from a checkpoint, or with ``'auto'`` from the last of its folder.

    Where the folder has none yet, the run begins, from the weights of ``load_from`` if it names any.
    """
    if checkpoint != 'auto':
        config.resume, config.load_from = True, checkpoint
    elif latest_checkpoint(config.work_dir) or not config.get('load_from'):
        config.resume, config.load_from = True, None


def resume_after_restart(config: Config) -> None:
    """Make a run that torchrun or Slurm started again go on from its last checkpoint, if it has written one."""
    restarts = (os.environ.get(name) or '0' for name in ('TORCHELASTIC_RESTART_COUNT', 'SLURM_RESTART_COUNT'))
    if any(int(count) > 0 for count in restarts) and latest_checkpoint(config.work_dir):
        resume(config)


def find_checkpoint(work_dir: str, config: str) -> str:
    """The best checkpoint of a run, else its last; one that is damaged is passed over with a warning.

    So is a best one of an earlier run in the folder, and ``preempted.pth`` where there is a regular one before it: a
    few steps into a stage, whose new parts have learned nothing, a model is no result.

    Raises:
        FileNotFoundError: If there is none; the message says what to run.
        ValueError: If all are damaged.
    """
    best = sorted(Path(work_dir).glob('best_*.pth'), key=lambda path: path.stat().st_mtime, reverse=True)
    found = first_whole(best) if best else _last_result(work_dir)
    if best and (last := latest_checkpoint(work_dir)) and _of_an_earlier_run(Path(str(found)), last):
        print_log(f'passed over: {found} is of an earlier run in this folder than {last}', 'current', logging.WARNING)
        found = last
    if found is None:
        raise FileNotFoundError(
            f'there is no checkpoint in {work_dir}. Train first (python tools/train.py {config}), name a checkpoint '
            'after the config, or give `none` for random weights')
    return str(found)


def _last_result(work_dir: str) -> Path | None:
    """The last checkpoint of a run; of one that was asked to stop, the last regular one, if there is any."""
    last = latest_checkpoint(work_dir)
    if last is None or last.name != PREEMPTED or (regular := latest_checkpoint(work_dir, regular=True)) is None:
        return last
    print_log(f'the run was stopped on its way: taken is {regular}, its last regular checkpoint, and not {last.name}. '
              'Name the file to take that', 'current', logging.WARNING)
    return regular


def _of_an_earlier_run(best: Path, last: Path) -> bool:
    """Whether the last checkpoint, written later, does not know the best one and is of other settings."""
    if last.stat().st_mtime <= best.stat().st_mtime:
        return False
    content = load_checkpoint(last)
    if Path(str((content.get('runtime_info') or {}).get('best_ckpt'))).name == best.name:
        return False
    ours, theirs = ((meta or {}).get('fingerprint') or {} for meta in (content.get('meta'), read_meta(best)))
    return bool(ours and theirs and config_differences(theirs['config'], ours['config']))


@contextmanager
def errors_as_messages(tool: str) -> Iterator[None]:
    """End a tool with the message of an error that its user can mend, without a traceback.

    A run that was asked to stop ends with the code of the signal. ``PRIOR_TRACEBACK=1`` in the environment shows the
    traceback.
    """
    try:
        yield
    except Preempted as stop:
        end_gloo_processes(stop.status)
        raise
    except TypeError as error:
        if os.environ.get('PRIOR_TRACEBACK') or (line := explain_argument(error)) is None:
            raise
        sys.exit(f'{tool}: {line}')
    except KeyError as error:
        if os.environ.get('PRIOR_TRACEBACK') or (line := explain_type(error)) is None:
            raise
        sys.exit(f'{tool}: {line}')
    except (OSError, ValueError, ImportError, FloatingPointError) as error:
        if os.environ.get('PRIOR_TRACEBACK'):
            raise
        sys.exit(f'{tool}: {error}')
    except RuntimeError as error:
        if os.environ.get('PRIOR_TRACEBACK') or not str(error).startswith('DataLoader worker'):
            raise
        sys.exit(f'{tool}: {error}. A worker process of the data loader was lost, most often for want of memory: set '
                 'train_dataloader.num_workers lower, then go on with --resume')


def end_gloo_processes(status: int = 0) -> None:
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
    os._exit(status)
