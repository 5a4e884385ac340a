"""A pre-trained model is tested as it was trained, and not on what it has seen."""
from pathlib import Path

import pytest
from mmengine.config import Config

from prior_mm.checkpoints.as_trained import check_unseen, model_otherwise
from prior_mm.dependencies import has_compiled_mmcv

ROOT = Path(__file__).resolve().parents[2]


def test_the_configs_of_tests_have_the_model_that_was_trained():
    """No config of a test is warned of with the training that it names, but where the protocol asks for it."""
    compared, otherwise = 0, {}
    for path in sorted((ROOT / 'configs').rglob('*.py')):
        if '_base_' in path.parts:
            continue
        try:
            config = Config.fromfile(str(path))
        except ImportError:
            assert not has_compiled_mmcv()  # detection and segmentation need it, and name no training
            continue
        if config.get('trained_by') and not config.get('downstream'):
            trained = Config.fromfile(str(ROOT / config.trained_by)).to_dict()
            compared += 1
            if found := model_otherwise(config.to_dict(), dict(config=trained)):
                otherwise[path.name] = [phrase.split()[0] for phrase in found]
    assert compared > 20
    assert otherwise == {'chexpert5x200_zeroshot.py': ['model.data_preprocessor.mean', 'model.data_preprocessor.std']}


MODEL = dict(type='PRIOR', data_preprocessor=dict(mean=0.5, std=0.25), local_alignment=dict(type='GroundedAlignment'),
             image_encoder=dict(grid=(4, 4), pretrained='here'), chunk=8)


@pytest.mark.parametrize(('changes', 'named'), [
    (dict(type='ZeroShotClassifier', prompts=dict(a=['b']), tokenizer='there', local_weight=1.), []),
    (dict(image_encoder=dict(grid=[4, 4], pretrained=None, with_cp=True), chunk=None), []),
    (dict(data_preprocessor=dict(mean=0.5, std=0.3)), ['model.data_preprocessor.std is 0.25 there, 0.3 here']),
    (dict(local_alignment=dict(type='LocalAlignment')), ['model.local_alignment.type is']),
    (dict(image_encoder=dict(grid=(7, 7))), ['model.image_encoder.grid'])])
def test_what_no_tensor_tells(changes, named):
    """A normalisation or an alignment of the same tensors is named; what a test adds, and what saves memory, is not."""
    found = model_otherwise(dict(model={**MODEL, **changes}), dict(config=dict(model=MODEL)))
    assert len(found) == len(named) and all(phrase.startswith(name) for phrase, name in zip(found, named, strict=True))


def test_a_part_that_only_the_training_names():
    """What the config of the test leaves to a default is a difference, too."""
    tested = {key: value for key, value in MODEL.items() if key != 'local_alignment'}
    (found, ) = model_otherwise(dict(model=tested), dict(config=dict(model=MODEL)))
    assert 'GroundedAlignment' in found


def test_a_checkpoint_that_says_nothing():
    """Files of others, and exports, are not compared."""
    for meta in ({}, dict(config='text'), dict(config=dict(other=1))):
        assert model_otherwise(dict(model=MODEL), meta) == []
    check_unseen({}, dict(dataset='mine', repeat='seed1'), 'a.pth')


@pytest.mark.parametrize(('tested', 'refused'), [
    (dict(dataset='mine', protocol='own/1', repeat='seed1'), 'with repeat seed0: test studies of repeat seed1'),
    (dict(dataset='mine', protocol='own/2', repeat='seed1'), 'with protocol own/1, repeat seed0'),
    (dict(dataset='mine', protocol='own/1', repeat='seed0'), None), (dict(dataset='mine'), None), ({}, None),
    (dict(dataset='other', protocol='own/1', repeat='seed1'), None)])
def test_studies_that_were_trained_on(tested, refused):
    """Another set of splits of the same data set is refused; one that does not say passes."""
    meta = dict(dataset_meta=dict(dataset='mine', protocol='own/1', repeat='seed0'))
    if refused is None:
        check_unseen(meta, tested, 'a.pth')
    else:
        with pytest.raises(ValueError, match=refused):
            check_unseen(meta, tested, 'a.pth')
