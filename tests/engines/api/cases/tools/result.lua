local tool = Tool.get("give_back")
return {
  answer = Tool.execute("give-back", {value = 42}),
  parts = tool:execute({value = {1, "two", {three = 3.5}}}),
  exists = Tool.exists("give-back"),
  none = Tool.get("no-such-tool") == nil,
  schema = tool:getSchema().type,
}
