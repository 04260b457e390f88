"""The site: Sphinx reads what tools/build_site.py has gathered. Nothing here needs a network, and no notebook is executed."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "docs"), str(ROOT / "tools")]

from release import version as published_version  # noqa: E402

project = "Interpreting convolutional neural networks"
author = "The maintainers of xaihelpers"
copyright = "the maintainers of xaihelpers; text and figures CC BY 4.0, code Apache-2.0"
release = published_version()

extensions = ["myst_nb", "mathml"]
nb_execution_mode = "off"
# A stored player is HTML; a widget without a kernel can't move, so its script is not loaded.
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None), ("html", "text/html", 1)]
nb_ipywidgets_js = {}
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 5
myst_update_mathjax = False
html_math_renderer = "mathml"
suppress_warnings = ["mystnb.unknown_mime_type", "misc.highlighting_failure"]

language = "en"
html_title = "Interpreting CNNs"
html_theme = "sphinx_book_theme"
html_favicon = "static/icon.svg"  # without one, a browser asks a server for /favicon.ico and reports that it is not there
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_search_summary = False  # it reads other pages, which a browser does not allow from file://
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "use_source_button": False,
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "show_navbar_depth": 1,
    "navbar_start": [],
    "navbar_center": [],
    "navbar_end": [],
    "navbar_persistent": [],  # the sidebar has the search
    "navigation_with_keys": False,  # the arrow keys belong to the sliders
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_context = {"default_mode": "auto"}  # without it the theme reports an error in the console
