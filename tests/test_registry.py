"""Everything that a config can name is found under the scope, before anything else was imported."""
import json
import subprocess
import sys

import pytest
from mmcv.transforms import BaseTransform
from mmengine import registry as root
from mmengine._strategy import BaseStrategy
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.registry import DefaultScope
from mmengine.runner import BaseLoop, FlexibleRunner, Runner
from tiny_run import tiny_config
from torch import nn
from torch.utils.data import Dataset, Sampler

import prior_mm.datasets
import prior_mm.downstream
import prior_mm.engine
import prior_mm.evaluation
import prior_mm.models
from prior_mm import registry

#: What a component of each registry is.
KINDS = dict(MODELS=nn.Module, DATASETS=Dataset, DATA_SAMPLERS=Sampler, TRANSFORMS=BaseTransform, METRICS=BaseMetric,
             RUNNERS=(Runner, FlexibleRunner), STRATEGIES=BaseStrategy, LOOPS=BaseLoop, HOOKS=Hook,
             OPTIM_WRAPPERS=OptimWrapper,
             WEIGHT_INITIALIZERS=prior_mm.downstream.PretrainedBackbone)
PACKAGES = (prior_mm.datasets, prior_mm.models, prior_mm.engine, prior_mm.evaluation, prior_mm.downstream)
COMPONENTS = {
    name: kind for package in PACKAGES for name in package.__all__ for kind, base in KINDS.items()
    if isinstance(getattr(package, name), type) and issubclass(getattr(package, name), base)}
#: The least that a part needs to be built.
CONFIGS = [
    dict(type='AttentionPooling', embed_dims=8), dict(type='CrossAttention', embed_dims=8),
    dict(type='GlobalAlignment'), dict(type='LocalAlignment', embed_dims=8),
    dict(type='SentencePrototypeBank', embed_dims=8), dict(type='ImageDecoder', embed_dims=16),
    dict(type='SentenceDecoder', embed_dims=12, num_layers=1), dict(type='StudyPreprocessor'),
    dict(type='TextEncoder', config=dict(model_type='distilbert', vocab_size=9, dim=8, n_layers=1, n_heads=2)),
    dict(type='ImageEncoder', backbone=dict(type='mmpretrain.ResNet', depth=18, in_channels=1), out_channels=512),
]


def test_all_components_are_registered_and_all_registered_are_exported():
    """No component is left out of its registry, or registered in another one, or missing from its package."""
    registries = {name: value for name, value in vars(registry).items() if isinstance(value, root.Registry)}
    assert registries.keys() == KINDS.keys()
    # Those of single tasks are there only where a config, or another test, imported them; tests register their own.
    registered = {component: name for name, one in registries.items() for component, kind in one.module_dict.items()
                  if kind.__module__.startswith('prior_mm.')
                  and not kind.__module__.startswith(('prior_mm.downstream.classification.',
                                                      'prior_mm.downstream.segmentation.',
                                                      'prior_mm.downstream.detection.',
                                                      'prior_mm.inference.'))}
    assert registered == COMPONENTS
    assert len(COMPONENTS) > 20


def test_found_in_a_fresh_process():
    """A config's names are found from the scope alone, whichever comes first; collate functions are MMEngine's."""
    code = ('import json, sys\n'
            'from mmengine import registry\n'
            'import prior_mm.registry\n'
            'found = {name: getattr(registry, kind).get(f"prior_mm.{name}") for name, kind in '
            'json.loads(sys.argv[1]).items()}\n'
            'collate = registry.FUNCTIONS.get("collate_studies")\n'
            'print([name for name, component in found.items() if component is None or component.__name__ != name], '
            'collate.__name__)')
    result = subprocess.run([sys.executable, '-c', code, json.dumps(COMPONENTS)], capture_output=True, text=True)
    assert result.stdout.strip() == '[] collate_studies', result.stderr


@pytest.mark.parametrize('config', CONFIGS, ids=lambda config: config['type'])
def test_parts_are_built_under_the_scope(config):
    """MMEngine's own registry builds our parts by their bare names where the default scope is ours."""
    with DefaultScope.overwrite_default_scope('prior_mm'):
        part = root.MODELS.build(config)
    assert type(part) is getattr(prior_mm.models, config['type'])


def test_model_is_built_inside_another_toolbox(tmp_path):
    """`_scope_` in the config of another toolbox makes its bare names ours, the parts within included."""
    config = tiny_config(tmp_path / 'data', tmp_path / 'run').model
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = root.MODELS.build({**config, '_scope_': 'prior_mm'})
    assert type(model) is prior_mm.models.PRIOR and type(model.image_decoder) is prior_mm.models.ImageDecoder
