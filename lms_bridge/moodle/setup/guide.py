"""The page that `lms-bridge setup moodle` prints: the script to run, or the same steps by hand. Markdown, no calls."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from shlex import quote

from lms_bridge.moodle.setup.requirements import (
    ADD_FIELD,
    ADD_FUNCTIONS,
    CALL_ROLE,
    CUSTOM_FIELDS,
    EDIT_ROLE,
    EVERY,
    FIELD_CATEGORY,
    FORUM,
    REVIEW_FIELDS,
    REVIEWS,
    ROLE,
    SERVICE,
    TEMPLATE_COURSE,
    USER,
    WIKI,
    Need,
    capabilities,
    functions,
)

SCRIPT = "lms_bridge_setup.php"


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the bot may reach: the whole site, or some courses by idnumber; and whether it may fill courses."""

    courses: tuple[str, ...] = ()
    provision: bool = False


def script_text() -> str:
    """The PHP script that an admin runs in Moodle's root."""
    return resources.files("lms_bridge.moodle.setup").joinpath(SCRIPT).read_text(encoding="utf-8")


def script_command(reach: Reach) -> str:
    """The command that takes every step at once."""
    options = ["--enable-web-services"]
    if reach.provision:
        options.append("--provision")
    if reach.courses:
        options.append(f"--role-scope=courses --courses={quote(','.join(reach.courses))}")
    return f"sudo -u www-data php {SCRIPT} {' '.join(options)}"


def steps(reach: Reach | None = None) -> str:
    """The whole page."""
    reach = reach or Reach()
    parts = [
        _by_script(reach),
        _switches(),
        _role(reach),
        _user(reach),
        _service(reach),
        _token(),
        _fields(),
        _template(),
    ]
    return "\n\n".join(parts) + "\n"


def _by_script(reach: Reach) -> str:
    return f"""# Prepare Moodle for lms-bridge

Needs Moodle 4.1 or later and an administrator. It is done once.

## The short way: a script

1. `lms-bridge setup moodle --script > {SCRIPT}`, and copy the file into Moodle's root (where `config.php` is).
2. Look at what it would do, then do it, as the user that owns Moodle's data directory (often `www-data`):

       {script_command(reach)} --dry-run
       (umask 077; {script_command(reach)} --print-token > ~/lms-bridge.token)

3. Give the token to lms-bridge (`${{file:…}}` or `${{env:…}}` in connectors.yaml).
4. Delete the script from Moodle's root.

It only adds, and a second run changes nothing.
`--help` tells of more: `--ip`, `--valid-days`, `--renew-token`, `--token-file`, `--exact`.

## The same by hand"""


def _switches() -> str:
    return """### 1. Web services

- Site administration > General > Advanced features > Enable web services: yes
- Site administration > Server > Web services > Manage protocols > REST protocol: on"""


def _role(reach: Reach) -> str:
    lines = [
        f"### 2. Role `{ROLE}`",
        "",
        f"Site administration > Users > Permissions > Define roles > Add a new role: no archetype, "
        f"short name `{ROLE}`, name `lms-bridge`, context types System and Course. Allow exactly these "
        f"(later: {EDIT_ROLE}):",
        "",
        _table("capability", capabilities(provision=reach.provision)),
    ]
    if reach.courses:
        lines += [
            "",
            f"A second role `{CALL_ROLE}`, context type System, with `webservice/rest:use` alone: "
            "Moodle looks for that one at the site, not in the course.",
        ]
    return "\n".join(lines)


def _user(reach: Reach) -> str:
    if reach.courses:
        courses = [*reach.courses, *([TEMPLATE_COURSE] if reach.provision else [])]
        where = [
            f"- Site administration > Users > Permissions > Assign system roles > {CALL_ROLE}: add it",
            *(f"- Course `{course}` > Participants > Enrol users: `{USER}` as `{ROLE}`" for course in courses),
        ]
    else:
        where = [f"- Site administration > Users > Permissions > Assign system roles > lms-bridge: add `{USER}`"]
    lines = [
        f"### 3. User `{USER}`",
        "",
        "- Site administration > Users > Add a new user: sign-in method `Web services authentication` if it is "
        "enabled, else `Manual accounts` with a long random password; an e-mail address; never `No login`; "
        "no forced change of password",
        "- Where the site has a policy, agree to it as this user: web services refuse a user who has not",
        *where,
    ]
    return "\n".join(lines)


def _service(reach: Reach) -> str:
    return "\n".join(
        [
            f"### 4. Service `{SERVICE}`",
            "",
            f"- Site administration > Server > Web services > External services > Add: name `lms-bridge`, short name "
            f"`{SERVICE}`, Enabled, Authorised users only, Can upload files",
            f"- Authorised users: `{USER}`",
            f"- {ADD_FUNCTIONS} > Add functions:",
            "",
            _table("function", functions(provision=reach.provision)),
        ]
    )


def _token() -> str:
    return f"""### 5. Token

Site administration > Server > Web services > Manage tokens > Create token: user `{USER}`, service
`lms-bridge`; an IP restriction to lms-bridge's machine is a good idea. The token is a password: keep it in a secret
store, never in connectors.yaml."""


def _fields() -> str:
    rows = [f"| `{field.name}` | {field.title} |" for field in CUSTOM_FIELDS]
    return "\n".join(
        [
            "### 6. Course custom fields (for ratings)",
            "",
            f"{ADD_FIELD}, in a category `{FIELD_CATEGORY}`; Locked: No, Visible to: Everyone.",
            "",
            "| short name | name |",
            "|---|---|",
            *rows,
        ]
    )


def _template() -> str:
    fields = ", ".join(f"{field.name} ({field.type})" for field in REVIEW_FIELDS)
    return f"""### 7. Activities in each course

A course needs the activities that its kinds go to. A hidden course with short name and ID number
`{TEMPLATE_COURSE}` can hold them for copying (Course > More > Course reuse > Import, or by lms-bridge itself where
connectors.yaml says so):

- wiki, ID number `{WIKI}`: collaborative, HTML format, forced
- forum, ID number `{FORUM}`: standard forum for general use, optional subscription
- database, ID number `{REVIEWS}`: fields {fields}"""


def _table(title: str, needs: Iterable[Need]) -> str:
    rows = (f"| `{need.name}` | {_kinds(need)} | {need.without} |" for need in needs)
    return "\n".join([f"| {title} | for | without it |", "|---|---|---|", *rows])


def _kinds(need: Need) -> str:
    return "all" if need.kinds == EVERY else ", ".join(sorted(need.kinds))
