"""Every method and PRIOR without each of its parts, trained alike, through every task: one table.

    python tools/benchmarks/methods.py --jobs 2 [--docs docs/methods.md]    # 2 hours 43 minutes on 2 cores
    python tools/benchmarks/methods.py --seeds 0 --tasks zero_shot grounding
    python tools/benchmarks/methods.py [--methods PRIOR MGCA ...] [--seeds 0 1 2] [--epochs 60] [--starts none]

As in the field, where all start from the weights of ImageNet and of BERT, all start from the same backbone, pooling and
text encoder: of a training, one a seed, of the global alignment alone. All take the same studies, batch and number of
steps; the stages share them as in the method's demo. Then each is tested on zero-shot classification, retrieval and
phrases, and its backbone on RSNA's demo with so many of the labels. Needs the data that `make demo` makes. A run whose
result is there, of the same settings, code and files, is not run again: the same command goes on where it was stopped.
Every figure is of SYNTHETIC images.
"""
import argparse
import json
import sys
from collections.abc import Iterator
from itertools import accumulate, pairwise, product
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from page_blocks import fill  # noqa: E402
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: E402

from prior_mm.checkpoints.checkpoint import open_checkpoint, parameters_of, save_checkpoint  # noqa: E402
from prior_mm.downstream.runs import Run, add_anew_option, run_all  # noqa: E402
from prior_mm.engine.launch import errors_as_messages, find_checkpoint  # noqa: E402
from prior_mm.evaluation.gathered import gather  # noqa: E402
from prior_mm.evaluation.written_tables import write_tables  # noqa: E402


class Method(NamedTuple):
    """The configs of a method on the demo, what of them differs from those files, and the figures of its own map."""

    train: str
    zero_shot: str
    grounding: str
    options: tuple[str, ...] = ()
    stages: tuple[int, ...] = (1, )
    own_map: str = 'grounding'

    def epochs(self, total: int) -> list[str]:
        """Options that give each stage its share of all epochs, at least one.

        Raises:
            ValueError: If there are fewer epochs than stages.
        """
        if total < len(self.stages):
            raise ValueError(f'--epochs must be at least {len(self.stages)}, one a stage, got {total}')
        ends = [0]
        for stage, share in enumerate(accumulate(self.stages), 1):
            left = len(self.stages) - stage
            ends.append(min(max(round(total * share / sum(self.stages)), ends[-1] + 1), total - left))
        return [f'train_cfg.stages.{stage}.epochs={last - first}' for stage, (first, last) in enumerate(pairwise(ends))]


def prior(*options: str) -> Method:
    """PRIOR, with its demo's shares of the three stages."""
    return Method('configs/prior/pretrain_demo.py', 'configs/prior/evaluate_demo.py',
                  'configs/downstream/demo/phrase_grounding.py', options, (36, 16, 8))


def grounded() -> Method:
    """The local alignment that looks; its first stage is what all start from, and so is short."""
    return Method('configs/prior/prior_demo_grounded.py', 'configs/prior/evaluate_demo_grounded.py',
                  'configs/downstream/demo/grounded_phrase_grounding.py', stages=(1, 17))


def other(folder: str, own_map: str = 'grounding') -> Method:
    """A method of one stage."""
    pretrain, evaluate, ground = (f'configs/{folder}/{name}_demo.py' for name in ('pretrain', 'evaluate', 'ground'))
    return Method(pretrain, evaluate, ground, own_map=own_map)


METHODS = {
    'PRIOR': prior(),
    'PRIOR without local alignment': prior('model.local_alignment=None'),
    'PRIOR without prototypes': prior('model.prototype_bank=None'),
    'PRIOR without reconstruction': prior('model.image_decoder=None', 'model.sentence_decoder=None'),
    'PRIOR, grounded': grounded(),
    'ConVIRT': other('convirt'), 'SigLIP loss': other('siglip'), 'CXR-CLIP': other('cxr_clip'),
    'GLoRIA': other('gloria', 'grounding_attention'), 'MGCA': other('mgca'),
    'AFLoc': other('afloc', 'grounding_attention'),
}
RANDOM = 'random weights'
ALONE = 'what all start from'
START = 'configs/prior/demo_global_alone.py'
ENCODERS = ('image_encoder.', 'text_encoder.')
SUPERVISED = ('cls', 'seg', 'det')
TASKS = ('zero_shot', 'grounding', *SUPERVISED)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--methods', nargs='+', choices=METHODS, default=list(METHODS), metavar='METHOD',
                        help=', '.join(METHODS))
    parser.add_argument('--tasks', nargs='+', choices=TASKS, default=list(TASKS), help='zero_shot is retrieval, too')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--epochs', type=int, default=6,
                        help="of pre-training, in all stages together; PRIOR's demo has 60")
    parser.add_argument('--starts', nargs='+', metavar='CHECKPOINT', help='a checkpoint for each seed whose encoders '
                        f'all methods start from, or `none` for random weights; by default {START} is trained')
    parser.add_argument('--labels', nargs='+', default=['100'], metavar='PERCENT', help='of the supervised tasks')
    parser.add_argument('--options', nargs='+', default=[], metavar='KEY=VALUE',
                        help='further changes of every pre-training, such as model.same_report.by=text')
    parser.add_argument('--folder', type=Path, default=Path('work_dirs/methods'), help='of runs and results')
    parser.add_argument('--jobs', type=int, default=1, help='runs at a time')
    parser.add_argument('--docs', type=Path, help='the page whose table is filled in')
    add_anew_option(parser)
    return parser.parse_args()


def folder_of(args: argparse.Namespace, name: str, seed: int) -> Path:
    """The work folder of a method and seed."""
    return Path(args.folder, f'{name.lower().replace(" ", "_").replace(",", "")}_{seed}')


def starting(args: argparse.Namespace) -> dict[Path, tuple[str, Run]]:
    """The trainings that all others start from, or tests of the checkpoints that stand for them: a run a seed.

    Raises:
        ValueError: If there is not a checkpoint for each seed.
    """
    if args.starts == ['none']:
        return {}
    if args.starts and len(args.starts) != len(args.seeds):
        raise ValueError(f'--starts names {len(args.starts)} checkpoints for {len(args.seeds)} seeds')
    runs = {}
    for seed, checkpoint in zip(args.seeds, args.starts or [None] * len(args.seeds), strict=True):
        folder, test = folder_of(args, 'start', seed), grounded().zero_shot
        there, out = ('--work-dir', str(folder)), folder / 'results' / 'zero_shot.json'
        runs[out] = ALONE, (
            Run(test, there, out, train=False, test_options=(checkpoint, )) if checkpoint else
            Run(START, (*there, '--seed', str(seed)), out, test_config=test))
    return runs


def untrained(args: argparse.Namespace) -> dict[Path, tuple[str, Run]]:
    """Random weights of each seed through the tasks."""
    runs, model = {}, METHODS['PRIOR']
    for seed in args.seeds:
        folder = args.folder / f'random_{seed}'
        for kind, config in dict(zero_shot=model.zero_shot, grounding=model.grounding).items():
            out = folder / 'results' / f'{kind}.json'
            if kind in args.tasks:
                runs[out] = RANDOM, Run(config, ('--work-dir', str(folder), '--cfg-options', f'randomness.seed={seed}'),
                                        out, train=False, test_options=('none', ))
        for out, task in supervised(args, folder, seed, None):
            runs[out] = RANDOM, task
    return runs


def encoders(args: argparse.Namespace, seed: int) -> list[str]:
    """Options that start a training from the encoders of the seed's start, which are written to a file of their own."""
    if args.starts == ['none']:
        return []
    whole = (args.starts[args.seeds.index(seed)] if args.starts
             else find_checkpoint(str(folder_of(args, 'start', seed)), START))
    checkpoint, path = open_checkpoint(whole), args.folder / f'encoders_{seed}.pth'
    weights = {name: value for name, value in parameters_of(checkpoint, whole).items() if name.startswith(ENCODERS)}
    save_checkpoint(dict(meta=checkpoint.get('meta', {}), state_dict=weights), path)
    return [f'load_from={path}']


def stages(args: argparse.Namespace) -> Iterator[dict[Path, tuple[str, Run]]]:
    """What can run side by side: the starts and random weights, the pre-trainings and their first tests, all else."""
    yield starting(args) | untrained(args)
    start = {seed: encoders(args, seed) for seed in args.seeds}
    trainings: dict[Path, tuple[str, Run]] = {}
    rest: dict[Path, tuple[str, Run]] = {}
    for name, seed in product(args.methods, args.seeds):
        method, folder = METHODS[name], folder_of(args, name, seed)
        there, run = ('--work-dir', str(folder)), folder / 'results'
        model = [option for option in (*method.options, *args.options) if option.startswith('model.')]
        changes = [*method.options, *args.options, *method.epochs(args.epochs), *start[seed]]
        out = run / 'zero_shot.json'
        trainings[out] = name, Run(method.train, (*there, '--seed', str(seed), '--cfg-options', *changes), out,
                                   test_config=method.zero_shot)
        if 'grounding' in args.tasks:
            out = run / 'grounding.json'
            options = ('--cfg-options', *model) if model else ()
            rest[out] = name, Run(method.grounding, (*there, *options), out, train=False)
        for out, task in supervised(args, run.parent, seed, str(folder)):
            rest[out] = name, task
    yield trainings
    yield rest


def supervised(args: argparse.Namespace, folder: Path, seed: int, weights: str | None) -> Iterator[tuple[Path, Run]]:
    """The supervised tasks from some weights, or from none."""
    for task, labels in product((task for task in args.tasks if task in SUPERVISED), args.labels):
        name = f'rsna_{task}_labels{labels}'
        out = folder / 'results' / f'{name}.json'
        start = ('--pretrained', weights) if weights else ('--pretrained', 'none', '--finetune')
        yield out, Run(f'configs/downstream/demo/rsna_{task}.py',
                       (*start, '--labels', labels, '--seed', str(seed), '--work-dir', str(folder / name)), out)


def table(records: dict[Path, dict[str, Any]], named: dict[Path, str]) -> str:
    """A row a method as Markdown, the phrases by its own map; the supervised tasks beside those that train nothing."""
    for out, record in records.items():
        if named[out] in METHODS:
            own = METHODS[named[out]].own_map
            record['metrics'].update({f'grounding/{name.partition("/")[2]}': value for name, value in
                                      record['metrics'].items() if name.startswith(f'{own}/')})
    weights = {str(record.get('pretrained' if record.get('task') else 'checkpoint')): named[out]
               for out, record in records.items()}
    tables = gather(records, weights)
    for gathered in tables:
        rows: dict[str, dict] = {name: {} for name in (ALONE, *METHODS, RANDOM)}
        for row, cells in gathered.cells.items():
            rows[max((name for name in rows if row.startswith(name)), key=len)].update(cells)
        gathered.cells = {name: cells for name, cells in rows.items() if cells}
    return write_tables(tables, 'md')


def main() -> None:
    args = parse_args()
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    done: dict[Path, str] = {}
    with Progress(*columns) as bar:
        for title, runs in zip(('starts', 'pre-trainings', 'tasks'), stages(args), strict=True):
            task = bar.add_task(title, total=len(runs))
            run_all([run for _, run in runs.values()], ROOT / 'tools', args.jobs,
                    lambda run, task=task: bar.advance(task), args.anew)  # type: ignore[misc]
            done |= {out: name for out, (name, _) in runs.items()}
    text = table({out: json.loads(out.read_text(encoding='utf-8')) for out in done}, done)
    print(f'\nSYNTHETIC images; {args.epochs} epochs from {args.starts or START}, seeds {args.seeds}\n\n{text}')
    if args.docs:
        args.docs.write_text(fill(args.docs.read_text(encoding='utf-8'), {'table': text}, 'methods'), encoding='utf-8')


if __name__ == '__main__':
    with errors_as_messages('tools/benchmarks/methods.py'):
        main()
