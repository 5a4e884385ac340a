"""From `downstream` to the model and the data: each choice arrives, and impossible ones are told."""
import argparse
import json

import pytest
import timm
import torch
from mmengine.config import Config

from prior_mm.checkpoints.checkpoint import save_checkpoint
from prior_mm.downstream.command_line import (
    add_downstream_options,
    add_run_options,
    apply_options,
    command_of,
    options_of,
    read_run,
)
from prior_mm.downstream.settings import (
    apply_settings,
    check_same_normalisation,
    check_same_repeat,
    read_settings,
)


@pytest.fixture
def root(tmp_path):
    """Annotation files and lists of two protocols, and a checkpoint."""
    for folder in ('demo/seed0', 'prior/seed0', 'prior/seed3'):
        for split in ('train', 'val', 'test'):
            path = tmp_path / f'data/annotations/{folder}/classification/{split}.json'
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(dict(metainfo={}, data_list=[])))
        lists = tmp_path / f'data/annotations/{folder}/splits'
        lists.mkdir()
        (lists / 'train_10.txt').write_text('a\n')
    save_checkpoint(dict(state_dict=dict(a=torch.zeros(1))), tmp_path / 'run/epoch_2.pth')
    (tmp_path / 'run/last_checkpoint').write_text('/moved/away/epoch_2.pth')
    return tmp_path


def config(root, **downstream) -> Config:
    """A config as those of the project, with ImageNet's weights as the toolboxes' base configs have them."""
    def loader(split):
        return dict(dataset=dict(type='RepeatDataset', dataset=dict(
            type='X', ann_file=f'classification/{split}.json',
            pipeline=[dict(type='LoadRadiographFile', size=(224, 224)), dict(type='Crop', scale=[224, 224], pad=224)])))
    return Config(dict(
        work_dir='work', image_size=(224, 224), randomness=dict(seed=4),
        downstream=dict(dict(task='classification', dataset='rsna', protocol='demo/1', data_root=str(root / 'data'),
                             pretrained=str(root / 'run')), **downstream),
        model=dict(pretrained='open-mmlab://resnet50', data_preprocessor=dict(mean=[0.4755 * 255], std=[0.3011 * 255]),
                   backbone=dict(type='mmpretrain.ResNet', depth=50, in_channels=1,
                                 init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'))),
        train_dataloader=loader('train'), val_dataloader=loader('val'), test_dataloader=loader('test'),
        val_evaluator=dict(type='CocoMetric', ann_file='classification/val.json'), test_evaluator=[dict(type='Y')]))


def inner(config, name='train'):
    return config[f'{name}_dataloader'].dataset.dataset


def test_everything_arrives(root):
    """Data root, repeat, share of labels, weights, size: in all loaders, also within wrappers, and in evaluators."""
    made = config(root, protocol='prior/1', repeat='seed3', labels=10, size=96)
    settings = apply_settings(made)
    for split in ('train', 'val', 'test'):
        assert inner(made, split).data_root == str(root / 'data')
        assert inner(made, split).ann_file == f'annotations/prior/seed3/classification/{split}.json'
        assert inner(made, split).pipeline[0].size == (96, 96)
        assert inner(made, split).pipeline[1] == dict(type='Crop', scale=(96, 96), pad=224)
    assert inner(made).ids == 'annotations/prior/seed3/splits/train_10.txt' and 'ids' not in inner(made, 'val')
    assert made.val_evaluator.ann_file == str(root / 'data/annotations/prior/seed3/classification/val.json')
    assert 'pretrained' not in made.model
    assert made.model.backbone.init_cfg.type == 'prior_mm.PretrainedBackbone'
    assert made.model.backbone.init_cfg.checkpoint == str(root / 'run/epoch_2.pth')
    assert made.model.backbone.init_cfg.mean == pytest.approx(0.4755)
    assert made.downstream.pretrained == str(root / 'run/epoch_2.pth') and len(made.downstream.pretrained_sha256) == 64
    assert settings.run_name(7) == 'prior-1_seed3_labels10_96px_finetune_pretrained-run_seed7'


@pytest.mark.parametrize(('normalise', 'times'), [((.5, .25), 512), ((.5, .001), None), (None, None)])
def test_far_from_the_weights_own_range(root, monkeypatch, normalise, times):
    """A protocol's deviation of more than three times that of the weights is warned of once, and recorded with them."""
    said = []
    monkeypatch.setattr('prior_mm.downstream.command_line.print_log', lambda text, *rest: said.append(text))
    save_checkpoint({name: torch.zeros(value.shape) for name, value in timm.create_model(
        'densenet121', in_chans=1, num_classes=18, block_config=(1, 1, 1, 1)).state_dict().items()}, root / 'xrv.pth')
    made = config(root, pretrained=str(root / 'xrv.pth'), normalise=normalise)
    made.model.head = dict(in_channels=2048)
    parser = argparse.ArgumentParser()
    add_downstream_options(parser)
    apply_options(made, parser.parse_args([], argparse.Namespace(config='cls.py', work_dir='runs')), training=True)
    assert ('warning' in made.downstream.weights) is bool(said) is bool(times) and len(said) <= 1
    if times:
        assert f'TorchXRayVision was trained with 0.0004883: its inputs are {times} times too small' in said[0]
        assert made.downstream.weights.warning in said[0]


def test_the_protocol_decides_what_is_left_open(root):
    """First repeat, size and frozen or not; applied twice it is the same as once."""
    made = config(root)
    settings = apply_settings(made)
    assert settings.repeat == 'seed0' and settings.frozen is False and settings.size == 128
    assert made.image_size == (128, 128) and inner(made).pipeline[0].size == (128, 128)
    once = json.dumps(made.to_dict(), default=str, sort_keys=True)
    apply_settings(made)
    assert json.dumps(made.to_dict(), default=str, sort_keys=True) == once
    assert read_settings(config(root, dataset='rsna', protocol='mgca/1')).frozen is True


@pytest.mark.parametrize('frozen', [True, False])
def test_frozen(root, frozen):
    """Frozen is frozen with the statistics of pre-training; fine-tuned is neither, and keeps its learning rate."""
    made = config(root, frozen=frozen)
    made.merge_from_dict({'optimizer': dict(lr=1e-4, type='AdamW'), 'when_frozen': dict(optimizer=dict(lr=1e-2))})
    apply_settings(made)
    assert made.optimizer == dict(lr=1e-2 if frozen else 1e-4, type='AdamW')
    assert made.model.backbone.frozen_stages == (4 if frozen else -1)
    assert made.model.backbone.get('norm_eval', False) is frozen


def test_a_random_backbone_is_frozen_only_if_asked_for(root):
    """As LoVT's table has it: nothing is loaded, nothing trained, and the folder says so."""
    made = config(root, pretrained='none', frozen=True)
    for _ in range(2):  # twice is as once
        settings = apply_settings(made)
    assert made.model.backbone.frozen_stages == 4 and made.model.backbone.norm_eval is True
    assert 'init_cfg' not in made.model.backbone and '_frozen_scratch_' in settings.run_name(0)


def test_statistics_of_normalisation(root):
    """Those of pre-training are kept where the config says so; from scratch there are none to keep."""
    for changes, kept in ((dict(frozen=False), True), (dict(pretrained=None), False), (dict(frozen=True), True)):
        made = config(root, **changes)
        made.model.backbone.norm_eval = True
        apply_settings(made)
        assert made.model.backbone.norm_eval is kept


@pytest.mark.parametrize('pretrained', [None, 'none'])
def test_from_scratch_is_from_scratch(root, pretrained):
    """No ImageNet weights are left over from a base config, neither in the model nor in the backbone."""
    made = config(root, pretrained=pretrained)
    assert apply_settings(made).run_name(0) == 'demo-1_seed0_labels100_finetune_scratch_seed0'
    assert 'init_cfg' not in made.model.backbone and 'pretrained' not in made.model
    assert made.downstream.pretrained is None and made.downstream.pretrained_sha256 is None


def test_a_list_of_ones_own(root):
    """A list file counts from where the user stands, not from the data."""
    (root / 'mine.txt').write_text('a\n')
    made = config(root, labels=str(root / 'mine.txt'))
    assert 'labelsmine' in apply_settings(made).run_name(0)
    assert inner(made).ids == str(root / 'mine.txt')


@pytest.mark.parametrize(('downstream', 'message'), [
    (dict(task='captioning'), 'task must be one of'),
    (dict(dataset='mnist'), 'says nothing of classification on mnist'),
    (dict(task='detection', dataset='siim'), 'says nothing of detection on siim'),
    (dict(protocol='prior/9'), 'no protocol'),
    (dict(repeat='fold7'), "seed0, not 'fold7'"),
    (dict(labels='nowhere.txt'), 'neither a percentage nor a list file'),
    (dict(labels=0), 'more than 0'),
    (dict(labels=7), r'--label-shares 1 10 7'),
    (dict(frozen='yes'), 'True, False or None'),
    (dict(protocol='mgca/1', pretrained=None), '--frozen .* --finetune'),
    (dict(size=8), 'at least 32'),
    (dict(colour='gray'), r"unknown are \['colour'\]"),
    (dict(pretrained='nowhere/pretrain_demo'), r'tools/train.py configs/prior/pretrain_demo.py'),
    (dict(pretrained='missing.pth'), r'tools/train.py configs/prior/pretrain_mimic.py'),
    (dict(data_root='nowhere'), r'dataset_converters/rsna.py nowhere --protocol demo/1'),
])
def test_impossible_settings(root, downstream, message):
    """Whatever cannot be is an error before anything is built, with what to do."""
    with pytest.raises(ValueError, match=message):
        apply_settings(config(root, **downstream))


@pytest.mark.parametrize('change', [
    {'model.backbone.in_channels': 3}, {'model.data_preprocessor.mean': [1., 2., 3.]},
    {'model.data_preprocessor.std': None}])
def test_three_channels_are_refused(root, change):
    """A radiograph is not copied to three channels, nor normalised as a photograph."""
    made = config(root)
    made.merge_from_dict(change)
    with pytest.raises(ValueError, match='one channel'):
        apply_settings(made)


def test_testing_needs_no_pretrained_file(root):
    """The run's own checkpoint holds the weights; the list of the training's labels is not needed either."""
    made = config(root, pretrained='missing/epoch_1.pth', labels=7)
    settings = apply_settings(made, training=False)
    assert settings.run_name(0) == 'demo-1_seed0_labels7_finetune_pretrained-missing-epoch_1_seed0'
    assert 'init_cfg' not in made.model.backbone


def test_a_repeat_is_not_tested_on_anothers_images(root):
    """Test images of one fold are training images of another: a checkpoint is refused on other splits."""
    made = config(root, protocol='prior/1', repeat='seed3')
    apply_settings(made)
    trained = dict(config=dict(downstream=dict(made.downstream)))
    check_same_repeat(made, trained, 'a.pth')
    check_same_repeat(made, {}, 'foreign.pth')
    trained['config']['downstream']['repeat'] = 'seed0'
    with pytest.raises(ValueError, match=r'a.pth was trained on rsna with prior/1, seed0.*--repeat seed0'):
        check_same_repeat(made, trained, 'a.pth')


def arguments(*words) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ('--work-dir', '--seed'):
        parser.add_argument(name)
    parser.add_argument('config')
    add_downstream_options(parser)
    return parser.parse_args(['c.py', *words])


def test_options_take_the_place_of_settings(root):
    """Every option arrives, and the folder is named after what was chosen."""
    made = config(root)
    apply_options(made, arguments('--protocol', 'prior/1', '--repeat', 'seed3', '--labels', '10', '--frozen',
                                  '--pretrained', str(root / 'run/epoch_2.pth')), training=True)
    assert made.work_dir == 'work/prior-1_seed3_labels10_frozen_pretrained-run-epoch_2_seed4'
    assert made.downstream.frozen is True and made.downstream.labels == 10


def test_another_protocol_starts_at_its_first_repeat(root):
    """The config's repeat is one of the config's protocol."""
    made = config(root, repeat='seed0', protocol='demo/1')
    with pytest.raises(ValueError, match=r'annotations/benchx/official'):
        apply_options(made, arguments('--protocol', 'benchx/1'), training=True)


def test_options_need_a_config_that_has_use_for_them(root):
    """For pre-training they would do nothing: an error. Without them such a config is left alone."""
    made = Config(dict(model=dict(type='PRIOR')))
    assert apply_options(made, arguments(), training=True) is None
    with pytest.raises(ValueError, match=r'--labels, --frozen/--finetune.*c.py has no `downstream`'):
        apply_options(made, arguments('--labels', '10', '--finetune'), training=True)


def test_work_dir_that_was_given_stays(root):
    """--work-dir names the run's folder itself; without a seed a folder has no name."""
    made = config(root)
    made.work_dir = 'here'
    apply_options(made, arguments('--work-dir', 'here'), training=True)
    assert made.work_dir == 'here'
    made.randomness = {}
    with pytest.raises(ValueError, match='--seed'):
        apply_options(made, arguments(), training=True)


def test_command_that_trains(root):
    """Where there is no checkpoint to test, the message has the options that the training needs."""
    words = ('--labels', '10', '--finetune', '--pretrained', 'none', '--seed', '3')
    assert command_of(arguments(*words)) == 'c.py --pretrained none --labels 10 --finetune --seed 3'
    assert arguments(*options_of(arguments(*words))) == arguments(*words)


def own_files(root, repeat='seed1', dataset='mine', classes=('no Mass', 'Mass'), schema='prior_mm.classification/1'):
    """Annotation files of a data set of one's own."""
    for split in ('train', 'val', 'test'):
        path = root / f'data/annotations/own/{repeat}/classification/{split}.json'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dict(metainfo=dict(schema=schema, dataset=dataset, classes=classes), data_list=[])))


OWN = dict(dataset=None, protocol='own/1', pretrained=None)


def test_a_data_set_of_ones_own(root):
    """Its name, its classes and its repeats come from the annotation files; all heads learn how many classes it has."""
    own_files(root, 'seed10')
    own_files(root)
    made = config(root, **OWN)
    made.model.head = dict(num_classes=14)
    settings = apply_settings(made)
    assert (settings.dataset, settings.classes, settings.repeat) == ('mine', ('Mass', ), 'seed1')
    assert settings.repeats == ('seed1', 'seed10') and made.model.head.num_classes == 1
    assert settings.run_name(0) == 'mine_own-1_seed1_labels100_finetune_scratch_seed0'
    assert tuple(made.downstream.classes) == ('Mass', ) and apply_settings(made).classes == ('Mass', )
    own_files(root, classes=['Edema', 'Mass', 'Nodule'], schema='prior_mm.multi_label/1')
    made = config(root, **OWN, repeat='seed1')
    made.model.update(head=dict(num_classes=14), auxiliary_head=[dict(num_classes=2)], rpn_head=dict(num_classes=1))
    apply_settings(made)
    assert made.model.head.num_classes == made.model.auxiliary_head[0].num_classes == 3
    assert made.model.rpn_head.num_classes == 1


def test_weights_that_have_seen_the_test_images(root):
    """What was pre-trained on another set of splits of these data is refused; on this one, or other data, not."""
    own_files(root)
    for repeat, dataset, refused in (('seed0', 'mine', True), ('seed1', 'mine', False), ('seed0', 'other', False)):
        meta = dict(dataset_meta=dict(dataset=dataset, protocol='own/1', repeat=repeat))
        save_checkpoint(dict(meta=meta, state_dict=dict(a=torch.zeros(1))), root / 'run/epoch_2.pth')
        made = config(root, **dict(OWN, pretrained=str(root / 'run')))
        if refused:
            with pytest.raises(ValueError, match=r'trained on mine with repeat seed0: test studies of repeat seed1'):
                apply_settings(made)
        else:
            apply_settings(made)
        apply_settings(config(root, **dict(OWN, pretrained=str(root / 'run'))), training=False)


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(dataset='other'), "downstream.dataset is 'other', .*train.json is of 'mine'"),
    (dict(classes=['Edema']), "downstream.classes is .'Edema',., .*train.json is of .'Mass',."),
    (dict(repeat='fold0'), "has for classification on .* seed1, not 'fold0'"),
    (dict(data_root='nowhere'), r'table.py nowhere\n')])
def test_own_settings_that_contradict_the_files(root, changes, message):
    """A name, classes or a repeat that are not those of the files, and files that are not there, with the mend."""
    own_files(root)
    with pytest.raises(ValueError, match=message):
        apply_settings(config(root, **dict(OWN, **changes)))


def test_own_files_of_different_classes(root):
    """Training and validation by different classes would be a comparison of nothing."""
    own_files(root)
    path = root / 'data/annotations/own/seed1/classification/val.json'
    path.write_text(path.read_text().replace('Mass', 'Edema'))
    with pytest.raises(ValueError, match='is of .* leave it out of the config, or convert again'):
        apply_settings(config(root, **OWN))
    path.write_text('{"data_list": []}')
    with pytest.raises(ValueError, match='does not begin with metainfo'):
        apply_settings(config(root, **OWN))


def test_a_test_normalises_as_the_training_did(root):
    """Weights of others that were moved since the training took their mean and deviation with them: an error."""
    trained, tested = (dict(config(root).to_dict()) for _ in range(2))
    check_same_normalisation(Config(tested), dict(config=trained), 'a.pth')
    check_same_normalisation(Config(tested), {}, 'a.pth')
    trained['model']['data_preprocessor'] = dict(mean=[127.5], std=[63.75])
    with pytest.raises(ValueError, match=r'mean and std \(\[127.5\], \[63.75\]\), and this test would take'):
        check_same_normalisation(Config(tested), dict(config=trained), 'a.pth')


def test_what_downstream_decides_is_no_option(root, tmp_path):
    """An option that would be overwritten is refused, with the one that decides it."""
    config(root).dump(tmp_path / 'cls.py')
    parser = argparse.ArgumentParser()
    add_run_options(parser)
    args = parser.parse_args([str(tmp_path / 'cls.py'), '--cfg-options', 'model.backbone.frozen_stages=1'])
    with pytest.raises(ValueError, match='model.backbone.frozen_stages is decided by --frozen or --finetune'):
        read_run(args, training=True)


def test_a_size_beyond_what_is_read(root):
    """Images cannot be cut larger than they were read."""
    made = config(root, size=384)
    for split in ('train', 'val', 'test'):
        inner(made, split).pipeline = [dict(type='LoadRadiographFile', size=(256, 256)),
                                       dict(type='mmpretrain.CenterCrop', crop_size=(224, 224))]
    with pytest.raises(ValueError, match='size=384: the config cuts its images out of 256 pixels'):
        apply_settings(made)
