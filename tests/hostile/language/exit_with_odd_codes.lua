-- title: exit codes that would be taken for llmspell's own verdicts
-- threat: T-LANG-1
-- verdict: error runtime
pcall(os.exit, "0")
pcall(os.exit, 0.5)
pcall(os.exit, {})
os.exit(3 + 256)
