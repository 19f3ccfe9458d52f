# ruff: noqa: E501
"""Texts that Moodle would damage if they were sent as they are: what the recordings of its answers are made from."""

PAGE_WITH_PLAIN_TITLE = "programme:BIO-101/wiki/cells"
PAGE_WITH_ODD_TITLE = "programme:BIO-101/wiki/odd"
PROMPT = "programme:BIO-101/prompts/first"
PLAIN_TITLE = "Cells"
ODD_TITLE = 'Salt & "pepper" <1 | [x] #2 / 50%'

CORPUS: dict[str, str] = {
    "paragraphs": "<p>One <strong>bold</strong>, <em>italic</em>, <code>code</code>, <s>gone</s>, H<sub>2</sub>O, x<sup>2</sup>."
    "<br>A second line.</p><p>Größe, naïve, 細胞, خلية, 🧬👩🏽‍🔬, “quotes” – dashes… &amp; &lt;tags&gt; a\u00a0b</p><hr><p>After a rule.</p>",
    "repeated headings": "<h2>Summary</h2><p>a</p><h3>Details</h3><p>b</p><h2>Summary</h2><p>c</p><h4>Summary</h4><p>d</p>",
    "headings with inner markup": '<h2>About <code>main()</code> and <a href="https://example.org/x">a link</a></h2><p>x</p>'
    "<h1>One</h1><h2>Two</h2><h3>Three</h3><h4>Four</h4><h5>Five</h5><h6>Six</h6><p>y</p>",
    "code blocks": '<pre><code class="language-python">def f():\n    return 1\n\n\nclass X:\n\ty = "https://example.org/?a=1&amp;b=2"\n'
    "    z = a[[0]]  # [[Cells]]\n</code></pre><p>Then <code>x[[1]]</code> and <code>http://localhost:8080/</code>.</p>"
    "<pre>plain\n\n   indented\n\ttab</pre>",
    "bare addresses": "<p>See https://example.org/a_(b)?c=d&amp;e=f#g, http://example.org/, (ftp://example.org/file) "
    "and HTTPS://EXAMPLE.ORG/X.</p><ul><li>https://example.org/one</li><li>https://example.org/two</li></ul>"
    "<table><tbody><tr><td>https://example.org/cell</td><td>next</td></tr></tbody></table>",
    "double brackets": "<p>Write [[Title]] or [[Title|label]] or [[https://example.org|x]] for a link; [x], [[, ]] are plain.</p>"
    "<p>[[image:a.png|alt]] and [[attach:b.pdf]]</p>",
    "web links": '<p><a href="https://example.org/%C3%BC?q=a%20b&amp;c=d#frag">one</a>, <a href="https://bücher.example/ü x">two</a>, '
    '<a href="mailto:a@example.org">mail</a>, <a href="https://web.archive.org/web/2020/https://example.org/">three</a>, '
    '<a href="https://example.org/" title="see https://example.org/why">four</a>, <a href="https://example.org/">https://example.org/</a>, '
    '<a href="http://[::1">broken</a></p>',
    "item links": f'<p>To <a href="item:{PAGE_WITH_PLAIN_TITLE}">the cells</a>, <a href="item:{PAGE_WITH_PLAIN_TITLE}"><em>with</em> '
    f'markup</a>, <a href="item:{PAGE_WITH_ODD_TITLE}">an odd title</a>, <a href="item:{PROMPT}">a prompt</a>, '
    f'<a href="item:programme:nowhere">nowhere</a>, <a href="item:{PAGE_WITH_PLAIN_TITLE}">a|b]] c</a>.</p>'
    f'<ul><li><a href="item:{PAGE_WITH_PLAIN_TITLE}">Cells</a></li></ul>'
    f'<table><tbody><tr><td><a href="item:{PAGE_WITH_PLAIN_TITLE}">in a cell</a></td></tr></tbody></table>'
    f'<h2>In <a href="item:{PAGE_WITH_PLAIN_TITLE}">a heading</a></h2><pre>in <a href="item:{PAGE_WITH_PLAIN_TITLE}">a pre</a></pre>',
    "tables": "<table><caption>A caption</caption><thead><tr><th>Name</th><th>Value</th></tr></thead><tbody>"
    '<tr><td colspan="2">wide</td></tr><tr><td rowspan="2">tall</td><td>1</td></tr><tr><td>2</td></tr></tbody>'
    "<tfoot><tr><td>sum</td><td>3</td></tr></tfoot></table><p>x</p><table><tbody><tr><td>a</td><td><ul><li>b</li></ul></td></tr></tbody></table>",
    "lists": '<ol start="3"><li>three<ul><li>inner<ol><li>deep</li></ol></li></ul></li><li><p>four</p><pre>a\n  b</pre></li></ol>'
    "<ul><li>☑ done</li><li>☐ open</li></ul><dl><dt>term</dt><dd>meaning</dd><dd><p>more</p></dd></dl>",
    "quotes and notes": "<blockquote><p>said</p><blockquote><p>again</p></blockquote></blockquote><p><q>short</q> <cite>source</cite> "
    '<abbr title="Hypertext Markup Language">HTML</abbr> <kbd>Ctrl</kbd> <samp>out</samp> <var>x</var> <small>small</small> '
    '<u>under</u> <del>old</del> <ins>new</ins></p><p dir="rtl" lang="ar">مرحبا</p><p>text<sup>1</sup></p><hr><ol><li><p>A note.</p></li></ol>',
    "images": '<p><img src="https://example.org/a.png" alt="A picture of https://example.org/ [[x]]" width="40" height="30"></p>'
    '<p>text <img src="https://example.org/b.png?x=1&amp;y=2" alt=""> more <img src="https://example.org/c.png" alt="&quot;q&quot; &lt;b&gt;"></p>'
    '<p><a href="https://example.org/"><img src="https://example.org/d.png" alt="linked"></a></p>',
    "what the parser keeps for itself": "<p>%!0%! and %!1%! and @@PLUGINFILE@@/x.png and &lt;nowiki&gt;[[x]]&lt;/nowiki&gt;</p>"
    "<p>* no list<br>= no heading =<br>---- no rule<br>'''no bold''' ''no italic''<br>{| no table |}</p><p><a href=\"https://example.org/\">%!0%!</a></p>",
    "what the cleaner would drop": '<p>a<mark>marked</mark> b</p><figure><img src="https://example.org/f.png" alt="f"><figcaption>caption</figcaption></figure>'
    "<details><summary>More</summary><p>hidden words</p></details><section><h2>Part</h2><p>words</p></section><!-- comment -->"
    '<p onclick="x()" style="color:red" id="i" data-x="1">p</p><script>alert(1)</script><iframe src="https://example.org"></iframe>',
}
