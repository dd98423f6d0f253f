-- title: modules that are compiled code, binary, or no UTF-8
-- threat: T-MOD-2
-- verdict: ok
-- options: --allow-read {scene}
-- place: file bytecode.lua \x1bLua\x54\x01\x19\x93\r\n\x1a\n
-- place: file binary.lua \x7fELF\x02\x01\x01
-- place: file text.lua return "\xff\xfe"
-- value: [false, false, {"$bytes": "//4="}]
return {(pcall(require, "bytecode")), (pcall(require, "binary")), (require("text"))}
