-- title: a module that ends the run, changes the globals and never returns
-- threat: T-MOD-3
-- verdict: error runtime
-- options: --allow-read {scene}
-- place: file leaver.lua print = nil _G.pcall = nil local f = os.exit f(7)
-- never: after
pcall(require, "leaver")
print("after")
