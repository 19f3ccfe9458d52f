"""connectors.yaml: what a designer or admin reads when something in it is wrong."""

from pathlib import Path

import pytest

from lms_bridge.config.load import load_config
from lms_bridge.errors import ConfigError

GOOD = """\
version: 1
sources:
  programme:
    type: files
    path: content
destinations:
  moodle:
    type: moodle
    url: https://moodle.example
    token: ${env:MOODLE_TOKEN}
routes:
  programme-to-moodle:
    from: programme
    to: moodle
    kinds: [page, prompt]
"""


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOODLE_TOKEN", "planted-secret-token")


def write(folder: Path, text: str) -> Path:
    path = folder / "connectors.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(write(folder, text))
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def test_a_good_config_names_its_routes_and_starts_relative_paths_where_it_stands(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, GOOD))
    assert [route.name for route in config.routes] == ["programme-to-moodle"]
    assert {kind.value for kind in config.routes[0].kinds} == {"page", "prompt"}
    assert config.state == str(tmp_path / ".state" / "lms-bridge.sqlite")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version: 1", "version: 2", "connectors.yaml:1:10: version: found 2. Expected 1."),
        (
            "    from: programme",
            "    frm: programme",
            "connectors.yaml:13:5: routes.programme-to-moodle.frm: the key 'frm'"
            " is not known here. Did you mean 'from'?",
        ),
        (
            "    path: content",
            "    path: content\n    scael: [1, 5]",
            "connectors.yaml:6:5: sources.programme.scael: the key 'scael' is not known here. Did you mean 'scale'?",
        ),
        (
            "    path: content\n",
            "",
            "connectors.yaml:4:5: sources.programme: the key 'path' is missing. Add `path: …`.",
        ),
        (
            "kinds: [page, prompt]",
            "kinds: [page, promt]",
            "connectors.yaml:15:19: routes.programme-to-moodle.kinds[1]: found"
            " 'promt'. Expected 'page', 'prompt', 'review' or 'rating'. Did you mean 'prompt'?",
        ),
        (
            "kinds: [page, prompt]",
            "kinds: []",
            "connectors.yaml:15:12: routes.programme-to-moodle.kinds: found nothing in the list. Name 1 or more.",
        ),
        (
            "    to: moodle",
            "    to: mooodle",
            "connectors.yaml:14:9: routes.programme-to-moodle.to: 'mooodle' is not one of"
            " the destinations. Did you mean 'moodle'?",
        ),
        (
            "type: files",
            "type: fils",
            "connectors.yaml:4:11: sources.programme.type: there is no connector 'fils'. Did"
            " you mean 'files'? Known: files, moodle, sharepoint; others come with the package that provides them.",
        ),
        (
            "${env:MOODLE_TOKEN}",
            "${env:NO_SUCH_TOKEN}",
            "connectors.yaml:10:12: destinations.moodle.token: the environment"
            " variable NO_SUCH_TOKEN is not set. Set it: `export NO_SUCH_TOKEN=…`.",
        ),
        (
            "${env:MOODLE_TOKEN}",
            "${file:token}",
            "connectors.yaml:10:12: destinations.moodle.token: the file token cannot be"
            " read: No such file or directory. Write the secret into it, readable by this account alone.",
        ),
        (
            "${env:MOODLE_TOKEN}",
            "${wallet:token}",
            "connectors.yaml:10:12: destinations.moodle.token: ${wallet:…} is not a"
            " known store. Use one of env, file, credential, keyring, azure, vault.",
        ),
        (
            "type: moodle",
            "type: files",
            "connectors.yaml:8:11: destinations.moodle.type: the connector 'files' cannot be a"
            " destination. Name it elsewhere.",
        ),
        (
            "version: 1",
            "version: 1\nversion: 1",
            "connectors.yaml:2:1: the key 'version' stands here twice. Keep one of them.",
        ),
        (
            "version: 1",
            "version: 1\nstate: postgresql://bridge:hunter2@db/lms",
            "connectors.yaml:2:8: state: a secret must not stand in this file.",
        ),
    ],
)
def test_each_mistake_is_told_with_its_place_and_the_next_step(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    told = problems(tmp_path, GOOD.replace(old, new, 1))
    assert any(line.startswith(message) for line in told), told


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("version: 1", "version: 3").replace("path: content", "pth: content").replace("kinds", "kind")
    told = problems(tmp_path, text)
    assert len(told) == 4
    assert [
        word for word in ("version", "'pth'", "'path' is missing", "'kind'") if any(word in line for line in told)
    ] == [
        "version",
        "'pth'",
        "'path' is missing",
        "'kind'",
    ]


def test_a_route_to_nowhere_is_told_together_with_everything_else(tmp_path: Path) -> None:
    told = problems(tmp_path, GOOD.replace("version: 1", "version: 3").replace("from: programme", "from: programm"))
    assert any("routes.programme-to-moodle.from: 'programm' is not one of the sources." in line for line in told)
    assert any("version: found 3" in line for line in told)


def test_one_wrong_kind_is_one_problem(tmp_path: Path) -> None:
    assert len(problems(tmp_path, GOOD.replace("[page, prompt]", "[pgae]"))) == 1


def test_commands_that_call_nothing_need_no_secrets(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("MOODLE_TOKEN", "NO_SUCH_TOKEN"))
    assert load_config(path, without_secrets=True).destinations["moodle"].name == "moodle"


def test_a_literal_secret_is_refused_without_being_repeated_and_the_right_way_is_shown(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, GOOD.replace("${env:MOODLE_TOKEN}", "0123456789abcdef"))
    assert "connectors.yaml:10:12: destinations.moodle.token: a secret must not stand in this file." in told
    assert "`token: ${env:MOODLE_TOKEN}`" in told
    assert "0123456789abcdef" not in told


def test_a_resolved_secret_never_shows_in_a_message_or_a_repr(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, GOOD))
    assert "planted-secret-token" not in repr(config)
    told = problems(tmp_path, GOOD.replace("https://moodle.example", "${env:MOODLE_TOKEN}"))
    assert told
    assert "planted-secret-token" not in "".join(told)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: [1", "connectors.yaml:1:12: is not valid YAML"),
        ("a: &x [1]\nb: *x\n", "connectors.yaml:1:4: a YAML alias (`*name`) is not allowed here."),
        ("- 1\n", "connectors.yaml: holds no settings."),
        ("", "connectors.yaml: holds no settings."),
        ("version: !!python/object:os.system 1\n", "connectors.yaml:1:10: the tag or value"),
        ("x: " + "[" * 2000, "connectors.yaml"),
    ],
)
def test_what_is_not_a_config_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    assert problems(tmp_path, text)[0].startswith(message)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="lms-bridge init"):
        load_config(tmp_path / "nowhere.yaml")


def test_paths_start_where_the_file_stands_that_was_named_and_not_where_a_link_leads(tmp_path: Path) -> None:
    release = tmp_path / "releases" / "1"
    release.mkdir(parents=True)
    write(release, GOOD)
    named = tmp_path / "etc"
    named.mkdir()
    (named / "connectors.yaml").symlink_to(release / "connectors.yaml")
    config = load_config(named / "connectors.yaml")
    assert config.folder == named
    assert Path(config.state).is_relative_to(named)


def test_a_file_that_is_named_without_its_folder_stands_in_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, GOOD)
    monkeypatch.chdir(tmp_path)
    assert load_config(Path("connectors.yaml")).folder == tmp_path
