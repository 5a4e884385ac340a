"""Rate, weight decay and tricks of a supervised task, chosen on its validation images by optuna.

    pip install optuna
    python tools/benchmarks/sweep.py configs/downstream/demo/rsna_cls.py classification/auroc --trials 20

Each trial is a training and a test on the VALIDATION images, whose result file is like any other and stays, so that
the same command goes on where it was stopped. tools/results.py FOLDER/*.json is a table of all, each trial named by
what it changed. What was found best is then tested once, by the command that is printed. The backbone is frozen or not
as the protocol says, or --options.
"""
import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from prior_mm.downstream.command_line import add_run_options, read_run  # noqa: E402
from prior_mm.downstream.runs import Run, run_all  # noqa: E402
from prior_mm.downstream.settings import Downstream  # noqa: E402
from prior_mm.engine.launch import errors_as_messages  # noqa: E402


def trial_options(trial, settings: Downstream) -> tuple[list[str], list[str]]:
    """What a trial draws: options of both tools, and changes to the config."""
    rate = trial.suggest_float('rate', 1e-5, 1e-2, log=True)
    decay = trial.suggest_float('decay', 1e-6, 1e-1, log=True)
    options = []
    if not settings.frozen:
        options += ['--backbone-rate', f'{trial.suggest_categorical("backbone_rate", [1., 0.1]):g}']
    if settings.task == 'classification':
        options += ['--head-norm'] if trial.suggest_categorical('head_norm', [False, True]) else []
        options += ['--head-init', 'truncated_normal'] if trial.suggest_categorical('truncated', [False, True]) else []
    return options, [f'optim_wrapper.optimizer.lr={rate:.3g}', f'optim_wrapper.optimizer.weight_decay={decay:.3g}']


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file of a supervised task')
    parser.add_argument('figure', help='name of the figure in result files, the higher the better')
    parser.add_argument('--trials', type=int, default=20)
    parser.add_argument('--seed', type=int, default=0, help='of what is drawn, and of the trainings')
    parser.add_argument('--folder', type=Path, default=Path('work_dirs/sweep'))
    parser.add_argument('--options', nargs=argparse.REMAINDER, default=[], help='further options of both tools, last')
    args = parser.parse_args()
    try:
        import optuna
    except ImportError:
        raise ImportError('a sweep needs optuna, which is not installed: pip install optuna') from None
    asked = argparse.ArgumentParser()
    add_run_options(asked)
    config, settings = read_run(asked.parse_known_args([args.config, *args.options])[0], training=False)
    if settings is None:
        raise ValueError(f'{args.config} has no `downstream`: it is of no supervised task')
    on_validation = f'test_dataloader.dataset.ann_file={config.val_dataloader.dataset.ann_file}'

    def objective(trial) -> float:
        options, changes = trial_options(trial, settings)
        out = args.folder / f'trial{trial.number}.json'
        folder = str(args.folder / f'trial{trial.number}')
        run = Run(args.config, (*options, *args.options, '--seed', str(args.seed), '--work-dir', folder,
                                '--cfg-options', *changes, on_validation), out)
        record, = run_all([run], ROOT / 'tools')
        return record['metrics'][args.figure]

    study = optuna.create_study(direction='maximize', sampler=optuna.samplers.TPESampler(seed=args.seed))
    study.optimize(objective, args.trials)
    options, changes = trial_options(study.best_trial, settings)
    best = study.best_trial.number
    print(f'best on the validation images: {study.best_value:.4f}, trial {best} of {args.trials}. Test it once:\n    '
          f'python tools/test.py {args.config} {args.folder}/trial{best}/best_*.pth '
          f'{" ".join([*options, *args.options])} --seed {args.seed} --cfg-options {" ".join(changes)}')


if __name__ == '__main__':
    with errors_as_messages('tools/benchmarks/sweep.py'):
        main()
