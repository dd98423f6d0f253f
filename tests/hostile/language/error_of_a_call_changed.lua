-- title: the error of a failed call is changed, copied and raised again
-- threat: T-LANG-4
-- verdict: error runtime
local fine, problem = pcall(Tool.execute, "nothing", {})
problem.kind, problem.message = setmetatable({}, {__index = error}), {{{}}}
problem.details.self = problem
error(problem)
