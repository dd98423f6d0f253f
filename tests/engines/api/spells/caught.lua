local kind = Suite.plan()
local fine, problem = pcall(Suite.fail, kind)
local answer = Suite.caught(kind)
return {
  fine = fine, kind = problem.kind, message = problem.message, details = problem.details, text = tostring(problem),
  answer = answer,
}
