"""All repeats of a protocol, folds or seeds: train and test each, then mean and standard deviation.

    python tools/repeat.py configs/downstream/siim_seg.py [--labels 10 --frozen ...]
    python tools/repeat.py configs/downstream/rsna_cls.py --seeds 0 1 2
    python tools/repeat.py configs/downstream/chexpert5x200_zeroshot.py

A repeat whose results are there, of the same settings, code and files, is not run again, and a training that was
stopped goes on. What was done otherwise is named, and done again with --anew.
"""
import argparse
import copy
import json
import sys
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from prior_mm.downstream.command_line import add_downstream_options, apply_options, options_of
from prior_mm.downstream.runs import Run, add_anew_option, run_all
from prior_mm.engine.config_names import Options
from prior_mm.engine.launch import errors_as_messages, load_config
from prior_mm.evaluation import print_summary, summarise


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file of a downstream task')
    parser.add_argument('--repeats', nargs='+', metavar='NAME', help="by default all of the protocol's")
    parser.add_argument('--seeds', type=int, nargs='+',
                        help="seeds of the training; by default the protocol's, else the config's")
    parser.add_argument('--jobs', type=int, default=1, help='runs at a time')
    parser.add_argument('--out', help='the JSON file; beside the folders of the runs by default')
    parser.add_argument('--work-dir', help="folder of the runs' folders; by default what the config says")
    parser.add_argument('--cfg-options', nargs='+', default=[], help='changes to the config, key=value')
    parser.add_argument('--allow-missing', action='store_true', help='see tools/test.py')
    add_anew_option(parser)
    add_downstream_options(parser)
    args = parser.parse_args()
    if args.repeat:
        parser.error('--repeat is of one run; name several with --repeats')
    return args


def plan(args: argparse.Namespace) -> list[Run]:
    """The runs, each with the result file that train.py and test.py take for its settings."""
    reader = argparse.ArgumentParser()
    reader.add_argument('changes', nargs='*', action=Options)
    config = load_config(args.config, reader.parse_args(args.cfg_options).changes, args.work_dir)
    name, of_test = Path(args.config).stem, ('--allow-missing', ) if args.allow_missing else ()
    if draws := config.get('draws'):
        folder = ['--work-dir', config.work_dir, '--cfg-options', *args.cfg_options]
        return [Run(args.config, (*folder, f'test_dataloader.dataset.ann_file={file}'),
                    Path(config.work_dir, 'results', f'{name}_{draw}.json'), train=False,
                    test_options=of_test)
                for draw, file in draws.items() if not args.repeats or draw in args.repeats]
    one = argparse.Namespace(**{**vars(args), 'work_dir': None})
    settings = apply_options(copy.deepcopy(config), one, training=False)
    if settings is None:
        raise ValueError(f'{args.config} has neither `downstream` nor `draws`: there is nothing to repeat')
    runs = []
    seeds = args.seeds or settings.setting.training_seeds or [config.randomness.seed]
    for repeat, seed in product(args.repeats or settings.repeats, seeds):
        one.repeat, one.seed = repeat, seed
        changed = copy.deepcopy(config)
        changed.randomness.seed = seed
        apply_options(changed, one, training=False)
        words = [*options_of(one), '--work-dir', changed.work_dir]
        if args.cfg_options:
            words += ['--cfg-options', *args.cfg_options]
        runs.append(Run(args.config, tuple(words), Path(changed.work_dir, 'results', f'{name}.json'),
                        test_options=of_test))
    return runs


def main() -> None:
    args = parse_args()
    runs = plan(args)
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task('repeats', total=len(runs))
        records = run_all(runs, Path(__file__).resolve().parent, args.jobs, lambda run: bar.advance(task), args.anew)
    summary = summarise(records)
    print_summary(summary, records)
    folder = runs[0].out.parents[2 if runs[0].train else 0]
    out = Path(args.out or folder / f'{Path(args.config).stem}_repeats.json')
    missing = next((record['missing'] for record in records if record.get('missing')), None)
    overlap = next((shared for record in records if (shared := (record.get('data') or {}).get('overlap'))), None)
    content = dict(schema='prior_mm.repeats/1', runs=[str(run.out) for run in runs], summary=summary,
                   **(dict(missing=missing) if missing else {}), **(dict(overlap=overlap) if overlap else {}))
    out.write_text(json.dumps(content, indent=1) + '\n', encoding='utf-8')
    print(f'written to {out}')


if __name__ == '__main__':
    with errors_as_messages('tools/repeat.py'):
        main()
