-- title: a project's file that is a pipe on which nobody writes
-- threat: T-CONF-2
-- verdict: usage
-- command: run
-- passes: command
-- place: pipe llmspell.toml
-- never: it-did-run
print("it-did-run")
