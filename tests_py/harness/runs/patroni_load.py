"""The load of the runs under Patroni: that of the failover runs, which also notes when a grant was answered."""

import time

from tests_py.harness.runs.failover_load import FacultyLoad

STALLED_SECONDS = 1


class PatroniLoad(FacultyLoad):
    turn_seconds = 0.01  # the times are seconds here, and the nodes need the processor

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.grants = []  # when each new grant was answered, by time.monotonic()
        self.answers = []  # when any request was answered, by time.time()
        self.waits = []  # in s, of each request that waited for long
        self._settled = set()

    def forget(self):
        """What was noted, but for the newest grant."""
        self.grants = self.grants[-1:]
        self.waits = []
        self.answers = []

    def on_answer(self, link, request_id):
        now = time.monotonic()
        self.answers.append(time.time())
        asked, asking = self._requests.by_id[request_id], self._asking.get(request_id)
        if asked.is_whole and request_id not in self._settled:
            self._settled.add(request_id)
            self.grants.append(now)
            waited = self.clock.now() - asking.asked_at if asking else 0
            if waited > STALLED_SECONDS:
                self.waits.append(round(waited, 3))
        super().on_answer(link, request_id)

    def longest_gap(self, begin, end):
        """In s: the longest time without a new grant that began in this time, and where it is at its end still open."""
        inside = [at for at in self.grants if at >= begin]
        before = [at for at in self.grants if at < begin]
        times = [*before[-1:], *inside]
        return max((later - earlier for earlier, later in zip(times, times[1:]) if earlier < end), default=0.0)
