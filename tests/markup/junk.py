"""Random markup: whole, broken and hostile, for the properties that must hold for any text."""

from hypothesis import strategies as st

_WORDS = """
p div b strong em a span ul ol li dl dt dd table tr td th tbody thead caption pre code h1 h2 blockquote br hr img
section figure figcaption center form object button svg math select option details summary noscript textarea
script style title iframe template font nobr i u s x-y
"""
_NAMES = _WORDS.split()
_ATTRIBUTES = st.sampled_from(
    [
        "",
        "",
        ' class="language-x y"',
        ' title="a &lt; b"',
        ' href="https://e.org/?a=1&b=2"',
        ' href="item:k%20"',
        ' src="asset:ab" alt="pic"',
        " href=x",
        ' lang="de"',
        " onclick=alert(1)",
        ' title="',
        " colspan=2 rowspan='3'",
    ]
)
_NAME = st.sampled_from(_NAMES)
_PIECES = st.one_of(
    st.builds(lambda name, attributes: f"<{name}{attributes}>", _NAME, _ATTRIBUTES),
    st.builds(lambda name: f"</{name}>", _NAME),
    st.sampled_from(["word", " ", "\n", "  x ", "&amp;", "&nbsp;", "&#1;", "&lt;b&gt;", "<!-- x -->", "&", "<", "]]>"]),
    st.text(max_size=4),
)
html = st.lists(_PIECES, max_size=25).map("".join)
