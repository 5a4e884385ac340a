"""Train from a config.

    python tools/train.py configs/prior/pretrain_mimic.py [--resume] [--cfg-options key=value ...]
    python tools/train.py configs/downstream/rsna_cls.py [--labels 10] [--pretrained FILE|none] [--frozen|--finetune]
"""
import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from prior_mm.downstream.command_line import add_run_options, read_run
from prior_mm.engine.launch import (
    build_runner,
    end_gloo_processes,
    errors_as_messages,
    resume,
    resume_after_restart,
)
from prior_mm.engine.resumed_config import HOW


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_run_options(parser, work_dir="folder of logs and checkpoints; work_dirs/<config's name> by default; supervised "
                                     'tasks have a folder for each setting in it',
                    seed="the run's seed, instead of the config's")
    parser.add_argument('--resume', nargs='?', const='auto', metavar='CHECKPOINT',
                        help='go on from a checkpoint; without one, from the latest of the work folder')
    parser.add_argument('--resume-schedule', choices=HOW, help='learning rate of a resumed run of another length: as '
                        'if it had always been so long, or as it was, and its last value from the old end on')
    parser.add_argument('--amp', action='store_true', help='mixed precision, whatever the config says')
    parser.add_argument('--no-validate', action='store_true', help='do not validate')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='given by the launcher')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    config, _ = read_run(args, training=True)
    if args.amp:
        config.optim_wrapper.type = 'prior_mm.AutocastOptimWrapper'
        config.optim_wrapper.dtype = 'auto'
    if args.no_validate:
        config.val_cfg = config.val_dataloader = config.val_evaluator = None
    if args.resume:
        resume(config, args.resume)
    if args.resume_schedule:
        config.resume_schedule = args.resume_schedule
    resume_after_restart(config)
    build_runner(config, args.launcher).train()


if __name__ == '__main__':
    with errors_as_messages('tools/train.py'):
        main()
    end_gloo_processes()
