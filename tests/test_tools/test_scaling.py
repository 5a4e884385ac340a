"""The model of scaling over many GPUs: by hand, at its limits, and against figures that it must give back."""
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.utils.flop_counter

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'benchmarks'))

if not hasattr(torch.utils.flop_counter, 'flop_registry'):
    pytest.skip('the model of scaling counts operations with PyTorch 2.2 or newer', allow_module_level=True)

from page_blocks import fill
from scaling_model import Counter, Hardware, Workload, exposed, logits, predict
from scaling_report import Load, Measured, check_table, measured_table, predicted_efficiency, where_table

ROUND = Hardware(peak=1e3, utilisation=.5, float32=1e12, memory=1e3, memory_utilisation=1, dispatch=0, node=8,
                 nvlink=100, network=10, start=1, hop_nvlink=.5, hop_network=2)
WORK = Workload(flops=2e11, bytes_study=5e9, bytes_step=2e9, bytes_optimizer=6e9, operators=4000,
                buckets=(25_000_000, ) * 30 + (90_000_000, ), row=9216, width=768, norms=(64, 256, 2048))
LOADS = [Load(64, strong=False), Load(588, strong=True), Load(4096, strong=True)]


def test_collectives_by_hand():
    """4 GPUs of a node pass quarters on 6 times; 16 GPUs on 2 nodes also send an eighth to the other node and back."""
    assert ROUND.all_reduce(800, 4) == pytest.approx(1 + 6 * (2 + .5))
    assert ROUND.all_reduce(800, 16) == pytest.approx(1 + 14 * (1 + .5) + 100 / 10 + 2 * 2)
    assert ROUND.all_gather(10, 4) == pytest.approx(1 + 3 * (.1 + .5))
    assert ROUND.all_gather(10, 16) == pytest.approx(1 + (1 + 2) + 7 * (.2 + .5))


def test_what_hides():
    """All buckets but the last can hide, as far as the backward reaches; the copies cannot."""
    one, copies = ROUND.all_reduce(800, 4), 4 * 1600 / 1e3
    assert exposed((800, 800), ROUND, 4, backward=1e6) == pytest.approx(one + copies)
    assert exposed((800, 800), ROUND, 4, backward=6) == pytest.approx(2 * one - .5 * 6 + copies)
    assert exposed((800, 800), replace(ROUND, overlap=0), 4, backward=1e6) == pytest.approx(2 * one + copies)


def test_one_gpu_does_not_talk():
    """No communication is charged to one GPU, and everything else is; a step is the sum of its parts."""
    step = predict(WORK, Hardware(), 1, 64)
    assert (step.all_reduce, step.gather, step.norms) == (0, 0, 0)
    assert min(step.compute, step.optimizer, step.logits) > 0
    assert step.seconds == pytest.approx(sum(step))


def test_compute():
    """Matrix products and the rest one after the other, but no faster than operators are handed to the GPU."""
    work = replace(WORK, flops=500, bytes_study=1000, bytes_step=2000, operators=10)
    assert predict(work, ROUND, 1, 3).compute == pytest.approx(3 * 500 / 500 + (3 * 1000 + 2000) / 1e3)
    assert predict(work, replace(ROUND, dispatch=100), 1, 3).compute == 1000


@pytest.mark.parametrize('load', LOADS[:2], ids=str)
def test_efficiency_falls(load):
    """One GPU is the measure, and more GPUs are never predicted to be more efficient than fewer."""
    values = [predicted_efficiency(WORK, Hardware(), load, gpus) for gpus in (1, 8, 64, 512)]
    assert values[0] == 1
    assert all(left > right > 0 for left, right in zip(values, values[1:], strict=False))


@pytest.mark.parametrize('name', ['network', 'nvlink', 'overlap'])
def test_faster_links_are_no_slower(name):
    """Better hardware never predicts a longer step: a sign or a reciprocal the wrong way round would."""
    slow, fast = (predict(WORK, replace(Hardware(), **{name: factor * getattr(Hardware(), name)}), 64, 8).seconds
                  for factor in (.5, 1))
    assert fast <= slow


def test_most_studies_of_a_gpu():
    """Where a batch does not divide, the GPU with most studies sets the pace; in weak scaling all are alike."""
    assert [LOADS[1].on(gpus) for gpus in (1, 8, 512)] == [588, 74, 2]
    assert LOADS[0].on(512) == 64


@pytest.mark.parametrize('alignments', [1, 2])
def test_logits(alignments):
    """Each of two directions of an alignment is a product and two in the backward, 2 x B x M x D operations each."""
    flops, moved = logits(4, 32, 16, alignments)
    assert flops == alignments * 2 * 3 * 2 * 4 * 32 * 16
    assert moved > alignments * 2 * 4 * 4 * 32


def test_counter():
    """Views are free; a product counts as an operator, but its bytes do not."""
    a = torch.ones(4, 4)
    with Counter() as counter:
        a.t() @ a
        a.view(16) + 1
    assert (counter.operators, counter.bytes) == (2, 2 * 64)


def figures() -> dict:
    """Figures of a stage as ``scaling.py`` writes them, of round numbers."""
    def work(studies: int) -> dict:
        flops = 10**12 * studies + logits(studies, 8, 4, 1)[0]
        return dict(flops=flops, bytes=10**9 * studies + 10**8, optimizer=4 * 10**8, operators=100)

    one = dict(work=dict(whole=work(8)), width=4, buckets=[], norms=[4], dtype='float32')
    two = [dict(one, work=dict(shared=work(studies)), buckets=[10**7, 10**7]) for studies in (5, 3)]
    optimizer = dict(name='optimizer', size=0, last=.5, first=.6)
    calls = [dict(name=name, size=256, last=.001, first=.02) for name in ('wait', 'all_gather', 'all_reduce')]
    seconds = {'one': 8.5, 'strong': 6., 'weak': 9.5, 'strong alone': 5.5, 'weak alone': 9.}
    return dict(setup=dict(model='demo', stage=1, batch=8, dtype='float32'), peak=2e12, facts=dict(one=[one], two=two),
                all_reduce=dict(start=.001, bandwidth=1e9), calls=dict(one=[optimizer], weak=[*calls, optimizer]),
                seconds={turn: [value, value, value + 1] for turn, value in seconds.items()})


def test_the_model_gives_back_what_it_was_taken_from():
    """The step of one process, and of two what follows from it: the larger share, the buckets, the gather."""
    stage = Measured(figures())
    assert stage.work.flops == 1e12 and stage.work.bytes_step == 1e8 and stage.work.bytes_study == 1e9
    assert stage.machine.utilisation == pytest.approx(.5)
    assert stage.predicted('one').seconds == pytest.approx(8.5, rel=1e-3)
    assert stage.larger == pytest.approx(5)
    strong = stage.predicted('strong')
    assert strong.compute == pytest.approx(5)
    assert strong.all_reduce == pytest.approx(2 * (.001 + 1e7 / 1e9) + 4 * 2e7 / 8e8)
    assert stage.efficiency('strong', 4.25) == pytest.approx(1)


def test_tables():
    """What the page shows are the figures, in the right columns and units."""
    stages = [Measured(figures())]
    assert '| 1 | weak | 2 | 8 | 9.50 (9.50 to 10.50) | 1.68 | 89% | 42% |' in measured_table(stages)
    assert "| 1 | DDP's all-reduce | 2 | 20,000,000 | 500.0:" in where_table(stages)
    assert '| 6.00 |' in check_table(stages)


def test_page():
    """Only what stands between the marks is replaced, again and again; a page without a mark is an error."""
    page = 'a\n<!-- scaling: x -->\nold\n<!-- end -->\nb\n<!-- scaling: y -->\n<!-- end -->\n'
    filled = fill(page, dict(x=r'new \1', y='z'))
    assert filled == 'a\n<!-- scaling: x -->\n\nnew \\1\n\n<!-- end -->\nb\n<!-- scaling: y -->\n\nz\n\n<!-- end -->\n'
    assert fill(filled, dict(x=r'new \1', y='z')) == filled
    with pytest.raises(ValueError, match='no place for `w`'):
        fill(page, dict(w=''))
