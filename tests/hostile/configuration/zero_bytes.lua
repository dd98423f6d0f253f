-- title: a project's file that is no text
-- threat: T-CONF-2
-- verdict: usage
-- command: run
-- passes: command
-- place: file llmspell.toml engine = "lua\x00\xff"
-- never: it-did-run
print("it-did-run")
