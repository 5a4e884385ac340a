"""Is training right on this GPU, and how fast? One command of at most nine minutes, which writes docs/gpu.md.

    python tools/benchmarks/gpu.py [--wheels DIR] [--minutes 9] [--docs docs/gpu.md]
    python tools/benchmarks/gpu.py --collect DIR       # on a machine with a network and the same Python: the wheels
    python tools/benchmarks/gpu.py --device cpu        # a tiny model: whether the command itself works

The machine needs PyTorch 2.1 to 2.14 and nothing else: no network, no compiler, no compiled mmcv. With ``--wheels`` the
other packages are unpacked beside it, for this run only. What is not reached in time, or fails, stands in the page as
that. The exit status is 1 if a check of the first table failed.
"""
import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: What the GPU's machine has itself, or what only converters need.
_LEFT_OUT = ('torch', 'torchvision', 'triton', 'spacy', 'negspacy', 'sentencex')


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


def measure(device: str, tiny: bool, seconds: float) -> tuple[str, bool]:
    """The tables of the page, and whether all that was checked is right; imports what is measured."""
    import gpu_right
    import gpu_speed
    import torch
    from gpu_model import operations
    from page_blocks import table

    end, shown, failed = time.monotonic() + seconds, [], False

    def attempt(name: str, function: Callable[[], str], needs: float) -> str:
        """What a function returns, or how it failed, unless there is no time left for it."""
        nonlocal failed
        print(f'{end - time.monotonic():.0f} s left: {name}', flush=True)
        if end - time.monotonic() < (0 if tiny else needs):
            return 'not reached'
        try:
            return f'right: {function()}'
        except Exception as error:  # the other checks go on
            failed = True
            return f'**wrong**: {type(error).__name__}: {" ".join(str(error).split())[-300:]}'

    def checks() -> Iterator[tuple[str, Callable[[], str], float]]:
        for stage in (1, 2, 3):
            yield f'stage {stage}, float32, against the CPU', partial(gpu_right.agreement, device, tiny, stage), 20
        for dtype in ('bfloat16', *(['float16'] if device == 'cuda' else [])):
            yield f'50 steps in {dtype}', partial(gpu_right.training, device, tiny, dtype), 25
        yield 'DDP and SyncBatchNorm, one process', partial(gpu_right.one_process, device, tiny), 15
        yield 'tools/train.py, resumed', gpu_right.resumed_run, 60

    rows = [[name, attempt(name, check, needs)] for name, check, needs in checks()]
    shown += ['## Right', table('what | seen', rows)]

    peak, rows = gpu_speed.matrix_peak(device, tiny), []
    for stage in (3, 1, 2):
        flops = operations(stage, tiny)
        for batch in ((4, ) if tiny else (98, 256, 588)):
            for name, way in gpu_speed.WAYS.items():
                if way.plain and batch > 98 or way.chunk and batch <= way.chunk and not tiny or tiny and way.compiled:
                    continue
                if end - time.monotonic() < (75 if way.compiled else 30) and not tiny:
                    rows.append([str(stage), str(batch), name, 'not reached', '', '', ''])
                    continue
                print(f'{end - time.monotonic():.0f} s left: stage {stage}, {batch} studies, {name}', flush=True)
                rows.append([str(stage), str(batch), name, *gpu_speed.speed(
                    device, tiny, stage, batch, way, flops, peak, steps=2 if tiny else 7)])
    shown += ['## Fast', f'A square matrix product in bfloat16 reached {peak / 1e12:.3g} TFLOP/s.', table(
        'stage | batch | way | studies/s, median | slowest to fastest step | of that peak | GiB', rows)]
    if tiny or end - time.monotonic() > 30:
        shown += ['## Where a step of stage 3 waits', table('what | seen', gpu_speed.where_it_waits(
            device, tiny, 3, 4 if tiny else 98))]
    name = torch.cuda.get_device_name() if device == 'cuda' else 'CPU, a tiny model: these figures mean nothing'
    head = f'On {name}, Python {sys.version.split()[0]}, PyTorch {torch.__version__}.'
    return '\n\n'.join([head, *shown]), not failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--device', choices=['cuda', 'cpu'], default='cuda')
    parser.add_argument('--wheels', type=Path, help='folder of wheels, made by --collect')
    parser.add_argument('--collect', type=Path, metavar='DIR', help='make that folder, and end')
    parser.add_argument('--minutes', type=float, default=9, help='what is not reached by then is left out')
    parser.add_argument('--docs', type=Path, help='page whose block is replaced; else it is printed')
    args = parser.parse_args()
    if args.collect:
        collect(args.collect)
        return 0
    end = time.monotonic() + 60 * args.minutes
    sys.path[:0] = [str(Path(__file__).parent), str(ROOT / 'tests'), str(ROOT)]
    with tempfile.TemporaryDirectory() as folder:
        if args.wheels:
            unpack(args.wheels, folder)
        import torch
        if args.device == 'cuda' and not torch.cuda.is_available():
            parser.error('there is no GPU that PyTorch sees; --device cpu tries the command itself')
        text, right = measure(args.device, args.device == 'cpu', end - time.monotonic() - 15)
    if args.docs:
        from page_blocks import fill
        args.docs.write_text(fill(args.docs.read_text(), {'measured': text}, mark='gpu'))
    else:
        print(text)
    return not right


if __name__ == '__main__':
    sys.exit(main())
