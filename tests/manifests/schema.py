"""Writes kubernetes.json, the schemas of the kinds in deploy/kubernetes: schema.py WHEEL

WHEEL: kubernetes_validate-1.37.0-py3-none-any.whl of PyPI, which has the schemas that Kubernetes publishes."""

import json
import sys
import zipfile
from pathlib import Path

VERSION = "1.31.0"  # the first one in which unhealthyPodEvictionPolicy is stable
KINDS = ("api.core.v1.Namespace", "api.core.v1.ConfigMap", "api.core.v1.Service", "api.apps.v1.StatefulSet",
         "api.apps.v1.Deployment", "api.batch.v1.Job", "api.policy.v1.PodDisruptionBudget",
         "api.networking.v1.NetworkPolicy")


def without_descriptions(value):
    if isinstance(value, dict):
        return {key: without_descriptions(part) for key, part in value.items()
                if not (key == "description" and isinstance(part, str))}
    return [without_descriptions(part) for part in value] if isinstance(value, list) else value


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].removeprefix("#/$defs/")
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from references(part)


def main():
    wheel = Path(sys.argv[1])
    path = f"kubernetes_validate/kubernetes-json-schema/v{VERSION}-local-strict/_definitions.json"
    with zipfile.ZipFile(wheel) as archive:
        definitions = json.loads(archive.read(path))["$defs"]
    wanted, kept = [f"io.k8s.{kind}" for kind in KINDS], {}
    while wanted:
        name = wanted.pop()
        if name not in kept:
            kept[name] = without_descriptions(definitions[name])
            wanted += references(kept[name])
    schema = {"$comment": f"Kubernetes {VERSION}, from {path} of {wheel.name}; written by schema.py",
              "$defs": dict(sorted(kept.items()))}
    output = Path(__file__).with_name("kubernetes.json")
    output.write_text(json.dumps(schema, separators=(",", ":"), sort_keys=True).replace('"io.k8s.', '\n"io.k8s.') + "\n",
                      encoding="utf-8")


if __name__ == "__main__":
    main()
