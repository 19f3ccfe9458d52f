"""Whether an answer is the recorded one, by the rules of tests/recordings/README.md: `volatile` paths are left
out, `unordered` lists compared as sets, of `shortened` parts only what is there, errors by their errorcode."""

import json
import re
from typing import Any


def differences(line: dict[str, Any], status: int, media_type: str, answer: Any) -> list[str]:
    """What differs, in words; empty when the answer matches."""
    found = []
    if line["http_status"] != status:
        found.append(f"status {status}, recorded {line['http_status']}")
    recorded_type = line.get("content_type", "").partition(";")[0].strip().lower()
    if recorded_type != media_type:
        found.append(f"media type {media_type}, recorded {recorded_type}")
    if "response_description" in line:
        return found + _described(line["response_description"], answer)
    recorded = line.get("response")
    if _is_error(recorded):
        return found + _error_differences(recorded, answer)
    if media_type.endswith("/json") and _is_error(answer):
        return [*found, f"refused with {json.dumps(answer)[:200]}"]
    return found + _Comparison(line).compare("$", recorded, answer)


def _is_error(answer: Any) -> bool:
    return isinstance(answer, dict) and ("exception" in answer or "errorcode" in answer)


def _error_differences(recorded: dict[str, Any], answer: Any) -> list[str]:
    if not _is_error(answer):
        return [f"no error, recorded {recorded.get('errorcode')!r} {recorded.get('message')!r}"]
    if recorded.get("errorcode") != answer.get("errorcode"):
        return [f"errorcode {answer.get('errorcode')!r}, recorded {recorded.get('errorcode')!r}"]
    if ("debuginfo" in recorded and recorded["debuginfo"] is not None) != bool(answer.get("debuginfo")):
        return ["debuginfo on one side only"]
    return []


def _described(description: dict[str, Any], answer: Any) -> list[str]:
    seen: dict[str, Any] = {}
    for name in description:
        match name:
            case "len(responses)":
                seen[name] = len(answer.get("responses", []))
            case "errors":
                seen[name] = sum(response["error"] for response in answer.get("responses", []))
            case "exception":
                seen[name] = answer.get("exception")
            case _:
                seen[name] = len(answer.get(name, []))
    return [] if seen == description else [f"{seen}, recorded {description}"]


class _Comparison:
    def __init__(self, line: dict[str, Any]) -> None:
        self._volatile = [_pattern(path) for path in line.get("volatile", [])]
        self._unordered = [_pattern(path) for path in line.get("unordered", [])]
        self._shortened = [_pattern(path) for path in line.get("shortened", [])]

    def compare(self, path: str, recorded: Any, answer: Any) -> list[str]:
        if _any(self._volatile, path):
            return []
        if isinstance(recorded, dict) and isinstance(answer, dict):
            return self._compare_dicts(path, recorded, answer)
        if isinstance(recorded, list) and isinstance(answer, list):
            return self._compare_lists(path, recorded, answer)
        if isinstance(recorded, str) and isinstance(answer, str) and path + "#" in self._inside:
            return self.compare(path + "#$", json.loads(recorded), json.loads(answer))
        same = recorded == answer and isinstance(recorded, bool) == isinstance(answer, bool)
        return [] if same else [f"{path}: {_short(answer)}, recorded {_short(recorded)}"]

    @property
    def _inside(self) -> set[str]:
        return {p.pattern.partition("\\#")[0] + "#" for p in self._volatile + self._unordered if "\\#" in p.pattern}

    def _compare_dicts(self, path: str, recorded: dict[str, Any], answer: dict[str, Any]) -> list[str]:
        found = []
        for key, value in recorded.items():
            if key not in answer:
                if not _any(self._volatile, f"{path}.{key}"):
                    found.append(f"{path}.{key} is missing")
                continue
            found += self.compare(f"{path}.{key}", value, answer[key])
        if not _any(self._shortened, path):
            unrecorded = [key for key in answer if key not in recorded]
            found += [
                f"{path}.{key} was not recorded"
                for key in unrecorded
                if not _any(self._shortened + self._volatile, f"{path}.{key}")
            ]
        return found

    def _compare_lists(self, path: str, recorded: list[Any], answer: list[Any]) -> list[str]:
        shortened = _any(self._shortened, path)
        if len(recorded) != len(answer) and not shortened:
            return [f"{path}: {len(answer)} entries, recorded {len(recorded)}"]
        if not shortened and not _any(self._unordered, path):
            pairs = enumerate(zip(recorded, answer, strict=True))
            return [text for i, (old, new) in pairs for text in self.compare(f"{path}[{i}]", old, new)]
        left = list(answer)
        for index, item in enumerate(recorded):
            match = next((new for new in left if not self.compare(f"{path}[{index}]", item, new)), None)
            if match is None:
                closest = self.compare(f"{path}[{index}]", item, answer[index]) if index < len(answer) else []
                return [f"{path}[{index}] has no counterpart", *closest[:3]]
            left.remove(match)
        return []


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.escape(path).replace(r"\[\*\]", r"\[\d+\]"))


def _any(patterns: list[re.Pattern[str]], path: str) -> bool:
    return any(pattern.fullmatch(path) for pattern in patterns)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 300 else text[:300] + "…"
