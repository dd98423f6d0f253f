-- `closing.lua` for a Lua that closes no variables: the place of an error is looked up before it is caught.
local ll = ...
local xpcall, error, rawequal = xpcall, error, rawequal

function ll.closing(stop, run)
  local fine, value = xpcall(run, function(problem)
    local raised = ll.raised
    if not (raised and rawequal(raised[1], problem)) then ll.raised = {problem, ll.trace(nil, 3)} end
    return problem
  end)
  stop()
  if fine then return value end
  error(value, 0)
end
