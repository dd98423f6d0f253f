-- Takes every step of the plan: finds the function, calls it, and notes what it gave; see ../README.md.
local function noted(form, gave)
  if form == "object" then return gave.name end
  if form == "many" then
    local names = {}
    for i, each in ipairs(gave) do names[i] = each.name end
    return names
  end
  if form == "stream" then
    local texts = {}
    for chunk in gave do texts[#texts + 1] = chunk.text end
    return texts
  end
  return gave
end

local function built(step, builder)
  for _, name in ipairs(step.sets) do
    builder = builder[name](builder, name == "tools" and {"given"} or "the " .. name)
  end
  for _, name in ipairs(step.appends) do builder = builder[name](builder, "the " .. name) end
  return builder:build().name
end

local unpack = table.unpack or unpack
for number, step in ipairs(Suite.plan()) do
  Suite.step(number - 1)
  local object = step.maker and Suite[step.maker]()
  local found = object or _G
  for _, name in ipairs(step.path) do found = found[name] end
  local note
  if type(found) ~= "function" then
    note = {missing = true}
  elseif step.form == "builder" then
    note = {gave = built(step, found())}
  elseif step.form == "each" then
    local texts = {}
    local arguments = {unpack(step.words)}
    arguments[#arguments + 1] = function(chunk) texts[#texts + 1] = chunk.text end
    found(unpack(arguments))
    note = {gave = texts}
  else
    note = {gave = noted(step.form, found(unpack(step.words)))}
  end
  Suite.note(note)
end
