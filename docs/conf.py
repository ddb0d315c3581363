"""Configuration of the documentation site: ``sphinx-build -W -b html docs docs/_build/html``."""

import re

from docutils import nodes
from latex2mathml.converter import convert

from prbench import __version__

project = "prbench"
author = "The prbench developers"
copyright = "the prbench developers"
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["_build", "examples"]
highlight_language = "text"  # of blocks that name no language: commands
html_math_renderer = "mathml"
html_theme = "furo"
html_title = f"prbench {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]

myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "fieldlist"]
myst_heading_anchors = 4
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

suppress_warnings = [
    "myst.header",  # pages of stored results hold what commands printed, whose headings begin at the third level
]
linkcheck_anchors = False
linkcheck_retries = 3
linkcheck_timeout = 60
linkcheck_ignore = [
    r"https://doi\.org/.*",  # publishers refuse programs
]


def escape_markup(app, what, name, obj, options, lines):
    """Escape stars and bars in docstrings, which mean shapes such as (n, *object_shape) and magnitudes there, never markup."""
    block = False  # an indented literal block after "::"
    for number, line in enumerate(lines):
        if block and line.strip() and not line.startswith(" "):
            block = False
        if not block:
            parts = re.split(r"(``.*?``)", line)
            lines[number] = "".join(p if p.startswith("``") else re.sub(r"([*|])", r"\\\1", p) for p in parts)
        block = block or line.rstrip().endswith("::")


def visit_math(translator, node):
    """Write a formula in the text as MathML, which browsers draw without a script or a network."""
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def visit_math_block(translator, node):
    """Write a formula on a line of its own as MathML."""
    translator.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def setup(app):
    """Register what belongs to this site alone."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    app.connect("autodoc-process-docstring", escape_markup, priority=100)
