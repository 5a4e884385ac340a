"""Loss curves of a run, one panel a loss, with the stages marked."""
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

_SHADES = ('#dce9f5', '#fbead6', '#dff0dc', '#efe0f2', '#f3f3d0')
_COLUMNS = 3


class StageSpan(NamedTuple):
    """The steps of one stage.

    Attributes:
        name: The stage's name.
        first: Its first step that was logged.
        last: Its last one.
        weights: The weight of each loss in it.
    """

    name: str
    first: float
    last: float
    weights: dict[str, float]


def read_scalars(work_dir: str | Path) -> list[dict[str, float]]:
    """What MMEngine logged of the training steps of a run, in order of the steps.

    A run that was stopped and resumed has a folder a start; steps that were taken twice count as the later start saw
    them.

    Args:
        work_dir: The run's folder, which holds ``<timestamp>/vis_data/scalars.json``, one JSON object a line.

    Raises:
        FileNotFoundError: If no training step was logged there.
    """
    records: dict[float, dict[str, float]] = {}
    for path in sorted(Path(work_dir).glob('*/vis_data/scalars.json')):
        started = [record for record in map(_parse, path.read_text(encoding='utf-8').splitlines())
                   if 'loss' in record and 'step' in record]
        if started:
            first = started[0]['step']
            records = {step: record for step, record in records.items() if step < first}
            records.update((record['step'], record) for record in started)
    if not records:
        raise FileNotFoundError(f'there are no logged losses (*/vis_data/scalars.json) in {work_dir}: train first '
                                '(python tools/train.py CONFIG), or name the run with --work-dir')
    return [records[step] for step in sorted(records)]


def locate_stages(records: Sequence[dict[str, float]], stages: Sequence[dict[str, Any]]) -> list[StageSpan]:
    """The steps of each stage, from the epochs in the records.

    Args:
        records: What :func:`read_scalars` gives.
        stages: The stages of the config, each with ``name``, ``epochs`` and ``losses``.

    Returns:
        The stages that were begun; none if the records hold no epochs.
    """
    spans, before = [], 0
    for number, stage in enumerate(stages, start=1):
        steps = [record['step'] for record in records if before < record.get('epoch', 0) <= before + stage['epochs']]
        if steps:
            spans.append(StageSpan(stage.get('name', f'stage {number}'), min(steps), max(steps),
                                   dict(stage.get('losses') or {})))
        before += stage['epochs']
    return spans


def draw_curves(records: Sequence[dict[str, float]], stages: Sequence[dict[str, Any]], path: str | Path,
                title: str = '') -> None:
    """Draw each loss over the steps into a picture, before its weight, and their weighted sum.

    Args:
        records: What :func:`read_scalars` gives.
        stages: The stages of the config.
        path: The picture, PNG or whatever matplotlib knows by its ending.
        title: Stands above.
    """
    spans = locate_stages(records, stages)
    names = ['loss', *dict.fromkeys(name for record in records for name in record if name.startswith('loss_'))]
    rows = -(-len(names) // _COLUMNS)
    figure = Figure(figsize=(4.2 * _COLUMNS, 2.6 * rows + .8), layout='constrained')
    figure.suptitle(title)
    if spans:
        figure.supxlabel('each loss is shown before its weight', fontsize=8)
    panels = figure.subplots(rows, _COLUMNS, squeeze=False, sharex=True).flat
    for panel, name in zip(panels, names, strict=False):
        _draw_panel(panel, records, spans, name)
    for panel in list(panels)[len(names):]:
        panel.set_visible(False)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _draw_panel(panel: Axes, records: Sequence[dict[str, float]], spans: Sequence[StageSpan], name: str) -> None:
    short = name.removeprefix('loss_')
    for number, span in enumerate(spans):
        after = spans[number + 1].first if number + 1 < len(spans) else span.last
        panel.axvspan(span.first, after, color=_SHADES[number % len(_SHADES)], linewidth=0)
        height = .99 - .06 * (number % 2)  # names of short stages would run into each other, or over the edge
        place, side = ((span.first + after) / 2, 'center') if number + 1 < len(spans) else (after, 'right')
        panel.text(place, height, span.name, transform=panel.get_xaxis_transform(), ha=side, va='top', fontsize=8,
                   color='.35')
    # A line a stage: a loss may be absent for a while, and its weight changes between stages.
    for span in spans or [StageSpan('', records[0]['step'], records[-1]['step'], {})]:
        weight = span.weights.get(short) or 1
        points = [(record['step'], record[name] / weight) for record in records
                  if span.first <= record['step'] <= span.last and name in record]
        if points:
            panel.plot(*zip(*points, strict=True), color='#1f4e79', linewidth=1.2,
                       marker='.' if len(points) == 1 else None)
    panel.set_title('all losses, weighted' if name == 'loss' else short.replace('_', ' '), fontsize=10)
    panel.margins(x=.01, y=.15)
    panel.tick_params(labelsize=8, labelbottom=True)
    panel.set_xlabel('step', fontsize=8)


def _parse(line: str) -> dict[str, float]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError:  # the last line of a run that was killed
        return {}
    return record if isinstance(record, dict) else {}
