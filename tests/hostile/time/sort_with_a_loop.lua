-- title: a comparator that never answers
-- threat: T-CPU-2
-- verdict: limit cpu
table.sort({3, 1, 2}, function() while true do end end)
