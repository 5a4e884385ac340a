"""The global alignment on one process against cross entropy, and on two processes against one with the whole batch."""
import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F
from fast_and_slow import assert_same, noise
from hypothesis import given, settings
from hypothesis import strategies as st
from warm_process import on_processes

from prior_mm.models import GlobalAlignment
from prior_mm.models.global_batch import GlobalBatch

SHARES, WIDTH = (3, 2), 5  # studies of each process; not equally many, as where a broken study is left out
RANKS, BATCH = len(SHARES), sum(SHARES)


def batch_of(studies: int) -> GlobalBatch:
    return GlobalBatch(studies, torch.tensor(studies))


@settings(max_examples=10, deadline=None)
@given(count=st.integers(1, 6))
def test_cross_entropy(count):
    """Each image finds its report among those of the batch, and the reverse; the mean of both directions."""
    alignment, left, right = GlobalAlignment(0.2).double(), noise(count, WIDTH), noise(count, WIDTH, seed=1)

    def in_torch() -> list[torch.Tensor]:
        similarity = F.cosine_similarity(left[:, None], right[None], dim=-1) * alignment.logit_scale.exp()
        partner = torch.arange(count)
        return [(F.cross_entropy(similarity, partner) + F.cross_entropy(similarity.T, partner)) / 2, left]

    assert_same(lambda: [*alignment(right, left, batch=batch_of(count)), left], in_torch,
                [left, right, alignment.logit_scale])


def test_start():
    """The learned temperature starts where it is told, 0.01 as published."""
    assert GlobalAlignment().logit_scale.exp().item() == pytest.approx(100, rel=1e-5)
    assert GlobalAlignment(0.5).logit_scale.exp().item() == pytest.approx(2, rel=1e-5)


def on_one_rank(rank: int, processes: int, folder: str) -> None:
    """The loss of this process's share of the batch, its gradients, and what was gathered, into a file."""
    torch.set_num_threads(1)
    # A file that the processes meet at: no port that another test could hold.
    dist.init_process_group('gloo', init_method=f'file://{folder}/meeting', rank=rank,
                            world_size=processes)
    try:
        left, right, wide = (noise(BATCH, width, seed=seed).detach().split(SHARES)[rank].requires_grad_()
                             for seed, width in enumerate((WIDTH, WIDTH, 2 * WIDTH)))
        alignment = GlobalAlignment(0.2).double()
        batch = batch_of(SHARES[rank])
        (loss, ) = alignment(right, left, batch=batch)
        loss = loss * batch.share()
        loss.backward()
        gathered, first = batch.gather(left, wide)
        torch.save(dict(loss=loss.detach(), left=left.grad, right=right.grad, scale=alignment.logit_scale.grad,
                        gathered=[tensor.detach() for tensor in gathered], first=first), f'{folder}/{rank}.pt')
    finally:
        dist.destroy_process_group()


def test_two_processes_are_one(tmp_path):
    """The mean of the processes' losses and gradients, which is what DDP takes, is that of the whole batch at once."""
    on_processes(on_one_rank, RANKS, str(tmp_path))
    ranks = [torch.load(tmp_path / f'{rank}.pt', weights_only=True) for rank in range(RANKS)]
    left, right, wide = (noise(BATCH, width, seed=seed) for seed, width in
                         enumerate((WIDTH, WIDTH, 2 * WIDTH)))
    alignment = GlobalAlignment(0.2).double()
    (loss, ) = alignment(right, left, batch=batch_of(BATCH))
    loss.backward()
    exact = dict(rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(sum(rank['loss'] for rank in ranks) / RANKS, loss.detach(), **exact)
    # An embedding belongs to one process, but the losses of all depend on it: there the gather has added them up.
    torch.testing.assert_close(torch.cat([rank['left'] for rank in ranks]) / RANKS, left.grad, **exact)
    torch.testing.assert_close(torch.cat([rank['right'] for rank in ranks]) / RANKS, right.grad, **exact)
    torch.testing.assert_close(sum(rank['scale'] for rank in ranks) / RANKS, alignment.logit_scale.grad, **exact)
    for number, rank in enumerate(ranks):
        assert rank['first'] == sum(SHARES[:number])
        torch.testing.assert_close(rank['gathered'], [left.detach(), wide.detach()], rtol=0, atol=0)


def test_one_process_gathers_nothing():
    """Without a process group the tensors are handed back as they are."""
    left, right = noise(2, 3), noise(2, 4)
    gathered, first = batch_of(2).gather(left, right)
    assert gathered[0] is left and gathered[1] is right and first == 0
