local lib = require("lib")
return {greeting = lib.greet("Ada"), same = require("lib") == lib}
