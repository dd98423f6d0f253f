"""Spells in Python: the language, the script API, and how runs end, each in a real worker."""
