-- title: the script itself is compiled code
-- threat: T-LANG-2
-- verdict: usage
-- script: compiled.lua
-- place: file compiled.lua \x1bLua\x54\x01\x19\x93\r\n\x1a\n
-- says: compiled code
return 1
