"""StudyDataset: what it reads, what it refuses, and that a visit is the same wherever it is made."""
import copy
import io
import pickle

import numpy as np
import pytest
import torch
from made_up_studies import METAINFO, entry, write_annotation
from mmengine.runner import Runner
from PIL import Image

from prior_mm.datasets import AnnotationError, ImageError, StudyDataset, StudyError, Visit

FINDINGS = ('Edema', 'Nodule')


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """A folder with seven studies of synthetic noise and a vocabulary."""
    root = tmp_path_factory.mktemp('studies')
    studies = [entry(number) for number in range(7)]
    write_annotation(root, studies)
    (root / 'vocab.txt').write_text('\n'.join(['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'the', 'heart', 'is', 'clear', '.',
                                               *'012345']))
    rng = np.random.default_rng(0)
    for study in studies:
        for image in study['images']:
            (root / image).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (48, 40), dtype=np.uint8)).save(root / image)
    return root


def training_pipeline(root, size=32):
    return [dict(type='LoadRadiograph', size=size), dict(type='ResizeRadiograph', size=(size, size)),
            dict(type='RandomRotateRadiograph', degrees=5), dict(type='RandomFlipRadiograph', prob=0.5),
            dict(type='ShuffleSentences'), dict(type='TokenizeReport', tokenizer=str(root / 'vocab.txt')),
            dict(type='PackStudy')]


def dataset_config(root, **options):
    return dict(type='prior_mm.StudyDataset', ann_file='annotations/train.json', data_root=str(root),
                pipeline=training_pipeline(root), **options)


def build(root, **options):
    config = dataset_config(root, **options)
    del config['type']
    return StudyDataset(**config)


def build_loader(root, num_workers, batch_size=2, seed=3, **options):
    """As a run builds it from its config."""
    return Runner.build_dataloader(dict(
        batch_size=batch_size, num_workers=num_workers, persistent_workers=num_workers > 0,
        sampler=dict(type='prior_mm.VisitSampler', shuffle=True), collate_fn=dict(type='collate_studies'),
        dataset=dataset_config(root, **options)), seed=seed)


def as_bytes(batches):
    """To compare batches to the last bit."""
    file = io.BytesIO()
    torch.save([(batch['inputs'].clone(), tuple(part.clone() for part in batch['reports'])) for batch in batches], file)
    return file.getvalue(), [batch['data_samples'] for batch in batches]


@pytest.mark.parametrize('num_workers', [1, 2])
def test_batches_do_not_depend_on_workers(root, num_workers):
    """0, 1 and 2 workers give the same bytes, epoch after epoch; resumed in an epoch, the rest of them."""
    plain, other = build_loader(root, 0), build_loader(root, num_workers)
    epochs = []
    for epoch in range(2):
        plain.sampler.set_epoch(epoch)
        other.sampler.set_epoch(epoch)
        epochs.append(list(plain))
        assert as_bytes(epochs[-1]) == as_bytes(list(other))
    assert as_bytes(epochs[0]) != as_bytes(epochs[1])
    resumed = build_loader(root, num_workers)
    resumed.sampler.set_start(2 * 2, epoch=1)
    resumed.sampler.set_epoch(1)
    assert as_bytes(list(resumed)) == as_bytes(epochs[1][2:])


def test_global_random_state_is_neither_read_nor_changed(root):
    """Visits draw from their own generator only."""
    dataset = build(root)
    np.random.seed(1)
    torch.manual_seed(1)
    first, state = dataset[Visit(5, 2, 3)], torch.random.get_rng_state()
    numbers = np.random.random()
    np.random.seed(2)
    torch.manual_seed(2)
    again = dataset[Visit(5, 2, 3)]
    assert torch.equal(first['image'], again['image']) and first['token_ids'] == again['token_ids']
    torch.manual_seed(1)
    np.random.seed(1)
    assert torch.equal(state, torch.random.get_rng_state()) and numbers == np.random.random()


def test_visits_differ_and_integers_mean_the_first(root):
    """Other epochs show other views and orders; an integer is visit (index, 0, 0)."""
    dataset = build(root)
    visits = [dataset[Visit(5, epoch, 0)] for epoch in range(20)]
    assert {visit['info']['image_path'] for visit in visits} == set(entry(5)['images'])
    assert len({tuple(visit['info']['sentences']) for visit in visits}) == 1  # study 5 has one sentence
    assert len({tuple(dataset[Visit(4, epoch, 0)]['info']['sentences']) for epoch in range(20)}) > 5
    assert torch.equal(dataset[5]['image'], visits[0]['image'])
    assert pickle.loads(pickle.dumps(dataset))[5]['token_ids'] == visits[0]['token_ids']


def test_metainfo_and_entries(root):
    """What the file says of its data reaches a checkpoint, as a copy; entries come back as written."""
    dataset = build(root)
    assert dataset.metainfo == METAINFO
    dataset.metainfo['summary']['kept'] = 0
    assert dataset.metainfo == METAINFO and len(dataset) == 7
    assert [dataset.get_data_info(number) for number in range(7)] == [entry(number) for number in range(7)]
    assert dataset.get_data_info(-1) == entry(6)
    with pytest.raises(IndexError):
        dataset.get_data_info(7)


def test_exclusive_labels(root):
    """Studies with exactly one of the labels are kept, and say which."""
    dataset = build(root, exclusive_labels=FINDINGS)
    expected = {f's{n}': 0 if n % 2 else 1 for n in range(7) if (n % 2 == 1) != (n % 3 == 0)}
    infos = [dataset[i]['info'] for i in range(len(dataset))]
    assert {info['study_id']: info['label_index'] for info in infos} == expected
    assert dataset.metainfo['classes'] == list(FINDINGS)
    with pytest.raises(AnnotationError, match=r"no study carries Fracture.*'Edema': 3"):
        build(root, exclusive_labels=['Edema', 'Fracture'])


@pytest.mark.parametrize('indices, expected', [(2, ['s0', 's1']), (99, [f's{n}' for n in range(7)]),
                                               ([4, 0, -1], ['s4', 's0', 's6'])])
def test_indices(root, indices, expected):
    """The first so many, or those named."""
    dataset = build(root, indices=indices)
    assert [dataset.get_data_info(i)['study_id'] for i in range(len(dataset))] == expected


def break_image(root, tmp_path, *numbers):
    """The studies in a new place, where the images of some are no images."""
    studies = [entry(number) for number in range(7)]
    write_annotation(tmp_path, studies)
    for study in studies:
        for image in study['images']:
            (tmp_path / image).parent.mkdir(parents=True, exist_ok=True)
            broken = int(study['study_id'][1:]) in numbers
            (tmp_path / image).write_bytes(b'no image' if broken else (root / image).read_bytes())
    (tmp_path / 'vocab.txt').write_text((root / 'vocab.txt').read_text())
    return tmp_path


def test_broken_study_is_told(root, tmp_path):
    """By default a broken image stops the run, with its name and the option; through a worker, too."""
    place = break_image(root, tmp_path, 3)
    with pytest.raises(ImageError, match=r"s3/0\.png.*on_error='skip'"):
        build(place)[3]
    with pytest.raises(ImageError, match=r's3/0\.png'):
        list(build_loader(place, 1))


@pytest.mark.parametrize('num_workers', [0, 2])
def test_broken_studies_are_skipped_and_listed(root, tmp_path, num_workers):
    """Asked for, broken studies are left out of their batches, never replaced, and known to the main process."""
    loader = build_loader(break_image(root, tmp_path, 3, 5), num_workers, batch_size=4, on_error='skip')
    assert loader.dataset.skipped == []
    for epoch in range(2):
        loader.sampler.set_epoch(epoch)
        seen = [info['study_id'] for batch in loader for info in batch['data_samples']]
        assert sorted(seen) == ['s0', 's1', 's2', 's4', 's6']
        assert loader.dataset.skipped == ['s3', 's5']


def test_a_pipeline_that_returns_nothing(root):
    """None from a transform is an error of that study, not a reason to take another one."""
    config = {**dataset_config(root), 'pipeline': [lambda results: None]}
    del config['type']
    with pytest.raises(StudyError, match='study s1: a transform of the pipeline returned nothing'):
        StudyDataset(**config)[1]
    with pytest.raises(ValueError, match='on_error'):
        StudyDataset(**config, on_error='replace')


def test_missing_data_names_the_commands(root, tmp_path):
    """No annotation file, or no images: the message says what to run or to check."""
    with pytest.raises(FileNotFoundError, match=r'(?s)train\.json.*demo\.py data/demo.*mimic_cxr\.py data/demo.*ROOT'):
        build(tmp_path)
    write_annotation(tmp_path, [entry(0), entry(1)])
    with pytest.raises(FileNotFoundError, match=r'none of the first 2.*s0/0\.png.*image_prefix'):
        StudyDataset('annotations/train.json', str(tmp_path))
    assert len(StudyDataset('annotations/train.json', str(tmp_path), image_prefix=str(root))) == 2


def test_annotations_are_not_changed_by_visits(root):
    """Transforms may write into what they get."""
    dataset = build(root)
    before = copy.deepcopy(dataset.get_data_info(4))
    dataset[4]['info']['labels']['Edema'] = 5
    assert dataset.get_data_info(4) == before
