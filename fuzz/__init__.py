"""Fuzzing of what reads hostile bytes: `python -m fuzz`, described in `fuzz/README.md`."""
