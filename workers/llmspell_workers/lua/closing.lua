-- What is done when a function is left, in whichever way; and what keeps the line of a file's last call.
local ll = ...
local setmetatable = setmetatable
ll.keep_line = "local __llmspell <close> = nil "

-- Calls `run` and then `stop`, also when `run` fails. No pcall: it would hide the place of the error.
function ll.closing(stop, run)
  local _ <close> = setmetatable({}, {__close = stop})
  return (run())
end
