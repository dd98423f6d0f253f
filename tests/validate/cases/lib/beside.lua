made_by_a_module = 1
return {inner = require "lib.package"}
