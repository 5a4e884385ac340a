"""Tables and picture of ``scaling.py``: what was measured on two processes, and what follows for GPUs."""
import statistics
from dataclasses import fields, replace
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from page_blocks import table
from scaling_model import Hardware, Step, Workload, logits, predict

GPUS = (1, 8, 64, 512)
SHOWN = ('peak', 'utilisation', 'memory', 'dispatch', 'nvlink', 'network', 'start', 'hop_nvlink', 'hop_network',
         'overlap')
COLOURS = ('#1f4e79', '#c55a11', '#548235')


class Load(NamedTuple):
    """How much there is to do: so many studies for each GPU (weak scaling), or for all together (strong scaling)."""

    studies: int
    strong: bool

    def on(self, gpus: int) -> int:
        """Studies of the GPU that has most of them."""
        return -(-self.studies // gpus) if self.strong else self.studies

    def __str__(self) -> str:
        return f'strong, {self.studies} studies in all' if self.strong else f'weak, {self.studies} studies a GPU'


class Measured:
    """The figures of a stage, as ``scaling.py`` measures them: medians, and what the model needs."""

    def __init__(self, figures: dict[str, Any]) -> None:
        self.figures, self.stage, self.batch = figures, figures['setup']['stage'], figures['setup']['batch']
        self.name = f'stage {self.stage}'
        self.seconds = {turn: statistics.median(values) for turn, values in figures['seconds'].items()}
        one, two = figures['facts']['one'], figures['facts']['two']
        whole, shares = one[0]['work']['whole'], [facts['work']['shared'] for facts in two]
        row, width = self.size('weak', 'all_gather') // self.batch, one[0]['width']

        def without_logits(flops: float, rows: int) -> float:
            return flops - logits(rows, self.batch, width, row // (4 * width) - 1)[0]

        flops = without_logits(whole['flops'], self.batch) / self.batch
        once = max(sum(share['bytes'] for share in shares) - whole['bytes'], 0)  # what each of two does, and one once
        self.work = Workload(
            flops=flops, bytes_step=once, bytes_study=(whole['bytes'] - once) / self.batch,
            bytes_optimizer=whole['optimizer'], operators=whole['operators'], buckets=tuple(two[0]['buckets']), row=row,
            width=width, norms=tuple(two[0]['norms']))
        #: Studies of the mean length that the larger of two shares amounts to.
        self.larger = max(without_logits(share['flops'], self.batch // 2) for share in shares) / flops

    def size(self, turn: str, name: str) -> int:
        return next(call['size'] for call in self.figures['calls'][turn] if call['name'] == name)

    def blocked(self, turn: str, name: str) -> tuple[float, float]:
        """Seconds of a step that a call blocked the process that came last to it, and the one that came first."""
        calls = [call for call in self.figures['calls'][turn] if call['name'] == name]
        return sum(call['last'] for call in calls), sum(call['first'] for call in calls)

    @property
    def machine(self) -> Hardware:
        """This machine in the terms of the model: what one process reaches, and an all-reduce with nothing beside it.

        The core that computes also sends, so that nothing hides; operators between the matrix products are in the
        share of the peak that is reached.
        """
        figures, optimizer = self.figures, self.blocked('one', 'optimizer')[0]
        rate = self.work.flops * self.batch / (self.seconds['one'] - optimizer)
        bandwidth = figures['all_reduce']['bandwidth']
        return Hardware(peak=figures['peak'], utilisation=rate / figures['peak'], float32=figures['peak'],
                        memory=self.work.bytes_optimizer / optimizer, memory_utilisation=1, dispatch=0, node=2,
                        nvlink=bandwidth, network=bandwidth, start=figures['all_reduce']['start'], hop_nvlink=0,
                        hop_network=0, overlap=0, reduce_scatter=False)

    def predicted(self, turn: str) -> Step:
        """What the model says of a turn of this machine."""
        work = replace(self.work, bytes_study=0, bytes_step=0, norms=())
        return predict(work, self.machine, 1 if turn == 'one' else 2, self.larger if turn == 'strong' else self.batch)

    def efficiency(self, turn: str, seconds: float) -> float:
        return self.seconds['one'] / seconds / (2 if turn == 'strong' else 1)


def measured_table(stages: list[Measured]) -> str:
    """Steps of one process and of two."""
    rows = []
    for stage in stages:
        for turn, processes, studies in (('one', 1, stage.batch), ('strong', 2, stage.batch / 2),
                                         ('weak', 2, stage.batch)):
            median, values = stage.seconds[turn], stage.figures['seconds'][turn]
            share = stage.work.flops * studies / median / stage.figures['peak']
            efficiency = '' if turn == 'one' else f'{stage.efficiency(turn, median):.0%}'
            rows.append((str(stage.stage), turn if processes == 2 else '-', str(processes), f'{studies:g}',
                         f'{median:.2f} ({min(values):.2f} to {max(values):.2f})',
                         f'{processes * studies / median:.2f}', efficiency, f'{share:.0%}'))
    return table('stage | scaling | processes | studies each | s/step: median (range) | studies/s | efficiency | '
                 'of peak', rows)


def where_table(stages: list[Measured]) -> str:
    """Where the time of two processes goes, in weak scaling."""
    rows = []
    for stage in stages:
        buckets, added = stage.work.buckets, stage.seconds['weak'] - stage.seconds['weak alone']
        rows.append((str(stage.stage), "DDP's all-reduce", str(len(buckets)), f'{sum(buckets):,}',
                     f'{1e3 * added:.1f}: step with it, less step without'))
        for name, what in (('wait', 'counts (sent without waiting)'), ('all_gather', 'gather'),
                           ('all_reduce', "gather's way back"), ('optimizer', 'optimizer (no collective)')):
            last, first = stage.blocked('weak', name)
            size = '' if name == 'optimizer' else f'{stage.size("weak", name):,}'
            rows.append((str(stage.stage), what, '1', size, f'{1e3 * last:.1f} and {1e3 * first:.1f}'))
    return table('stage | what | calls a step | bytes a step and process | ms it blocks the last and the first to come',
                 rows)


def check_table(stages: list[Measured]) -> str:
    """The model against the two processes."""
    rows = []
    for stage in stages:
        for turn in ('strong', 'weak'):
            said, seen, alone = stage.predicted(turn), stage.seconds[turn], stage.seconds[f'{turn} alone']
            rows.append((str(stage.stage), turn, f'{said.seconds:.2f}', f'{seen:.2f}',
                         f'{said.seconds / seen - 1:+.0%}', f'{said.seconds - said.all_reduce:.2f}', f'{alone:.2f}',
                         f'{said.all_reduce:.2f}', f'{seen - alone:.2f}',
                         f'{stage.efficiency(turn, said.seconds):.0%}', f'{stage.efficiency(turn, seen):.0%}'))
    return table('stage | scaling | s/step: predicted | measured | off by | without all-reduce: predicted | measured | '
                 'all-reduce: predicted | measured | efficiency: predicted | measured', rows)


def work_table(stages: list[Measured]) -> str:
    """What was counted."""
    return table(
        'stage | GFLOP a study | MB a study, other operators | MB a step | MB of the optimizer | operators a step | '
        'MB of gradients, in buckets | gather, bytes a study | batch normalisations',
        [(str(stage.stage), f'{work.flops / 1e9:.0f}', f'{work.bytes_study / 1e6:,.0f}',
          f'{work.bytes_step / 1e6:,.0f}', f'{work.bytes_optimizer / 1e6:,.0f}', f'{work.operators:,}',
          f'{sum(work.buckets) / 1e6:,.0f} in {len(work.buckets)}', f'{work.row:,}', str(len(work.norms)))
         for stage in stages for work in [stage.work]])


def constants_table(hardware: Hardware) -> str:
    """Each constant of the hardware, with its source."""
    return table('option | value | unit | what, and where from', [
        (f'`--{entry.name.replace("_", "-")}`', f'{getattr(hardware, entry.name):g}', entry.metadata['unit'],
         entry.metadata['source']) for entry in fields(hardware) if entry.metadata])


def predicted_efficiency(work: Workload, hardware: Hardware, load: Load, gpus: int) -> float:
    """Time of one GPU over that of N, and over N where they share its work."""
    alone, together = (predict(work, hardware, number, load.on(number)).seconds for number in (1, gpus))
    return alone / together / (gpus if load.strong else 1)


def predicted_table(work: Workload, hardware: Hardware, loads: list[Load]) -> str:
    """Steps of GPUs that nobody has run."""
    rows = []
    for load in loads:
        for gpus in GPUS:
            step = predict(work, hardware, gpus, load.on(gpus))
            studies = load.studies * (1 if load.strong else gpus)
            rows.append((str(load), str(gpus), str(load.on(gpus)), f'{1e3 * step.seconds:.1f}',
                         f'{studies / step.seconds:,.0f}', f'{predicted_efficiency(work, hardware, load, gpus):.0%}',
                         *(f'{1e3 * part:.1f}' for part in step)))
    return table('scaling | GPUs | studies a GPU | ms/step | studies/s | efficiency | compute | optimizer | logits | '
                 'exposed all-reduce | gather | SyncBatchNorm', rows)


def sensitivity_table(work: Workload, hardware: Hardware, loads: list[Load], gpus: int = GPUS[-1]) -> str:
    """What each constant does to the efficiency, were it half or twice what is assumed."""
    rows = []
    for name in SHOWN:
        others = [replace(hardware, **{name: factor * getattr(hardware, name)}) for factor in (0.5, 1, 2)]
        rows.append((f'`{name}`', *(
            ' / '.join(f'{predicted_efficiency(work, other, load, gpus):.0%}' for other in others) for load in loads)))
    return table(' | '.join([f'at {gpus} GPUs: half / as assumed / twice', *map(str, loads)]), rows)


def draw(stages: list[Measured], hardware: Hardware, loads: list[Load], path: Path) -> None:
    """Efficiency over processes: measured on the CPU beside the model's line, then predicted for GPUs."""
    figure = Figure(figsize=(12, 3.8), layout='constrained')
    panels = figure.subplots(1, 3, sharey=True)
    for stage, colour in zip(stages, COLOURS, strict=False):
        for turn, marker, line in (('strong', 's', '--'), ('weak', 'o', '-')):
            said = stage.efficiency(turn, stage.predicted(turn).seconds)
            seen = [stage.efficiency(turn, value) for value in stage.figures['seconds'][turn]]
            panels[0].plot([1, 2], [100, 100 * said], line, color=colour, label=f'{stage.name}, {turn}: model')
            middle = statistics.median(seen)
            panels[0].errorbar([1, 2], [100, 100 * middle],
                               [[0, 100 * (middle - min(seen))], [0, 100 * (max(seen) - middle)]], color=colour,
                               marker=marker, linestyle='none', capsize=3, label=f'{stage.name}, {turn}: measured')
        for load, marker in zip(loads, cycle('osD^'), strict=False):
            efficiencies = [100 * predicted_efficiency(stage.work, hardware, load, gpus) for gpus in GPUS]
            panels[1 + load.strong].plot(GPUS, efficiencies, '--' if load.strong else '-', color=colour, marker=marker,
                                         fillstyle='none', label=f'{stage.name}, {load.studies}')
    titles = ('CPU, one core a process: MEASURED, and the model', 'GPUs, weak: PREDICTED, never run',
              'GPUs, strong: PREDICTED, never run')
    for panel, title, ticks in zip(panels, titles, ((1, 2), GPUS, GPUS), strict=True):
        panel.set_title(title, fontsize=9)
        panel.set_xscale('log', base=2)
        panel.set_xticks(ticks, list(map(str, ticks)))
        panel.minorticks_off()
        panel.set_ylim(0, 110)
        panel.tick_params(labelsize=8)
        panel.grid(alpha=.3)
        panel.legend(fontsize=7)
    panels[0].set_ylabel('efficiency, %', fontsize=8)
    panels[0].set_xlabel('processes', fontsize=8)
    panels[1].set_xlabel('GPUs; studies a GPU in the legend', fontsize=8)
    panels[2].set_xlabel('GPUs; studies in all in the legend', fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
