"""The worker's side of llmspell. It imports the standard library, msgpack and one engine library; never `llmspell`."""
