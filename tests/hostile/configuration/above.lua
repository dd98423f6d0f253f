-- title: a project's file in a folder above, found by walking up
-- threat: T-CONF-1
-- verdict: usage
-- command: run
-- passes: command
-- place: file llmspell.toml [grants]\nread = ["/"]\n
-- place: file inner/deep/a.txt x
-- never: it-did-run
print("it-did-run")
