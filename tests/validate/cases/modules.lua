-- wants: unknown-module 4:27 error
-- wants: unknown-module 5:8 error
local there, folder = require "lib.beside", require("lib.package")
local not_there = require("lib.gone")
dofile("gone.lua")
return there, folder, not_there, made_by_a_module
