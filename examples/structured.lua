-- Structured results: a spell returns a value, and the program that ran it gets that value.
-- `run` prints it as JSON when nothing else was printed; `--output json` puts it in the outcome document,
-- and `ScriptRuntime.execute()` gives it to Python as it is.
--
--   llmspell run examples/structured.lua
--   llmspell run examples/structured.lua --output json

local orders = JSON.parse([[
  [{"item": "wand",  "count": 2, "price": 12.5},
   {"item": "cloak", "count": 1, "price": 80.0},
   {"item": "wand",  "count": 1, "price": 12.5}]
]])

local total, by_item = 0, {}
for _, order in ipairs(orders) do
  total = total + order.count * order.price
  by_item[order.item] = (by_item[order.item] or 0) + order.count
end

-- Tables with the keys 1..n are lists, tables with text keys are maps; integers and floats stay apart.
return {
  orders = #orders,
  total = total,
  by_item = by_item,
  largest = {"cloak", 80.0},
  discount = JSON.null, -- a place without a value: nil would leave the key out
  paid = false,
}
