"""How long the demo's first results take on this machine, as busy as it is: 64 studies are drawn, some steps are taken.

    python tools/how_long.py [configs/prior/prior_demo_grounded.py]

Any config of a pre-training in stages on the demo data will do. Nothing is kept.
"""
import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from prior_mm.converters.openi import read_openi_reports
from prior_mm.converters.study_conversion import ConversionOptions
from prior_mm.datasets.reports import report_sentences
from prior_mm.demo import plan_studies, write_demo
from prior_mm.demo.lung_masks import load_lung_masks
from prior_mm.demo.raw_layout import DemoStudy, report_text
from prior_mm.engine.launch import errors_as_messages, load_config
from prior_mm.engine.stages import Stages
from prior_mm.registry import MODELS

DATA = 'data/demo'  # as the configs name it
DRAWN = 64
FIRST_LOOK = 6  # minutes of pre-training, after which the Makefile stops it


def moved(value: Any, root: str) -> Any:
    """A config with its demo data in another folder."""
    if isinstance(value, dict):
        return {key: moved(part, root) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(moved(part, root) for part in value)
    return root + value[len(DATA):] if isinstance(value, str) and value.startswith(DATA) else value


def draw_some(root: Path) -> tuple[float, int]:
    """Draw and convert some studies; seconds to draw all, and how many of these the training will have."""
    studies = plan_studies(read_openi_reports(), seed=0)
    masks = load_lung_masks()  # once, however many are drawn
    start = time.perf_counter()
    write_demo(root, reports=[study.report for study in studies[:DRAWN]], masks=masks)
    seconds = (time.perf_counter() - start) / DRAWN * len(studies)
    converter = Path(__file__).parent / 'dataset_converters' / 'mimic_cxr.py'
    subprocess.run([sys.executable, converter, root], check=True, stdout=subprocess.DEVNULL)
    return seconds, studies_of_training(studies)


def studies_of_training(studies: list[DemoStudy]) -> int:
    """How many the converter will keep; of the few that are drawn it may be another share."""
    return sum(study.split == 'train' and len(report_sentences(report_text(study.report)))
               >= ConversionOptions.min_sentences for study in studies)


def seconds_a_step(config: Config, stages: Stages) -> list[float]:
    """Seconds of a step of each stage, the mean of two after one that warms up."""
    loader = Runner.build_dataloader({**config.train_dataloader, 'num_workers': 0, 'persistent_workers': False}, seed=0)
    batch, model = next(iter(loader)), MODELS.build(config.model).train()
    if torch.cuda.is_available():
        model.cuda()
    wrapper, seconds = build_optim_wrapper(model, config.optim_wrapper), []
    for stage in stages.stages:
        model.set_losses(stage.losses)
        taken = []
        for _ in range(3):
            start = time.perf_counter()
            float(sum(model.train_step(batch, wrapper).values()).detach())  # a GPU has to be waited for
            taken.append(time.perf_counter() - start)
        seconds.append(sum(taken[1:]) / 2)
    return seconds


def describe(stages: Stages, drawing: float, steps: int, seconds: list[float]) -> str:
    """The estimate, in minutes."""
    drawing /= 60
    training = sum(stage.epochs * steps * each for stage, each in zip(stages.stages, seconds, strict=True)) / 60
    each_step = ' / '.join(f'{each:.2f}' for each in seconds)
    look = ', when `make demo` stops pre-training for a look and then goes on' if training > FIRST_LOOK else ''
    return (f'On this machine, as busy as it is now: about {drawing:.0f} minutes of drawing and {training:.0f} of '
            f'pre-training ({stages.epochs} epochs of {steps} steps, {each_step} s a step in '
            f'{" / ".join(stage.name for stage in stages.stages)}).\n'
            f'First results after about {drawing + min(training, FIRST_LOOK):.0f} minutes{look}. '
            'The supervised tasks at the end take about a third as long again as all that.')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', nargs='?', default='configs/prior/prior_demo_grounded.py')
    args = parser.parse_args()
    config = load_config(args.config)
    stages = Stages.from_config(config.get('train_cfg', {}).get('stages', []))
    init_default_scope('prior_mm')
    MMLogger.get_instance('mmengine', log_level='WARNING')  # the learning rates of single parameters
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, 'demo')
        drawing, studies = draw_some(root)
        config = Config(moved(config.to_dict(), str(root)))
        seconds = seconds_a_step(config, stages)
    print(describe(stages, drawing, studies // config.train_dataloader.batch_size, seconds))


if __name__ == '__main__':
    with errors_as_messages('tools/how_long.py'):
        main()
