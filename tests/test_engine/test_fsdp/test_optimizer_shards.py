"""Where the shards of a parameter lie."""
import torch

from prior_mm.engine.fsdp.optimizer_shards import Shard


def test_shards_lie_in_the_order_of_memory():
    """A convolution with its channels last is cut as FSDP cuts it, not row by row: each moment stays its own."""
    moments = torch.arange(72.).reshape(4, 2, 3, 3)
    weight = torch.zeros_like(moments).to(memory_format=torch.channels_last)
    parts = [Shard(weight.shape, weight.stride(), start, size).cut(moments) for start, size in ((0, 40), (40, 32))]
    torch.testing.assert_close(torch.cat(parts), moments.permute(0, 2, 3, 1).flatten(), rtol=0, atol=0)
    assert not torch.equal(torch.cat(parts), moments.flatten())


def test_a_scalar_is_one_number():
    """FSDP has no parameters without a dimension; the state of one is a vector of one number in shards."""
    assert Shard(torch.Size([]), (), 0, 1).cut(torch.tensor(3.)).tolist() == [3.]
    assert Shard(torch.Size([]), (), 1, 0).cut(torch.tensor(3.)).tolist() == []
