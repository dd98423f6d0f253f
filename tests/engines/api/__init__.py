"""One suite over the script API, run against every engine; see README.md beside this file."""
