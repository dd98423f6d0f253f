-- title: dofile of the .env beside the script, which would be valid Lua
-- threat: T-SEC-2
-- verdict: denied
-- command: run
dofile(".env")
print(KEY)
