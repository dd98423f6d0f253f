return Streaming.create(function()
  for i = 1, 3 do Streaming.yield(i) end
end):collect()
