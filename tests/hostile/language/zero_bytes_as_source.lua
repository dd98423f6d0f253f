-- title: a zero byte hides the rest of the script
-- threat: T-LANG-2
-- verdict: usage
-- script: zero.lua
-- place: file zero.lua print("shown")\x00 os.execute("hidden")
-- says: zero byte
return 1
