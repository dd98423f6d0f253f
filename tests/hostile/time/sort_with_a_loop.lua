-- title: a comparator that never answers
-- threat: T-CPU-2
-- verdict: limit cpu
-- options: --cpu 0.3
table.sort({3, 1, 2}, function() while true do end end)
