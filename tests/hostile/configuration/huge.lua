-- title: a project's file of a gigabyte
-- threat: T-CONF-2
-- verdict: usage
-- command: run
-- passes: command
-- place: huge llmspell.toml 1073741824
-- never: it-did-run
print("it-did-run")
