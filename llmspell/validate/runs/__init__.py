"""Runs of scripts in a check: what is expected of them, and how they are held against it."""
