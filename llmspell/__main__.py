"""`python -m llmspell`."""

from llmspell.cli.entry import main

if __name__ == "__main__":
    main()
