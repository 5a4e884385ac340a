"""What a training step takes on N GPUs: counted work, constants of the hardware, and a formula; nothing is run here.

Sizes are in bytes, times in seconds, rates in units a second. docs/scaling.md has the formula in words and the
assumptions; ``tools/benchmarks/scaling.py`` counts the work, and holds the same formula against two processes.
"""
import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from prior_mm.models.alignment import GlobalAlignment

#: Of the three matrix products that a layer takes, forward and backward, two are the backward's.
BACKWARD = 2 / 3
#: Operators whose bytes are not counted: matrix products, whose operations are, and what moves nothing.
_WITHOUT_BYTES = {*flop_registry, *(getattr(torch.ops.aten, name) for name in (
    '_unsafe_view', 'empty', 'empty_like', 'empty_strided', 'new_empty', 'new_empty_strided'))}


def _constant(value: Any, unit: str, source: str) -> Any:
    return field(default=value, metadata=dict(unit=unit, source=source))


@dataclass(frozen=True)
class Hardware:
    """Constants of a machine, by default GPUs of public data sheets; each says its unit and where it comes from."""

    peak: float = _constant(989e12, 'FLOP/s', 'H100 SXM data sheet: dense bfloat16 matrix products')
    utilisation: float = _constant(0.4, 'of peak', '**assumption**: what matrix products and convolutions reach')
    float32: float = _constant(67e12, 'FLOP/s', 'H100 SXM data sheet: float32; the logits are in it')
    memory: float = _constant(3.35e12, 'B/s', 'H100 SXM data sheet: HBM3')
    memory_utilisation: float = _constant(0.8, 'of memory', '**assumption**: what all other operators reach')
    dispatch: float = _constant(5e-6, 's', '**assumption**: an operator, as Python and PyTorch hand it to the GPU')
    node: int = _constant(8, 'GPUs', 'DGX H100 data sheet: GPUs of a node, joined by NVLink')
    nvlink: float = _constant(450e9, 'B/s', 'H100 SXM data sheet: NVLink, 900 GB/s for both directions')
    network: float = _constant(50e9, 'B/s', 'DGX H100 data sheet: one 400 Gb/s InfiniBand adapter for each GPU')
    start: float = _constant(5e-6, 's', 'a collective; rounded up from the cost model of NCCL (src/graph/tuning.cc)')
    hop_nvlink: float = _constant(1e-6, 's', 'from GPU to GPU of a node; likewise')
    hop_network: float = _constant(5e-6, 's', 'from node to node; likewise')
    overlap: float = _constant(0.5, 'of backward', '**assumption**: what the all-reduce of gradients can hide behind')
    reduce_scatter: bool = True  # gloo has none: there the gradients of the gather come back by an all-reduce

    def all_reduce(self, size: float, gpus: int) -> float:
        """A ring in each node, then GPU by GPU between the nodes (NCCL's trees: the hops grow as a logarithm)."""
        if gpus == 1:
            return 0.
        local, nodes = self._layout(gpus)
        within = 2 * (local - 1) * (size / local / self.nvlink + self.hop_nvlink)
        between = 2 * (nodes - 1) / nodes * size / local / self.network
        return self.start + within + between + 2 * math.ceil(math.log2(nodes)) * self.hop_network

    def all_gather(self, share: float, gpus: int) -> float:
        """Rings between the nodes, then in each; ``share`` is what one GPU gives. A reduce-scatter takes as long."""
        if gpus == 1:
            return 0.
        local, nodes = self._layout(gpus)
        return (self.start + (nodes - 1) * (share / self.network + self.hop_network)
                + (local - 1) * (nodes * share / self.nvlink + self.hop_nvlink))

    def _layout(self, gpus: int) -> tuple[int, int]:
        """GPUs of a node, and nodes."""
        local = min(gpus, self.node)
        return local, math.ceil(gpus / local)


@dataclass(frozen=True)
class Workload:
    """What was counted of the steps of a stage.

    Attributes:
        flops: Of a study's matrix products and convolutions, forward and backward, logits left out.
        bytes_study: What the other operators read and write for a study.
        bytes_step: The same, for what a step does whatever its batch, without the optimizer.
        bytes_optimizer: What the optimizer and the check of the gradients read and write.
        operators: Operators of a step, views left out.
        buckets: Bytes of DDP's buckets of gradients, in the order in which they get ready.
        row: Bytes that a study puts into the gather.
        width: Width D of the joint space.
        norms: Channels of the batch normalisations, which SyncBatchNorm shares.
    """

    flops: float
    bytes_study: float
    bytes_step: float
    bytes_optimizer: float
    operators: int
    buckets: tuple[int, ...]
    row: int
    width: int
    norms: tuple[int, ...] = ()


class Step(NamedTuple):
    """Seconds of a step, part by part; what is hidden behind something else is in none of them."""

    compute: float
    optimizer: float
    logits: float
    all_reduce: float
    gather: float
    norms: float

    @property
    def seconds(self) -> float:
        return sum(self)


def predict(work: Workload, hardware: Hardware, gpus: int, studies: float) -> Step:
    """The step of a GPU.

    Args:
        work: What was counted.
        hardware: The machine.
        gpus: Number N of GPUs.
        studies: Of the GPU that has most of them.
    """
    memory = hardware.memory * hardware.memory_utilisation
    compute = max(work.flops * studies / (hardware.peak * hardware.utilisation)
                  + (work.bytes_study * studies + work.bytes_step) / memory, work.operators * hardware.dispatch)
    alignments = work.row // (4 * work.width) - 1
    flops, moved = logits(math.ceil(studies), gpus * math.ceil(studies), work.width, alignments)
    return Step(
        compute=compute,
        optimizer=work.bytes_optimizer / memory,
        logits=flops / (hardware.float32 * hardware.utilisation) + moved / memory,
        all_reduce=exposed(work.buckets, hardware, gpus, BACKWARD * compute),
        gather=gather(work.row * studies, hardware, gpus),
        norms=sum(hardware.all_gather(4 * (2 * channels + 1), gpus) + hardware.all_reduce(8 * channels, gpus)
                  for channels in work.norms))


def exposed(buckets: tuple[int, ...], hardware: Hardware, gpus: int, backward: float) -> float:
    """What DDP's all-reduce adds to a step whose backward takes so long.

    The last bucket is ready when nothing is left to hide behind. Gradients are copied into a bucket and out of it.
    """
    if gpus == 1:
        return 0.
    times = [hardware.all_reduce(size, gpus) for size in buckets]
    copies = 4 * sum(buckets) / (hardware.memory * hardware.memory_utilisation)
    return sum(times) - min(sum(times[:-1]), hardware.overlap * backward) + copies


def gather(size: float, hardware: Hardware, gpus: int) -> float:
    """The gather of so many bytes of each GPU, and the way back of their gradients; both block."""
    back = hardware.all_gather(size, gpus) if hardware.reduce_scatter else hardware.all_reduce(gpus * size, gpus)
    return hardware.all_gather(size, gpus) + back


class Counter(TorchDispatchMode):
    """Counts operators, and the bytes that those other than matrix products and convolutions read and write."""

    def __init__(self) -> None:
        super().__init__()
        self.operators = self.bytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if not func.is_view:
            self.operators += 1
            if func._overloadpacket not in _WITHOUT_BYTES:
                written = _changed(func, args, kwargs or {}) if result is None else result
                leaves, _ = tree_flatten((args, kwargs, written))
                self.bytes += sum(leaf.numel() * leaf.element_size() for leaf in leaves
                                  if isinstance(leaf, torch.Tensor))
        return result


def _changed(func: torch._ops.OpOverload, args: tuple, kwargs: dict) -> list:
    """The arguments that an operator without a result changes, such as those of a fused optimizer."""
    given = {entry.name: value for entry, value in zip(func._schema.arguments, args, strict=False)} | kwargs
    return [given[entry.name] for entry in func._schema.arguments
            if entry.name in given and entry.alias_info is not None and entry.alias_info.is_write]


class _Gathered:
    """Stands for a :class:`GlobalBatch`; its tensors have shapes only."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.same = None  # no report is compared with another

    def gather(self, *embeddings: torch.Tensor) -> tuple[list[torch.Tensor], int]:
        return [embedding.new_empty(self.columns, embedding.shape[1], requires_grad=True)
                for embedding in embeddings], 0


@lru_cache
def logits(rows: int, columns: int, width: int, alignments: int) -> tuple[int, int]:
    """FLOPs and bytes of the global alignment of one GPU, forward and backward: counted without computing anything.

    Args:
        rows: Studies of the GPU.
        columns: Studies of all GPUs.
        width: Width of the embeddings.
        alignments: What the reports are aligned with: images, and in the last stage predicted reports.
    """
    with FakeTensorMode(), Counter() as counter, FlopCounterMode(display=False) as flops:
        embeddings = [torch.empty(rows, width, requires_grad=True) for _ in range(1 + alignments)]
        sum(GlobalAlignment()(*embeddings, batch=_Gathered(columns))).backward()
    return flops.get_total_flops(), counter.bytes
