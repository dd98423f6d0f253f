local _, problem = pcall(Tool.execute, "give-back", {value = {items = {1, 2, {callback = print}}}})
return {
  kind = problem.kind,
  names_the_place = problem.message:find("callback", 1, true) ~= nil and problem.message:find("a function", 1, true) ~= nil,
}
