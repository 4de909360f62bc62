"""All scenarios of the challenge, by key. docs/challenge.md names the public reports behind each of them."""

from tests_py.harness.challenge.colleagues import Colleagues
from tests_py.harness.challenge.holds import Holds
from tests_py.harness.challenge.races import Copies, LastRooms, LateCopies
from tests_py.harness.challenge.waves import LoweredCapacity, Quotas, Waves

SCENARIOS = {scenario.key: scenario for scenario in (
    LastRooms, Copies, Colleagues, Holds, Waves, Quotas, LoweredCapacity, LateCopies)}
ROUND_PROGRAMS = 20_000  # that a round asks for, about


def tasks(requests, done, naive_done):
    """The rounds that are left, as KEY:PROGRAMS, and the naive ways, as KEY. `done`: rounds by key."""
    whole = sum(scenario.weight for scenario in SCENARIOS.values())
    found = [key for key in SCENARIOS if key not in naive_done]
    for key, scenario in SCENARIOS.items():
        share = requests * scenario.weight / whole
        rounds = max(1, round(share / ROUND_PROGRAMS))
        found += [f"{key}:{int(share / rounds)}"] * (rounds - done.get(key, 0))
    return found
