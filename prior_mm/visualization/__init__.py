"""Pictures of a run: how its losses went, what it sees in studies, what its prototypes stand for."""
from .prototype_pictures import closeness, draw_prototypes, has_prototypes
from .run_pictures import draw_run
from .study_pictures import choose_studies, draw_studies
from .training_curves import draw_curves, read_scalars

__all__ = ['choose_studies', 'closeness', 'draw_curves', 'draw_prototypes', 'draw_run', 'draw_studies',
           'has_prototypes', 'read_scalars']
