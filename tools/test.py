"""Evaluate a checkpoint: a table on the screen, and the same as JSON in the work folder.

    python tools/test.py configs/prior/evaluate_demo.py [CHECKPOINT | none]
    python tools/test.py configs/downstream/rsna_cls.py [--labels 10 ...]

Without a checkpoint, that of the run with the same settings is taken: its best, else its last.
"""
import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmengine.config import DictAction

from prior_mm.downstream.command_line import add_downstream_options, apply_options, command_of
from prior_mm.downstream.settings import check_same_repeat
from prior_mm.engine.launch import build_runner, end_gloo_processes, errors_as_messages, find_checkpoint, load_config
from prior_mm.evaluation import print_results, provenance, write_results


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', nargs='?',
                        help="by default the run's best, else its last; `none` stands for random weights")
    parser.add_argument('--work-dir', help="the run's folder; by default what the config says")
    parser.add_argument('--out', help='the JSON file; <work-dir>/results/<config>.json by default')
    parser.add_argument('--seed', type=int, help="the training's seed, to find its run; the config's by default")
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='changes to the config, key=value')
    add_downstream_options(parser)
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='given by the launcher')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    config = load_config(args.config, args.cfg_options, args.work_dir)
    if args.seed is not None:
        config.randomness = dict(config.get('randomness') or {}, seed=args.seed)
    settings = apply_options(config, args, training=False)
    if args.checkpoint == 'none':
        config.load_from = None
    else:
        config.load_from = args.checkpoint or find_checkpoint(
            config.work_dir, config.get('trained_by') or command_of(args))
    config.resume = False
    for name in ('runner_type', 'strategy'):  # how it was trained; here the model is whole on each process
        config.pop(name, None)
    runner = build_runner(config, args.launcher)
    runner.logger.info(f'checkpoint: {config.load_from or "none, random weights"}')
    runner.load_or_resume()
    if settings and config.load_from:
        check_same_repeat(config, runner.loaded_meta, config.load_from)
    metrics = runner.test()
    if runner.rank == 0:
        source = provenance(runner)
        out = Path(args.out or Path(config.work_dir, 'results', f'{Path(args.config).stem}.json'))
        write_results(out, metrics, source)
        print_results(metrics, source)
        print(f'written to {out}')


if __name__ == '__main__':
    with errors_as_messages('tools/test.py'):
        main()
    end_gloo_processes()
