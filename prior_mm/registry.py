"""The project's registries: children of MMEngine's, under the scope ``prior_mm``.

A config with ``default_scope = 'prior_mm'`` names our components as they are (``type='PRIOR'``) and those of the
toolboxes with their scope (``type='mmpretrain.ResNet'``).
"""
from mmengine import registry as root

from .config_scope import register_config_scope
from .multimodal import leave_multimodal_out

register_config_scope()
leave_multimodal_out()


def _child(name: str, parent: root.Registry, *locations: str) -> root.Registry:
    return root.Registry(name, parent=parent, scope='prior_mm', locations=[f'prior_mm.{place}' for place in locations])


MODELS = _child('model', root.MODELS, 'models')
DATASETS = _child('dataset', root.DATASETS, 'datasets')
DATA_SAMPLERS = _child('data sampler', root.DATA_SAMPLERS, 'datasets', 'downstream')
TRANSFORMS = _child('transform', root.TRANSFORMS, 'datasets', 'downstream')
METRICS = _child('metric', root.METRICS, 'evaluation')
RUNNERS = _child('runner', root.RUNNERS, 'engine')
STRATEGIES = _child('strategy', root.STRATEGIES, 'engine')
LOOPS = _child('loop', root.LOOPS, 'engine')
HOOKS = _child('hook', root.HOOKS, 'engine')
OPTIM_WRAPPERS = _child('optim_wrapper', root.OPTIM_WRAPPERS, 'engine')
WEIGHT_INITIALIZERS = _child('weight initializer', root.WEIGHT_INITIALIZERS, 'downstream')
#: Where we have no parts of our own: without a child of the scope, MMEngine would warn that it takes its own.
WITHOUT_PARTS = [_child(parent.name, parent, 'registry') for parent in (
    root.EVALUATOR, root.FUNCTIONS, root.LOG_PROCESSORS, root.MODEL_WRAPPERS, root.OPTIMIZERS,
    root.OPTIM_WRAPPER_CONSTRUCTORS, root.PARAM_SCHEDULERS, root.VISUALIZERS, root.VISBACKENDS)]
