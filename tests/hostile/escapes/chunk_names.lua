-- title: chunks that say that they are the adapter, or /etc/passwd
-- threat: T-ENG-2
-- verdict: error runtime
-- kept: faked\n
local forged = load("error('llmspell/main:1: not enough memory', 0)", "=llmspell/main")
print(pcall(forged) or "faked")
load("\n\n\nerror('here')", "@/etc/shadow")()
