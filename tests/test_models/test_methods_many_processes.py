"""Every method on 1, 2 and 4 processes: the same losses and gradients, for all of them gather. In float64.

Those of MGCA are the same only if Sinkhorn's equal shares are over the studies of all processes, those of SigLIP only
if its chunks, one process's reports each, leave no pair out and count none twice.
"""
import pytest
import torch
import torch.distributed as dist
from tiny_methods import METHODS, batch, tiny
from torch.nn.parallel import DistributedDataParallel
from warm_process import on_processes

from prior_mm.structures import WordReports

#: Word pieces of each sentence of each study; processes hold other numbers of words, and of studies.
STUDIES = [[2, 4], [2, 2, 2], [4], [6, 2, 4, 2], [2], [4, 4, 4], [2, 2]]
#: False negatives are masked in all; softened once for each kind of loss; found by what is written instead of labels
#: where one vector stands for a report, and where two texts do.
CASES = [*((name, 'mask', 'labels') for name in METHODS), ('ConVIRT', 'soften', 'labels'),
         ('SigLIP', 'soften', 'labels'), ('GLoRIA', 'soften', 'labels'), ('ConVIRT', 'mask', 'text'),
         ('CXRCLIP', 'mask', 'text')]
pytestmark = pytest.mark.slow


def own_reports(reports: WordReports, rows: list[int]) -> WordReports:
    """Those of these rows, padded to their own longest, as a process has them."""
    own = WordReports(*(part[rows] for part in reports))
    longest, most = (int(mask.sum(dim=1).max()) for mask in (own.token_mask, own.sentence_mask))
    return WordReports(*(part[:, :most if name == 'sentence_mask' else longest]
                         for name, part in own._asdict().items()))


def on_one_rank(rank: int, processes: int, folder: str) -> None:
    """Losses and gradients of each method into a file of this process."""
    torch.set_num_threads(1)
    if processes > 1:
        dist.init_process_group('gloo', init_method=f'file://{folder}/meeting{processes}', rank=rank,
                                world_size=processes)
    results = {}
    own = range(rank, len(STUDIES), processes)
    for name, treatment, by in CASES:
        model = tiny(name, same_report=dict(by=by, treatment=treatment)).double()
        visits = 1 + (name == 'CXRCLIP')
        images, reports = batch(STUDIES, twice=visits == 2)
        for visit in range(visits):  # the sixth study says what the first does, on any other process
            for part in reports:
                part[visit * len(STUDIES) + 5] = part[visit * len(STUDIES)]
        rows = [visit * len(STUDIES) + study for visit in range(visits) for study in own]
        samples = [dict(labels=dict(Edema=study % 5)) for study in own]
        wrapped = DistributedDataParallel(model, broadcast_buffers=False) if processes > 1 else model
        losses = wrapped(images.double()[rows], own_reports(reports, rows), samples, mode='loss')
        sum(losses.values()).backward()
        results[f'{name} {treatment} {by}'] = dict(
            losses={key: loss.detach() for key, loss in losses.items()},
            gradients={key: p.grad.clone() for key, p in model.named_parameters() if p.grad is not None})
    torch.save(results, f'{folder}/{rank}_of_{processes}.pt')
    if processes > 1:
        dist.barrier()
        dist.destroy_process_group()


@pytest.fixture(scope='module')
def results(tmp_path_factory) -> dict[int, list[dict]]:
    folder = tmp_path_factory.mktemp('methods')
    for processes in (1, 2, 4):
        on_processes(on_one_rank, processes, str(folder))
    return {processes: [torch.load(folder / f'{rank}_of_{processes}.pt', weights_only=True)
                        for rank in range(processes)] for processes in (1, 2, 4)}


@pytest.mark.parametrize(('name', 'treatment', 'by'), CASES)
@pytest.mark.parametrize('processes', [2, 4])
def test_same_losses_and_gradients(results, processes, name, treatment, by):
    """The processes' mean loss and DDP's gradients are those of the batch at once, false negatives and all."""
    (one, ), shared = ([rank[f'{name} {treatment} {by}'] for rank in results[number]] for number in (1, processes))
    for key, loss in one['losses'].items():
        assert float(sum(rank['losses'][key] for rank in shared) / processes) == pytest.approx(float(loss), rel=1e-9)
    for rank in shared:
        assert one['gradients'].keys() == rank['gradients'].keys()
        for key, gradient in one['gradients'].items():
            error = (rank['gradients'][key] - gradient).abs().max() / gradient.abs().max().clamp(min=1e-6)
            assert error < 1e-8, f'{key}: relative error {error:.2e}'
