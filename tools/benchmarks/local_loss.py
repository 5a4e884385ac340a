"""Peak memory of GLoRIA's local loss and its gradient against the batch size, beside the formula of docs/methods.md.

    python tools/benchmarks/local_loss.py [--batch-sizes 12 24] [--words 20] [--patches 49] [--width 16]

Random patches and words, on the CPU, in float32. A figure is the most bytes that tensors hold at any moment of the loss
and its backward pass, each storage counted once; resident memory would count what the allocator keeps, too. The table,
in Markdown, is for docs/methods.md.
"""
import argparse
import sys
import time
import weakref
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from prior_mm.models.alignment import RegionAlignment
from prior_mm.models.global_batch import GlobalBatch

#: How often the numbers of a chunk, and the embeddings with the patches' inner products, are held at the peak.
OF_CHUNK, OF_EMBEDDINGS = 6, 4


class HeldMemory(TorchDispatchMode):
    """Counts the bytes of the storages that operations made and that are still held."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: dict[int, int] = {}
        self.now = self.peak = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        """Run the operation and count what it made."""
        made = function(*args, **(kwargs or {}))
        for tensor in tree_flatten(made)[0]:
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                if storage._cdata not in self.sizes:
                    self.sizes[storage._cdata] = storage.nbytes()
                    self.now += storage.nbytes()
                    self.peak = max(self.peak, self.now)
                    weakref.finalize(storage, self._gone, storage._cdata)
        return made

    def _gone(self, key: int) -> None:
        self.now -= self.sizes.pop(key)


def formula(batch: int, words: int, patches: int, width: int, chunk: int) -> float:
    """What a loss over so many studies takes on one process, in bytes."""
    embeddings = batch * (patches * (width + patches) + words * width)
    return 4 * (OF_CHUNK * min(chunk, batch * batch * words * patches) + OF_EMBEDDINGS * embeddings)


def measure(batch: int, words: int, patches: int, width: int, chunk: int) -> tuple[int, float]:
    """Peak in bytes, the embeddings included, and CPU seconds, of one loss and its gradient."""
    start = time.process_time()
    with HeldMemory() as memory:
        inputs = [torch.randn(batch, number, width).requires_grad_() for number in (patches, words)]
        mask = torch.ones(batch, words, dtype=torch.bool)
        RegionAlignment(chunk=chunk)(*inputs, mask, GlobalBatch(batch, torch.tensor(batch))).backward()
    return memory.peak, time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--batch-sizes', type=int, nargs='+', default=[12, 24])
    parser.add_argument('--words', type=int, default=20, help='words of each report')
    parser.add_argument('--patches', type=int, default=49)
    parser.add_argument('--width', type=int, default=16)
    parser.add_argument('--chunk-bits', type=int, default=15, help='a chunk holds 2 to this power numbers')
    args = parser.parse_args()
    print('| batch | words | patches | width | numbers | chunk | MB, measured | MB, formula | CPU s |\n' + '| --- ' * 9
          + '|')
    for batch in args.batch_sizes:
        sizes, numbers = (batch, args.words, args.patches, args.width), batch**2 * args.words * args.patches
        for chunk in (numbers, 2**args.chunk_bits):
            peak, seconds = measure(*sizes, chunk)
            print(f'| {" | ".join(map(str, sizes))} | {numbers / 1e6:.1f}e6 | '
                  f'{"all" if chunk == numbers else f"{chunk / 1e6:.1f}e6"} | {peak / 1e6:.2f} | '
                  f'{formula(*sizes, chunk) / 1e6:.2f} | {seconds:.0f} |', flush=True)


if __name__ == '__main__':
    main()
