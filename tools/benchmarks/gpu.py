"""Is training right on this GPU, and how fast? One command of at most nine minutes, which writes docs/gpu.md.

    python tools/benchmarks/gpu.py [--wheels DIR] [--minutes 9] [--docs docs/gpu.md] [--only PART ...]
    python tools/benchmarks/gpu.py --collect DIR       # on a machine with a network and the same Python: the wheels
    python tools/benchmarks/gpu.py --device cpu        # a tiny model: whether the command itself works

The machine needs PyTorch 2.1 to 2.14 and nothing else: no network, no compiler, no compiled mmcv. With ``--wheels`` the
other packages are unpacked beside it, for this run only. What is not reached in time, is cut off when the time is up,
or fails, stands in the page as that, and each row is written as it comes. The exit status is 1 if anything was wrong,
or failed.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what a bare machine gets from --wheels
    import gpu_speed
    from gpu_page import Page

ROOT = Path(__file__).resolve().parents[2]
#: What the GPU's machine has itself, or what only converters need.
_LEFT_OUT = ('torch', 'torchvision', 'triton', 'spacy', 'negspacy', 'sentencex')
#: Of the page; the peak is a part of ``fast``.
PARTS = ('right', 'fast', 'waits', 'gloria', 'loader')

#: Counts the operations of the three stages in a process of its own, beside the checks.
_OPERATIONS = 'from gpu_model import operations; print("operations:", *(operations(stage, {}) for stage in (1, 2, 3)))'


def collect(folder: Path) -> None:
    """Put wheels of what this environment has into a folder, but PyTorch, and what only converters need."""
    from packaging.requirements import Requirement
    lines = (ROOT / 'requirements' / 'runtime.txt').read_text().splitlines()
    open_, found = ['mmcv-lite', *(line.split('#')[0].strip() for line in lines)], {}
    while open_:
        if not (line := open_.pop()):
            continue
        need = Requirement(line)
        name = need.name.lower().replace('_', '-')
        if name in found or name in _LEFT_OUT or name.startswith(('nvidia-', 'cuda-')) \
                or need.marker and not need.marker.evaluate({'extra': ''}):
            continue
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
        open_ += requires(name) or []
    subprocess.run([sys.executable, '-m', 'pip', 'wheel', '-q', '--no-deps', '-w', str(folder), 'setuptools<80',
                    *(f'{name}=={number}' for name, number in found.items() if name != 'setuptools')], check=True)
    print(f'{len(list(folder.glob("*.whl")))} wheels in {folder}; copy it with the project, then --wheels {folder}')


def unpack(wheels: Path, folder: str) -> None:
    """Install wheels into a folder that this run alone looks into."""
    subprocess.run([sys.executable, '-m', 'pip', 'install', '-q', '--no-index', '--no-deps', '--target', folder,
                    *map(str, sorted(wheels.glob('*.whl')))], check=True)
    sys.path.insert(0, folder)


def right(page: 'Page', device: str, tiny: bool, beside: ThreadPoolExecutor) -> None:
    """Whether what is computed is right; ``beside`` takes what starts programs of its own."""
    import gpu_model
    import gpu_right

    def row(name: str, needs: float, check: Callable[..., str], *arguments: object) -> None:
        page.attempt('Right', 'what | seen', name, needs, lambda: [[name, f'right: {check(*arguments)}']])

    beside.submit(row, '`tools/train.py`, resumed', 60, lambda: gpu_right.resumed_run(page.left()))
    for stage in (1, 2, 3):
        row(f'stage {stage} against the CPU', 30, gpu_right.agreement, device, tiny, stage)
    for dtype in ('bfloat16', *(['float16'] if device == 'cuda' else [])):
        row(f'50 steps in {dtype}', 25, gpu_right.training, device, tiny, dtype)
        row(f'10 steps in {dtype}, grounded', 10, gpu_right.training, device, tiny, dtype, 1, 10, gpu_model.grounded)
    for how, name in dict(DDP='DDP and SyncBatchNorm', FSDP='FSDP').items():
        row(f'{name}, one process', 15, gpu_right.one_process, device, tiny, how)


def measure(page: 'Page', device: str, tiny: bool, parts: Collection[str]) -> None:
    """Fill the page with what is measured of these parts, set up as ``tools/train.py`` is; imports what is measured."""
    import gpu_right
    import gpu_speed
    import torch

    from prior_mm.engine.launch import leave_out_cudnn_attention

    torch.backends.cudnn.benchmark = True  # as configs/_base_/default_runtime.py
    leave_out_cudnn_attention()
    name = torch.cuda.get_device_name() if device == 'cuda' else 'CPU, a tiny model: these figures mean nothing'
    page.head = f'On {name}, {os.cpu_count()} CPU cores, Python {sys.version.split()[0]}, PyTorch {torch.__version__}.'
    shares: dict[int, float] = {}  # by stage: operations of a study, by those that the device can do in a second

    def peak(counted: Future[str]) -> Iterator[list[str]]:
        fastest = gpu_speed.matrix_peak(device, tiny)
        yield ['a square matrix product in bfloat16', f'{fastest / 1e12:.3g} TFLOP/s']
        flops = [float(number) for number in counted.result().partition('operations:')[2].split()[:3]]
        shares.update((stage, number / fastest) for stage, number in enumerate(flops, 1))
        yield ['operations of a study, stages 1, 2, 3', f'{", ".join(f"{number / 1e9:.3g}" for number in flops)} GFLOP']

    with ThreadPoolExecutor(1) as beside:
        if 'fast' in parts:
            counted = beside.submit(gpu_right.run_python, '-c', _OPERATIONS.format(tiny), timeout=page.left())
        if 'right' in parts:
            right(page, device, tiny, beside)
    if 'fast' in parts:
        page.attempt('Peak', 'what | seen', 'the peak', 5, partial(peak, counted))

    def fast(plan: 'gpu_speed.Plan', needs: float) -> None:
        for name, stages, batches in plan if 'fast' in parts else []:
            way = gpu_speed.WAYS[name]
            if tiny:
                batches, way = (4, ), way._replace(chunk=way.chunk and 2)
            for stage in stages:
                row, prepared = f'{name}, {stage}', partial(gpu_speed.prepared, stage, tiny, device, way)
                speeds = partial(gpu_speed.speeds, row, prepared, device, tiny, batches, shares.get(stage))
                page.attempt('Fast', 'way, stage | studies/s, median | batch | range | of that peak | GiB', row, needs,
                             speeds)

    fast(gpu_speed.PLAN, 20)
    for stage, batch in ((3, 98), (1, 256)) if 'waits' in parts else ():
        title = f'Where a step of stage {stage} with {batch} studies waits'
        page.attempt(title, 'what | seen', 'profile', 15, partial(
            gpu_speed.where_it_waits, device, tiny, stage, 4 if tiny else batch))
    if 'gloria' in parts:
        page.attempt("GLoRIA's local loss", 'studies | seconds, with its gradient | GiB | GiB by the formula', '588',
                     15, partial(gpu_speed.words_and_regions, device, tiny))
    bare = {row[2]: float(row[1].replace(',', '')) for row in page.tables.get('Fast', ('', []))[1]
            if row[0] == 'ours, 1' and row[3]}
    cases = ((4, False), (4, True)) if tiny else ((98, False), (256, True))
    for number, (batch, pinned) in enumerate(cases):
        if 'loader' in parts:
            page.attempt('The loader', 'batch, pinned memory | studies/s, tools/train.py | worker processes | '
                         'bare step | ratio | of a step, waiting for data', f'{batch}, {pinned}', 75,
                         partial(loader, tiny, batch, pinned, bare.get(str(batch))))
        if not (tiny or number):  # what takes longest, but is wanted more than the other batch
            fast(gpu_speed.COMPILED, 60)


def loader(tiny: bool, batch: int, pinned: bool, bare: float | None) -> Iterator[list[str]]:
    """What ``tools/train.py`` reaches, beside studies a second of the bare step."""
    import gpu_loader
    import torch
    torch.cuda.empty_cache()  # what the other process may want
    workers = 1 if tiny else max((os.cpu_count() or 2) - 2, 1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / 'studies'
        gpu_loader.write_studies(root, 8 * batch if tiny else 30 * batch)
        config = gpu_loader.training_config(root, batch, workers, pinned, tiny)
        step, waiting = gpu_loader.seconds_of_a_step(Path(folder) / 'run', config)
    yield [f'{batch}, {pinned}', f'{batch / step:,.0f}', str(workers), *([f'{bare:,.0f}', f'{batch / step / bare:.0%}']
                                                                      if bare else ['', '']), f'{waiting / step:.0%}']


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--device', choices=['cuda', 'cpu'], default='cuda')
    parser.add_argument('--wheels', type=Path, help='folder of wheels, made by --collect')
    parser.add_argument('--collect', type=Path, metavar='DIR', help='make that folder, and end')
    parser.add_argument('--minutes', type=float, default=9, help='what is not through by then is cut off')
    parser.add_argument('--docs', type=Path, help='page whose block is replaced; else it is printed')
    parser.add_argument('--only', nargs='+', choices=PARTS, default=PARTS, metavar='PART',
                        help=f'these parts of the page alone: {", ".join(PARTS)}')
    args = parser.parse_args()
    if args.collect:
        collect(args.collect)
        return 0
    start = time.monotonic()
    sys.path[:0] = [str(Path(__file__).parent), str(ROOT / 'tests'), str(ROOT)]
    with tempfile.TemporaryDirectory() as folder:
        if args.wheels:
            unpack(args.wheels, folder)
        import torch
        from gpu_page import Page
        if args.device == 'cuda' and not torch.cuda.is_available():
            parser.error('there is no GPU that PyTorch sees; --device cpu tries the command itself')
        page = Page(60 * args.minutes - (time.monotonic() - start) - 10, args.docs, hurry=args.device != 'cpu')
        measure(page, args.device, args.device == 'cpu', args.only)
    print(f'\n{page.text()}')
    return page.failed


if __name__ == '__main__':
    sys.exit(main())
