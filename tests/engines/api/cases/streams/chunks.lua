local texts, last = {}, nil
for chunk in Agent.create{model = "echo/echo"}:stream("one two three") do
  texts[#texts + 1] = chunk.text
  last = chunk.is_final
end
return {text = table.concat(texts), several = #texts > 1, last = last}
