"""The circuit's laws, whatever happens to a cluster.

`python -m tests.integrations.http.test_breaker_model [examples]` explores for longer.
"""

import logging
import sys

import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.integrations.http.cluster import Cluster
from tests.ownredis import OwnRedis

QUICK = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    derandomize=True,  # the suite walks the same ways each time; new ones are for the long form
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


def test_the_circuit_keeps_its_laws_whatever_happens(own_redis: OwnRedis) -> None:
    Cluster.redis = own_redis
    run_state_machine_as_test(Cluster, settings=QUICK)


def explore(examples: int) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    Cluster.redis = OwnRedis()
    try:
        run_state_machine_as_test(
            Cluster, settings=settings(QUICK, max_examples=examples, stateful_step_count=100, derandomize=False)
        )
    finally:
        Cluster.redis.close()


if __name__ == "__main__":
    explore(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
