"""Part `secured`: a server that listens at a plain and at a secured endpoint, loaded at each in turn."""

from tests_py.harness.wire import KeyList, new_key

IN_FLIGHT = (1024, 64, 1)
PAIRS = 2  # in a repetition


class Doors:
    """The keys of the server and of dti_load."""

    def __init__(self, folder):
        self._server = new_key(folder, "dti")
        self._keys = KeyList(folder, load="office")
        self._load = self._keys["load"]

    @property
    def server_flags(self):
        return ("--listen=tcp://127.0.0.1:0,curve://127.0.0.1:0", f"--key={self._server.path}", self._keys.flag,
                "--messages-per-second=0")  # a key has the limit on this machine too

    def load_flags(self, server):
        """For the secured endpoint of a server that has just started with those flags."""
        return {"server": server.line("ALSO").removeprefix("curve://"), "key": self._load.path,
                "server-key": self._server.public}


def measure_pair(driver, at_secured, in_flight, secured_first):
    """Requests a second and latencies at both endpoints, and the ratio of the rates.
    @param at_secured  flags of dti_load for the secured endpoint"""
    found = {}
    for is_secured in (secured_first, not secured_first):
        point, _ = driver.fresh(in_flight, **(at_secured if is_secured else {}))
        name = "secured" if is_secured else "plain"
        found[name] = point["requests_per_second"]
        found |= {f"{name}_{at}_us": point["latency_us"][at] for at in ("p50", "p99")}
    return {**found, "ratio": found["secured"] / found["plain"]}
