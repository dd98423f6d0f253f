"""The command line: one file per command. click is imported here only, rich in `tables.py` only."""
