"""Protocols: what each says is there, consistent, and cannot be changed by accident."""
import dataclasses
import inspect
import sys

import pytest

import prior_mm.protocols
from prior_mm.protocols import ANY, CHOSEN, DRAWS, FOLDS, HALVED, LISTS, OWN, PROTOCOLS, SHARES, protocol

SETTINGS = [(item, *key) for item in PROTOCOLS.values() for key in item.settings]


@pytest.mark.parametrize('item, dataset, task', SETTINGS, ids=lambda value: getattr(value, 'name', value))
def test_settings(item, dataset, task):
    """Each entry has what its kind of splits needs and nothing else, and a note that says what is known."""
    setting = item.setting(dataset, task)
    assert len(set(setting.repeats)) == len(setting.repeats) and setting.size >= 128
    assert bool(setting.repeats) != (setting.splits == CHOSEN)
    assert {SHARES: len(setting.seeds) == len(setting.repeats) and sum(setting.shares.values()) == 100,
            HALVED: len(setting.seeds) == len(setting.repeats) and sum(setting.shares.values()) == 100,
            FOLDS: len(setting.seeds) == 1 and len(setting.repeats) == 5 and not setting.shares,
            LISTS: not setting.seeds and setting.repeats == ('official', ),
            DRAWS: len(setting.seeds) == len(setting.repeats) and setting.per_class == 200,
            CHOSEN: not setting.seeds and not setting.shares and dataset == ANY}[setting.splits]
    assert {'demo/1': 'SYNTHETIC', OWN: 'All images'}.get(item.name, 'Known') in setting.note
    if setting.splits != CHOSEN:
        assert [setting.seed(repeat) for repeat in setting.repeats] == list(setting.seeds or (0, )) * (
        5 if setting.splits == FOLDS else 1)


@pytest.mark.parametrize('item', PROTOCOLS.values(), ids=PROTOCOLS)
def test_tasks_that_share_a_repeat_share_its_splits(item):
    """A repeat is one folder: two tasks of a data set that name it must mean the same images, split the same way."""
    seen = {}
    for (dataset, _), setting in item.settings.items():
        for repeat in setting.repeats if setting.splits != DRAWS else ():
            meant = (setting.splits, dict(setting.shares), setting.seed(repeat), setting.positives_only)
            assert seen.setdefault((dataset, repeat), meant) == meant


def test_what_is_published():
    """The figures of the authors' answers and of the other projects' code."""
    detection = protocol('prior/1').setting('rsna', 'detection')
    assert detection.repeats == tuple(f'fold{number}' for number in range(5)) and detection.positives_only
    assert protocol('prior/1').setting('chexpert', 'zero_shot').seeds == (114514, 114515, 114516, 114517, 114518)
    classification = protocol('prior/1').setting('siim', 'classification')
    assert dict(classification.shares) == dict(train=60, val=20, test=20) and len(classification.repeats) == 5
    probe = protocol('mgca/1').setting('rsna', 'classification')
    assert probe.frozen and dict(probe.shares) == dict(train=70, val=15, test=15) and not probe.positives_only
    assert protocol('benchx/1').setting('siim', 'segmentation').size == 512
    assert {setting.size for setting in protocol('demo/1').settings.values()} == {128}


def test_a_version_has_its_own_files():
    """benchx/2 changes what benchx/1 meant, so that neither overwrites the other's annotation files."""
    assert protocol('benchx/1').folder == 'benchx' and protocol('benchx/2').folder == 'benchx-2'
    old, new = (protocol(name).setting('rsna', 'segmentation') for name in ('benchx/1', 'benchx/2'))
    assert new.frozen and not old.frozen
    assert new.training_seeds == (42, 0, 1) and new.figures == ('segmentation/mdice', )


def test_figures_of_the_tables():
    """What others published under a protocol is the figure that a result of it shows, by the name results have."""
    assert protocol('lovt/1').setting('siim', 'segmentation').figures == ('segmentation/dice_pooled', )
    assert protocol('lovt/1').setting('rsna', 'segmentation').figures == ('segmentation/dice_pooled', )
    assert protocol('biovil/1').setting('ms_cxr', 'grounding').figures == ('grounding/cnr', 'grounding/miou')
    retrieval = protocol('benchx/2').setting('mimic_cxr', 'retrieval').figures
    assert {'retrieval/image_to_text/hit@1', 'retrieval/image_to_text/precision@10'} < set(retrieval)


def test_unknown_names():
    """What there is none of is told with what there is."""
    with pytest.raises(ValueError, match="no protocol 'mgca'; there are prior/1, mgca/1"):
        protocol('mgca')
    with pytest.raises(ValueError, match='says nothing of detection on siim; it has: .*segmentation on siim'):
        protocol('mgca/1').setting('siim', 'detection')
    with pytest.raises(ValueError, match="no repeat 'seed5'; the protocol has seed0, "):
        protocol('prior/1').setting('rsna', 'classification').seed('seed5')


def test_they_cannot_be_changed():
    """Another config in the same process must not meet a protocol that the one before has bent."""
    setting = protocol('mgca/1').setting('rsna', 'classification')
    with pytest.raises(dataclasses.FrozenInstanceError):
        setting.frozen = False
    for mapping in (PROTOCOLS, protocol('mgca/1').settings, setting.shares):
        with pytest.raises(TypeError):
            mapping['train'] = 1


def test_bottom_layer():
    """Everything may import it, for it imports nothing of the project."""
    names = {line.split()[1].split('.')[0] for line in inspect.getsource(prior_mm.protocols).splitlines()
             if line.startswith(('import ', 'from '))}
    assert names <= set(sys.stdlib_module_names)


def test_a_data_set_of_ones_own():
    """It may have any name, its repeats are those that were written, and the named data sets' protocols point to it."""
    own = protocol(OWN)
    assert own.setting('any name', 'detection') is own.setting('another', 'detection') and own.folder == 'own'
    with pytest.raises(ValueError, match='A data set of your own has the protocol own/1'):
        protocol('prior/1').setting('any name', 'classification')
