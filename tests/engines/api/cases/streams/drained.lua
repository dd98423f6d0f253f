local heard = {}
local whole = Agent.create{model = "echo/echo"}:invokeStream("one two", function(chunk) heard[#heard + 1] = chunk.text end)
return {success = whole.success, text = whole.text, heard = table.concat(heard)}
