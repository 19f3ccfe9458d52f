"""The files for containers hold together: commands, ports, paths, secrets and addresses are those of the program and of
one another. No container is started: what a runtime makes of them is not shown here.
"""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from lms_bridge.config.load import load_config
from lms_bridge.service.__main__ import PORT
from tests.deploy.deploy_files import (
    CONFIGS,
    DEPLOY,
    ROOT,
    bridge_in,
    command_lines,
    compose,
    containerfile,
    manifests,
    pods,
)
from tests.test_docs import parse

HOME = "/srv/lms-bridge"
SECRETS = {"container": "/run/secrets", "kubernetes": "/etc/lms-bridge/secrets"}


@pytest.mark.parametrize(("file", "words"), list(command_lines()), ids=lambda each: str(each)[:40])
def test_whatever_is_started_is_known_to_the_command_line(file: str, words: list[str]) -> None:
    assert Path(words[0]).name == "lms-bridge"
    parse(shlex.join(words))


def named_secrets(where: str) -> set[str]:
    return set(re.findall(rf"\$\{{file:{SECRETS[where]}/([\w-]+)\}}", CONFIGS[where].read_text("utf-8")))


@pytest.mark.parametrize("where", CONFIGS)
def test_the_config_that_comes_along_is_valid(where: str, tmp_path: Path) -> None:
    for name in named_secrets(where):
        (tmp_path / name).write_text("a-secret")
    path = tmp_path / "connectors.yaml"
    path.write_text(CONFIGS[where].read_text("utf-8").replace(SECRETS[where], str(tmp_path)), encoding="utf-8")
    config = load_config(path)
    assert config.state.startswith("postgresql://")
    assert config.routes


def test_compose_gives_the_service_each_secret_that_its_config_names() -> None:
    found = compose()
    assert set(found["services"]["bridge"]["secrets"]) == named_secrets("container") == set(found["secrets"])
    assert named_secrets("container") >= set(found["services"]["db"]["secrets"])


def test_compose_names_the_database_as_the_config_does(tmp_path: Path) -> None:
    database = compose()["services"]["db"]["environment"]
    state = re.search(r"postgresql://(\w+):\$\{[^}]+\}@(\w+)/(\w+)", CONFIGS["container"].read_text("utf-8"))
    assert state is not None
    assert state.groups() == (database["POSTGRES_USER"], "db", database["POSTGRES_DB"])
    assert Path(database["POSTGRES_PASSWORD_FILE"]).name in named_secrets("container")


def test_compose_closes_the_service_and_lets_only_this_machine_in() -> None:
    bridge = compose()["services"]["bridge"]
    assert bridge["read_only"] is True
    assert bridge["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in bridge["security_opt"]
    assert bridge["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    assert bridge["build"]["dockerfile"] == "deploy/container/Containerfile"
    assert (DEPLOY / "container" / bridge["build"]["context"]).resolve() == ROOT
    # Whatever is not a volume of its own is only read.
    bound = [volume.rsplit(":", 2) for volume in bridge["volumes"] if volume.startswith((".", "$"))]
    assert [mode for *_, mode in bound] == ["ro", "ro"]


def test_the_image_is_nobodys_root_and_asks_itself_how_it_is() -> None:
    image = containerfile()
    uid = image["USER"][0].partition(":")[0]
    assert int(uid) > 0
    assert image["WORKDIR"] == [HOME]
    assert image["EXPOSE"] == [str(PORT)]
    check = json.loads(image["HEALTHCHECK"][0].partition("CMD ")[2])
    assert f"http://127.0.0.1:{PORT}/healthz" in check[-1]
    compile(check[-1], "HEALTHCHECK", "exec")
    assert all(f"-o {uid}" not in line or f"{HOME}/.state" in line for line in image["RUN"])


def test_the_image_is_built_from_files_that_are_there() -> None:
    text = (DEPLOY / "container" / "Containerfile").read_text("utf-8")
    copied = [word for line in re.findall(r"^COPY (?!--)(.+) \S+$", text, re.M) for word in line.split()]
    assert copied
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.parametrize("kind", ["Deployment", "CronJob"])
def test_a_pod_is_closed(kind: str) -> None:
    pod = pods()[kind]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert str(pod["securityContext"]["runAsUser"]) == containerfile()["USER"][0].partition(":")[0]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in [*pod["containers"], *pod["initContainers"]]:
        closed = container["securityContext"]
        assert closed["readOnlyRootFilesystem"] is True
        assert closed["allowPrivilegeEscalation"] is False
        assert closed["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize("kind", ["Deployment", "CronJob"])
def test_a_pod_finds_its_config_its_content_and_its_secrets(kind: str) -> None:
    pod = pods()[kind]
    mounts = {mount["name"]: mount for mount in bridge_in(pod)["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert set(mounts) <= set(volumes)
    assert mounts["config"]["mountPath"] == f"{HOME}/connectors.yaml"
    assert mounts["secrets"]["mountPath"] == SECRETS["kubernetes"]
    assert mounts["quiet"]["mountPath"] == f"{HOME}/.state"
    checkout = pod["initContainers"][0]["args"]
    link = next(word.partition("=")[2] for word in checkout if word.startswith("--link="))
    assert f"path: {mounts['content']['mountPath']}/{link}\n" in CONFIGS["kubernetes"].read_text("utf-8")
    # Both pods are given the same things.
    assert pod["volumes"] == pods()["Deployment"]["volumes"]


def by_kind(kind: str) -> dict[str, Any]:
    return next(manifest for manifest in manifests() if manifest["kind"] == kind)


def test_the_documented_secret_has_the_keys_that_the_config_names() -> None:
    text = (DEPLOY / "kubernetes" / "kustomization.yaml").read_text("utf-8")
    assert set(re.findall(r"--from-file=([\w-]+)", text)) == named_secrets("kubernetes")
    assert "secret generic lms-bridge " in text


@pytest.mark.parametrize(
    ("probe", "path"), [("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")]
)
def test_a_probe_asks_for_what_is_answered_by_a_name_that_is_known(probe: str, path: str) -> None:
    bridge = bridge_in(pods()["Deployment"])
    asked = bridge[probe]["httpGet"]
    assert asked["path"] == path
    assert {"name": "Host", "value": "localhost"} in asked["httpHeaders"]
    assert {port["name"]: port["containerPort"] for port in bridge["ports"]}[asked["port"]] == PORT


def test_the_service_is_asked_by_a_name_that_the_config_knows(tmp_path: Path) -> None:
    service = by_kind("Service")
    assert f"hosts: [{service['metadata']['name']}]" in CONFIGS["kubernetes"].read_text("utf-8")
    assert (
        service["spec"]["selector"].items() <= by_kind("Deployment")["spec"]["template"]["metadata"]["labels"].items()
    )
    assert service["spec"]["ports"][0]["port"] == PORT
