"""Jobs: how many may wait, and how many are remembered."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from himpc.server.jobs import Jobs
from himpc.server.problems import TooBusyError
from himpc.server.schemas import RemoveResult

RESULT = RemoveResult(removed=1)


def test_waiting_jobs_are_limited_and_the_last_ended_ones_are_remembered():
    jobs, go = Jobs(), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        first = [jobs.start(threads, lambda _: go.wait(20) and RESULT)[0] for _ in range(16)]
        with pytest.raises(TooBusyError):
            jobs.start(threads, lambda _: RESULT)
        go.set()
    with ThreadPoolExecutor(1) as threads:
        for _ in range(120):
            job, ended = jobs.start(threads, lambda _: RESULT)
            ended.result()
    assert jobs.get(first[0].id) is None
    assert jobs.get(job.id).state == "done"
