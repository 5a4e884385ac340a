"""Shares of the training labels: nested, stratified, and the same ones for the same seed on every machine.

Within each stratum the ids are brought into an order by a hash, and spread evenly over the numbers from 0 to 1, from an
offset that is drawn, too. All ids in the order of these numbers make a list of which each beginning, and each piece,
holds about the same part of every stratum. A share is a beginning of this list, so that smaller ones lie within larger.
"""
import hashlib
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence


def stratified_order(strata: Mapping[str, Hashable], seed: int, purpose: str = 'order') -> list[str]:
    """All ids, such that every piece of the list holds each stratum's share of it, but for one or two ids.

    Args:
        strata: The stratum of each id. The order in which they come does not matter.
        seed: Another one gives another order.
        purpose: Orders for different purposes do not depend on each other, for the same seed.
    """
    members: dict[Hashable, list[tuple[float, str]]] = defaultdict(list)
    for name, stratum in strata.items():
        members[stratum].append((_uniform(seed, purpose, name), name))
    places: list[tuple[float, float, str]] = []
    for drawn in members.values():
        drawn.sort()
        # The first id's number serves as offset: without one, strata of a single id would all land in the middle.
        offset = _uniform(seed, purpose, 'offset', drawn[0][1])
        places += [((rank + offset) / len(drawn), number, name) for rank, (number, name) in enumerate(drawn)]
    return [name for *_, name in sorted(places)]


def nested_subsets(strata: Mapping[str, Hashable], percents: Sequence[float], seed: int) -> dict[float, list[str]]:
    """Ids of each share.

    Args:
        strata: The stratum of each id, such as its label.
        percents: More than 0, at most 100.
        seed: See :func:`stratified_order`.

    Returns:
        By percent, the ids in the order of ``strata``: so many, rounded down as the published lists do, but at least
        one.

    Raises:
        ValueError: If a percentage is out of bounds.
    """
    order = stratified_order(strata, seed, 'labels')
    subsets = {}
    for percent in percents:
        if not 0 < percent <= 100:
            raise ValueError(f'a share of the labels is more than 0 and at most 100 percent, not {percent:g}')
        chosen = set(order[:max(1, int(len(order) * percent / 100 + 1e-9))])
        subsets[percent] = [name for name in strata if name in chosen]
    return subsets


def _uniform(seed: int, *words: str) -> float:
    """A number from 0 to 1 that depends on nothing but these."""
    digest = hashlib.sha256('\0'.join([str(seed), *words]).encode()).digest()
    return int.from_bytes(digest[:8], 'big') / 2**64
