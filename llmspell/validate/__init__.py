"""Checking scripts without trusting them: what is found in their text, and what their recorded runs give again."""
