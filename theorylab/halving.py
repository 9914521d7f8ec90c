"""How many instances are searched for the worst with how many replicates, by successive halving."""

from __future__ import annotations

FEWEST = 24


def rounds(instances: int, replicates: int, block: int = 0) -> list[tuple[int, int]]:
    """(instances, replicates each in all), round by round: half the instances and twice the replicates, up to `replicates` each.

    The last round has 24 instances at least, so a search among few has one round. Every round but the first costs the same. Where a
    `block` of runs makes one replicate there is one round, of a whole block.
    """
    if block:
        return [(instances, max(block, replicates))]
    halvings = 0
    while instances >> (halvings + 1) >= FEWEST and replicates >> (halvings + 1) >= 4:
        halvings += 1
    return [(instances >> n, replicates >> (halvings - n)) for n in range(halvings + 1)]


def missed(instances: int) -> float:
    """The share of a family that may violate although, with 99 % probability, one of so many draws would have."""
    return 1 - 0.01 ** (1 / instances)
