"""A long training does not keep what it freed. A process of its own: what its heap holds is its alone."""
import os
import platform
import subprocess
import sys

import pytest

#: Blocks of different size, of which every tenth stays: the free ones lie between those in use.
PROGRAM = '''
import gc
from pathlib import Path
from prior_mm.engine import HeapTrimHook
import torch

def resident():
    return int(Path('/proc/self/statm').read_text().split()[1]) * 4096 / 1e6

before = resident()
blocks = [torch.ones(200_000 + 1000 * number) for number in range(400)]  # 640 MB
kept = blocks[::10]
del blocks
gc.collect()
freed = resident() - before
HeapTrimHook().after_train_epoch(None)
print(freed, resident() - before, sum(block.sum().item() for block in kept))
'''


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='another C library')
def test_what_was_freed_goes_back():
    """Blocks that a large threshold keeps in the heap leave it after an epoch; what is in use stays as it was."""
    keeps = dict(MALLOC_MMAP_MAX_='0', MALLOC_TRIM_THRESHOLD_='4294967296', OMP_NUM_THREADS='1')
    output = subprocess.run([sys.executable, '-c', PROGRAM], env={**os.environ, **keeps}, capture_output=True,
                            text=True, check=True).stdout
    freed, after, total = map(float, output.split()[-3:])
    assert freed > 500 and after < 200, output
    assert total == sum(200_000 + 1000 * number for number in range(0, 400, 10))
