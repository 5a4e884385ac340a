"""The sentences of many reports, each once."""
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class SentenceTable:
    """Sentences and where they stand.

    Attributes:
        texts: Each sentence once.
        counts: In how many reports it stands, int64 (S,).
        places: Where in them, from 0 (first) to 1 (last), on average, float32 (S,).
        vectors: In the joint space, the mean over the reports, float32 (S, D).
    """

    texts: list[str]
    counts: np.ndarray
    places: np.ndarray
    vectors: np.ndarray

    @classmethod
    def collector(cls) -> 'SentenceCollector':
        """What makes one, report by report."""
        return SentenceCollector()


@dataclass
class SentenceCollector:
    """Adds up the sentences of reports."""

    numbers: dict[str, int] = field(default_factory=dict)
    sums: list[np.ndarray] = field(default_factory=list)
    places: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def add(self, reports: list[list[str]], vectors: np.ndarray) -> None:
        """Add the sentences of B reports; those beyond N, which the model does not take, are left out.

        Args:
            reports: The sentences of each.
            vectors: In the joint space, (B, N, D).
        """
        for sentences, of_report in zip(reports, vectors, strict=True):
            for place, (text, vector) in enumerate(zip(sentences, of_report, strict=False)):
                number = self.numbers.setdefault(text, len(self.numbers))
                if number == len(self.sums):
                    self.sums.append(np.zeros_like(vector))
                    self.places.append(0.)
                    self.counts.append(0)
                self.sums[number] += vector
                self.places[number] += place / max(len(sentences) - 1, 1)
                self.counts[number] += 1

    def table(self) -> SentenceTable:
        """All of them."""
        counts = np.array(self.counts, np.int64)
        sums = np.stack(self.sums) if self.sums else np.zeros((0, 1), np.float32)
        return SentenceTable(list(self.numbers), counts, (np.array(self.places) / np.maximum(counts, 1)).astype(
            np.float32), (sums / np.maximum(counts, 1)[:, None]).astype(np.float32))
