"""What an admin is told and given to prepare Moodle: one set of rights in the printed steps, the script and `check`."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lms_bridge.items import Kind
from lms_bridge.moodle.setup import Reach, capabilities, functions, script_text, steps
from lms_bridge.moodle.setup import requirements as wanted

PHP = shutil.which("php")


def listed(constant: str) -> list[str]:
    """The strings of a plain PHP array constant."""
    return re.findall(r"'([^']+)'", array_text(constant))


def paired(constant: str) -> dict[str, str]:
    """The keys and values of a PHP array constant."""
    return dict(re.findall(r"'([^']+)' => '([^']+)'", array_text(constant)))


def array_text(constant: str) -> str:
    match = re.search(rf"^const {constant} = \[(.*?)\];", script_text(), re.MULTILINE | re.DOTALL)
    assert match, f"the script has no {constant}"
    return match.group(1)


def names(needs: tuple[wanted.Need, ...]) -> list[str]:
    return sorted(need.name for need in needs)


def test_the_script_grants_exactly_the_functions_that_check_looks_for() -> None:
    assert sorted(listed("LMSBRIDGE_FUNCTIONS")) == names(functions())
    everything = listed("LMSBRIDGE_FUNCTIONS") + listed("LMSBRIDGE_FUNCTIONS_PROVISION")
    assert sorted(everything) == names(functions(provision=True))


def test_the_script_grants_exactly_the_capabilities_that_check_looks_for() -> None:
    assert sorted(listed("LMSBRIDGE_CAPABILITIES")) == names(capabilities())
    everything = listed("LMSBRIDGE_CAPABILITIES") + listed("LMSBRIDGE_CAPABILITIES_PROVISION")
    assert sorted(everything) == names(capabilities(provision=True))


def test_the_script_makes_the_course_fields_that_ratings_are_written_to() -> None:
    assert paired("LMSBRIDGE_FIELDS") == {field.name: field.title for field in wanted.CUSTOM_FIELDS}


def test_the_script_makes_the_reviews_database_that_reviews_are_written_to() -> None:
    assert paired("LMSBRIDGE_REVIEW_FIELDS") == {field.name: field.type for field in wanted.REVIEW_FIELDS}


@pytest.mark.parametrize(
    ("constant", "value"),
    [
        ("LMSBRIDGE_TEMPLATE", wanted.TEMPLATE_COURSE),
        ("LMSBRIDGE_WIKI", wanted.WIKI),
        ("LMSBRIDGE_FORUM", wanted.FORUM),
        ("LMSBRIDGE_REVIEWS", wanted.REVIEWS),
        ("LMSBRIDGE_FIELD_CATEGORY", wanted.FIELD_CATEGORY),
    ],
)
def test_the_script_names_things_as_lms_bridge_looks_for_them(constant: str, value: str) -> None:
    assert f"const {constant} = '{value}';" in script_text()


@pytest.mark.parametrize("need", [*wanted.FUNCTIONS, *wanted.CAPABILITIES], ids=lambda need: need.name)
def test_each_missing_right_is_explained_with_its_consequence_and_what_to_click(need: wanted.Need) -> None:
    assert need.without
    assert need.kinds
    assert need.next_step.startswith("Site administration > ")
    assert need.next_step.endswith(need.name)


def test_no_right_is_asked_for_twice() -> None:
    asked = names((*wanted.FUNCTIONS, *wanted.CAPABILITIES))
    assert len(asked) == len(set(asked))


def test_a_site_that_takes_pages_alone_needs_no_forum_or_database_rights() -> None:
    needed = names(functions([Kind.PAGE])) + names(capabilities([Kind.PAGE]))
    assert "mod_wiki_new_page" in needed
    assert "moodle/course:view" in needed
    assert not [name for name in needed if name.startswith("mod_data")]
    assert [name for name in needed if "forum" in name] == ["mod/forum:createattachment"]


def test_the_steps_name_every_right_field_and_activity() -> None:
    page = steps(Reach(provision=True))
    for need in (*wanted.FUNCTIONS, *wanted.CAPABILITIES):
        assert f"| `{need.name}` |" in page
    for field in wanted.CUSTOM_FIELDS:
        assert f"| `{field.name}` | {field.title} |" in page
    for activity in (wanted.WIKI, wanted.FORUM, wanted.REVIEWS, wanted.TEMPLATE_COURSE):
        assert f"`{activity}`" in page


def test_filling_courses_from_the_template_is_a_right_that_is_asked_for_only_when_wanted() -> None:
    assert "core_course_import_course" not in steps()
    assert "--provision" not in steps()
    assert "`core_course_import_course`" in steps(Reach(provision=True))


def test_a_bot_for_some_courses_is_enrolled_in_these_alone_and_given_calls_at_the_site() -> None:
    page = steps(Reach(courses=("BIO-101", "CHE-1")))
    assert "--role-scope=courses --courses=BIO-101,CHE-1" in page
    assert "Course `BIO-101` > Participants" in page
    assert "Assign system roles > lmsbridge_call" in page
    assert "Assign system roles > lms-bridge" not in page


def test_a_course_idnumber_with_quotes_or_blanks_cannot_break_the_command() -> None:
    page = steps(Reach(courses=("O'Neill $(reboot)",)))
    assert "--courses='O'\"'\"'Neill $(reboot)'" in page


@pytest.mark.skipif(PHP is None, reason="PHP is not installed here: the set-up script's syntax was not checked")
def test_the_script_is_valid_php(tmp_path: Path) -> None:
    script = tmp_path / "lms_bridge_setup.php"
    script.write_text(script_text(), encoding="utf-8")
    assert PHP
    checked = subprocess.run([PHP, "-l", str(script)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.skipif(PHP is None, reason="PHP is not installed here: the set-up script was not run")
def test_the_script_outside_moodle_says_where_to_put_it(tmp_path: Path) -> None:
    script = tmp_path / "deep" / "lms_bridge_setup.php"
    script.parent.mkdir()
    script.write_text(script_text(), encoding="utf-8")
    assert PHP
    run = subprocess.run([PHP, str(script)], capture_output=True, text=True, check=False, cwd=script.parent)
    assert run.returncode == 2
    assert "Copy this file into Moodle's root" in run.stderr


@pytest.mark.skipif(PHP is None, reason="PHP is not installed here: the set-up script was not run")
@pytest.mark.parametrize(
    ("code", "script_in"),
    [("lib", "."), ("public/lib", "."), ("public/lib", "public")],
    ids=["up to Moodle 5.0", "Moodle 5.1, in the root", "Moodle 5.1, in public"],
)
def test_the_script_finds_moodles_config_in_every_layout(tmp_path: Path, code: str, script_in: str) -> None:
    (tmp_path / code).mkdir(parents=True)
    (tmp_path / code / "setup.php").touch()
    (tmp_path / "config.php").write_text("<?php echo 'configured'; exit(0);", encoding="utf-8")
    script = tmp_path / script_in / "lms_bridge_setup.php"
    script.write_text(script_text(), encoding="utf-8")
    assert PHP
    run = subprocess.run([PHP, str(script)], capture_output=True, text=True, check=False, cwd="/")
    assert run.stdout == "configured", run.stderr
