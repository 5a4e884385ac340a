"""Pictures of a run: how its losses went, and what it sees in studies."""
from .run_pictures import draw_run
from .study_pictures import choose_studies, draw_studies
from .training_curves import draw_curves, read_scalars

__all__ = ['choose_studies', 'draw_curves', 'draw_run', 'draw_studies', 'read_scalars']
