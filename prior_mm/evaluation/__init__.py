"""Metrics, and the table and file of their results."""
from .ranking import Ranking, rank_by_chance, rank_matches
from .results import print_results, provenance, write_results
from .retrieval_metric import RetrievalMetric
from .zero_shot_metric import ZeroShotMetric

__all__ = [
    'Ranking', 'RetrievalMetric', 'ZeroShotMetric', 'print_results', 'provenance', 'rank_by_chance', 'rank_matches',
    'write_results',
]
