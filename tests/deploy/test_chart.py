"""The chart is rendered by Helm's own library and held against the schemas of Kubernetes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import helm_python as helm
import kubernetes_validate
import pytest
import yaml

from tests.deploy.places import CHART, known, named_settings

KUBERNETES = ("1.30", "1.35")
STORES = {
    "factsUrl": "clickhouse://headwater:secret@db:8123/headwater",
    "controlUrl": "postgresql+asyncpg://headwater:secret@pg/headwater",
    "cacheUrl": "valkey://cache:6379/0",
}
FULL: dict[str, Any] = {
    "stores": STORES,
    "settings": {"public_url": "https://measure.example.com", "traces": True},
    "secretSettings": {"metrics_token": "abc"},
    "extraEnv": [{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://collector:4318"}],
    "imagePullSecrets": [{"name": "registry"}],
    "api": {
        "autoscaling": {"enabled": True},
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "x", "operator": "Exists"}],
        "podAnnotations": {"a": "b"},
    },
    "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls", "annotations": {"a": "b"}},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "persistence": {"storageClass": "shared"},
    "serviceAccount": {"annotations": {"a": "b"}},
}
ELSEWHERE: dict[str, Any] = {
    "stores": {"existingSecret": "mine"},
    "persistence": {"existingClaim": "shared"},
    "serviceAccount": {"create": False},
}
CASES = {"plain": {"stores": STORES}, "full": FULL, "elsewhere": ELSEWHERE}
every_case = pytest.mark.parametrize("values", CASES.values(), ids=CASES)


@contextmanager
def chart() -> Iterator[helm.Chart]:
    with helm.Chart.load(str(CHART)) as loaded:
        yield loaded


def rendered(values: dict[str, Any]) -> list[dict[str, Any]]:
    with chart() as loaded:
        texts = loaded.render(values, name="demo", namespace="prod")
    return [
        found for name, text in texts.items() if name.endswith(".yaml") for found in yaml.safe_load_all(text) if found
    ]


def kinds(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in rendered(values)}


def pods(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        one["metadata"]["labels"]["app.kubernetes.io/component"]: one["spec"]["template"]["spec"]
        for one in rendered(values)
        if one["kind"] == "Deployment"
    }


def test_helm_lint_finds_nothing() -> None:
    found = helm.lint(str(CHART), values={"stores": STORES}, strict=True)
    assert not found["errors"]
    assert [one["error"] for one in found["messages"]] == ["icon is recommended"]


@every_case
@pytest.mark.parametrize("version", KUBERNETES)
def test_every_object_is_as_kubernetes_has_it(values: dict[str, Any], version: str) -> None:
    found = rendered(values)
    assert len(found) >= 5
    for one in found:
        # Of the Prometheus Operator, whose schema Kubernetes does not have.
        if one["kind"] != "ServiceMonitor":
            kubernetes_validate.validate(one, version, strict=True)


@every_case
def test_pods_are_locked_in(values: dict[str, Any]) -> None:
    found = pods(values)
    assert found.keys() == {"api", "worker"}
    for pod in found.values():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        # Kubernetes would set HEADWATER_PORT and more for a service of that name: no settings of this server.
        assert pod["enableServiceLinks"] is False
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@every_case
def test_variables_are_settings_of_the_server(values: dict[str, Any]) -> None:
    names = named_settings(json.dumps(rendered(values)))
    assert {"jobs", "host", "port"} <= names
    assert not known(names)


def test_api_processes_run_no_jobs_and_are_replaced_one_by_one() -> None:
    api = kinds({"stores": STORES})["Deployment/demo-headwater-api"]
    (container,) = api["spec"]["template"]["spec"]["containers"]
    assert {"name": "HEADWATER_JOBS", "value": "false"} in container["env"]
    assert container["args"] == ["serve"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert api["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert api["spec"]["replicas"] == 2


def test_the_worker_runs_them() -> None:
    (container,) = pods({"stores": STORES})["worker"]["containers"]
    assert container["args"] == ["worker"]
    assert "env" not in container


def test_services_and_budgets_find_the_pods_they_are_for() -> None:
    found = kinds({"stores": STORES})
    labels = found["Deployment/demo-headwater-api"]["spec"]["template"]["metadata"]["labels"]
    for selector in (
        found["Service/demo-headwater"]["spec"]["selector"],
        found["PodDisruptionBudget/demo-headwater-api"]["spec"]["selector"]["matchLabels"],
        found["Deployment/demo-headwater-api"]["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
        assert (
            not selector.items()
            <= found["Deployment/demo-headwater-worker"]["spec"]["template"]["metadata"]["labels"].items()
        )


def test_processes_are_watched_under_the_job_that_the_rules_ask_for() -> None:
    found = kinds(FULL)
    monitor = found["ServiceMonitor/demo-headwater"]["spec"]
    labels = found["Service/demo-headwater"]["metadata"]["labels"]
    assert monitor["selector"]["matchLabels"].items() <= labels.items()
    rules = (CHART.parents[1] / "prometheus" / "alerts.yaml").read_text()
    assert re.findall(r'job="([^"]*)"', rules) == [labels[monitor["jobLabel"]]]


@pytest.mark.parametrize(("settings", "seconds"), [({}, 65), ({"drain_seconds": 10.5}, 76)])
def test_a_pod_is_left_the_time_to_drain(settings: dict[str, float], seconds: int) -> None:
    found = pods({"stores": STORES, "settings": settings})
    assert {pod["terminationGracePeriodSeconds"] for pod in found.values()} == {seconds}


def test_secrets_stand_in_the_secret_alone() -> None:
    for name, one in kinds(FULL).items():
        assert ("secret@" in json.dumps(one)) == (name == "Secret/demo-headwater")


def test_what_is_optional_is_made_where_it_is_wanted() -> None:
    optional = {"HorizontalPodAutoscaler", "Ingress", "ServiceMonitor"}
    assert optional <= {one["kind"] for one in rendered(FULL)}
    assert not optional & {one["kind"] for one in rendered({"stores": STORES})}
    assert not {"Secret", "PersistentVolumeClaim", "ServiceAccount"} & {one["kind"] for one in rendered(ELSEWHERE)}


def test_replicas_are_left_to_the_autoscaler() -> None:
    assert "replicas" not in kinds(FULL)["Deployment/demo-headwater-api"]["spec"]


def test_changed_settings_start_the_pods_anew() -> None:
    def checksums(**settings: str) -> Any:
        found = kinds({"stores": STORES, "settings": settings})["Deployment/demo-headwater-worker"]
        return found["spec"]["template"]["metadata"]["annotations"]

    assert checksums(log_level="debug") != checksums(log_level="info")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "stores.factsUrl"),
        ({"stores": {**STORES, "controlUrl": ""}}, "stores.controlUrl"),
        ({"stores": {**STORES, "cacheUrl": "redis://x"}}, "cacheUrl"),
        ({"stores": STORES, "api": {"replicas": 0}}, "replicas"),
        ({"stores": STORES, "settings": {"Not-A-Name": 1}}, "Not-A-Name"),
        ({"stores": STORES, "wroker": {}}, "wroker"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_values_that_cannot_be_are_refused_by_name(values: dict[str, Any], words: str) -> None:
    with chart() as loaded, pytest.raises(helm.HelmError, match=words):
        loaded.render(values, name="demo")


def test_the_notes_say_how_to_begin() -> None:
    with chart() as loaded:
        (notes,) = [
            text
            for name, text in loaded.render({"stores": STORES}, name="demo", namespace="prod").items()
            if name.endswith("NOTES.txt")
        ]
    assert "headwater register" in notes
    assert "settings.public_url is not set" in notes
