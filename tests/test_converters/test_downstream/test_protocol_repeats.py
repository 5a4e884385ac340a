"""Protocols on made-up RSNA, SIIM and CheXpert: who takes part, where files lie, what they say, one look an image."""
import json
from collections import Counter

import pytest
from made_up_downstream import PIXELS, chexpert_row, siim_id, write_chexpert, write_rsna, write_siim
from rich.console import Console

from prior_mm.converters.downstream import binary_images, chexpert, masks
from prior_mm.converters.downstream.binary_images import BinaryOptions
from prior_mm.converters.downstream.chexpert import ChexpertOptions, convert_chexpert_by_protocols
from prior_mm.converters.downstream.protocol_repeats import missing_lists, protocol_repeats, protocols_of
from prior_mm.converters.downstream.rsna import convert_rsna, convert_rsna_by_protocols
from prior_mm.converters.downstream.settings import DownstreamSettings
from prior_mm.converters.downstream.siim import convert_siim_by_protocols
from prior_mm.converters.layout_error import LayoutError

QUIET = Console(quiet=True)


def read(root, path):
    return json.loads((root / 'annotations' / path).read_text())


def counted(monkeypatch, module, name):
    """Calls of a function, by its first argument."""
    calls, original = Counter(), getattr(module, name)

    def count(first, *rest):
        calls[str(first)] += 1
        return original(first, *rest)

    monkeypatch.setattr(module, name, count)
    return calls


def test_rsna(tmp_path, monkeypatch):
    """prior/1 detects on positives alone, each tested once in five folds, and classifies all; mgca/1 takes all."""
    root = write_rsna(tmp_path, images=60, positive=20)
    looked, encoded = counted(monkeypatch, binary_images, 'image_size'), counted(monkeypatch, masks, 'write_whole')
    written = convert_rsna_by_protocols(DownstreamSettings(root, root, root), BinaryOptions(pixels=PIXELS),
                                        ['prior/1', 'mgca/1', 'prior/1'], QUIET)
    assert len(written) == 5 + 5 + 2 and set(looked.values()) == {1} and len(looked) == 60
    assert set(encoded.values()) == {1} and len(encoded) == 60  # a mask for each image, once
    positives = {f'stage_2_train_images/p{number:02d}.dcm' for number in range(20)}
    tested = []
    for fold in range(5):
        folder = root / f'annotations/prior/fold{fold}'
        assert sorted(path.name for path in folder.iterdir()) == ['detection', 'splits']
        cocos = {split: read(root, f'prior/fold{fold}/detection/{split}.json') for split in ('train', 'val', 'test')}
        assert {len(coco['images']) for coco in cocos.values()} == {12, 4}
        assert {image['file_name'] for coco in cocos.values() for image in coco['images']} == positives
        tested += [image['file_name'] for image in cocos['test']['images']]
        info = cocos['test']['info']
        assert (info['protocol'], info['repeat'], info['options']['fold']) == ('prior/1', f'fold{fold}', fold)
        assert info['options']['positives_only'] is True
        assert len((folder / 'splits/train_10.txt').read_text().split()) == 1
    assert sorted(tested) == sorted(positives)
    for seed in range(5):
        found = [read(root, f'prior/seed{seed}/classification/{split}.json') for split in ('train', 'val', 'test')]
        assert [len(part['data_list']) for part in found] == [36, 12, 12]
        assert found[0]['metainfo']['options']['seed'] == seed and found[0]['metainfo']['repeat'] == f'seed{seed}'
        assert not (root / f'annotations/prior/seed{seed}/detection').exists()
    assert len(read(root, 'mgca/seed0-60-20-20/detection/test.json')['images']) == 12
    assert len(read(root, 'mgca/seed0/classification/test.json')['data_list']) == 9
    assert (root / 'annotations/mgca/seed0-60-20-20/segmentation/test.txt').is_file()


def test_siim(tmp_path):
    """Segmentation on the positives in folds; their masks alone are written, classification needs none."""
    root = write_siim(tmp_path)
    convert_siim_by_protocols(DownstreamSettings(root, root, root), BinaryOptions(pixels=PIXELS), ['prior/1'], QUIET)
    assert len(list((root / 'masks').rglob('*.png'))) == 10
    tested = [entry for fold in range(5)
              for entry in read(root, f'prior/fold{fold}/segmentation/test.json')['data_list']]
    assert sorted(entry['image_id'] for entry in tested) == sorted(map(siim_id, range(10)))
    assert all(entry['gt_label'] == 1 and (root / 'masks' / entry['seg_map_path']).is_file() for entry in tested)
    assert len(read(root, 'prior/seed3/classification/train.json')['data_list']) == 24


def test_chexpert(tmp_path, monkeypatch):
    """Five seeds by patients, in the folder of the task, and each image looked for once."""
    rows = [chexpert_row(number // 2, study=number % 2 + 1, Edema='1.0' if number % 3 else '') for number in range(60)]
    root = write_chexpert(tmp_path, [*rows, chexpert_row(1, 'Lateral')], [chexpert_row(900, folder='valid')])
    looked = counted(monkeypatch, chexpert, '_has_content')
    written = convert_chexpert_by_protocols(DownstreamSettings(root, root, root), ChexpertOptions(), ['prior/1'], QUIET)
    assert len(written) == 5 and set(looked.values()) == {1} and len(looked) == 61
    tests = set()
    for seed in range(5):
        parts = [read(root, f'prior/seed{seed}/classification/{name}.json') for name in ('train', 'val', 'test')]
        assert [len(part['data_list']) for part in parts] == [36, 12, 12]
        owners = [{entry['patient_id'] for entry in part['data_list']} for part in parts]
        assert sum(map(len, owners)) == len(set.union(*owners)) == 30
        tests.add(frozenset(owners[2]))
        assert parts[0]['metainfo']['protocol'] == 'prior/1' and 'options' in parts[0]['metainfo']
        assert len(read(root, f'prior/seed{seed}/classification/valid.json')['data_list']) == 1
    assert len(tests) == 5
    assert sorted(path.name for path in (root / 'annotations').iterdir()) == ['prior']


def test_the_same_bytes_again(tmp_path):
    """The same command writes the same files, and what is written without a protocol does not depend on it."""
    root, settings = write_rsna(tmp_path / 'rsna'), {}
    for name in ('a', 'b'):
        settings[name] = DownstreamSettings(root, root, tmp_path / name)
        if name == 'b':
            convert_rsna(settings[name], BinaryOptions(pixels=PIXELS), QUIET)
        convert_rsna_by_protocols(settings[name], BinaryOptions(pixels=PIXELS), ['demo/1'], QUIET)
    files = {name: {path.relative_to(tmp_path / name): path.read_bytes()
                    for path in (tmp_path / name / 'annotations/demo').rglob('*.*')} for name in ('a', 'b')}
    assert files['a'] == files['b'] and len(files['a']) == 3 * 4 + 5
    plain = json.loads((tmp_path / 'b/annotations/classification/test.json').read_text())['metainfo']
    assert 'protocol' not in plain and 'repeat' not in plain


def test_without_what_it_needs(tmp_path):
    """Published lists, or a protocol that says something of the data set: missing ones are named with all else."""
    settings = DownstreamSettings(tmp_path, tmp_path, tmp_path)
    assert len(missing_lists(settings, ['benchx/1', 'mgca/1'], 'siim')) == 1
    with pytest.raises(LayoutError) as caught:
        convert_siim_by_protocols(settings, BinaryOptions(), ['benchx/1'], QUIET)
    assert all(f'  - {part}' in str(caught.value) for part in ('labels: ', 'splits: the protocol benchx/1'))
    assert list(protocols_of('chexpert')) == ['prior/1', 'benchx/1', 'benchx/2', 'demo/1']
    with pytest.raises(ValueError, match='mgca/1 has no splits for chexpert; there are those of prior/1'):
        protocol_repeats(settings, ['mgca/1'], 'chexpert', {}, {}, tmp_path / 'train.csv')


def test_nothing_with_the_finding(tmp_path):
    """A table of negatives alone has nothing to detect: an error with the reason, and no empty files."""
    root = write_rsna(tmp_path, images=30, positive=0)
    text = (root / 'stage_2_train_labels.csv').read_text().splitlines()
    (root / 'stage_2_train_labels.csv').write_text('\n'.join([text[0], *text[2:]]) + '\n')
    with pytest.raises(ValueError, match='No image can be kept .*without the finding: 30'):
        convert_rsna_by_protocols(DownstreamSettings(root, root, root), BinaryOptions(pixels=PIXELS), ['prior/1'],
                                  QUIET)
    assert not (root / 'annotations').exists()
