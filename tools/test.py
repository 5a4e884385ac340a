"""Evaluate a checkpoint: a table on the screen, and the same as JSON in the work folder.

    python tools/test.py configs/prior/evaluate_demo.py [CHECKPOINT | none]
    python tools/test.py configs/downstream/rsna_cls.py [--labels 10 ...]

Without a checkpoint, that of the run with the same settings is taken: its best, else its last.
"""
import argparse
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from prior_mm.checkpoints.as_trained import check_unseen, model_otherwise
from prior_mm.checkpoints.checkpoint import read_meta
from prior_mm.checkpoints.text_side import adopt_text_side
from prior_mm.downstream.as_protocol import left_protocol
from prior_mm.downstream.command_line import add_run_options, command_of, read_run
from prior_mm.downstream.settings import check_same_normalisation, check_same_repeat, trained_otherwise
from prior_mm.engine.launch import build_runner, end_gloo_processes, errors_as_messages, find_checkpoint
from prior_mm.evaluation import print_results, provenance, write_per_image, write_results
from prior_mm.files.fingerprint import fingerprint, in_a_line


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_run_options(parser, work_dir="the run's folder; by default what the config says",
                    seed="the training's seed, to find its run; the config's by default")
    parser.add_argument('checkpoint', nargs='?',
                        help="by default the run's best, else its last; `none` stands for random weights")
    parser.add_argument('--out', help='the JSON file; <work-dir>/results/<config>.json by default')
    parser.add_argument('--allow-missing', action='store_true',
                        help='test a checkpoint that lacks a part of the model, which then has random numbers')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='given by the launcher')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    config, settings = read_run(args, training=False)
    rests_on: dict[str, Any] = dict(fingerprint=dict(test=fingerprint(config.to_dict(), training=False), training=None))
    config.load_from = None
    if args.checkpoint != 'none':
        config.load_from = args.checkpoint or find_checkpoint(
            config.work_dir, config.get('trained_by') or command_of(args))
        meta = read_meta(config.load_from)
        rests_on['fingerprint']['training'] = meta.get('fingerprint')
        adopt_text_side(config, meta)
        if settings:
            check_same_repeat(config, meta, config.load_from)
            check_same_normalisation(config, meta, config.load_from)
            rests_on['trained_otherwise'] = trained_otherwise(config, meta)
            rests_on['left_protocol'] = left_protocol(config, meta, Path(__file__).resolve().parents[1] / 'configs')
        else:
            rests_on['trained_otherwise'] = model_otherwise(config, meta)
    config.resume = False
    for name in ('runner_type', 'strategy'):  # how it was trained; here the model is whole on each process
        config.pop(name, None)
    runner = build_runner(config, args.launcher)
    runner.allow_missing = args.allow_missing
    if config.load_from:
        check_unseen(meta, getattr(runner.test_dataloader.dataset, 'metainfo', None) or {}, config.load_from)
    runner.logger.info(f'checkpoint: {config.load_from or "none, random weights"}')
    if otherwise := rests_on.get('trained_otherwise'):
        runner.logger.warning(f'{config.load_from} was trained otherwise than config and options say now: '
                              f'{in_a_line(otherwise)}. The figures are of '
                              + ('the training as it was' if settings else 'the model as config and options say'))
    metrics = runner.test()
    if runner.rank == 0:
        source = dict(provenance(runner), **rests_on)
        out = Path(args.out or Path(config.work_dir, 'results', f'{Path(args.config).stem}.json'))
        source.update(write_per_image(out, runner.test_loop.evaluator.metrics))
        write_results(out, metrics, source)
        print_results(metrics, source)
        print(f'written to {out}')


if __name__ == '__main__':
    with errors_as_messages('tools/test.py'):
        main()
    end_gloo_processes()
