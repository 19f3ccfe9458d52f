"""`lms-bridge serve` as a whole: what it answers, how it ends, and what is left when it is killed."""

import json
import re
import signal
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from lms_bridge.calendars import kept
from lms_bridge.calendars.refresh import refresh
from lms_bridge.sandbox.faults import Fault
from lms_bridge.service import __main__ as service
from lms_bridge.service import log, serving
from lms_bridge.service.calendars import Calendars
from lms_bridge.service.reading import Reading, Served, ServedRoute
from lms_bridge.service.rota import Rota
from lms_bridge.service.running import Processes
from lms_bridge.service.serving import Looking
from lms_bridge.service.timetable import Timetable
from lms_bridge.service.watched import Watched
from tests.calendars.calendar_world import NOW, calendar, calendar_server
from tests.service.serve_world import PAGES, Home, home


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Home]:
    with home(tmp_path) as made:
        yield made


def metric(served: Home, name: str) -> float | None:
    for line in served.get("/metrics")[1].splitlines():
        if line.startswith((f"{name} ", f"{name}{{")):
            return float(line.rpartition(" ")[2])
    return None


def test_a_service_answers_under_its_own_names_and_pushes_what_was_never_pushed(served: Home) -> None:
    served.write_config(extra="service: {hosts: [bridge.example.org]}\n")
    served.begin()
    served.until(lambda: served.get("/readyz")[0] == 200)
    assert served.get("/healthz") == (200, "ok\n")
    assert served.get("/nothing")[0] == 404
    assert served.get("/metrics", host="evil.example.org")[0] == 400
    assert served.get("/metrics", host="bridge.example.org")[0] == 200
    assert served.get("/metrics", host=f"localhost:{served.port}")[0] == 200
    served.until(lambda: (0, True) in served.runs())
    served.until(lambda: metric(served, "lmsbridge_last_success_timestamp") is not None)
    assert f'status="in_step"}} {PAGES + 1}.0' in served.get("/metrics")[1]  # The index is a page, too.


def test_a_calendar_is_read_beside_everything_else_and_what_it_says_holds(
    served: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    ends = (now + timedelta(hours=5)).replace(microsecond=0)
    with calendar_server() as server:
        server.text = calendar(f"DTSTART:{now - timedelta(hours=1):%Y%m%dT%H%M%SZ}\nDTEND:{ends:%Y%m%dT%H%M%SZ}")
        server.answers.clear()
        monkeypatch.setenv("EXAMS", server.url)
        served.write_config(extra='windows: {calendars: [{name: exams, url: "${env:EXAMS}"}]}\n')
        process = served.begin()
        # It answers before the calendar does, and nobody knows what may be pushed.
        served.until(lambda: any("exams" in problem for problem in served.ready()["problems"]))
        served.until(lambda: served.get("/readyz")[0] == 200)
        assert metric(served, "lmsbridge_calendar_read_timestamp") == 0
        server.answers.set()
        served.until(lambda: (metric(served, "lmsbridge_calendar_read_timestamp") or 0) >= now.timestamp())
        served.until(lambda: metric(served, "lmsbridge_next_run_timestamp") == ends.timestamp())
        assert served.ready()["problems"] == []
        assert served.runs() == []
        process.send_signal(signal.SIGTERM)
        process.wait()
    assert process.stderr is not None
    assert "private-" not in process.stderr.read()


def test_a_service_ends_while_a_calendar_does_not_answer_and_what_was_known_stays(tmp_path: Path) -> None:
    with calendar_server() as server:
        feed = server.feed(tmp_path)
        refresh([feed], NOW)
        before = kept.read(feed)
        server.answers.clear()
        route = ServedRoute("pages", "programme", "moodle", Timetable(), feeds=(feed,))
        calendars = Calendars()
        calendars.look(Served(tmp_path / "connectors.yaml", "", (), (route,)), NOW + timedelta(hours=1))
        calendars.end()
        server.answers.set()
        assert kept.read(feed) == before


def test_a_broken_config_keeps_the_former_one_in_use_and_is_told_until_it_is_mended(served: Home) -> None:
    served.begin()
    served.until(lambda: served.get("/readyz")[0] == 200)
    served.write_config(every="often")
    served.until(lambda: bool(served.ready()["problems"]))
    assert "connectors.yaml:8:" in served.ready()["problems"][0]
    assert "routes.pages.schedule.every" in served.ready()["problems"][0]
    assert served.get("/readyz")[0] == 200
    assert metric(served, "lmsbridge_config_valid") == 0
    assert metric(served, "lmsbridge_next_run_timestamp") is not None
    served.write_config(every="never")
    served.until(lambda: not served.ready()["problems"])
    assert metric(served, "lmsbridge_config_valid") == 1
    served.until(lambda: metric(served, "lmsbridge_next_run_timestamp") is None)


def test_a_config_that_is_wrong_from_the_start_ends_the_command_with_its_place(served: Home) -> None:
    served.write_config(every="often")
    process = served.begin()
    _, told = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "connectors.yaml:8:" in told


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
def test_at_an_ipv6_address_it_answers_under_that_and_under_no_other(served: Home) -> None:
    served.write_config(every="never")
    served.begin("--host=0:0::1")
    served.until(lambda: served.get("/readyz", at="[::1]")[0] == 200)
    own = f"[::1]:{served.port}"
    assert [served.get(path, own, at="[::1]")[0] for path in ("/readyz", "/metrics", "/sign-in")] == [200] * 3
    for other in ("evil.example", "[::2]", "[::1].evil.example", "[::1", "::1", "[fe80::1%25lo]"):
        assert [served.get(path, other, at="[::1]")[0] for path in ("/healthz", "/sign-in")] == [400, 400], other


@pytest.mark.parametrize("words", [["--host=300.1.1.1"], ["--port={port}"]])
def test_where_nobody_can_be_answered_the_command_ends_and_says_so(served: Home, words: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = served.begin(*(word.format(port=taken.getsockname()[1]) for word in words))
        _, told = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "--host, --port: nobody can be answered at" in told


def logged(served: Home, *words: str) -> list[str]:
    """The lines of a service that has run its route once."""
    process = served.begin(*words)
    served.until(lambda: (0, True) in served.runs())
    served.until(lambda: metric(served, "lmsbridge_running") == 0)
    process.terminate()
    _, told = process.communicate(timeout=60)
    return told.splitlines()


def test_logs_are_one_json_object_a_line_with_run_route_course_and_item(served: Home) -> None:
    lines = [json.loads(line) for line in logged(served, "--log-format=json")]
    ended = next(line for line in lines if line["event"] == "run ended with 0")
    assert (ended["route"], ended["level"], ended["by"]) == ("pages", "info", "timetable")
    assert ended["run"]
    changes = [line for line in lines if line["event"] == "create: done"]
    assert len(changes) == PAGES + 1
    for line in changes:
        assert {line[name] for name in ("run", "route", "course", "by", "level")} == {
            ended["run"], "pages", "BIO", "timetable", "info",
        }  # fmt: skip
    assert "programme:BIO/wiki/p0" in {line["key"] for line in changes}
    assert all(value for line in lines for value in line.values()), "what is not known is left out"


def test_logs_for_people_have_the_same_at_the_end_of_the_line(served: Home) -> None:
    lines = logged(served)
    (run,) = {found[1] for line in lines if (found := re.search(r" run=(\S+)", line))}
    about = f"run={run} route=pages course=BIO key=programme:BIO/wiki/p0 by=timetable"
    assert any(line.endswith(f" INFO create: done {about}") for line in lines)


def slow(served: Home) -> None:
    served.server.faults.add(*(Fault(kind="delay", seconds=0.7, body="mod_wiki_new_page") for _ in range(PAGES)))


def test_a_service_that_is_told_to_end_has_its_run_end_in_good_order(served: Home) -> None:
    slow(served)
    process = served.begin()
    served.until(lambda: served.runs() == [(None, False)])
    process.terminate()
    _, told = process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGTERM)
    ((code, ended),) = served.runs()
    assert ended
    assert code in (0, 10)
    assert not served.is_leased()
    assert "Traceback" not in told


def test_a_service_that_is_killed_loses_nothing_and_doubles_nothing(served: Home) -> None:
    slow(served)
    process = served.begin()
    served.until(lambda: served.runs() == [(None, False)])
    process.send_signal(signal.SIGKILL)
    process.wait()
    served.begin()
    served.until(lambda: served.get("/readyz")[0] == 200)
    # The run that it began goes on, and is left alone.
    assert len(served.runs()) == 1
    served.until(lambda: served.runs() == [(0, True)])
    served.until(lambda: f'status="in_step"}} {PAGES + 1}.0' in served.get("/metrics")[1])
    assert metric(served, "lmsbridge_failures_in_a_row") == 0


def test_a_config_behind_a_link_is_followed_when_the_link_is_exchanged(served: Home) -> None:
    link = served.folder / "current"
    for version, every in (("v1", "1h"), ("v2", "never")):
        served.write_config(every=every)
        text = served.config.read_text(encoding="utf-8")
        for named in ("state: ", "path: ", "file:"):
            text = text.replace(named, f"{named}{served.folder}/")
        (served.folder / version).mkdir()
        (served.folder / version / "connectors.yaml").write_text(text, encoding="utf-8")
    link.symlink_to("v1")
    served.begin("--config=current/connectors.yaml")
    served.until(lambda: metric(served, "lmsbridge_next_run_timestamp") is not None)
    other = served.folder / "new"
    other.symlink_to("v2")
    other.replace(link)
    served.until(lambda: metric(served, "lmsbridge_next_run_timestamp") is None)
    assert not served.ready()["problems"]


def test_what_lies_beside_a_config_stays_when_the_link_that_leads_to_it_is_exchanged(served: Home) -> None:
    """As Kubernetes mounts a ConfigMap: the file is a link through `..data`, which is exchanged."""
    for version, every in (("..1", "1h"), ("..2", "never")):
        served.write_config(every=every)
        (served.folder / version).mkdir()
        served.config.rename(served.folder / version / "connectors.yaml")
    (served.folder / "..data").symlink_to("..1")
    served.config.symlink_to("..data/connectors.yaml")
    served.begin()
    served.until(lambda: (0, True) in served.runs())
    other = served.folder / "..data_tmp"
    other.symlink_to("..2")
    other.replace(served.folder / "..data")
    served.until(lambda: metric(served, "lmsbridge_next_run_timestamp") is None)
    assert not served.ready()["problems"]
    assert metric(served, "lmsbridge_running") == 0
    served.until(lambda: f'status="in_step"}} {PAGES + 1}.0' in served.get("/metrics")[1])
    assert not [path for version in ("..1", "..2") for path in (served.folder / version).glob("state*")]


def test_a_config_that_could_not_be_used_is_read_again_without_being_touched(
    served: Home, caplog: pytest.LogCaptureFixture
) -> None:
    now = datetime(2027, 1, 11, 8, 0, tzinfo=UTC)
    first = Reading(served.config).served()
    rota = Rota(first, Processes(), lambda: now)
    looking = Looking(rota, Watched(served.config), lambda: now)
    token = (served.folder / "token").read_bytes()
    (served.folder / "token").unlink()
    served.write_config(every="never", extra="# another\n")
    for _ in range(3):
        looking.look()
        assert "token" in rota.config_problem
        now += timedelta(minutes=1)
    # Once, however often it is read.
    assert len([record for record in caplog.records if "is not used" in record.message]) == 1
    (served.folder / "token").write_bytes(token)
    looking.look()
    assert rota.config_problem == ""
    assert rota.served.routes[0].timetable.every is None
    rota.close()


def test_a_config_that_changes_while_the_service_begins_is_noticed(
    served: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(Reading):
        def served(self) -> Served:
            found = super().served()
            served.write_config(every="never", extra="# another\n")
            return found

    began: list[Watched] = []
    monkeypatch.setattr(service, "Reading", Slow)
    monkeypatch.setattr(log, "show_log", lambda as_json: None)
    monkeypatch.setattr(serving, "serve", lambda served, watched, *words, **others: began.append(watched))
    monkeypatch.setattr(sys, "argv", ["serve", f"--config={served.config}", "--port=0"])
    service.main()
    assert began[0].changed()
    assert not began[0].changed()


def guesses(served: Home, count: int) -> list[int]:
    """Wrong passwords for one name, each try under another address as a proxy would tell it."""
    codes = []
    with httpx2.Client(base_url=f"http://127.0.0.1:{served.port}") as client:
        for at in range(count):
            found = re.search(r'name="token" value="([^"]+)"', client.get("/sign-in").text)
            assert found
            data = {"token": found[1], "name": "ann", "password": "wrong"}
            headers = {"X-Forwarded-For": f"192.0.2.{at}"}
            codes.append(client.post("/sign-in", data=data, headers=headers).status_code)
    return codes


def test_whom_a_request_is_said_to_be_from_counts_only_behind_a_proxy(served: Home) -> None:
    served.write_config(every="never")
    served.begin()
    served.until(lambda: served.get("/healthz")[0] == 200)
    assert guesses(served, 6) == [401] * 5 + [429], "who asks is slowed down, whatever address they make up"
    served.write_config(every="never", extra="service: {hosts: [bridge.example.org]}\n")
    served.begin()
    served.until(lambda: served.get("/healthz")[0] == 200)
    assert guesses(served, 6) == [401] * 6, "behind a proxy nobody waits for what somebody else tried"
