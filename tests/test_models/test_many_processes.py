"""The same batch on 1, 2 and 4 processes: the same losses, the same gradients, and how often the processes talk.

The model is in evaluation, so without dropout, without noise of the prototype bank, and with the running statistics of
its batch normalisation: SyncBatchNorm, which makes those of the global batch, runs on GPUs only. In float64.
"""
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from tiny_run import tiny_config
from torch.nn.parallel import DistributedDataParallel
from warm_process import on_processes

from prior_mm.registry import MODELS
from prior_mm.structures import Reports

#: Sentences of each study: one process of two holds 6 of them, the other 29. The last batch of an epoch is smaller;
#: in an uneven one a broken study was left out, so that one process holds fewer studies than the others.
BATCHES = {'whole': [1, 12, 2, 9, 1, 4, 2, 4], 'last': [2, 9, 1, 3], 'uneven': [1, 12, 2, 9, 1, 4, 2]}
STAGES = (0, 1, 2)
COLLECTIVES = ('all_gather', 'all_gather_into_tensor', 'all_gather_object', 'all_reduce', 'all_to_all', 'barrier',
               'broadcast', 'gather', 'reduce', 'reduce_scatter', 'reduce_scatter_tensor', 'scatter')


def studies(counts: list[int]) -> list[tuple[torch.Tensor, list[int], list[int]]]:
    """Image, word pieces and their sentences of one study for each number of sentences."""
    generator = torch.Generator().manual_seed(0)
    made = []
    for number in counts:
        index = [sentence for sentence in range(number) for _ in range(1 + sentence % 3)]
        tokens = torch.randint(5, 14, (len(index), ), generator=generator).tolist()
        image = torch.randn(1, 32, 32, generator=generator, dtype=torch.float64)
        made.append((image, [2, *tokens, 3], [-1, *index, -1]))
    return made


def on_one_rank(rank: int, processes: int, root: str, folder: str) -> None:
    """Losses and gradients of each stage and batch, and the collectives of the steps, into a file of this process."""
    torch.set_num_threads(1)
    if processes > 1:
        dist.init_process_group('gloo', init_method=f'file://{folder}/meeting{processes}', rank=rank,
                                world_size=processes)
    talk = count_collectives()
    config = tiny_config(Path(root), Path(folder))
    torch.manual_seed(0)
    model = MODELS.build(config.model).double().eval()
    results = {}
    for stage in STAGES:
        model.set_losses(config.train_cfg.stages[stage].losses)
        unused = {id(parameter) for parameter in model.unused_parameters()}
        for parameter in model.parameters():
            parameter.requires_grad_(id(parameter) not in unused)
        wrapped = DistributedDataParallel(model, broadcast_buffers=False) if processes > 1 else model
        for name, counts in BATCHES.items():
            images, tokens, index = zip(*studies(counts)[rank::processes], strict=True)
            model.zero_grad()
            talk.clear()
            losses = wrapped(torch.stack(images), Reports.from_sequences(tokens, index), mode='loss')
            sum(losses.values()).backward()
            results[f'{stage} {name}'] = dict(
                losses={key: loss.detach() for key, loss in losses.items()}, talk=list(talk),
                gradients={key: p.grad.clone() for key, p in model.named_parameters() if p.grad is not None})
    torch.save(results, f'{folder}/{rank}_of_{processes}.pt')
    if processes > 1:
        dist.barrier()
        dist.destroy_process_group()


def count_collectives() -> list[tuple[str, bool]]:
    """The list that each collective called from Python is noted in from now on: its name, and whether it blocks."""
    talk = []

    def noted(name: str, collective):
        def call(*args, **kwargs):
            talk.append((name, not kwargs.get('async_op', False)))
            return collective(*args, **kwargs)
        return call

    for name in COLLECTIVES:
        setattr(dist, name, noted(name, getattr(dist, name)))
    return talk


@pytest.fixture(scope='module')
def results(tmp_path_factory) -> dict[int, list[dict]]:
    folder = tmp_path_factory.mktemp('many')
    tiny_config(folder / 'data', folder)  # writes the vocabulary
    for processes in (1, 2, 4):
        on_processes(on_one_rank, processes, str(folder / 'data'), str(folder))
    return {processes: [torch.load(folder / f'{rank}_of_{processes}.pt', weights_only=True)
                        for rank in range(processes)] for processes in (1, 2, 4)}


@pytest.mark.slow
@pytest.mark.parametrize('batch', BATCHES)
@pytest.mark.parametrize('stage', STAGES)
@pytest.mark.parametrize('processes', [2, 4])
def test_same_mathematics(results, processes, stage, batch):
    """However a batch is shared out, the processes' mean loss and DDP's gradients are those of the batch at once."""
    (one, ), shared = ([rank[f'{stage} {batch}'] for rank in results[number]] for number in (1, processes))
    assert one['losses'].keys() == shared[0]['losses'].keys()
    for name, loss in one['losses'].items():
        mean = sum(rank['losses'][name] for rank in shared) / processes
        assert abs(mean - loss) < 1e-9, f'{name}: {mean} instead of {loss}'
    assert len(one['gradients']) > 50
    for rank in shared:
        assert one['gradients'].keys() == rank['gradients'].keys()
        for name, gradient in one['gradients'].items():
            error = (rank['gradients'][name] - gradient).abs().max() / gradient.abs().max().clamp(min=1e-6)
            assert error < 1e-9, f'{name}: relative error {error:.2e}'


@pytest.mark.parametrize('stage', STAGES)
def test_one_gather_a_step(results, stage):
    """The counts travel without blocking; then one gather, and its way back. The rest is DDP's, in C++."""
    for rank in results[2] + results[4]:
        assert rank[f'{stage} whole']['talk'] == [
            ('all_gather', False), ('all_gather', True), ('all_reduce', True)]
    assert results[1][0][f'{stage} whole']['talk'] == []
