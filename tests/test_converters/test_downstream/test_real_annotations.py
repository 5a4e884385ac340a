"""The whole real label files that the package torchxrayvision carries, and published lists, where they are there.

The images are not: these tests convert the labels alone. The package is not imported.
"""
import importlib.util
import json
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from prior_mm.converters.downstream.binary_images import BinaryOptions
from prior_mm.converters.downstream.chexpert import ChexpertOptions, convert_chexpert
from prior_mm.converters.downstream.chexpert_5x200 import (
    check_list,
    draw_list,
    exclusive_class,
    read_list,
)
from prior_mm.converters.downstream.chexpert_labels import COMPETITION, read_chexpert
from prior_mm.converters.downstream.rsna import convert_rsna, convert_rsna_by_protocols
from prior_mm.converters.downstream.run_lengths import decode_run_lengths, encode_run_lengths
from prior_mm.converters.downstream.settings import DownstreamSettings
from prior_mm.converters.downstream.siim import (
    convert_siim_by_protocols,
    draw_mask,
    read_run_lengths,
)

SHARED = Path(__file__).parents[4] / 'shared' / 'data'
QUIET = Console(quiet=True)


def carried(name):
    spec = importlib.util.find_spec('torchxrayvision')
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder, 'data', name)).is_file():
            return path
    pytest.skip(f'{name} is read from the package torchxrayvision, which is not installed')


def shared(name):
    if not (SHARED / name).exists():
        pytest.skip(f'there is no {name} beside the project')
    return SHARED / name


def test_rsna(tmp_path):
    """26,684 patients, 6,012 of them with 9,555 boxes, all of which come to the published splits."""
    lists = shared('splits/rsna')
    with zipfile.ZipFile(carried('kaggle_stage_2_train_labels.csv.zip')) as file:
        file.extract('stage_2_train_labels.csv', tmp_path)
    settings = DownstreamSettings(tmp_path, tmp_path, tmp_path, split_dir=lists, check_images=False)
    tally, splits = convert_rsna(settings, BinaryOptions(with_masks=False), QUIET)
    assert tally.kept == dict(train=18_678, val=4_003, test=4_003) and sum(tally.kept.values()) == 26_684
    summaries = {split: tally.summary(split)['labels']['pneumonia'] for split in splits.names}
    assert summaries == dict(train=4_208, val=902, test=902) and sum(summaries.values()) == 6_012
    cocos = [json.loads((tmp_path / f'annotations/detection/{split}.json').read_text()) for split in splits.names]
    assert sum(len(coco['annotations']) for coco in cocos) == 9_555
    assert sum(len({box['image_id'] for box in coco['annotations']}) for coco in cocos) == 6_012
    assert {name: len(ids) for name, ids in splits.subsets.items()} == dict(train_1=186, train_10=1_867)
    for name in ('train', 'val', 'test', 'train_1', 'train_10'):
        written = (tmp_path / f'annotations/splits/{name}.txt').read_text().split()
        assert sorted(written) == sorted((lists / f'{name}.txt').read_text().split())


def test_siim():
    """12,047 images, 2,669 with a mask; each of 3,576 rows decodes and encodes to the same text."""
    texts = read_run_lengths(carried('siim-pneumothorax-train-rle.csv.gz'))
    assert len(texts) == 12_047 and sum(map(bool, texts.values())) == 2_669 and sum(map(len, texts.values())) == 3_576
    for rows in texts.values():
        for text in rows:
            assert encode_run_lengths(decode_run_lengths(text)) == ' '.join(text.split())
    several = [rows for rows in texts.values() if len(rows) > 1]
    for rows in several[:20]:
        assert draw_mask(rows).sum() <= sum(int(decode_run_lengths(text).sum(dtype=np.int64)) for text in rows)


@pytest.mark.slow
def test_rsna_by_protocols(tmp_path):
    """prior/1 takes the 6,012 patients with pneumonia, each tested once; mgca/1's sizes are those of its code."""
    with zipfile.ZipFile(carried('kaggle_stage_2_train_labels.csv.zip')) as file:
        file.extract('stage_2_train_labels.csv', tmp_path)
    settings = DownstreamSettings(tmp_path, tmp_path, tmp_path, check_images=False)
    written = convert_rsna_by_protocols(settings, BinaryOptions(with_masks=False), ['prior/1', 'mgca/1'], QUIET)
    kept = {repeat.folder: dict(tally.kept) for repeat, tally in written}
    assert kept['mgca/seed0-60-20-20'] == dict(train=16_010, val=5_337, test=5_337)
    assert kept['mgca/seed0'] == dict(train=18_679, val=4_002, test=4_003)
    assert {tuple(sorted(kept[f'prior/seed{seed}'].values())) for seed in range(5)} == {(5_337, 5_337, 16_010)}
    folds = [repeat.splits.of for repeat, _ in written if repeat.folder.startswith('prior/fold')]
    tests = [{image for image, split in of.items() if split == 'test'} for of in folds]
    assert sum(map(len, tests)) == len(set.union(*tests)) == 6_012
    assert all(repeat.positives_only is repeat.folder.startswith('prior/fold') for repeat, _ in written)


def test_siim_by_protocols(tmp_path):
    """prior/1 segments the 2,669 images with a pneumothorax, each tested once, 533 or 534 at a time."""
    table = carried('siim-pneumothorax-train-rle.csv.gz')
    settings = DownstreamSettings(tmp_path, tmp_path, tmp_path, check_images=False)
    options = BinaryOptions(table=table, with_masks=False)
    written = convert_siim_by_protocols(settings, options, ['prior/1'], QUIET)
    folds = [(repeat.splits.of, tally) for repeat, tally in written if repeat.positives_only]
    tests = [{image for image, split in of.items() if split == 'test'} for of, _ in folds]
    assert sum(map(len, tests)) == len(set.union(*tests)) == 2_669 and set(map(len, tests)) == {533, 534}
    assert all(tally.summary('test')['labels']['no pneumothorax'] == 0 for _, tally in folds)


@pytest.mark.slow
def test_chexpert(tmp_path):
    """223,414 rows, 191,027 frontal, in splits without a common patient, and each finding as frequent in each."""
    settings = DownstreamSettings(tmp_path, tmp_path, tmp_path, check_images=False)
    options = ChexpertOptions(train_csv=carried('chexpert_train.csv.gz'))
    tally, splits, _ = convert_chexpert(settings, options, QUIET)
    assert sum(tally.kept.values()) == 191_027
    assert tally.summary('')['dropped'] == {'not a frontal view': 32_387} and 191_027 + 32_387 == 223_414
    shares = [[count / tally.kept[split] for count in tally.summary(split)['labels'].values()]
              for split in splits.names]
    assert np.ptp(shares, axis=0).max() < 0.012
    owners: dict = {}
    for image, split in splits.of.items():
        owners.setdefault(image.split('/')[1], set()).add(split)
    assert all(len(found) == 1 for found in owners.values())
    assert len(splits.subsets['train_1']) == tally.kept['train'] // 100
    assert set(splits.subsets['train_1']) <= set(splits.subsets['train_10'])


def test_5x200():
    """All 1000 of the published list are in their rows, with the labels of the rule; lists can be drawn like it."""
    table, path = carried('chexpert_train.csv.gz'), shared('chexpert_5x200.json')
    rows, chosen = read_chexpert(table, COMPETITION), read_list(path)
    assert len(rows) == 223_414 and len(chosen) == 1_000
    assert Counter(item.label for item in chosen) == dict.fromkeys(range(5), 200)
    check_list(path, chosen, table, rows)
    drawn = draw_list(rows, 114514)
    assert Counter(item.label for item in drawn) == dict.fromkeys(range(5), 200)
    assert all(exclusive_class(rows[item.row]) == item.label for item in drawn)
