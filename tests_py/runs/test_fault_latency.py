"""scripts/fault-latency: what it takes for a fault, and what it does not measure."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts.commands import fault_latency
from tests_py.harness.process import binary

needs_load = pytest.mark.skipif(not Path(binary("dti_load")).exists(), reason="dti_load is not built: DTI_BUILD_BENCH")


def found(**changes):
    return {"requests": 10, "latency_us": {"p50": 1500, "p99": 2500, "max": 3000}, "all_errors": {},
            "all_statuses": {"OK": 50}, "foreign_replies": 0, **changes}


@needs_load
@pytest.mark.parametrize("said, may_be_refused, is_fault, row", [
    (found(), (), False, ("during", 10, 0, 1.5, 2.5, 3.0)),
    (found(all_errors={"UNAVAILABLE": 3}), ("UNAVAILABLE",), False, ("during", 10, 3, 1.5, 2.5, 3.0)),
    (found(all_errors={"UNAVAILABLE": 3}, requests=0), ("UNAVAILABLE",), False, ("during", 0, 3, None, None, None)),
    (found(all_errors={"UNAVAILABLE": 3}), (), True, ("during", 10, 3, 1.5, 2.5, 3.0)),
    (found(all_statuses={"OK": 49, "INVALID-PROGRAM": 1}), (), True, ("during", 10, 0, 1.5, 2.5, 3.0)),
    (found(foreign_replies=1), (), True, ("during", 10, 0, 1.5, 2.5, 3.0))])
def test_a_reply_that_may_not_be_is_a_fault(tmp_path, said, may_be_refused, is_fault, row):
    bench = fault_latency.Bench(tmp_path, SimpleNamespace(seconds=1, rate=1))
    bench._note("during", said, may_be_refused)
    assert bool(bench.faults) is is_fault
    assert bench.rows == [row]
    assert fault_latency.table(bench.rows)[-1].startswith(f"| during | {row[1]} | {row[2]} | ")
