"""An optimizer whose parameters lie in shards on two processes: both take the same steps."""
import pytest
import torch
import torch.distributed as dist
from warm_process import on_processes

from prior_mm.engine import ShardedOptimWrapper


def on_one_rank(rank: int, processes: int, folder: str) -> None:
    """Three steps on four numbers, three of them here and one there; what they are after each, into a file."""
    dist.init_process_group('gloo', init_method=f'file://{folder}/meeting', rank=rank, world_size=processes)
    shard, unused = torch.nn.Parameter(torch.ones(3 - 2 * rank)), torch.nn.Parameter(torch.ones(2))
    wrapper = ShardedOptimWrapper(
        dtype='float32', clip_grad=dict(max_norm=1.),
        optimizer=torch.optim.AdamW([shard, unused], lr=0.1, weight_decay=0.5, betas=(0., 0.)))
    wrapper.unused_parameters, seen = lambda: [unused], []
    for gradient in (2., 2. if rank == 0 else float('nan'), 0.1):
        shard.grad, unused.grad = torch.full_like(shard, gradient), torch.zeros(2)
        wrapper.step()
        seen.append(dict(shard=shard.detach().clone(), gradient=shard.grad.clone(), unused=unused.detach().clone(),
                         skipped=[wrapper.skipped, wrapper.skipped_in_row]))
    torch.save(seen, f'{folder}/{rank}.pt')
    dist.barrier()
    dist.destroy_process_group()


@pytest.fixture(scope='module')
def steps(tmp_path_factory) -> list[tuple[dict, dict]]:
    folder = tmp_path_factory.mktemp('sharded')
    on_processes(on_one_rank, 2, str(folder))
    return list(zip(*(torch.load(folder / f'{rank}.pt', weights_only=True) for rank in range(2)), strict=True))


def test_one_norm_for_all_shards(steps):
    """Gradients are clipped by the norm over all shards (4 here, each of 4 numbers being 2), a small one not at all."""
    for rank in steps[0]:
        torch.testing.assert_close(rank['gradient'], torch.full_like(rank['gradient'], 0.5))
    for rank in steps[2]:
        torch.testing.assert_close(rank['gradient'], torch.full_like(rank['gradient'], 0.1))


def test_all_skip_the_same_step(steps):
    """A gradient that is not finite on one process keeps both from the step, and both count it."""
    for before, rank, after in zip(*steps, strict=True):
        torch.testing.assert_close(rank['shard'], before['shard'], rtol=0, atol=0)
        assert [before['skipped'], rank['skipped'], after['skipped']] == [[0, 0], [1, 1], [1, 0]]
        assert (after['shard'] < rank['shard']).all()


def test_what_a_stage_does_not_use_stays(steps):
    """Zeros, which FSDP gives for what is not used of a unit, are no gradient: no weight decay, as with DDP."""
    for rank in steps[2]:
        assert (rank['unused'] == 1).all()


def test_other_norms_are_refused():
    """Clipping by another norm is an error that says what to take."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    with pytest.raises(ValueError, match='norm_type=1 is not supported under FSDP; take 2'):
        ShardedOptimWrapper(optimizer=optimizer, dtype='float32', clip_grad=dict(max_norm=1., norm_type=1))
