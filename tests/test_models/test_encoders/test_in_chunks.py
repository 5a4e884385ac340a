"""A large batch in chunks: the losses and gradients of the whole batch, random numbers and running statistics too."""
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_run import tiny_config
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils._pytree import tree_flatten
from warm_process import on_processes

from prior_mm.models.encoders import in_chunks as module
from prior_mm.models.encoders.in_chunks import in_chunks
from prior_mm.registry import MODELS
from prior_mm.structures import ImageFeatures, Reports

SENTENCES = [1, 5, 2, 4, 1, 4, 2]


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp('chunks')
    return tiny_config(folder / 'data', folder)


def prior(config, stage: int, **options) -> nn.Module:
    torch.manual_seed(0)
    model = MODELS.build({**config.model, **options}).double()
    model.set_losses(config.train_cfg.stages[stage].losses)
    return model


def studies(counts=SENTENCES) -> tuple[torch.Tensor, Reports]:
    generator = torch.Generator().manual_seed(0)
    index = [[-1, *(sentence for sentence in range(number) for _ in range(1 + sentence % 3)), -1] for number in counts]
    tokens = [torch.randint(5, 14, (len(places), ), generator=generator).tolist() for places in index]
    images = torch.randn(len(counts), 1, 32, 32, generator=generator, dtype=torch.float64)
    return images, Reports.from_sequences(tokens, index)


def step(model, data) -> tuple[dict, dict, int]:
    """Losses, gradients and running statistics; and the bytes that the forward pass keeps for the backward pass."""
    parameters = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    torch.manual_seed(7)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        losses = model(*data, mode='loss')
    sum(losses.values()).backward()
    state = {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}
    return losses, state | dict(model.named_buffers()), sum(kept.values())


def assert_close(ours: tuple, whole: tuple) -> None:
    for mine, theirs in zip(ours[:2], whole[:2], strict=True):
        assert mine.keys() == theirs.keys()
        for name, value in theirs.items():
            error = (mine[name] - value).abs().max() / value.abs().max().clamp(min=1e-6)
            assert error < 1e-9, f'{name}: relative error {error:.2e}'


@pytest.mark.parametrize('chunk', [1, 3, 7, 100])
@pytest.mark.parametrize('stage', [0, 1, 2])
def test_same_mathematics(config, stage, chunk):
    """Whatever the chunk, losses and gradients are those of the batch at once (batch normalisation in evaluation)."""
    whole = step(prior(config, stage).eval(), studies())
    assert len(whole[1]) > 50
    assert_close(step(prior(config, stage, chunk=chunk).eval(), studies()), whole)


@pytest.mark.parametrize('with_cp', [False, True])
@pytest.mark.parametrize('stage', [0, 2])
def test_second_computation_is_the_first(config, stage, with_cp, monkeypatch):
    """In training, dropout and running statistics are those of chunks whose activations are kept; but fewer are."""
    options = {part: dict(config.model[part], with_cp=with_cp)
               for part in ('image_encoder', 'text_encoder', 'image_decoder')}
    ours = step(prior(config, stage, chunk=3, **options).train(), studies())
    monkeypatch.setattr(module, 'recomputed', lambda function, *inputs, within: function(*inputs))
    kept = step(prior(config, stage, chunk=3).train(), studies())
    assert_close(ours, kept)
    assert ours[2] < 0.5 * kept[2]
    assert all(int(value) == 3 for name, value in ours[1].items() if name.endswith('num_batches_tracked')
               and (stage == 2 or 'image_decoder' not in name))


def test_one_chunk_at_a_time():
    """The backward pass computes a chunk again only when the one after it is done with, so that one is held."""
    events = []

    class Noted(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            events.append(f'compute {int(x[0])}')
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):
            events.append('backward')
            return gradient

    part = nn.Linear(1, 1)
    inputs = torch.arange(6.)[:, None]
    in_chunks(2, part, lambda x: part(Noted.apply(x.requires_grad_())).exp(), inputs).sum().backward()
    assert events == ['compute 0', 'compute 2', 'compute 4', 'compute 4', 'backward', 'compute 2', 'backward',
                      'compute 0', 'backward']


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 9), size=st.one_of(st.none(), st.integers(1, 12)))
def test_any_count_and_size(count, size):
    """Nested tuples come out as they would of the whole, in their order, whatever the last chunk holds."""
    rows = torch.arange(count * 3.).view(count, 3)

    def function(images, named):
        return named._replace(patches=images[:, None] + named.pooled[:, None], earlier=(images * 2, )), None

    named = ImageFeatures(None, rows + 1, (4, 5))
    ours, whole = (in_chunks(chunk, nn.Identity(), function, rows, named) for chunk in (size, None))
    for mine, theirs in zip(tree_flatten(ours)[0], tree_flatten(whole)[0], strict=True):
        assert mine is theirs is None or torch.equal(torch.as_tensor(mine), torch.as_tensor(theirs))


def test_fewer_words():
    """A chunk whose reports have fewer words than those of another gets zeros behind them."""
    lengths = torch.tensor([2, 1, 3])
    words = in_chunks(2, nn.Identity(), lambda rows: torch.ones(len(rows), int(rows.max()), 4), lengths)
    assert words.shape == (3, 3, 4)
    assert words.sum(dim=(1, 2)).tolist() == [8, 8, 12]


def test_no_chunk_of_nothing(config):
    """A chunk of no study is an error that says what it may be."""
    with pytest.raises(ValueError, match='model.chunk must be at least 1 study'):
        prior(config, 0, chunk=0)


def on_one_rank(rank: int, processes: int, root: str, folder: str) -> None:
    dist.init_process_group('gloo', init_method=f'file://{folder}/meeting', rank=rank, world_size=processes)
    config = tiny_config(Path(root), Path(folder))
    model = prior(config, 2, chunk=2).eval()
    for parameter in model.unused_parameters():
        parameter.requires_grad_(False)
    images, reports = studies()
    share = torch.arange(rank, len(images), processes)
    losses, state, _ = step(DistributedDataParallel(model, broadcast_buffers=False),
                            (images[share], Reports(*(part[share] for part in reports))))
    torch.save(({name: loss.detach() for name, loss in losses.items()}, state), f'{folder}/{rank}.pt')
    dist.destroy_process_group()


@pytest.mark.slow
def test_two_processes(config, tmp_path):
    """Chunks within the shares of two processes: DDP's gradients are those of the whole batch on one."""
    on_processes(on_one_rank, 2, str(Path(config.work_dir) / 'data'), str(tmp_path))
    losses, state, _ = step(prior(config, 2).eval(), studies())
    ranks = [torch.load(tmp_path / f'{rank}.pt', weights_only=True) for rank in range(2)]
    for name, loss in losses.items():
        assert abs((ranks[0][0][name] + ranks[1][0][name]) / 2 - loss) < 1e-9
    assert_close(({}, {name.removeprefix('module.'): value for name, value in ranks[0][1].items()}), ({}, state))
