"""The documentation's site: ``make docs``. Pages are the Markdown files here, the reference comes from docstrings."""
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

project = 'prior_mm'
author = 'the prior_mm contributors'
release = version = (ROOT / 'prior_mm' / 'version.py').read_text(encoding='utf-8').split("'")[1]

extensions = ['myst_parser', 'autoapi.extension', 'sphinx.ext.napoleon', 'sphinx_copybutton']
exclude_patterns = ['_build']
# Of a source that is read and not run: constants that are set two in a line are not seen, and where two modules have a
# function of one name, a mention leads to the first. Links between pages stay checked.
suppress_warnings = ['autoapi.python_import_resolution', 'ref.python']

myst_heading_anchors = 4

# The reference is read from the source, not imported: it is the same in every tier, and no toolbox has to be there.
autoapi_dirs = [str(ROOT / 'prior_mm')]
autoapi_ignore = ['*/.mim/*']
autoapi_root = 'api'
autoapi_add_toctree_entry = False
autoapi_options = ['members', 'show-inheritance', 'show-module-summary']
autoapi_keep_files = False
autoapi_python_class_content = 'both'
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = 'furo'
html_title = 'prior_mm'
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {'navigation_with_keys': True}

# Addresses that answer to a browser only.
linkcheck_ignore = [r'https://physionet\.org/.*']
