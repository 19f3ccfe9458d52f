"""What becomes of an address in href, src or url(): the allowed schemes, percent-encoding, and what is dropped."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from lms_bridge.sandbox.moodle.cleaning.tokens import PHP_BLANKS, ascii_lower

_SUB_DELIMS = "!$&'()*+,;="
_UNRESERVED = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~")
_PARTS = re.compile(r'(?:([a-zA-Z0-9.+\-]+):)?(//([^/?#"<>]*))?([^?#"<>]*)(\?([^#"<>]*))?(#([^"<>]*))?')
_AUTHORITY = re.compile(r"(?:(.+?)@)?(\[[^\]]+\]|[^:]*)(?::(\d*))?")
_LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)*({_LABEL})\.?", re.I)
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9][0-9]|[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_IPV6 = re.compile(r"\[[0-9a-fA-F:.]+\]")


@dataclass(frozen=True)
class _Scheme:
    port: int | None = None
    embeds: bool = True  # may be the address of an image
    needs_host: bool = True
    keeps_user: bool = False
    keeps_query: bool = True


_SCHEMES = {
    "http": _Scheme(80),
    "https": _Scheme(443),
    "ftp": _Scheme(21, keeps_user=True, keeps_query=False),
    "irc": _Scheme(),
    "nntp": _Scheme(119, embeds=False, keeps_query=False),
    "news": _Scheme(embeds=False, needs_host=False, keeps_query=False),
    "rtsp": _Scheme(),
    "rtmp": _Scheme(embeds=False),
    "teamspeak": _Scheme(),
    "gopher": _Scheme(),
    "mms": _Scheme(),
    "mailto": _Scheme(embeds=False, needs_host=False),
}


@dataclass(frozen=True)
class _Address:
    scheme: str | None
    user: str | None
    host: str | None
    port: int | None
    path: str
    query: str | None
    fragment: str | None


def clean_address(text: str, *, embedded: bool = False) -> str | None:
    """The address as the cleaner prints it, or None when the attribute has to go."""
    address = _validated(_parse(_normalized(_one_line(text))))
    scheme = _SCHEMES.get(address.scheme or "http")
    if scheme is None or (embedded and not scheme.embeds):
        return None
    if address.port == scheme.port:
        address = replace(address, port=None)
    if scheme.needs_host and address.scheme is not None and not address.host:
        return None
    if address.scheme is None and address.host == "":
        if address.path.startswith("//"):
            return None
        address = replace(address, host=None)
    if not scheme.keeps_user:
        address = replace(address, user=None)
    if not scheme.keeps_query:
        address = replace(address, query=None)
    if not scheme.needs_host:
        address = replace(address, host=None, port=None)
    return _printed(address)


def _one_line(text: str) -> str:
    return re.sub("[\n\t\r]", " ", text.strip(PHP_BLANKS))


def _normalized(text: str) -> str:
    """Percent signs that encode nothing are encoded; encoded letters and digits are written plainly."""
    first, *rest = text.split("%")
    out = first
    for part in rest:
        if not re.fullmatch("[0-9a-fA-F]{2}", part[:2]):
            out += "%25" + part
            continue
        code = int(part[:2], 16)
        out += (chr(code) if code in _UNRESERVED else f"%{code:02X}") + part[2:]
    return out


def _parse(text: str) -> _Address:
    match = _PARTS.match(text)
    if match is None:  # cannot happen: every part is optional
        raise ValueError("an address without parts")
    scheme, has_authority, authority, path, _, query, _, fragment = match.groups()
    user = host = port = None
    if has_authority:
        parts = _AUTHORITY.match(authority)
        if parts is not None:
            user, host, port = parts.groups()
    return _Address(
        scheme=ascii_lower(scheme) if scheme else None,
        user=user,
        host=host,
        port=int(port or 0) if port is not None else None,
        path=path,
        query=query,
        fragment=fragment,
    )


def _validated(address: _Address) -> _Address:
    host = None if address.host is None else _clean_host(address.host)
    scheme = address.scheme
    if not host and scheme == "http":
        scheme = None
    pchar = _SUB_DELIMS + ":@"
    port = address.port if address.port is not None and 1 <= address.port <= 65535 else None
    return _Address(
        scheme=scheme,
        user=None if address.user is None else _encoded(address.user, _SUB_DELIMS + ":"),
        host=host,
        port=port,
        path=_clean_path(address.path, host, scheme),
        query=None if address.query is None else _encoded(address.query, pchar + "/?"),
        fragment=None if address.fragment is None else _encoded(address.fragment, pchar + "/?"),
    )


def _clean_path(path: str, host: str | None, scheme: str | None) -> str:
    segments = _SUB_DELIMS + ":@/"
    if host is not None or not path:
        return _encoded(path, segments)
    if path.startswith("/"):
        return "" if path.startswith("//") else _encoded(path, segments)
    if scheme is not None:
        return _encoded(path, segments)
    # Without a scheme, a colon in the first segment would be read as one.
    first, slash, rest = path.partition("/")
    return _encoded(first, _SUB_DELIMS + "@") + _encoded(slash + rest, segments)


def _clean_host(host: str) -> str | None:
    if host == "" or _IPV4.fullmatch(host) or _IPV6.fullmatch(host):
        return host
    match = _HOST.fullmatch(host)
    if match and not match[1].isdigit():
        return host
    try:
        ascii_host = host.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return ascii_host if _HOST.fullmatch(ascii_host) else None


def _encoded(text: str, keep: str) -> str:
    kept = _UNRESERVED | frozenset(keep.encode()) | {ord("%")}
    return "".join(chr(byte) if byte in kept else f"%{byte:02X}" for byte in text.encode("utf-8", "ignore"))


def _printed(address: _Address) -> str:
    out = ""
    if address.scheme is not None:
        out += address.scheme + ":"
    if address.host is not None:
        user = f"{address.user}@" if address.user is not None else ""
        port = f":{address.port}" if address.port is not None else ""
        out += f"//{user}{address.host}{port}"
    out += address.path
    if address.query is not None:
        out += "?" + address.query
    if address.fragment is not None:
        out += "#" + address.fragment
    return out
