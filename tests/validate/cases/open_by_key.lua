-- names may come to be in ways that nobody sees here
for _, name in ipairs({"invented", "another"}) do _G[name .. "_too"] = print end
invented_too(another_too)
