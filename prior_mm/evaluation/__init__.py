"""Metrics, and the table and file of their results."""
from .grounding_metric import GroundingMetric
from .overview import main_figures, print_overview, remarks
from .per_image import write_per_image
from .ranking import Ranking, rank_by_chance, rank_matches
from .repeats import print_summary, summarise
from .results import print_results, provenance, write_results
from .retrieval_metric import RetrievalMetric
from .zero_shot_metric import ZeroShotMetric

__all__ = [
    'GroundingMetric', 'Ranking', 'RetrievalMetric', 'ZeroShotMetric', 'main_figures', 'print_overview',
    'print_results', 'print_summary', 'provenance', 'rank_by_chance', 'rank_matches', 'remarks', 'summarise',
    'write_per_image', 'write_results',
]
