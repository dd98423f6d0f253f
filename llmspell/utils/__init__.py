"""Small functions that every part of a program may use, a module per subject.

This package keeps the rule of leaves: it imports `llmspell.errors`, `llmspell.limits` and nothing else of ours, and
each library that it stands on (tenacity, platformdirs, psutil, tomli-w, PyYAML) where it is first needed.
"""
